package import EventLoop

/// The three questions that a Sentinel is asked; nothing else can be sent to it by this.
package final class SentinelClient: Sendable {
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
    options.gate = .only([
      "sentinel|get-master-addr-by-name", "sentinel|masters", "sentinel|sentinels",
    ])
    client = RedisClient(
      endpoint: sentinel.endpoint, access: sentinel.access, options: options, loop: loop,
      resolver: resolver)
  }

  package func close() { client.close() }

  /// nil: it watches no master of this name.
  package func address(of master: String) async throws(RedisError) -> NodeAddress? {
    let action = "asking for the primary"
    let reply = try await client.send(
      RedisCommand("SENTINEL", "GET-MASTER-ADDR-BY-NAME", master), action: action)
    if reply.isNull { return nil }
    guard let parts = reply.array, parts.count == 2, let port = parts[1].unsigned,
      let address = NodeAddress(
        host: parts[0].text, port: UInt16(clamping: port), ownHost: "")
    else { throw unexpected(action) }
    return address
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
      guard let port = entry["port"].flatMap(UInt16.init) else { return nil }
      return NodeAddress(host: entry["ip"], port: port, ownHost: "")
    }
  }

  private static func maps(_ reply: RESPValue) -> [[String: String]] {
    (reply.array ?? []).prefix(maximumEntries).map { entry in
      var map: [String: String] = [:]
      let parts = entry.array ?? []
      for index in stride(from: 0, to: parts.count - 1, by: 2) {
        if let name = parts[index].text { map[name] = parts[index + 1].text }
      }
      return map
    }
  }

  private func unexpected(_ action: String) -> RedisError {
    RedisError(
      kind: .protocol, endpoint: endpoint.description, action: action,
      message: "the answer has an unexpected form", nextStep: "is this a Sentinel?")
  }
}
