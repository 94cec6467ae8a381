package import ConsoleModel
package import Redis

/// Lists one server's connections while somebody looks at them.
package struct ClientLister: Sendable {
  private var registry = ClientRegistry()
  private var sweep = ClientSweep()
  private var generation: UInt64?
  /// Our own id, and the server's total of connections when it was asked for: ids count up with it.
  private var ownID: UInt64 = 0
  private var connectionsThen: UInt64 = 0
  /// Connections that are no clients of the network also take numbers.
  private static let slack: UInt64 = 64

  package init() {}

  /// - Parameters:
  ///   - connected: INFO's connected_clients.
  ///   - connections: INFO's total_connections_received.
  package mutating func list(
    _ probe: Probe, connected: UInt64?, connections: UInt64?, timeout: Duration
  ) async throws(RedisError) -> ClientReport {
    if generation != probe.generation {
      registry.removeAll()
      sweep = ClientSweep()
      ownID = try await probe.clientID(timeout: timeout)
      connectionsThen = connections ?? 0
      generation = probe.generation
      registry.ownIDs = [ownID]
    }
    if (connected ?? 0) <= ClientSweep.wholeListLimit {
      let reply = try await probe.clientList(timeout: timeout)
      registry.removeAll()
      ClientLine.forEach(in: reply) { registry.take($0) }
    } else {
      try await listPages(probe, connected ?? 0, connections ?? 0, timeout)
    }
    registry.compact()
    return registry.report(connected: connected)
  }

  private mutating func listPages(
    _ probe: Probe, _ connected: UInt64, _ connections: UInt64, _ timeout: Duration
  ) async throws(RedisError) {
    let newest = ownID.addingOrMax(
      connections.subtractingOrZero(connectionsThen).addingOrMax(Self.slack))
    let pages = sweep.pages(newestID: newest, knownIDs: registry.ids, connected: connected)
    for page in pages {
      let reply = try await probe.clientList(ids: page, timeout: timeout)
      var missing = Set(page)
      ClientLine.forEach(in: reply) { line in
        registry.take(line)
        missing.remove(line.id)
      }
      for id in missing { registry.remove(id) }
    }
  }
}
