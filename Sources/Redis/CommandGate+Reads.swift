/// What a read-only client may send. docs/security.md lists the same lines; a test compares them.
extension CommandGate {
  /// Reads of the server. Servers flag few of them `readonly`: this list is reviewed by people.
  package static let serverReads: [CommandForm] = [
    "ACL DRYRUN user UNLINK|SET|PEXPIRE|RESTORE argument…",
    "ACL WHOAMI",
    "ASKING",
    "CLIENT GETNAME",
    "CLIENT ID",
    "CLIENT INFO",
    "CLIENT LIST ID id…",
    "CLIENT LIST [TYPE NORMAL|MASTER|REPLICA|PUBSUB]",
    "CLUSTER INFO",
    "CLUSTER MYID",
    "CLUSTER NODES",
    "CLUSTER SHARDS",
    "CLUSTER SLOTS",
    "COMMAND COUNT",
    "COMMAND INFO command…",
    "CONFIG GET setting…",
    "INFO",
    "INFO section…",
    "LASTSAVE",
    "LATENCY DOCTOR",
    "LATENCY GRAPH event",
    "LATENCY HISTOGRAM",
    "LATENCY HISTOGRAM command…",
    "LATENCY HISTORY event",
    "LATENCY LATEST",
    "MEMORY DOCTOR",
    "MEMORY STATS",
    "PING",
    "READONLY",
    "ROLE",
    "SLOWLOG GET",
    "SLOWLOG GET -1..100000",
    "SLOWLOG LEN",
    "TIME",
  ].map { CommandForm($0) }

  /// Reads of keys and of the keyspace. The server must flag each `readonly` as well.
  package static let keyReads: [CommandForm] = [
    "DBSIZE",
    "EXISTS key…",
    "GET key",
    "GETRANGE key index index",
    "HEXISTS key field",
    "HGET key field",
    "HLEN key",
    "HMGET key field…",
    "HSCAN key cursor [MATCH pattern] [COUNT 1..10000]",
    "HSTRLEN key field",
    "LINDEX key index",
    "LLEN key",
    "LRANGE key index index",
    // SAMPLES 0 would walk a whole value.
    "MEMORY USAGE key [SAMPLES 1..1000]",
    "MGET key…",
    "OBJECT ENCODING key",
    "OBJECT FREQ key",
    "OBJECT IDLETIME key",
    "PTTL key",
    "RANDOMKEY",
    // With TYPE the server counts a hit for each key that it visits.
    "SCAN cursor [MATCH pattern] [COUNT 1..10000]",
    "SCARD key",
    "SISMEMBER key member",
    "SMISMEMBER key member…",
    "SSCAN key cursor [MATCH pattern] [COUNT 1..10000]",
    "STRLEN key",
    "TTL key",
    "TYPE key",
    "XINFO CONSUMERS key group",
    "XINFO GROUPS key",
    "XINFO STREAM key",
    "XLEN key",
    "XRANGE key stream-id stream-id [COUNT 1..10000]",
    "XREVRANGE key stream-id stream-id [COUNT 1..10000]",
    "ZCARD key",
    "ZCOUNT key score score",
    "ZRANGE key index index [REV] [WITHSCORES]",
    "ZRANGE key score score BYSCORE [REV] [LIMIT offset offset] [WITHSCORES]",
    "ZRANK key member",
    "ZSCAN key cursor [MATCH pattern] [COUNT 1..10000]",
    "ZSCORE key member",
  ].map { CommandForm($0) }

  /// Reads that newer servers offer, reviewed like `serverReads`: Redis 8.2 and 8.6, Valkey 8.0 and 8.1. They
  /// are sent where COMMAND INFO knows them.
  package static let newerReads: [CommandForm] = [
    "CLUSTER SLOT-STATS ORDERBY KEY-COUNT|CPU-USEC|NETWORK-BYTES-IN|NETWORK-BYTES-OUT LIMIT 1..1000 DESC",
    "COMMANDLOG GET -1..100000 SLOW|LARGE-REQUEST|LARGE-REPLY",
    "HOTKEYS GET",
  ].map { CommandForm($0) }

  /// Why what people may ask for is refused. Most of these carry the `readonly` flag, which is
  /// therefore no gate.
  static let reasons: [String: String] = [
    "auth": "a connection does this only while it is made",
    "client|setname": "a connection does this only while it is made",
    "select": "a connection does this only while it is made",
    "hello": "the console speaks RESP2",
    "monitor": "it slows the server and shows personal data",
    "keys": "it stops the server while it walks all keys; SCAN is used instead",
    "eval_ro": "scripts are not run by a read-only console",
    "evalsha_ro": "scripts are not run by a read-only console",
    "fcall_ro": "functions are not run by a read-only console",
    "sort_ro": "it stops the server while it sorts",
    "touch": "it changes the keys' access times",
    "pfcount": "it may write its result into the key",
    "xread": "it can hold the connection for ever; XRANGE is used instead",
    "georadius_ro": "it stops the server while it searches",
    "georadiusbymember_ro": "it stops the server while it searches",
    "bitcount": "it reads a whole value in one go",
    "dump": "it reads a whole value in one go",
    "hgetall": "it reads a whole value in one go; HSCAN is used instead",
    "hkeys": "it reads a whole value in one go; HSCAN is used instead",
    "hvals": "it reads a whole value in one go; HSCAN is used instead",
    "lcs": "it stops the server while it compares",
    "lpos": "it stops the server while it searches",
    "smembers": "it reads a whole value in one go; SSCAN is used instead",
    "acl|getuser": "it shows the hashes of passwords",
    "acl|list": "it shows the hashes of passwords",
  ]

  /// Settings without secrets; no patterns, since `*` would list passwords.
  package static let harmlessSettings: [String] = [
    "activedefrag", "appendfsync", "appendonly", "hz", "latency-monitor-threshold",
    "latency-tracking", "lazyfree-lazy-eviction", "lazyfree-lazy-expire",
    "lazyfree-lazy-user-del", "lfu-decay-time", "lfu-log-factor", "maxclients", "maxmemory",
    "maxmemory-policy", "maxmemory-samples", "notify-keyspace-events", "save",
    "slowlog-log-slower-than", "slowlog-max-len", "timeout",
  ]
}
