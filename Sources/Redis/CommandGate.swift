/// Which commands a client lets through to its server.
///
/// A viewer's client is read-only by construction: what is not on the list never becomes a byte on
/// the wire, whoever asks for it.
package struct CommandGate: Sendable {
  private enum Rule: Sendable {
    case readOnly
    case only(Set<String>)
    case unrestricted
  }

  private let rule: Rule

  /// Monitoring reads by name; reads of keys only where the server itself flags the command
  /// `readonly`.
  package static let readOnly = CommandGate(rule: .readOnly)

  /// Everything. For the demo's own traffic and for tests.
  package static let unrestricted = CommandGate(rule: .unrestricted)

  /// Only these commands, named as in commandstats: `slowlog|reset`.
  static func only(_ statNames: Set<String>) -> CommandGate { CommandGate(rule: .only(statNames)) }

  /// What the client must still ask its connection.
  enum Verdict: Sendable, Hashable {
    case pass
    /// Passes if the server flags it `readonly`.
    case needsFlag
    case refuse(String)
  }

  /// `name`: the command's `statName`.
  func verdict(_ command: RedisCommand, name: String) -> Verdict {
    if case .unrestricted = rule { return .pass }
    // Else `object|freq` as one word would pass for OBJECT FREQ.
    if command.name.utf8.contains(UInt8(ascii: "|")) { return .refuse("no command is called so") }
    switch rule {
    case .unrestricted: return .pass
    case .only(let names):
      return names.contains(name) ? .pass : .refuse("it is not among the permitted ones")
    case .readOnly: break
    }
    if Self.keyReads.contains(name) { return .needsFlag }
    if Self.monitoring.contains(name) {
      if name == "config|get", !Self.isHarmlessConfigGet(command) {
        return .refuse("only harmless settings may be read")
      }
      return .pass
    }
    if let reason = Self.reasons[name] { return .refuse(reason) }
    return .refuse("it is not among the reads that a read-only console uses")
  }

  /// False: the command may change something, so that a lost answer leaves it open what happened.
  static func isRead(_ statName: String) -> Bool {
    keyReads.contains(statName) || monitoring.contains(statName)
  }

  /// Key reads by name, for those who check them against a server.
  package static var keyReadNames: [String] { keyReads.sorted() }

  /// What COMMAND INFO is asked about at each connect.
  var namesThatNeedTheReadOnlyFlag: [String] {
    guard case .readOnly = rule else { return [] }
    var names = Self.keyReads
    // Before 7.0 a container's flags stand for its subcommands.
    for name in Self.keyReads {
      if let bar = name.firstIndex(of: "|") { names.insert(String(name[..<bar])) }
    }
    return names.sorted()
  }
}

// MARK: The lists

extension CommandGate {
  /// Reads of the server, and what concerns nothing but our own connection.
  private static let monitoring: Set<String> = [
    "acl|whoami", "auth", "client|getname", "client|id", "client|info", "client|list",
    "client|no-evict", "client|no-touch", "client|setname", "cluster|info", "cluster|myid",
    "cluster|nodes", "cluster|shards", "cluster|slots", "command", "command|count", "command|docs",
    "command|info", "command|list", "config|get", "echo", "info", "lastsave", "latency|doctor",
    "latency|graph", "latency|histogram", "latency|history", "latency|latest", "memory|doctor",
    "memory|stats", "ping", "role", "select", "slowlog|get", "slowlog|len", "time",
  ]

  /// Reads of keys and of the keyspace.
  private static let keyReads: Set<String> = [
    "bitcount", "dbsize", "exists", "expiretime", "get", "getbit", "getrange", "hexists", "hget",
    "hlen", "hmget", "hscan", "hstrlen", "lindex", "llen", "lpos", "lrange", "memory|usage", "mget",
    "object|encoding", "object|freq", "object|idletime", "object|refcount", "pexpiretime", "pttl",
    "randomkey", "scan", "scard", "sismember", "smismember", "sscan", "strlen", "ttl", "type",
    "xinfo|consumers", "xinfo|groups", "xinfo|stream", "xlen", "xrange", "xrevrange", "zcard",
    "zcount", "zrange", "zrank", "zscan", "zscore",
  ]

  /// Commands that people ask for and that carry the `readonly` flag, but are refused all the same.
  private static let reasons: [String: String] = [
    "keys": "it stops the server while it walks all keys; SCAN is used instead",
    "eval_ro": "scripts are not run by a read-only console",
    "evalsha_ro": "scripts are not run by a read-only console",
    "fcall_ro": "functions are not run by a read-only console",
    "sort_ro": "it stops the server while it sorts",
    "touch": "it changes the keys' access times",
    "monitor": "it slows the server and shows personal data",
  ]

  /// Settings without secrets; no patterns, since `*` would list passwords.
  private static let harmlessSettings: Set<String> = [
    "activedefrag", "appendfsync", "appendonly", "hz", "latency-monitor-threshold",
    "latency-tracking", "lazyfree-lazy-eviction", "lazyfree-lazy-expire",
    "lazyfree-lazy-user-del", "lfu-decay-time", "lfu-log-factor", "maxclients", "maxmemory",
    "maxmemory-policy", "maxmemory-samples", "notify-keyspace-events", "save",
    "slowlog-log-slower-than", "slowlog-max-len", "timeout",
  ]

  private static func isHarmlessConfigGet(_ command: RedisCommand) -> Bool {
    let names = command.arguments.dropFirst()
    return !names.isEmpty
      && names.allSatisfy {
        harmlessSettings.contains(String(decoding: $0, as: UTF8.self).lowercased())
      }
  }
}
