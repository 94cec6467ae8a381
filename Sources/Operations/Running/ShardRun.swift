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
  /// Of the keys that were hit: what verification looks at again.
  var sample: Reservoir
  /// MEMORY USAGE of each key before it goes; off at full speed and where it is not offered.
  var measures: Bool
  /// PEXPIRE knows LT (7.0); else the life is looked at first.
  var knowsAtMost: Bool
  /// Where copies go; nil: none are kept.
  var copies: CopyKeeper?

  var runState: RunState { context.state }
  var request: OperationRequest { context.request }

  /// Keys that a killed runner loaded from a loader without a list: they are met again.
  var loadedBefore: UInt64 = 0
  /// Records of a warm-up whose life ended while they waited for their turn.
  var endedWaiting: UInt64 = 0

  /// After a failover: the primary is another process than at the walk's begin.
  var hasSuccessor = false
  /// On a cluster: the slots that the primary had at the walk's begin.
  var slots: SlotRanges?

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
    if measures || copies != nil { sizes = try await measure(keys) }
    let parts = batch.parts(
      keys, bytes: sizes,
      largest: copies == nil ? BatchSize.largestBytes : UInt64(BatchSize.largestValues))
    for (number, range) in parts.enumerated() {
      let part = parts.count == 1 ? keys : Array(keys[range])
      try await context.gate(monitor)
      if !isUnpaced {
        observe()
        try await context.wait(pacer.delay(for: part.count, now: EventLoop.now()), monitor)
      }
      try await context.note("sent", on: node, progress { $0.open = part.count })
      let outcome = try await attempt(
        Piece(keys: part, sizes: sizes.map { Array($0[range]) }, isCopied: copies != nil))
      let bytes = sizes.map { sizes in range.reduce(UInt64(0)) { $0 &+ (sizes[$1] ?? 0) } } ?? 0
      let isLast = number == parts.count - 1
      let book = progress { shard in
        shard.open = 0
        shard.status.changed &+= outcome.changed
        shard.status.skipped &+=
          UInt64(clamping: part.count)
          &- min(
            UInt64(clamping: part.count), outcome.changed &+ outcome.failed)
        shard.status.failed &+= outcome.failed
        shard.status.indeterminate &+= outcome.indeterminate
        shard.status.bytes &+= bytes
        shard.status.uncopied &+= outcome.uncopied
        if isLast { done(&shard) }
      }
      if isUnpaced {
        context.book("done", on: node, book)
        if context.checkpoint[node]?.isFinished == true { try await context.catchUp() }
      } else {
        try await context.note("done", on: node, book)
      }
      for key in part { sample.offer(key) }
      let isTooMuch = runState.count(
        commands: part.count, errors: Int(clamping: outcome.failed),
        limit: context.ticket.thresholds.errorShare)
      if isTooMuch { throw tooManyErrors(outcome.fault) }
    }
  }

  /// Ends the whole run, on all servers.
  func tooManyErrors(_ last: String) -> RunStop {
    let reason = "aborted by itself: too many commands failed; the last said: \(last)"
    runState.tell(.abort, reason: reason)
    return .aborted(reason)
  }

  /// How far this server's part came, as a change of the checkpoint. The places that it sets are of the
  /// process that was walked: on a successor the walk begins anew.
  func progress(
    _ change: @escaping (inout RunCheckpoint.Shard) -> Void
  ) -> (inout RunCheckpoint) -> Void {
    let (node, isAnew) = (node, hasSuccessor)
    return { checkpoint in
      guard var shard = checkpoint[node] else { return }
      change(&shard)
      if isAnew { shard.restart() }
      checkpoint[node] = shard
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

  var action: String { "\(request.verb): changing keys" }

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

  /// What changes these keys.
  mutating func commands(
    for keys: [[UInt8]]
  ) async throws(FenceError) -> [RedisCommand] {
    switch request.action {
    // No command of a script may name keys of two slots.
    case .invalidate: return isOnCluster ? keys.map { .unlink([$0]) } : [.unlink(keys)]
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

  private mutating func measure(_ keys: [[UInt8]]) async throws(RunStop) -> [UInt64?]? {
    do throws(RedisError) {
      return try await changes.mutator.memoryUsage(keys)
    } catch {
      // A figure less, no more; the run itself finds out what is wrong with the server.
      if error.kind == .unsupported && !isOnCluster || error.kind == .denied { measures = false }
      return nil
    }
  }
}
