internal import EventLoop

extension Probe {
  /// What this server says of the cluster that it belongs to; `.unsupported` if it belongs to none.
  ///
  /// Asks CLUSTER SHARDS (7.0+) or SLOTS, and NODES, whose answer grows with the cluster: about 100
  /// bytes for each node.
  package func clusterTopology(timeout: Duration) async throws(RedisError) -> ClusterTopology {
    let host = if case .tcp(let host, _) = endpoint.address { host } else { "127.0.0.1" }
    return try await client.clusterTopology(
      host: host, usesTLS: endpoint.isTLS, until: EventLoop.now().advanced(by: timeout))
  }
}
