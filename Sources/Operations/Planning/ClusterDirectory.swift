package import ConsoleModel
package import Redis
private import Synchronization

/// Which of the environment's servers are nodes of a cluster, and a client for each such cluster.
///
/// Asked when it is needed, since a server may not be there yet when the console begins.
package final class ClusterDirectory: Sendable {
  /// What a server turned out to be.
  package enum Kind: Sendable {
    case single
    case cluster(ClusterClient)
  }

  private struct State {
    var kinds: [NodeID: Kind] = [:]
    var records: [NodeID: Probe] = [:]
    var primaries: [RedisEndpoint: Probe] = [:]
  }

  private let state = Mutex(State())
  /// Where nodes are reached that announce other addresses.
  package let addresses: AddressMap

  package init(_ addresses: AddressMap = AddressMap()) { self.addresses = addresses }

  /// What the server is; it is asked once.
  package func kind(_ node: NodeID, _ probe: Probe) async throws(RedisError) -> Kind {
    if let known = state.withLock({ $0.kinds[node] }) { return known }
    let isCluster = try await probe.isClusterNode()
    return state.withLock { state in
      // Another may have asked meanwhile.
      if let known = state.kinds[node] { return known }
      let kind = isCluster ? Kind.cluster(probe.makeClusterClient(addresses)) : .single
      state.kinds[node] = kind
      return kind
    }
  }

  /// The probe that reads a key: of a cluster on whichever node has it.
  package func probe(
    of key: KeyName, _ node: NodeID, _ probe: Probe
  ) async throws(RedisError) -> Probe {
    guard case .cluster(let client) = try await kind(node, probe) else { return probe }
    return probe.following(ClusterRoute(client, slot: HashSlot.of(key.bytes)))
  }

  /// The probe that finds the operations' records of this server, or of its cluster.
  func records(_ node: NodeID, _ probe: Probe) async throws(RedisError) -> Probe {
    guard case .cluster(let client) = try await kind(node, probe) else { return probe }
    return state.withLock { state in
      if let known = state.records[node] { return known }
      let made = probe.following(ClusterRoute(client, slot: RunCluster.recordsSlot))
      state.records[node] = made
      return made
    }
  }

  /// The way to the records of this server's cluster; nil: it is no node of one, or does not answer.
  func recordsRoute(_ node: NodeID, _ probe: Probe) async -> ClusterRoute? {
    guard let kind = try? await kind(node, probe), case .cluster(let client) = kind else {
      return nil
    }
    return ClusterRoute(client, slot: RunCluster.recordsSlot)
  }

  /// Where a plan's servers are, with the way in of those that are configured.
  ///
  /// A plan may come from Redis, where others can write: addresses are what the cluster itself tells
  /// those who are configured, never what the plan says.
  package func servers(of plan: OperationPlan, among configured: [RunTicket.Server]) -> [RunTicket
    .Server]
  {
    let clusters = state.withLock { state in
      configured.compactMap { server -> (RunTicket.Server, ClusterClient)? in
        guard case .cluster(let client) = state.kinds[server.node] else { return nil }
        return (server, client)
      }
    }
    // Of a server that has not answered yet nobody knows whether it belongs to another cluster.
    let isOne = clusters.count == configured.count && Self.areOne(clusters.map(\.1))
    return plan.request.nodes.compactMap { node -> RunTicket.Server? in
      let identity = plan.preview.shards.first { $0.node == node }?.runID ?? ""
      if let slot = ClusterShardIdentity.anchor(identity) {
        // Among several clusters it is the one that knows the plan's node: another one has the same slots.
        let (id, name) = (ClusterShardIdentity.primary(identity), node.rawValue)
        let owner = clusters.first { _, client in
          client.latestTopology?.nodes.contains {
            $0.id == id || $0.address?.description == name
          } ?? false
        }
        guard let (seed, client) = owner ?? (isOne ? clusters.first : nil) else { return nil }
        var server = seed
        server.node = node
        server.slot = slot
        if let primary = client.latestTopology?.shard(of: slot)?.primary,
          let endpoint = client.endpoint(of: primary)
        {
          server.endpoint = endpoint
        }
        return server
      }
      return configured.first { $0.node == node }
    }
  }

  private static func areOne(_ clients: [ClusterClient]) -> Bool {
    guard clients.count > 1 else { return !clients.isEmpty }
    let maps = clients.map { Set($0.latestTopology?.nodes.map(\.id) ?? []) }
    return maps.dropFirst().allSatisfy { !$0.isDisjoint(with: maps[0]) }
  }

  /// Probes of the cluster's primaries, made once for each address.
  func probe(at endpoint: RedisEndpoint, like probe: Probe) -> Probe {
    state.withLock { state in
      if let known = state.primaries[endpoint] { return known }
      let made = probe.moved(to: endpoint)
      state.primaries[endpoint] = made
      return made
    }
  }
}
