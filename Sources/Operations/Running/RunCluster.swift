internal import ConsoleModel
internal import EventLoop
package import Redis
private import Synchronization

/// A run's ways to a cluster: one map of it for all parts of the run, and where each shard is.
///
/// A shard is followed by a slot of it, its anchor: whoever is that slot's primary is where the shard's
/// part goes on, after a failover, too.
final class RunCluster: Sendable {
  private struct State {
    var client: ClusterClient?
    var walks: ClusterWalks?
    var anchors: [NodeID: Int] = [:]
  }

  private let state = Mutex(State())

  /// The slot of the operation's own records: status, plan, checkpoint, control.
  static let recordsSlot = HashSlot.of(Array("operations".utf8))

  /// The client of the cluster, made with the first call.
  func client(_ ticket: RunTicket, loop: EventLoop) -> ClusterClient {
    state.withLock { state in
      if let client = state.client { return client }
      let client = ClusterClient.reading(
        ticket.servers.map(\.endpoint), access: ticket.servers.first?.access ?? RedisAccess(),
        addresses: ticket.addresses, loop: loop)
      state.client = client
      return client
    }
  }

  /// What the shards' walks have covered.
  func walks(_ client: ClusterClient) -> ClusterWalks {
    state.withLock { state in
      if let walks = state.walks { return walks }
      let walks = ClusterWalks(client)
      state.walks = walks
      return walks
    }
  }

  func anchor(_ server: RunTicket.Server) -> Int? {
    state.withLock { $0.anchors[server.node] } ?? server.slot
  }

  /// The shard's next walk is on the owner of that slot.
  func moveAnchor(_ node: NodeID, to slot: Int) { state.withLock { $0.anchors[node] = slot } }

  func close() { state.withLock { $0.client }?.close() }
}

/// What a plan says of a cluster's shard: `<id of the primary>@<slots>`. Another primary or other slots
/// are another shard than the one that was looked at.
package enum ClusterShardIdentity {
  package static func text(_ shard: ClusterTopology.Shard) -> String? {
    guard let primary = shard.primary, !shard.slots.isEmpty else { return nil }
    return "\(PlainText.safe(primary.id, limit: 64))@\(shard.slots)"
  }

  /// The primary's node id; nil: it is no shard of a cluster.
  static func primary(_ text: String) -> String? {
    text.firstIndex(of: "@").map { String(text[..<$0]) }
  }

  /// The first slot; nil: it is no shard of a cluster.
  package static func anchor(_ text: String) -> Int? {
    guard let mark = text.firstIndex(of: "@") else { return nil }
    let digits = text[text.index(after: mark)...].prefix { $0.isASCII && $0.isNumber }
    guard let slot = Int(digits), slot < HashSlot.count else { return nil }
    return slot
  }

  /// All slots; nil: it is no shard of a cluster.
  static func slots(_ text: String) -> SlotRanges? {
    guard let mark = text.firstIndex(of: "@") else { return nil }
    return SlotRanges(
      text[text.index(after: mark)...].split(separator: " ").compactMap { word in
        let ends = word.split(separator: "-").compactMap { Int($0) }
        guard let low = ends.first, let high = ends.last, low <= high else { return nil }
        return low...high
      })
  }
}

extension OperationPlan {
  /// The slots of a shard when the plan was made; nil: it is a server of its own.
  func slots(of node: NodeID) -> SlotRanges? {
    preview.shards.first { $0.node == node }.flatMap { ClusterShardIdentity.slots($0.runID) }
  }
}

extension RunTicket {
  /// The plan is about a cluster.
  var isOnCluster: Bool { servers.contains { $0.slot != nil } }

  func walks(loop: EventLoop) -> ClusterWalks {
    cluster.walks(cluster.client(self, loop: loop))
  }

  /// The way to a server's shard; nil: it is a server of its own.
  func route(_ server: Server, loop: EventLoop) -> ClusterRoute? {
    guard let slot = cluster.anchor(server) else { return nil }
    return ClusterRoute(cluster.client(self, loop: loop), slot: slot)
  }

  /// A connection to where the operation's own records are: on the plan's first server, on a cluster in
  /// a slot of their own.
  func recordsMutator(loop: EventLoop) -> Mutator? {
    guard isOnCluster, let server = servers.first else {
      return mutator(plan.request.nodes.first, loop: loop)
    }
    var options = RedisClient.Options()
    options.commandTimeout = .seconds(5)
    options.clientName = "cacheconsole-run"
    return Mutator(
      endpoint: server.endpoint, access: server.access, options: options,
      route: ClusterRoute(cluster.client(self, loop: loop), slot: RunCluster.recordsSlot),
      loop: loop)
  }
}
