package import ConsoleModel
internal import Documents
package import EventLoop
internal import Redis

/// Carries out one confirmed plan, from the journal's first line to the audit's last.
package struct OperationRunner: Sendable {
  private let ticket: RunTicket
  private let loop: EventLoop
  private let wall: @Sendable () -> WallTime
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
      try journal.append(checkpoint, at: wall(), synced: true)
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

  private func work(_ context: RunContext, on node: NodeID) async throws(RunStop) -> Verdict {
    guard let mutator = context.mutator(node, carriesValues: true),
      let pulse = context.mutator(node, timeout: .seconds(2))
    else {
      throw .failed("there is no server \(node.rawValue) in this environment (any more)")
    }
    defer {
      mutator.close()
      pulse.close()
    }
    let knowsAtMost = try await identify(context, node, mutator)
    let connection = mutator.generation
    let lease = try await lease(context, node, mutator)
    let isPaced = !context.request.pace.isFull
    let monitor = RunMonitor(pulse, ticket.thresholds, isPaced: isPaced)
    monitor.renewed(lease)
    let watching = loop.spawn { await monitor.run(context.state, on: loop) }
    defer { watching.cancel() }
    var shard = ShardRun(
      context: context, node: node, monitor: monitor, changes: FencedChanges(mutator, lease),
      pacer: RunPacer(keysPerSecond: keysPerSecond(context)),
      batch: BatchSize(
        largest: OperationCommands.batch(
          context.request.pace, keysPerSecond: keysPerSecond(context)), isPaced: isPaced),
      sample: Reservoir(
        capacity: 10_000, seed: UInt64(truncatingIfNeeded: wall().microseconds)),
      // On a cluster a script does it.
      measures: isPaced, knowsAtMost: knowsAtMost || mutator.route != nil)
    // What follows is for that process and no other.
    shard.changes.boundTo = connection
    let keeper = try CopyKeeper(
      context, node,
      serverTime: try await Self.stopping { () throws(RedisError) in
        try await mutator.time()
      })
    shard.copies = keeper
    try await context.note("started", synced: true) { _ in }
    state.updateShard(node) { $0.state = .running }
    let verdict: Verdict
    do throws(RunStop) {
      if shard.isOnCluster {
        try await shard.workOnCluster(ticket.walks(loop: loop))
      } else if shard.followsPrimary {
        try await shard.workOnPrimary()
      } else {
        try await shard.work()
      }
      state.updateShard(node) { $0.state = .verifying }
      if !ticket.isOnCluster { state.update { $0.state = .verifying } }
      try keeper?.finish()
      verdict = try await shard.verify()
      state.updateShard(node) { shard in
        shard.state = .done
        // What was in the way is over, and nothing was lost by it.
        if shard.failed == 0 { shard.fault = nil }
      }
      if !ticket.isOnCluster { state.update { $0.state = .running } }
    } catch {
      let message = error.message
      state.updateShard(node) {
        $0.state = if case .aborted = error { .aborted } else { .failed }
        $0.fault = message
      }
      await release(lease, context, node, mutator)
      throw error
    }
    await release(lease, context, node, mutator)
    return verdict
  }

  /// The whole operation's, on each server with the same number: a runner that was frozen between two
  /// of them finds the number of whoever came after it.
  private func lease(
    _ context: RunContext, _ node: NodeID, _ mutator: Mutator
  ) async throws(RunStop) -> Lease {
    let whole = context.lease.current
    guard ticket.isOnCluster || node != context.request.nodes.first else { return whole }
    // Without memory for one on the first server it is looked for again before each batch.
    guard !whole.isNone else { return whole }
    let isOurs: Bool
    do throws(RedisError) {
      isOurs = try await mutator.placeLease(whole)
    } catch {
      guard context.request.mayBeginWithoutLease(error) else { throw RunStop(error) }
      state.warn("no lease on \(node.rawValue) yet: it is out of memory for it")
      return .none(whole.name)
    }
    guard isOurs else { throw .superseded }
    return whole
  }

  private func release(
    _ lease: Lease, _ context: RunContext, _ node: NodeID, _ mutator: Mutator
  ) async {
    guard ticket.isOnCluster || node != context.request.nodes.first else { return }
    // It runs out by itself.
    do throws(RedisError) { try await mutator.releaseLease(lease) } catch {}
  }

  private func keysPerSecond(_ context: RunContext) -> Double {
    let asked =
      context.request.pace.isFull ? 1e9 : Double(max(1, context.request.pace.keysPerSecond))
    // Side by side they share the pace, and what the role allows.
    let parts = ticket.isOnCluster ? Double(max(1, context.request.nodes.count)) : 1
    guard let limit = ticket.keysPerMinute else { return asked / parts }
    return min(asked, Double(limit) / 60) / parts
  }

  /// Notes which server process the run works on, or refuses it.
  ///
  /// - Returns: true if it can shorten a life without a look at it.
  private func identify(
    _ context: RunContext, _ node: NodeID, _ mutator: Mutator
  ) async throws(RunStop) -> Bool {
    let server = try await Self.stopping { () throws(RedisError) in
      InfoFields(try await mutator.info("server"))
    }
    let replication = try await Self.stopping { () throws(RedisError) in
      InfoFields(try await mutator.info("replication"))
    }
    let runID = server["run_id"] ?? ""
    let planned = ticket.plan.preview.shards.first { $0.node == node }?.runID ?? ""
    // Of a cluster's shard the plan names slots: whoever has them now is the one. Of a server that
    // Sentinels watch it names the process that was looked at; what has begun goes on with a successor.
    let mayBeSuccessor =
      mutator.route != nil || mutator.followsPrimary && ticket.mode == .takeOver
    guard planned.isEmpty || planned == runID || mayBeSuccessor else {
      throw .failed(
        "\(node.rawValue) is another server process than in the plan (run_id \(planned.prefix(8))"
          + " became \(runID.prefix(8))): make a new plan")
    }
    guard replication["role"] != "slave" else {
      throw .failed("\(node.rawValue) is a replica: connect to its primary")
    }
    let size = ticket.plan.preview.shards.first { $0.node == node }?.size ?? 0
    let count: UInt64 =
      switch ticket.plan.request.target {
      case .keys(let keys):
        Self.count(keys, in: ticket.plan.slots(of: node))
      case .pattern: size
      // Of a loader that prints what it likes nobody knows; commands to the server are one.
      case .server:
        ticket.plan.preview.shards.first { $0.node == node }?.keys.value ?? 0
      }
    let isUnknown =
      if case .warm(.command) = ticket.plan.request.action,
        case .server = ticket.plan.request.target
      {
        true
      } else {
        false
      }
    try await context.note("identified") { checkpoint in
      guard var shard = checkpoint[node] else { return }
      if mayBeSuccessor, shard.runID != runID {
        // Cursors are no one else's.
        shard.restart()
      }
      shard.runID = runID
      // What a killed runner had sent and nobody has confirmed.
      shard.status.indeterminate &+= UInt64(clamping: shard.open)
      shard.open = 0
      shard.status.size = isUnknown ? 0 : max(1, count)
      checkpoint[node] = shard
    }
    return server.knowsConditionalExpiry
  }

  private static func count(_ keys: [KeyName], in slots: SlotRanges?) -> UInt64 {
    guard let slots else { return UInt64(clamping: keys.count) }
    return UInt64(clamping: keys.count { slots.contains(HashSlot.of($0.bytes)) })
  }

  static func stopping<Value>(
    _ work: () async throws(RedisError) -> Value
  ) async throws(RunStop) -> Value {
    do throws(RedisError) {
      return try await work()
    } catch {
      throw RunStop(error)
    }
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
