internal import ConsoleModel
internal import Documents
internal import EventLoop
internal import Redis

/// One server's part of a run: its connection under the lease, its pace, and what was hit.
struct ShardRun {
  let context: RunContext
  let node: NodeID
  let monitor: RunMonitor
  var changes: FencedChanges
  var pacer: RunPacer
  /// Keys visited, whether they match or not: a tenth of what one core of the server can walk.
  var walkPacer = RunPacer(keysPerSecond: 100_000)
  var batch: BatchSize
  var sample: HitSample
  /// MEMORY USAGE of each key before it goes; off at full speed and where it is not offered.
  var measures: Bool
  /// PEXPIRE knows LT (7.0); else the life is looked at first.
  var knowsAtMost = true
  /// Where copies go; nil: none are kept.
  var copies: CopyKeeper?

  var runState: RunState { context.state }
  var request: OperationRequest { context.request }

  /// Keys that a killed runner loaded from a loader without a list: they are met again.
  var loadedBefore: UInt64 = 0

  // MARK: Batches

  /// Nothing slows it down or makes it wait, so that one batch follows the other.
  private var isUnpaced: Bool { request.pace.isFull && context.ticket.keysPerMinute == nil }

  /// Changes these keys; returns when the server has confirmed it and the journal has it, or will have
  /// it with the next batch's line.
  ///
  /// - Parameter done: what else is true then: the cursor or index reached.
  mutating func change(
    _ keys: [[UInt8]], done: @escaping (inout RunCheckpoint.Shard) -> Void
  ) async throws(RunStop) {
    guard !keys.isEmpty else { return }
    var sizes: [UInt64?]?
    if measures { sizes = try await measure(keys) }
    let parts = batch.parts(keys, bytes: sizes)
    for (number, range) in parts.enumerated() {
      let part = parts.count == 1 ? keys : Array(keys[range])
      try await context.gate(monitor)
      if !isUnpaced {
        observe()
        try await context.wait(pacer.delay(for: part.count, now: EventLoop.now()), monitor)
      }
      try await context.note("sent") { $0[node]?.open = part.count }
      let outcome = try await attempt(part)
      let bytes = sizes.map { sizes in range.reduce(UInt64(0)) { $0 &+ (sizes[$1] ?? 0) } } ?? 0
      let isLast = number == parts.count - 1
      let shardNode = node
      let book: (inout RunCheckpoint) -> Void = { checkpoint in
        guard var shard = checkpoint[shardNode] else { return }
        shard.open = 0
        shard.status.changed &+= outcome.changed
        shard.status.skipped &+=
          UInt64(clamping: part.count)
          &- min(
            UInt64(clamping: part.count), outcome.changed &+ outcome.failed)
        shard.status.failed &+= outcome.failed
        shard.status.indeterminate &+= outcome.indeterminate
        shard.status.bytes &+= bytes
        if isLast { done(&shard) }
        checkpoint[shardNode] = shard
      }
      if isUnpaced {
        context.book("done", book)
        if context.checkpoint[node]?.isFinished == true { try await context.catchUp() }
      } else {
        try await context.note("done", book)
      }
      for key in part { sample.add(key) }
      let isTooMuch = runState.count(
        commands: part.count, errors: Int(clamping: outcome.failed),
        limit: context.ticket.thresholds.errorShare)
      if isTooMuch {
        throw .aborted(
          "aborted by itself: too many commands failed; the last said: \(outcome.fault)")
      }
    }
  }

  /// Lowers the pace where others have to wait, and raises it again.
  mutating func observe() {
    let before = pacer
    pacer.observe(
      p99Microseconds: monitor.p99, slowAbove: context.ticket.thresholds.slowMicroseconds,
      now: EventLoop.now())
    if pacer.share < before.share { monitor.forget() }
    guard pacer.reason != before.reason else { return }
    let (old, new) = (before.reason, pacer.reason)
    runState.update { if $0.note.isEmpty || $0.note == old { $0.note = new } }
  }

  struct BatchOutcome {
    var changed: UInt64 = 0
    var failed: UInt64 = 0
    /// Keys of attempts whose answer never came.
    var indeterminate: UInt64 = 0
    var fault = ""
    /// Keys that are not there after all.
    var refused: Set<[UInt8]> = []
  }

