internal import ConsoleModel
internal import EventLoop
internal import Redis

/// All servers' parts of a run: one that fails stops none of the others, and is tried again until it is
/// done, or somebody ends the run.
///
/// What is still to do is in the journal and the mirror: a runner that takes over goes on with it.
///
/// A cluster's shards are worked on side by side, and their walks together must have met every key that
/// was there at the start: slots that moved between them meanwhile belong to no whole walk, so that
/// their owners are walked again. Servers of their own are worked on one after the other.
struct ShardQueue {
  typealias Part = @Sendable (NodeID) async throws(RunStop) -> Verdict

  private let context: RunContext
  private let names: [NodeID]
  private let walks: ClusterWalks?

  /// Rounds after the first one until the rest is given up: slots that move again and again.
  private static let maximumRounds = 64

  init(_ context: RunContext) {
    self.context = context
    walks = context.ticket.isOnCluster ? context.ticket.walks(loop: context.loop) : nil
    names = context.request.nodes
  }

  /// - Parameter part: one server's part.
  func work(_ part: @escaping Part) async throws(RunStop) -> [Verdict] {
    var verdicts: [NodeID: Verdict] = [:]
    var pending = names
    for round in 0...Self.maximumRounds {
      try await finish(pending, part, &verdicts)
      guard let walks else { break }
      let missing = try await missing(walks)
      guard !missing.isEmpty else { break }
      guard round < Self.maximumRounds else {
        throw .failed(
          "slots moved from node to node again and again, so that some were never walked whole")
      }
      pending = try await restart(missing)
      // Slots that are still on their way would be met again at once.
      if round > 0 { await context.nap(.milliseconds(500)) }
      try await context.gate()
    }
    return names.compactMap { verdicts[$0] }
  }

  /// Works until every one of them is done; throws what ends the run.
  private func finish(
    _ nodes: [NodeID], _ part: @escaping Part, _ verdicts: inout [NodeID: Verdict]
  ) async throws(RunStop) {
    var pending = nodes
    var given: [(NodeID, RunStop)] = []
    var pause = 2.0
    var since: EventLoop.Instant?
    while !pending.isEmpty {
      let patience = since == nil && walks != nil ? context.ticket.thresholds.unreachableSeconds : 0
      var waiting: [(NodeID, RunStop)] = []
      for (node, result) in await all(pending, part, patience) {
        switch result {
        case .success(let verdict): verdicts[node] = verdict
        case .failure(.waiting(let text)): waiting.append((node, .waiting(text)))
        case .failure(.failed(let text)): given.append((node, .failed(text)))
        case .failure(let stop): throw stop
        }
      }
      if waiting.isEmpty { break }
      let now = EventLoop.now()
      let begin = since ?? now
      since = begin
      let waited = Double(begin.duration(to: now).nanoseconds) / 1e9
      guard waited < context.ticket.thresholds.retrySeconds else {
        given += waiting
        break
      }
      try await hold(waiting + given, pause)
      pause = min(60, pause * 2)
      pending = waiting.map(\.0)
    }
    guard given.isEmpty else { throw .failed(text(given)) }
  }

  /// `2 of 3 shards are done, 1 failed: 10.0.0.3:6379: …`
  private func text(_ failed: [(node: NodeID, stop: RunStop)]) -> String {
    let kind = walks == nil ? "servers" : "shards"
    let done = names.count - failed.count
    let first = failed.first.map { ": \($0.node.rawValue): \($0.stop.message)" } ?? ""
    return "\(done) of \(names.count) \(kind) are done, \(failed.count) failed\(first)"
  }

  /// Says where it stands, and waits until it is tried again.
  private func hold(_ failed: [(NodeID, RunStop)], _ pause: Double) async throws(RunStop) {
    let text = "\(text(failed)); tried again every \(Int(pause)) s, until it is aborted"
    context.state.update { status in
      status.state = .partial
      status.note = text
      status.rate = nil
      status.etaSeconds = nil
    }
    try await context.catchUp()
    let end = EventLoop.now().advanced(by: .seconds(pause))
    while EventLoop.now() < end {
      if context.isCalled {
        try await context.gate()
        context.state.update { status in
          status.state = .partial
          status.note = text
        }
      }
      await context.nap(.milliseconds(50))
    }
  }

  private func all(
    _ nodes: [NodeID], _ part: @escaping Part, _ patience: Double
  ) async -> [(NodeID, Result<Verdict, RunStop>)] {
    var results: [(NodeID, Result<Verdict, RunStop>)] = []
    guard walks != nil else {
      for node in nodes {
        let result = await patiently(node, part, patience)
        results.append((node, result))
        // Nothing is begun on the next one.
        switch result {
        case .failure(.aborted), .failure(.superseded): return results
        case .success, .failure(.failed), .failure(.waiting): break
        }
      }
      return results
    }
    let parts = nodes.map { node in
      (node, context.loop.spawn { await self.patiently(node, part, patience) })
    }
    for (node, task) in parts { results.append((node, await task.value)) }
    return results
  }

  /// Tries a server again and again, with longer and longer pauses, as long as it may be away.
  private func patiently(
    _ node: NodeID, _ part: Part, _ patience: Double
  ) async -> Result<Verdict, RunStop> {
    var since: EventLoop.Instant?
    var pause = 0.25
    var reach: UInt64 = 0
    while true {
      do throws(RunStop) {
        return .success(try await part(node))
      } catch {
        guard case .waiting = error, !context.isCalled else { return .failure(error) }
        let now = EventLoop.now()
        // What came forward meanwhile has its patience anew.
        let changed = context.checkpoint[node]?.status.changed ?? 0
        if changed > reach { since = nil }
        reach = changed
        let begin = since ?? now
        since = begin
        let waited = Double(begin.duration(to: now).nanoseconds) / 1e9
        guard waited < patience else { return .failure(error) }
        await context.nap(.seconds(pause))
        pause = min(4, pause * 2)
      }
    }
  }

  // MARK: What moved

  /// The owners of slots that no whole walk has covered, each with a slot that leads to it.
  private func missing(
    _ walks: ClusterWalks
  ) async throws(RunStop) -> [(slots: Int, anchor: Int)] {
    let start = EventLoop.now()
    while true {
      do throws(RedisError) {
        return try await walks.missing()
      } catch {
        let waited = Double(start.duration(to: EventLoop.now()).nanoseconds) / 1e9
        guard waited < context.ticket.thresholds.unreachableSeconds else { throw RunStop(error) }
        try await context.gate()
        await context.nap(.milliseconds(500))
      }
    }
  }

  /// Gives each of them a shard's part to be walked in again.
  private func restart(_ missing: [(slots: Int, anchor: Int)]) async throws(RunStop) -> [NodeID] {
    var free = names[...]
    var chosen: [NodeID] = []
    for owner in missing {
      guard let node = free.popFirst() else { break }
      context.ticket.cluster.moveAnchor(node, to: owner.anchor)
      try await context.note("moved slots", on: node, synced: true) { checkpoint in
        guard var shard = checkpoint[node] else { return }
        shard.restart()
        shard.anchor = owner.anchor
        checkpoint[node] = shard
      }
      chosen.append(node)
    }
    return chosen
  }
}
