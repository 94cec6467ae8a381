internal import ConsoleModel
internal import EventLoop
internal import Redis

/// All shards' parts of a run on a cluster, side by side: one that fails stops none of the others.
///
/// The walks of all shards together must have met every key that was there at the start. Slots that
/// moved between them meanwhile belong to no whole walk: their owners are walked again.
struct ClusterRun {
  private let context: RunContext
  private let walks: ClusterWalks
  private let names: [NodeID]

  /// Rounds after the first one until the rest is given up: slots that move again and again.
  private static let maximumRounds = 64

  init(_ context: RunContext) {
    self.context = context
    walks = context.ticket.walks(loop: context.loop)
    names = context.request.nodes
  }

  /// - Parameter body: one shard's part.
  func work(
    _ body: @escaping @Sendable (NodeID) async throws(RunStop) -> Verdict
  ) async throws(RunStop) -> [Verdict] {
    var verdicts: [NodeID: Verdict] = [:]
    var failed: [NodeID: RunStop] = [:]
    var pending = names
    for round in 0...Self.maximumRounds {
      for (node, result) in await all(pending, body) {
        switch result {
        case .success(let verdict): verdicts[node] = verdict
        case .failure(let stop): failed[node] = stop
        }
      }
      try end(failed)
      // The others are through; what is left of the failed ones is in the journal and the mirror.
      if let (node, stop) = names.lazy.compactMap({ name in failed[name].map { (name, $0) } }).first
      {
        let rest = names.count - failed.count
        throw .failed(
          "\(rest) of \(names.count) shards are done, \(failed.count) failed: \(node.rawValue):"
            + " \(stop.message)")
      }
      let missing = try await missing()
      guard !missing.isEmpty else { return names.compactMap { verdicts[$0] } }
      guard round < Self.maximumRounds else { break }
      pending = try await restart(missing)
      if pending.isEmpty { await context.nap(.milliseconds(500)) }
      try await context.gate()
    }
    throw .failed(
      "slots moved from node to node again and again, so that some were never walked whole")
  }

  /// Throws what ends the whole run.
  private func end(_ failed: [NodeID: RunStop]) throws(RunStop) {
    for stop in failed.values {
      switch stop {
      case .superseded, .aborted: throw stop
      case .failed: break
      }
    }
  }

  private func all(
    _ nodes: [NodeID], _ body: @escaping @Sendable (NodeID) async throws(RunStop) -> Verdict
  ) async -> [(NodeID, Result<Verdict, RunStop>)] {
    let parts = nodes.map { node in
      let task = context.loop.spawn { () -> Result<Verdict, RunStop> in
        await self.patiently(node, body)
      }
      return (node, task)
    }
    var results: [(NodeID, Result<Verdict, RunStop>)] = []
    for (node, task) in parts { results.append((node, await task.value)) }
    return results
  }

  /// Tries a shard again and again, with longer and longer pauses, as long as a server may be away.
  private func patiently(
    _ node: NodeID, _ body: @Sendable (NodeID) async throws(RunStop) -> Verdict
  ) async -> Result<Verdict, RunStop> {
    var since: EventLoop.Instant?
    var pause = 0.25
    var reach: UInt64 = 0
    while true {
      do throws(RunStop) {
        return .success(try await body(node))
      } catch {
        guard case .failed = error, !context.isCalled else { return .failure(error) }
        let now = EventLoop.now()
        // What came forward meanwhile has its patience anew.
        let changed = context.checkpoint[node]?.status.changed ?? 0
        if changed > reach { since = nil }
        reach = changed
        let begin = since ?? now
        since = begin
        let waited = Double(begin.duration(to: now).nanoseconds) / 1e9
        guard waited < context.ticket.thresholds.unreachableSeconds else { return .failure(error) }
        await context.nap(.seconds(pause))
        pause = min(4, pause * 2)
      }
    }
  }

  // MARK: What moved

  /// The owners of slots that no whole walk has covered, each with a slot that leads to it.
  private func missing() async throws(RunStop) -> [(slots: Int, anchor: Int)] {
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
      try await context.note("moved slots") { checkpoint in
        guard var shard = checkpoint[node] else { return }
        shard.restart()
        checkpoint[node] = shard
      }
      chosen.append(node)
    }
    return chosen
  }
}
