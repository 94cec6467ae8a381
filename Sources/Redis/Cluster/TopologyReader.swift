internal import EventLoop

/// Reads the topology once: asks a few nodes at the same time, then the servers that were given at
/// the start, then the rest, until some answer.
struct TopologyReader: Sendable {
  let nodes: NodeClients
  /// As they were given; their names are looked up afresh each time.
  let seeds: [RedisEndpoint]
  let usesTLS: Bool
  /// For one node to answer.
  let askTimeout: Duration
  let loop: EventLoop

  /// Asked at the same time: one that hangs costs nothing, and three can be compared.
  private static let atOnce = 3
  /// Of the rest of the nodes, when neither the first nor the seeds have answered.
  private static let restLimit = 9
  /// What the others get after the first answer, so that views can be compared.
  private static let grace = Duration.milliseconds(50)

  private enum Question: Sendable {
    case node(NodeAddress)
    case seed(RedisEndpoint)
  }

  private enum Event: Sendable {
    case view(Result<ClusterTopology, RedisError>)
    case graceIsOver
  }

  /// - Parameters:
  ///   - first: nodes that are likely to know more than others, such as the target of a redirect.
  ///   - known: the topology so far.
  func read(
    first: [NodeAddress], known: ClusterTopology?, until deadline: EventLoop.Instant
  ) async -> Result<ClusterTopology, RedisError> {
    var last = RedisError(
      kind: .unreachable, endpoint: "cluster", action: Self.action,
      message: "no server was given")
    for wave in waves(first, known) where !wave.isEmpty {
      let now = EventLoop.now()
      guard now < deadline else { break }
      let views = await ask(wave, until: min(deadline, now.advanced(by: askTimeout)))
      var topologies: [ClusterTopology] = []
      for view in views {
        switch view {
        case .success(let topology): topologies.append(topology)
        case .failure(let error): last = telling(last, error)
        }
      }
      if let index = ClusterTopology.choice(among: topologies) {
        if !topologies[index].covered.isEmpty {
          return .success(ClusterTopology.merged(topologies, at: index))
        }
        last = RedisError(
          kind: .server, endpoint: "cluster", action: Self.action,
          message: "the nodes that answered know of nobody who owns a slot",
          nextStep: "is the cluster set up?")
      }
    }
    return .failure(last)
  }

  static let action = "reading the cluster's topology"

  /// What a server said tells more than that another was not there.
  private func telling(_ old: RedisError, _ new: RedisError) -> RedisError {
    switch new.kind {
    case .unreachable, .timeout, .cancelled: old.message == "no server was given" ? new : old
    case .auth, .denied, .limit, .protocol, .server, .tls, .unsupported, .indeterminate: new
    }
  }

  private func waves(_ first: [NodeAddress], _ known: ClusterTopology?) -> [[Question]] {
    var rest = (known?.primaries ?? []).shuffled() + (known?.replicas ?? []).shuffled()
    // Those that failed a moment ago come last.
    rest =
      rest.filter { $0.address.map { !nodes.isTroubled($0) } ?? false }
      + rest.filter { $0.address.map { nodes.isTroubled($0) } ?? false }
    var seen: Set<NodeAddress> = []
    var order: [NodeAddress] = []
    for address in first.prefix(2) + rest.compactMap(\.address)
    where seen.insert(address).inserted { order.append(address) }
    var waves: [[Question]] = [order.prefix(Self.atOnce).map { .node($0) }]
    func append(_ questions: [Question]) {
      for start in stride(from: 0, to: questions.count, by: Self.atOnce) {
        waves.append(Array(questions[start..<min(start + Self.atOnce, questions.count)]))
      }
    }
    append(seeds.prefix(12).map { .seed($0) })
    append(order.dropFirst(Self.atOnce).prefix(Self.restLimit).map { .node($0) })
    return waves
  }

  private func ask(
    _ questions: [Question], until deadline: EventLoop.Instant
  ) async -> [Result<ClusterTopology, RedisError>] {
    await withTaskGroup(of: Event.self) { group in
      for question in questions {
        group.addTask { .view(await ask(question, until: deadline)) }
      }
      var views: [Result<ClusterTopology, RedisError>] = []
      var hasView = false
      while let event = await group.next() {
        switch event {
        case .graceIsOver: return views
        case .view(let view):
          views.append(view)
          if views.count == questions.count { return views }
          if case .success = view, !hasView {
            hasView = true
            group.addTask {
              // Cancelled: everybody has answered.
              try? await loop.sleep(for: Self.grace)
              return .graceIsOver
            }
          }
        }
        // What returns above leaves the rest to be cancelled with the group.
      }
      return views
    }
  }

  private func ask(
    _ question: Question, until deadline: EventLoop.Instant
  ) async -> Result<ClusterTopology, RedisError> {
    do throws(RedisError) {
      switch question {
      case .node(let address):
        let node = try nodes.enter(address, Self.action)
        defer { node.leave() }
        return .success(
          try await node.client.clusterTopology(
            host: address.host, usesTLS: usesTLS, until: deadline))
      case .seed(let endpoint):
        let client = nodes.seed(endpoint)
        defer { client.close() }
        let host = if case .tcp(let host, _) = endpoint.address { host } else { "127.0.0.1" }
        return .success(
          try await client.clusterTopology(host: host, usesTLS: usesTLS, until: deadline))
      }
    } catch {
      return .failure(error)
    }
  }
}
