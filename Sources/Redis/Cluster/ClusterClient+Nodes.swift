/// What asks nodes rather than keys.
extension ClusterClient {
  /// Which nodes `forEach` asks.
  package enum Nodes: Sendable, Hashable {
    case primaries
    case replicas
    case all
  }

  /// What one node answered.
  package struct NodeAnswer<Value: Sendable>: Sendable {
    package var node: ClusterTopology.Node
    package var result: Result<Value, RedisError>
  }

  /// Asks each node, several at a time; a node that does not answer costs the others nothing.
  ///
  /// - Parameters:
  ///   - timeout: for each node.
  ///   - body: gets the node's own client, which lives at least as long as the call.
  /// - Returns: in the order of the topology.
  nonisolated(nonsending) package func forEach<Value: Sendable>(
    _ which: Nodes = .primaries, action: String, timeout: Duration? = nil,
    _ body:
      @escaping @Sendable (
        ClusterTopology.Node, RedisClient
      ) async throws(RedisError) -> Value
  ) async throws(RedisError) -> [NodeAnswer<Value>] {
    let topology = try await self.topology(timeout: timeout)
    let chosen =
      switch which {
      case .primaries: topology.shards.filter { !$0.slots.isEmpty }.compactMap(\.primary)
      case .replicas: topology.replicas
      case .all: topology.nodes
      }
    return await withTaskGroup(of: (Int, NodeAnswer<Value>).self) { group in
      var answers: [NodeAnswer<Value>?] = chosen.map { _ in nil }
      var next = 0
      func addTask() {
        guard next < chosen.count else { return }
        let (index, node) = (next, chosen[next])
        next += 1
        group.addTask {
          let result: Result<Value, RedisError>
          do throws(RedisError) {
            result = .success(try await self.with(node, action: action, body))
          } catch {
            result = .failure(error)
          }
          return (index, NodeAnswer(node: node, result: result))
        }
      }
      for _ in 0..<options.maximumConcurrency { addTask() }
      while let (index, answer) = await group.next() {
        answers[index] = answer
        addTask()
      }
      return answers.compactMap(\.self)
    }
  }

  /// Lends a node's own client, for what belongs to that node alone: SCAN, INFO, a transaction.
  nonisolated(nonsending) package func with<Value: Sendable>(
    _ node: ClusterTopology.Node, action: String,
    _ body: (ClusterTopology.Node, RedisClient) async throws(RedisError) -> Value
  ) async throws(RedisError) -> Value {
    guard let address = node.address else {
      throw RedisError(
        kind: .unreachable, endpoint: PlainText.safe(node.id, limit: 40), action: action,
        message: "the node does not say where it is",
        nextStep: "set cluster-announce-hostname on it, or another cluster-preferred-endpoint-type")
    }
    let lent = try nodes.enter(address, action)
    defer { lent.leave() }
    do throws(RedisError) {
      return try await body(node, lent.client)
    } catch {
      switch error.kind {
      case .unreachable, .timeout, .indeterminate, .tls, .protocol: keeper.refresh()
      case .cancelled, .auth, .denied, .unsupported, .server, .limit: break
      }
      throw error
    }
  }

  /// The primary of a slot, by the latest topology.
  nonisolated(nonsending) package func primary(
    ofSlot slot: Int, timeout: Duration? = nil
  ) async throws(RedisError) -> ClusterTopology.Node? {
    try await topology(timeout: timeout).shard(of: slot)?.primary
  }
}
