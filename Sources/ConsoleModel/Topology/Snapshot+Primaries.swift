extension Snapshot {
  /// Servers that together hold each key once: the primary of each shard and replication group, a
  /// replica where the console does not reach its primary, and every server that belongs to none.
  ///
  /// Sentinels hold no keys. In the order of `nodes`.
  package var keyspaceNodes: [NodeID] {
    var covered: Set<NodeID> = []
    var chosen: Set<NodeID> = []
    for topology in topologies where topology.kind != .standalone {
      // One that does not answer has no role.
      covered.formUnion(topology.sentinels.compactMap(\.node))
      for shard in topology.shards {
        let members = shard.members.compactMap { member in
          member.node.map { (node: $0, role: member.role, health: member.health) }
        }
        covered.formUnion(members.map(\.node))
        // A cluster's node without slots has no keys either.
        guard topology.kind != .cluster || !shard.ranges.isEmpty else { continue }
        if let primary = members.first(where: { $0.role == .primary && $0.health != .failed })
          ?? members.first(where: { $0.role == .primary }) ?? members.first
        {
          chosen.insert(primary.node)
        }
      }
    }
    return nodes.filter { node in
      !node.isSentinel && (chosen.contains(node.id) || !covered.contains(node.id))
    }.map(\.id)
  }
}