  private mutating func attempt(_ keys: [[UInt8]]) async throws(RunStop) -> BatchOutcome {
    var result = BatchOutcome()
    var conflicts = 0
    while true {
      let outcome: FencedChanges.Outcome
      let start: EventLoop.Instant
      // The server had no memory for a lease; now it may have had.
      if changes.lease.fence == 0, context.lease.current.fence > 0 {
        changes = FencedChanges(changes.mutator, context.lease.current)
      }
      do throws(FenceError) {
        let commands = try await commands(for: keys, copying: conflicts < 3)
        start = EventLoop.now()
        outcome =
          commands.isEmpty
          ? .done([]) : try await changes.commit(commands, with: record, action: action)
      } catch {
        if case .server(let cause) = error, cause.kind == .indeterminate || cause.kind == .timeout {
          result.indeterminate &+= UInt64(clamping: keys.count)
        }
        try await recover(from: error)
        continue
      }
      switch outcome {
      case .conflict:
        // A key was written between its copy and its removal, or the lease went: look again.
        conflicts += 1
        try await renew()
      case .done(let replies):
        monitor.renewed(changes.lease)
        batch.observe(
          microseconds: Double(start.duration(to: EventLoop.now()).nanoseconds) / 1000)
        for reply in replies {
          if case .error(let text) = reply {
            result.failed &+= request.action == .invalidate ? UInt64(keys.count) : 1
            result.fault = text
          } else {
            result.changed &+= reply.unsigned ?? 0
          }
        }
        if !result.fault.isEmpty {
          let fault = result.fault
          runState.updateShard(node) { $0.fault = fault }
        }
        return result
      }
    }
  }

  private var action: String { "\(request.verb): changing keys" }

  /// How far this server's part is, as it goes to the server in the same step as a batch: a runner that
  /// takes over without this machine's journal knows of every batch that was done.
  var record: RedisCommand? {
    var checkpoint = context.checkpoint
    checkpoint.shards = checkpoint.shards.filter { $0.node == node }
    return .ownRecord(
      OperationRecords.shard(context.plan.id), checkpoint.json(at: context.wall()),
      seconds: OperationRecords.lifeSeconds)
  }

  // MARK: Commands

  /// What changes these keys; copies are on disk when this returns.
  private mutating func commands(
    for keys: [[UInt8]], copying: Bool
  ) async throws(FenceError) -> [RedisCommand] {
    if let copies, copying { try await copy(keys, to: copies) }
    switch request.action {
    case .invalidate: return [.unlink(keys)]
    case .shorten(let seconds):
      let limit = seconds.multipliedReportingOverflow(by: 1000).partialValue
      if knowsAtMost { return keys.map { .expireAtMost($0, milliseconds: limit) } }
      let lives = try await changes.watch(
        keys, reads: keys.map { .remainingLife($0) }, action: action)
      return zip(keys, lives).compactMap { key, life in
        guard let left = life.signed, left == -1 || left > Int64(clamping: limit) else {
          return nil
        }
        return .expire(key, milliseconds: limit)
      }
    case .adjust(let seconds?):
      return keys.map {
        .expire($0, milliseconds: seconds.multipliedReportingOverflow(by: 1000).partialValue)
      }
    case .adjust(nil): return keys.map { .persist($0) }
    case .warm, .restore, .slowlogReset, .clientKill: return []
    }
  }

  private mutating func copy(_ keys: [[UInt8]], to keeper: CopyKeeper) async throws(FenceError) {
    let keys = keys.filter { keeper.wants($0) }
    guard !keys.isEmpty else { return }
    let replies = try await changes.watch(
      keys, reads: keys.flatMap { [.dump($0), .remainingLife($0)] }, action: "copying keys")
    var found: [CopyRecord] = []
    for (index, key) in keys.enumerated() {
      if case .error(let text) = replies[2 * index] {
        throw .server(changes.mutator.refusal(text, action: "copying keys"))
      }
      guard let payload = replies[2 * index].bytes,
        let life = replies[2 * index + 1].signed, life != -2
      else { continue }
      found.append(keeper.record(key, payload, milliseconds: life))
    }
    do throws(DocumentError) {
      try await keeper.keep(found)
    } catch {
      throw .server(
        RedisError(
          kind: .limit, endpoint: error.file, action: "keeping copies of the keys",
          message: error.detail, nextStep: "free some space, or run it without copies"))
    }
  }

  private mutating func measure(_ keys: [[UInt8]]) async throws(RunStop) -> [UInt64?]? {
    do throws(RedisError) {
      return try await changes.mutator.memoryUsage(keys)
    } catch {
      // A figure less, no more; the run itself finds out what is wrong with the server.
      if error.kind == .unsupported || error.kind == .denied { measures = false }
      return nil
    }
  }
}
