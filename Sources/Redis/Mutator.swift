package import EventLoop

/// The only type through which the console can change a server. A read-only process makes none.
///
/// It has one connection of its own, made when it is first needed, and sends nothing but
/// `commands`. What one caller watches (WATCH) lives on that connection: one task uses one mutator
/// for fenced changes.
package final class Mutator: Sendable {
  package let endpoint: RedisEndpoint
  let client: RedisClient
  /// To the primary of a cluster's shard; nil: a server of its own.
  package let route: ClusterRoute?
  /// It connects to whoever is the primary then, of a cluster's shard or of a Sentinel group.
  package let followsPrimary: Bool

  /// - Parameter sentinels: say where the primary is; `endpoint` is only its name then.
  package init(
    endpoint: RedisEndpoint, access: RedisAccess = RedisAccess(),
    options: RedisClient.Options = RedisClient.Options(), route: ClusterRoute? = nil,
    sentinels: SentinelRoute? = nil, loop: EventLoop,
    resolver: Resolver? = nil
  ) {
    self.endpoint = endpoint
    self.route = route
    followsPrimary = route != nil || sentinels != nil
    var options = options
    options.gate = .only(
      route == nil ? Self.commands : Self.commands.union(Self.clusterCommands))
    options.observer = nil
    client = RedisClient(
      endpoint: endpoint, access: access, options: options, route: route ?? sentinels,
      loop: loop,
      resolver: resolver)
    sentinels?.add(client)
  }

  deinit { client.close() }

  package func close() { client.close() }

  /// Everything that it may send, as in commandstats. docs/security.md gives an ACL for them.
  package static let commands: Set<String> = [
    // Keys of the shop.
    "unlink", "pexpire", "pexpireat", "persist", "set", "restore",
    // What must be known of them first, and looked at afterwards.
    "scan", "exists", "type", "pttl", "memory|usage", "dump", "info", "ping", "time",
    // The fence around each batch.
    "multi", "exec", "watch",
    // Our own records, under `cacheconsole:`.
    "get", "mget", "del", "zadd", "zrange", "zremrangebyrank", "expire", "xadd",
    // The server itself.
    "slowlog|reset", "client|kill",
  ]

  /// What it sends on a cluster beside them: no transaction spans slots, a script may.
  package static let clusterCommands: Set<String> = ["eval"]

  /// Connects anew with the next command: to whoever is the primary then.
  package func reconnect(_ reason: RedisError) { client.reconnect(reason) }

  /// A record's name as it is on this server.
  func own(_ name: String) -> String { route?.own(name) ?? name }

  /// Counts the connections made; see `RedisClient.generation`.
  package var generation: UInt64 { client.generation }

  func send(_ command: RedisCommand, action: String) async throws(RedisError) -> RESPValue {
    try await client.send(command, action: action)
  }

  func unexpected(_ action: String) -> RedisError {
    RedisError(
      kind: .protocol, endpoint: endpoint.description, action: action,
      message: "the server's answer has an unexpected form")
  }
}

// MARK: The server itself

extension Mutator {
  /// SLOWLOG RESET: forgets the slow log's entries, for everybody who reads it.
  package func slowlogReset() async throws(RedisError) {
    _ = try await send(RedisCommand("SLOWLOG", "RESET"), action: "resetting the slow log")
  }

  /// CLIENT KILL ID: ends a connection.
  ///
  /// - Returns: false if there is no such connection (any more).
  package func killClient(id: UInt64) async throws(RedisError) -> Bool {
    let reply = try await send(
      RedisCommand("CLIENT", "KILL", "ID", String(id)), action: "ending connection \(id)")
    return (reply.unsigned ?? 0) > 0
  }
}
