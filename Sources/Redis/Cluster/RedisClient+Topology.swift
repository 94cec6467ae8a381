internal import EventLoop

extension RedisClient {
  /// What this node says of its cluster.
  ///
  /// - Parameter host: under which the node was asked; it stands for an address that it leaves out.
  nonisolated(nonsending) func clusterTopology(
    host: String, usesTLS: Bool, until deadline: EventLoop.Instant
  ) async throws(RedisError) -> ClusterTopology {
    let action = TopologyReader.action
    func left() -> Duration { max(.milliseconds(1), EventLoop.now().duration(to: deadline)) }
    let asked = ClusterTopology.Asked(host: host, usesTLS: usesTLS)
    let replies = try await pipeline(
      [RedisCommand("CLUSTER", "SHARDS"), RedisCommand("CLUSTER", "NODES")], action: action,
      timeout: left())
    guard replies.count == 2 else { throw unexpected(action) }
    let nodes = replies[1].bytes.flatMap { ClusterTopology(nodes: $0, asked) }
    var topology = ClusterTopology(shards: replies[0], asked)
    if topology == nil {
      // Before 7.0, and where an ACL or a proxy refuses SHARDS.
      let slots = try await pipeline(
        [RedisCommand("CLUSTER", "SLOTS")], action: action, timeout: left())
      topology = slots.first.flatMap { ClusterTopology(slots: $0, asked) } ?? nodes
      if topology == nil {
        for case .error(let text) in slots + replies {
          var error = RedisError.server(
            text, endpoint: endpoint.description, action: action,
            command: "cluster|slots")
          if text.lowercased().contains("cluster support disabled") {
            error.kind = .unsupported
            error.message = "the server is not part of a cluster"
            error.nextStep = "connect to it as to a single server"
          }
          throw error
        }
      }
    }
    guard var topology else { throw unexpected(action) }
    if let nodes, topology.source != .nodes { topology.annotate(with: nodes) }
    return topology
  }

  private func unexpected(_ action: String) -> RedisError {
    RedisError(
      kind: .protocol, endpoint: endpoint.description, action: action,
      message: "the server's answer has an unexpected form")
  }
}
