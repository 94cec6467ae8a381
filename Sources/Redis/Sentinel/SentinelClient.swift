package import EventLoop

/// The few questions that a Sentinel is asked; nothing else can be sent to it by this.
package final class SentinelClient: Sendable {
  /// Where a Sentinel believes a master to be.
  package struct Told: Sendable, Hashable {
    package var address: NodeAddress
    /// Of the failover that made it so: of two Sentinels the one with the higher number has heard later
    /// (https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#configuration-epochs).
    /// 0: there was none, or the Sentinel does not say.
    package var epoch: UInt64

    package init(address: NodeAddress, epoch: UInt64) {
      self.address = address
      self.epoch = epoch
    }
  }

  package let endpoint: RedisEndpoint
  private let client: RedisClient

  /// Names and addresses of one Sentinel that are believed.
  private static let maximumEntries = 256

  package init(
    _ sentinel: SentinelGroup.Sentinel, loop: EventLoop, resolver: Resolver, timeout: Duration
  ) {
    endpoint = sentinel.endpoint
    var options = RedisClient.Options()
    options.connectTimeout = timeout
    options.commandTimeout = timeout
    options.gate = .only(CommandGate.sentinelReads)
    // It is asked again and again, and may be the one that knows.
    options.backoff.limit = .seconds(2)
    client = RedisClient(
      endpoint: sentinel.endpoint, access: sentinel.access, options: options, loop: loop,
      resolver: resolver)
  }

  package func close() { client.close() }

  /// nil: it watches no master of this name.
  package func place(of master: String) async throws(RedisError) -> Told? {
    let action = "asking for the primary"
    // The address is the second one's: as soon as the new primary has been promoted it is named there,
    // while the first goes on with the old one until all replicas follow. Both have the new epoch then.
    let replies = try await client.pipeline(
      [
        RedisCommand("SENTINEL", "MASTER", master),
        RedisCommand("SENTINEL", "GET-MASTER-ADDR-BY-NAME", master),
      ], action: action)
    guard replies.count == 2 else { throw unexpected(action) }
    if case .error(let text) = replies[1] {
      throw .server(
        text, endpoint: endpoint.description, action: action,
        command: "sentinel|get-master-addr-by-name")
    }
    if replies[1].isNull { return nil }
    guard let parts = replies[1].array, parts.count == 2,
      let port = parts[1].text.flatMap({ NodeAddress.port($0) }),
      let address = NodeAddress(host: parts[0].text, port: port, ownHost: "")
    else { throw unexpected(action) }
    let epoch = Self.map(replies[0])["config-epoch"].flatMap { UInt64($0) }
    return Told(address: address, epoch: epoch ?? 0)
  }

  /// Names of the masters that it watches.
  package func masters() async throws(RedisError) -> [String] {
    let reply = try await client.send(
      RedisCommand("SENTINEL", "MASTERS"), action: "asking for the masters")
    return Self.maps(reply).compactMap { $0["name"] }.map { PlainText.safe($0, limit: 80) }
  }

  /// Where the other Sentinels of a master are.
  package func others(of master: String) async throws(RedisError) -> [NodeAddress] {
    let reply = try await client.send(
      RedisCommand("SENTINEL", "SENTINELS", master), action: "asking for the other Sentinels")
    return Self.maps(reply).compactMap { entry in
      guard let port = entry["port"].flatMap({ NodeAddress.port($0) }) else { return nil }
      return NodeAddress(host: entry["ip"], port: port, ownHost: "")
    }
  }

  private static func maps(_ reply: RESPValue) -> [[String: String]] {
    (reply.array ?? []).prefix(maximumEntries).map(map)
  }

  /// Names and values in turn.
  private static func map(_ entry: RESPValue) -> [String: String] {
    var map: [String: String] = [:]
    let parts = entry.array ?? []
    for index in stride(from: 0, to: parts.count - 1, by: 2) {
      if let name = parts[index].text { map[name] = parts[index + 1].text }
    }
    return map
  }

  private func unexpected(_ action: String) -> RedisError {
    RedisError(
      kind: .protocol, endpoint: endpoint.description, action: action,
      message: "the answer has an unexpected form", nextStep: "is this a Sentinel?")
  }
}
