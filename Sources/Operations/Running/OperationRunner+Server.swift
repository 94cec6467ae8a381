internal import ConsoleModel
internal import EventLoop
internal import Redis

/// A run's part on one server: which process it is, the lease there, the work and its check.
extension OperationRunner {
  func work(_ context: RunContext, on node: NodeID) async throws(RunStop) -> Verdict {
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
    state.update { status in
      // It was away, and is at work again.
      guard status.state == .partial else { return }
      status.state = .running
      status.note = ""
    }
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
}
