package import ConsoleModel

/// Chooses the server for a read that may lag: a replica that is up, connected to its primary and not too far
/// behind, else the server that was asked for.
package struct ReadRouter: Sendable {
  package var policy: ReadPolicy
  package var topologies: [Topology]
  /// How current each monitored server is.
  package var states: [NodeID: LiveState]

  package init(_ policy: ReadPolicy, topologies: [Topology], states: [NodeID: LiveState]) {
    self.policy = policy
    self.topologies = topologies
    self.states = states
  }

  package func route(for node: NodeID) -> ReadRoute {
    guard let (topology, shard, member) = place(of: node) else {
      return ReadRoute(
        .node(node), origin: policy.prefersReplica ? "\(node.rawValue): no replica is known" : nil)
    }
    let isCluster = topology.kind == .cluster
    // Somebody chose this replica: it is read whatever the policy is, and says that it may lag.
    if member.role == .replica {
      return ReadRoute(
        .node(node), needsReadOnly: isCluster,
        origin: "replica \(node.rawValue) (\(Self.lag(member)))")
    }
    guard policy.prefersReplica else { return ReadRoute(.node(node)) }
    var reason: String?
    var fit: [(member: TopologyMember, node: NodeID)] = []
    for replica in shard.members where replica.role == .replica {
      guard let id = replica.node else {
        reason = reason ?? "replica \(replica.title) is not watched"
        continue
      }
      if let why = obstacle(replica, id) {
        reason = reason ?? "replica \(id.rawValue) \(why)"
      } else {
        fit.append((replica, id))
      }
    }
    let best = fit.min { left, right in
      (left.member.lagSeconds ?? 0, left.member.lagBytes ?? 0, left.node)
        < (right.member.lagSeconds ?? 0, right.member.lagBytes ?? 0, right.node)
    }
    guard let best else {
      return ReadRoute(
        .node(node), origin: "primary \(node.rawValue): \(reason ?? "it has no replica")")
    }
    return ReadRoute(
      .node(best.node), needsReadOnly: isCluster,
      origin: "replica \(best.node.rawValue) (\(Self.lag(best.member)))")
  }

  /// May a reader endpoint, which leads to any replica, be read for this server?
  ///
  /// - Parameters:
  ///   - figures: of the server itself, which knows how far its slowest replica is.
  ///   - trouble: why the endpoint was not reached last; nil: it was, or was not tried yet.
  package func reader(
    for node: NodeID, figures: NodeFigures?, name: String, trouble: String?
  ) -> ReadRoute {
    func primary(_ why: String) -> ReadRoute {
      ReadRoute(.node(node), origin: "\(node.rawValue): \(name) \(why)")
    }
    if let trouble { return primary("does not answer: \(trouble)") }
    if figures?.replicas == 0 { return primary("has no replica") }
    if let seconds = figures?.replicaLagSeconds, seconds > policy.maximumLagSeconds {
      return primary("leads to a replica that is \(seconds) s behind")
    }
    if let bytes = figures?.replicaLagBytes, bytes > policy.maximumLagBytes {
      return primary("leads to a replica that is \(Self.bytes(bytes)) behind")
    }
    return ReadRoute(.reader, needsReadOnly: true, origin: "\(name), a replica that may lag")
  }

  /// Why this replica is not read; nil: it is fit.
  private func obstacle(_ replica: TopologyMember, _ id: NodeID) -> String? {
    if states[id] != .live { return "does not answer" }
    switch replica.health {
    case .failed: return "has failed"
    case .suspected: return "is suspected to have failed"
    case .loading: return "is loading its data"
    case .online, .unknown: break
    }
    guard replica.link == .up else { return "is not connected to its primary" }
    guard let seconds = replica.lagSeconds, let bytes = replica.lagBytes else {
      return "does not tell how far it is behind"
    }
    if seconds > policy.maximumLagSeconds { return "is \(seconds) s behind" }
    if bytes > policy.maximumLagBytes { return "is \(Self.bytes(bytes)) behind" }
    return nil
  }

  private func place(
    of node: NodeID
  ) -> (topology: Topology, shard: TopologyShard, member: TopologyMember)? {
    for topology in topologies {
      for shard in topology.shards {
        if let member = shard.members.first(where: { $0.node == node }) {
          return (topology, shard, member)
        }
      }
    }
    return nil
  }

  private static func lag(_ member: TopologyMember) -> String {
    guard let seconds = member.lagSeconds else { return "may lag" }
    let bytes = member.lagBytes.map { Self.bytes($0) + ", " } ?? ""
    return "\(bytes)\(seconds) s behind"
  }

  private static func bytes(_ count: UInt64) -> String {
    count < 1024
      ? "\(count) B" : count < 1 << 20 ? "\(count >> 10) KB" : "\(count >> 20) MB"
  }
}
