import Redis

/// Replies of real servers, shortened to what the tests look at.
enum Fixtures {
  /// INFO everything of redis-server 7.0.15.
  static let redis = reply(
    """
    # Server
    redis_version:7.0.15
    redis_mode:standalone
    process_id:16872
    run_id:c1555245d45c774dfe10f6e2c1ccaa2a350b1a06
    server_time_usec:1795346966595069
    uptime_in_seconds:1
    config_file:

    # Clients
    connected_clients:1
    maxclients:10000
    blocked_clients:0

    # Memory
    used_memory:1015480
    used_memory_rss:6742016
    used_memory_peak:1015480
    used_memory_peak_perc:100.18%
    maxmemory:0
    maxmemory_policy:noeviction
    allocator_frag_ratio:1.08
    allocator_frag_bytes:135968
    mem_fragmentation_ratio:7.69

    # Persistence
    loading:0
    rdb_changes_since_last_save:3
    rdb_last_bgsave_status:ok
    rdb_last_bgsave_time_sec:-1
    aof_enabled:0
    aof_last_write_status:ok

    # Stats
    total_connections_received:6
    total_commands_processed:5
    total_net_input_bytes:187
    total_net_output_bytes:90
    rejected_connections:0
    expired_keys:0
    evicted_keys:0
    keyspace_hits:1
    keyspace_misses:1
    total_error_replies:1

    # Replication
    role:master
    connected_slaves:0
    master_repl_offset:0
    second_repl_offset:-1

    # CPU
    used_cpu_sys:0.003090
    used_cpu_user:0.002673
    used_cpu_sys_main_thread:0.005712
    used_cpu_user_main_thread:0.000000

    # Commandstats
    cmdstat_mset:calls=1,usec=10,usec_per_call=10.00,rejected_calls=0,failed_calls=0
    cmdstat_get:calls=2,usec=10,usec_per_call=5.00,rejected_calls=0,failed_calls=0
    cmdstat_lpush:calls=1,usec=7,usec_per_call=7.00,rejected_calls=0,failed_calls=1

    # Errorstats
    errorstat_WRONGTYPE:count=1

    # Keyspace
    db0:keys=3,expires=1,avg_ttl=0
    """)

  /// INFO everything of valkey-server 9.1.2.
  static let valkey = reply(
    """
    # Server
    redis_version:7.2.4
    server_name:valkey
    valkey_version:9.1.2
    server_mode:standalone
    run_id:c57e8c0300dd3142bcdd8e1b0eb77d26dad77b75
    server_time_usec:1795346966714287
    uptime_in_seconds:1

    # Memory
    used_memory:1117464
    used_memory_dataset_perc:99.23%
    maxmemory:0
    maxmemory_policy:noeviction
    allocator_frag_ratio:1.00

    # Stats
    keyspace_hits:1
    keyspace_misses:1
    total_commands_processed:7

    # Commandstats
    cmdstat_config|get:calls=2,usec=23,usec_per_call=11.50,rejected_calls=0,failed_calls=0
    cmdstat_get:calls=2,usec=10,usec_per_call=5.00,rejected_calls=0,failed_calls=0

    # Cluster Info

    # Keyspace
    db0:keys=3,expires=1,avg_ttl=99995,keys_with_volatile_items=0
    """)

  private static func reply(_ text: String) -> [UInt8] {
    Array(text.utf8).flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] }
  }
}

func ledger(calls: [String: UInt64] = [:], hits: UInt64 = 0, misses: UInt64 = 0) -> ProbeLedger {
  var ledger = ProbeLedger()
  ledger.calls = calls
  ledger.hits = hits
  ledger.misses = misses
  return ledger
}
