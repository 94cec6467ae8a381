import ConsoleModel

/// Servers that Sentinels watch: operations go by the master's name, which outlives every failover.
extension Context {
  /// The present primary of each master that Sentinels name.
  var sentinelPrimaries: [(master: NodeID, node: NodeID)] {
    (snapshot?.topologies ?? []).filter { $0.kind == .sentinel }.flatMap(\.shards).compactMap {
      shard in
      let primary = shard.members.first { $0.role == .primary }
      return primary?.node.map { (NodeID(shard.name), $0) }
    }
  }

  /// What an operation calls this server.
  func operationNode(_ node: NodeID) -> NodeID {
    sentinelPrimaries.first { $0.node == node }?.master ?? node
  }

  /// The server that is meant by what an operation calls it.
  func server(of node: NodeID) -> NodeID {
    sentinelPrimaries.first { $0.master == node }?.node ?? node
  }
}
