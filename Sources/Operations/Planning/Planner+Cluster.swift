import ConsoleModel
import EventLoop
import Redis

extension Planner {
  /// A request about a cluster is about all its primaries, whichever node it names: slots make one
  /// keyspace of them.
  ///
  /// - Returns: the planner and the request with a server for each shard, the same where there is none, and
  ///   what the plan should say about servers that were left out.
  func expanded(
    _ request: OperationRequest
  ) async throws(Fault) -> (planner: Planner, request: OperationRequest, notes: [String]) {
    guard request.isAboutKeysOfClusters else { return (self, request, []) }
    var shards: [Node] = []
    var plain: [NodeID] = []
    var silent: [(node: Node, error: RedisError)] = []
    // Nodes of the cluster that the request is about.
    var members: [ClusterTopology.Node] = []
    let own = Set(nodes.map(\.id))
    let isElsewhere = request.nodes.contains { !own.contains($0) }
    for node in nodes where request.nodes.contains(node.id) || isElsewhere {
      let isAsked = request.nodes.contains(node.id)
      let kind: ClusterDirectory.Kind
      do throws(RedisError) {
        kind = try await clusters.kind(node.id, node.probe)
      } catch {
        if isAsked { silent.append((node, error)) }
        continue
      }
      do throws(RedisError) {
        guard case .cluster(let client) = kind else {
          if isAsked { plain.append(node.id) }
          continue
        }
        let topology = try await settled(client, node)
        // Of a node that the cluster told of, or of a plan made before.
        let names = Set(topology.nodes.compactMap { $0.address.map { NodeID($0.description) } })
        guard isAsked || request.nodes.contains(where: names.contains) else { continue }
        let ids = Set(members.map(\.id))
        guard members.isEmpty || topology.nodes.contains(where: { ids.contains($0.id) }) else {
          throw RedisError(
            kind: .unsupported, endpoint: node.probe.endpoint.description,
            action: "planning over the cluster",
            message: "these servers are of more than one cluster",
            nextStep: "name a server of one of them (--node)")
        }
        members += topology.nodes
        for shard in try self.shards(of: topology, client, node)
        where !shards.contains(where: { $0.identity == shard.identity }) {
          shards.append(shard)
        }
      } catch {
        throw Fault(planning: error)
      }
    }
    // Without a cluster it is asked for what is to be done, and says why it does not answer.
    guard !shards.isEmpty else { return (self, request, []) }
    // A cluster does without one of its nodes, which may be known here by another address.
    let known = Set(members.compactMap { $0.address.map { clusters.addresses.reachable($0) } })
    let notes = silent.filter { silent in
      NodeAddress(of: silent.node.probe.endpoint).map { !known.contains($0) } ?? true
    }.map { node, error in
      "\(node.id.rawValue) does not answer (\(error.message)) and is taken for a node of this"
        + " cluster: if it is none, nothing is done there"
    }
    guard plain.isEmpty else {
      throw Fault(
        kind: .unsupported, endpoint: request.nodes.map(\.rawValue).joined(separator: ", "),
        action: "planning \(request.verb)",
        message: "some of these servers are a cluster and others are not",
        nextStep: "name a server of the cluster, or those outside of it")
    }
    var request = request
    try Self.checkCluster(request)
    request.nodes = shards.map(\.id)
    return (
      Planner(nodes: shards, loop: loop, options: options, clusters: clusters, clock: { self.now }),
      request, notes
    )
  }

  /// Seconds that a failover may take to be known everywhere.
  private static let patience = 5.0

  /// The cluster's map once those whom it calls primaries agree: right after a failover some nodes tell
  /// of the one before.
  private func settled(
    _ client: ClusterClient, _ seed: Node
  ) async throws(RedisError) -> ClusterTopology {
    let deadline = EventLoop.now().advanced(by: .seconds(Self.patience))
    while true {
      let topology = try await client.freshTopology()
      var isSettled = true
      for shard in topology.shards where isSettled && !shard.slots.isEmpty {
        guard let primary = shard.primary, let endpoint = client.endpoint(of: primary) else {
          continue
        }
        // One that does not answer is met again, with its error, by the survey.
        let text = try? await clusters.probe(at: endpoint, like: seed.probe).info("replication")
        if let text, InfoFields(text.bytes)["role"] == "slave" { isSettled = false }
      }
      if isSettled || EventLoop.now() >= deadline { return topology }
      do { try await loop.sleep(for: .milliseconds(100)) } catch { return topology }
    }
  }

  private func shards(
    of topology: ClusterTopology, _ client: ClusterClient, _ seed: Node
  ) throws(RedisError) -> [Node] {
    let action = "planning over the cluster"
    guard topology.uncovered.isEmpty else {
      throw RedisError(
        kind: .server, endpoint: seed.probe.endpoint.description, action: action,
        message: "nobody serves \(topology.uncovered.count) of its slots",
        nextStep: "wait until the cluster is whole again")
    }
    return try topology.shards.filter { !$0.slots.isEmpty }.map { shard throws(RedisError) in
      guard let primary = shard.primary, let address = primary.address,
        let endpoint = client.endpoint(of: primary),
        let identity = ClusterShardIdentity.text(shard)
      else {
        throw RedisError(
          kind: .server, endpoint: seed.probe.endpoint.description, action: action,
          message: "the primary of slots \(shard.slots) does not say where it is")
      }
      return Node(
        id: NodeID(address.description), probe: clusters.probe(at: endpoint, like: seed.probe),
        identity: identity, slots: shard.slots)
    }
  }

  private static func checkCluster(_ request: OperationRequest) throws(Fault) {
    switch request.action {
    case .invalidate, .shorten, .adjust, .restore, .warm(.dump), .slowlogReset, .clientKill: return
    case .warm(.command):
      // Each shard asks the loader for its own keys: one that prints what it likes would be asked by all.
      if case .keys = request.target { return }
      throw Fault(
        kind: .unsupported, endpoint: request.nodes.map(\.rawValue).joined(separator: ", "),
        action: "planning \(request.verb)",
        message: "on a cluster a loader is asked for a list of keys, each shard for its own",
        nextStep: "name the keys, or give a list (--keys-from FILE)")
    }
  }
}

extension OperationRequest {
  /// What concerns one server is about that server in a cluster, too.
  fileprivate var isAboutKeysOfClusters: Bool {
    switch action {
    case .slowlogReset, .clientKill: false
    case .invalidate, .shorten, .adjust, .warm, .restore: true
    }
  }
}
