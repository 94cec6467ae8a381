package import ConsoleModel
internal import Documents
package import EventLoop
internal import Redis

/// Carries out one confirmed plan, from the journal's first line to the audit's last.
package struct OperationRunner: Sendable {
  let ticket: RunTicket
  let loop: EventLoop
  let wall: @Sendable () -> WallTime
  private let runner: String
  /// Shared with whoever takes signals: an abort reaches the run through it.
  package let state: RunState

  /// - Parameter runner: `host:pid`.
  package init(
    _ ticket: RunTicket, loop: EventLoop, runner: String, wall: @escaping @Sendable () -> WallTime
  ) {
    self.ticket = ticket
    self.loop = loop
    self.wall = wall
    self.runner = runner
    let plan = ticket.plan
    var status = OperationStatus(
      id: plan.id, title: plan.request.title, environment: plan.environment.name,
      author: plan.author, reason: plan.request.reason, planHash: plan.hash, started: wall(),
      updated: wall(), expected: plan.preview.keys.value,
      shards: plan.request.nodes.map { ShardStatus(node: $0) }, runner: runner)
    status.state = .starting
    state = RunState(status)
  }

  /// - Returns: the final status; it is in the mirror and the audit, too.
  package func run(_ audit: any RunAuditing) async -> OperationStatus {
    let folder = RunFolder(state: ticket.folder, operation: ticket.plan.id)
    let mirror = RunMirror(ticket, state: state, loop: loop, runner: runner, wall: wall)
    var checkpoint = RunCheckpoint(operation: ticket.plan.id, nodes: ticket.plan.request.nodes)
    checkpoint.started = wall()
    do throws(RunStop) {
      if ticket.mode == .takeOver {
        var found = await mirror.checkpoints()
        if let last = RunJournal.last(folder) { found.insert(last, at: 0) }
        guard let best = RunCheckpoint.merged(found) else {
          throw .failed("nothing is known of how far operation \(ticket.plan.id) came")
        }
        checkpoint = best
        for shard in best.shards {
          if let anchor = shard.anchor { ticket.cluster.moveAnchor(shard.node, to: anchor) }
        }
      }
      try await mirror.takeLease(above: checkpoint.fence)
      if ticket.mode == .takeOver { try await mirror.placeEverywhere() }
    } catch {
      return await end(error, audit, mirror)
    }
    checkpoint.fence = max(checkpoint.fence, mirror.lease.current.fence)
    let hasEnded = checkpoint.event == "ended \(OperationState.aborted.rawValue)"
    checkpoint.event = "begun"
    let (journal, problem) = open(folder, checkpoint)
    state.update { $0.started = checkpoint.started }
    let context = RunContext(
      ticket, loop: loop, state: state, journal: journal, lease: mirror.lease,
      checkpoint: checkpoint, wall: wall)
    guard !hasEnded else {
      return await end(.aborted("it was aborted before"), audit, mirror, context)
    }
    let begun = await audit.record(
      ticket.mode == .start ? "started" : "taken over",
      result: Self.expectation(ticket.plan.preview.keys.value),
      details: planDetails())
    warn(begun, problem)
    if let refusal = refusal(begun, problem, await mirror.isWritable()) {
      return await end(.failed(refusal), audit, mirror, context)
    }
    let publishing = loop.spawn { await mirror.publish(context) }
    let following = ticket.following
    let watching = loop.spawn { await following.watch() }
    defer {
      publishing.cancel()
      watching.cancel()
    }
    let stop: RunStop?
    do throws(RunStop) {
      try await work(context)
      stop = nil
    } catch {
      stop = state.isSuperseded ? .superseded : error
    }
    publishing.cancel()
    _ = await publishing.value
    return await end(stop, audit, mirror, context)
  }

  /// The journal with its first line on the disk, or why there is none.
  private func open(
    _ folder: RunFolder, _ checkpoint: RunCheckpoint
  ) -> (journal: RunJournal?, problem: String?) {
    do throws(DocumentError) {
      let journal = try RunJournal(folder)
      try FileWriter.replace(folder.plan, with: ticket.plan.json)
      try FileWriter.replace(
        folder.processFile, with: String(runner.split(separator: ":").last ?? ""))
      try journal.append(checkpoint, at: wall())
      try journal.sync()
      return (journal, nil)
    } catch {
      return (nil, error.description)
    }
  }

  /// What whoever watches the run has to know all the time.
  private func warn(_ audit: RunAudit.Outcome, _ problem: String?) {
    if ticket.isBreakGlass {
      state.warn(
        audit.sinks.isEmpty
          ? "BREAK-GLASS by \(ticket.actor.user): no audit sink has taken it yet"
          : "BREAK-GLASS by \(ticket.actor.user)")
    }
    if let problem {
      state.warn("no local journal (\(problem)); the mirror in Redis carries it")
    }
  }

  /// Why it must not begin: nothing would record it.
  private func refusal(
    _ audit: RunAudit.Outcome, _ journalProblem: String?, _ hasMirror: Bool
  ) -> String? {
    if audit.sinks.isEmpty, !(ticket.isBreakGlass && ticket.actor.role == .admin) {
      return "no audit sink can be written, so nothing is changed: "
        + audit.problems.joined(separator: "; ")
        + "; an administrator may use --break-glass"
    }
    if let journalProblem, !hasMirror {
      return "the journal cannot be written, neither here nor in Redis: \(journalProblem)"
    }
    return nil
  }

  private func planDetails() -> [(String, String)] {
    let plan = ticket.plan
    return [
      ("actor", "\(ticket.actor.user)@\(ticket.actor.host)"), ("runner", runner),
      ("nodes", plan.request.nodes.map(\.rawValue).joined(separator: ", ")),
      (
        "pace",
        plan.request.pace.isFull ? "full speed" : "\(plan.request.pace.keysPerSecond) keys/s"
      ),
    ]
  }

  // MARK: The work

  private func work(_ context: RunContext) async throws(RunStop) {
    var verdicts: [Verdict] = []
    state.update { $0.state = .running }
    if context.request.nodes.count == 1, !ticket.isOnCluster {
      verdicts = [try await work(context, on: context.request.nodes[0])]
    } else {
      verdicts = try await ShardQueue(context).work { node throws(RunStop) in
        try await work(context, on: node)
      }
    }
    var sum = Verdict.sum(verdicts)
    let status = state.status
    sum.text = sum.described(
      context.request, started: status.started, hit: status.changed, uncopied: status.uncopied)
    state.update { $0.verdict = sum }
    try await context.note("verified", synced: true) { _ in }
  }

  // MARK: The end

  private func end(
    _ stop: RunStop?, _ audit: any RunAuditing, _ mirror: RunMirror, _ context: RunContext? = nil
  ) async -> OperationStatus {
    let now = wall()
    if stop == .superseded { state.supersede() }
    context?.closeOpen()
    state.update { status in
      status.updated = now
      status.finished = now
      status.rate = nil
      status.etaSeconds = nil
      switch stop {
      case nil: status.state = .done
      case .aborted: status.state = .aborted
      case .superseded, .failed, .waiting: status.state = .failed
      }
      if let stop { status.note = stop.message }
    }
    let status = state.status
    // A journal that cannot be written is in the audit by now.
    try? await context?.note("ended \(status.state.rawValue)", synced: true) { _ in }
    _ = await audit.record(
      stop == .superseded ? "superseded" : status.state.rawValue,
      result: status.verdict?.text ?? status.note,
      details: status.shards.map { ($0.node.rawValue, Self.summary($0)) })
    // Without the lease it says nothing there: another holds it, and tells how it goes on.
    if let context, stop != .superseded {
      await mirror.finish(context.checkpoint)
      await mirror.releaseLease()
    }
    await audit.flush()
    mirror.close()
    return status
  }

  private static func expectation(_ keys: UInt64) -> String {
    keys == 0 ? "" : "expects \(OperationText.grouped(keys)) \(keys == 1 ? "key" : "keys")"
  }

  /// One server's result in words: `12,345 changed, 2 skipped, 250 of unknown outcome`.
  package static func summary(_ shard: ShardStatus) -> String {
    var parts = ["\(OperationText.grouped(shard.changed)) changed"]
    // Not there, or there already: which of them the kind of operation says.
    if shard.skipped > 0 { parts.append("\(OperationText.grouped(shard.skipped)) skipped") }
    if shard.failed > 0 { parts.append("\(OperationText.grouped(shard.failed)) failed") }
    if shard.indeterminate > 0 {
      parts.append(
        "up to \(OperationText.grouped(shard.indeterminate)) more in batches whose answer was lost")
    }
    let uncopied = OperationText.uncopied(shard.uncopied)
    if !uncopied.isEmpty { parts.append(uncopied) }
    if shard.bytes > 0 { parts.append("\(OperationText.grouped(shard.bytes)) bytes") }
    return parts.joined(separator: ", ")
  }
}
