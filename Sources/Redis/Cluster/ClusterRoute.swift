/// The way to whoever is the primary of one slot now: asked anew at each connect, so that a connection
/// that broke in a failover is made to the successor.
package struct ClusterRoute: ConnectRoute {
  package let cluster: ClusterClient
  package let slot: Int
  /// What our own keys carry in braces to be in that slot.
  package let tag: String

  package init(_ cluster: ClusterClient, slot: Int) {
    self.cluster = cluster
    self.slot = slot
    tag = HashSlot.tag(of: slot)
  }

  package func destination(
    within timeout: Duration
  ) async throws(RedisError) -> (endpoint: RedisEndpoint, access: RedisAccess?) {
    let topology = try await cluster.freshTopology(timeout: timeout)
    guard let primary = topology.shard(of: slot)?.primary, let address = primary.address,
      primary.health != .failed
    else {
      throw RedisError(
        kind: .unreachable, endpoint: "cluster", action: "connecting",
        message: "nobody serves slot \(slot) at the moment",
        nextStep: "wait for a failover, or start its primary or a replica of it")
    }
    return (cluster.nodes.endpoint(of: address), nil)
  }

  /// Milliseconds that each key has left, wherever it is now; −1 without end, −2 for none.
  package func remainingLives(_ keys: [[UInt8]]) async throws(RedisError) -> [Int64] {
    let action = "looking at keys again"
    var lives: [Int64] = []
    for answer in await cluster.pipeline(keys.map { .remainingLife($0) }, action: action) {
      switch try answer.get() {
      case .error(let text): throw .server(text, endpoint: "cluster", action: action)
      case let reply:
        guard let life = reply.signed else {
          throw RedisError(
            kind: .protocol, endpoint: "cluster", action: action,
            message: "the answer has an unexpected form")
        }
        lives.append(life)
      }
    }
    return lives
  }

  /// A name under `cacheconsole:` as it is in this slot.
  package func own(_ name: String) -> String { Self.own(name, tag: tag) }

  static func own(_ name: String, tag: String?) -> String {
    let prefix = "cacheconsole:"
    guard let tag, name.hasPrefix(prefix), !name.hasPrefix(prefix + "{") else { return name }
    return "\(prefix){\(tag)}:\(name.dropFirst(prefix.count))"
  }
}

extension HashSlot {
  /// A short word whose slot this is.
  package static func tag(of slot: Int) -> String {
    // One in 16,384 words hits; a million without a hit do not occur (a test tries every slot).
    for number in 0..<1_000_000 {
      let word = String(number, radix: 36)
      if of(Array(word.utf8)) == slot { return word }
    }
    return ""
  }
}
