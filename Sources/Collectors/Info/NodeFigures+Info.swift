package import ConsoleModel

extension NodeFigures {
  /// Gauges straight from one reply. Rates, ratios and percentiles are filled from the windows.
  package init(gaugesOf info: InfoReply) {
    self.init()
    readMemory(info)
    readClients(info)
    readReplication(info)
    readPersistence(info)
    databases = info.databases
    if !info.fields(of: "keyspace").isEmpty
      || info.document.sections.contains(where: {
        $0.name.lowercased() == "keyspace"
      })
    {
      keys = databases.reduce(0) { $0.addingOrMax($1.keys) }
    }
    uptimeSeconds = info.unsigned("uptime_in_seconds")
  }

  private mutating func readMemory(_ info: InfoReply) {
    memoryUsed = info.unsigned("used_memory")
    memoryLimit = info.unsigned("maxmemory").flatMap { $0 == 0 ? nil : $0 }
    memoryResident = info.unsigned("used_memory_rss")
    memoryPeak = info.unsigned("used_memory_peak")
    // Not mem_fragmentation_ratio: resident over used is 7.7 on an empty server.
    allocatorFragmentationRatio = info.real("allocator_frag_ratio")
    allocatorFragmentationBytes = info.unsigned("allocator_frag_bytes")
    evictionPolicy = info["maxmemory_policy"]
    lazyFreePending = info.unsigned("lazyfree_pending_objects")
  }

  private mutating func readClients(_ info: InfoReply) {
    connectedClients = info.unsigned("connected_clients")
    blockedClients = info.unsigned("blocked_clients")
    maximumClients = info.unsigned("maxclients")
  }

  private mutating func readReplication(_ info: InfoReply) {
    role = info.mode == "sentinel" ? Self.sentinelRole : info["role"]
    replicas = info.unsigned("connected_slaves")
    primaryLinkUp = info["master_link_status"].map { $0 == "up" }
    (replicaLagBytes, replicaLagSeconds) = info.replicaLag
  }

  private mutating func readPersistence(_ info: InfoReply) {
    isLoading = info.flag("loading")
    loadingShare = info.real("loading_loaded_perc").map { min(1, $0 / 100) }
    lastSaveOK = info["rdb_last_bgsave_status"].map { $0 == "ok" }
    changesSinceSave = info.unsigned("rdb_changes_since_last_save")
    appendOnlyEnabled = info.flag("aof_enabled")
    lastAppendOnlyWriteOK = info["aof_last_write_status"].map { $0 == "ok" }
  }

  /// Rates of the last seconds; nil throughout in a gap.
  package mutating func readWindow(_ window: CounterDelta?, lifetime: CounterDelta?) {
    lifetimeHitRatio = lifetime?.lifetimeHitRatio
    hitRatio = window?.hitRatio
    lookups = window?.lookups ?? 0
    opsPerSecond = window?.rate(.commands)
    inputBytesPerSecond = window?.rate(.inputBytes)
    outputBytesPerSecond = window?.rate(.outputBytes)
    errorsPerSecond = window?.rate(.errors)
    cpuShare = window?.cpuShare
    evictionsPerSecond = window?.rate(.evicted)
    expiriesPerSecond = window?.rate(.expired)
    connectionsPerSecond = window?.rate(.connections)
    rejectedConnectionsPerSecond = window?.rate(.rejected)
  }

  package mutating func readLatency(_ latency: LatencyFigures?) {
    p50 = latency?.all.p50
    p95 = latency?.all.p95
    p99 = latency?.all.p99
  }
}
