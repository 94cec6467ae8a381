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

  /// READONLY, once for each connection: only then does a replica of a cluster answer for its keys. A server
  /// that is in no cluster says so and answers anyway.
  package func readFromReplica(timeout: Duration? = nil) async throws(RedisError) {
    guard !offers.haveBeenTried(["readonly"], generation: generation) else { return }
    do throws(RedisError) {
      _ = try await client.send(
        RedisCommand("READONLY"), action: "asking a replica", timeout: timeout)
    } catch {
      switch error.kind {
      case .server, .denied, .unsupported: break
      default: throw error
      }
    }
    offers.noteTried(["readonly"], generation: generation)
  }
}
