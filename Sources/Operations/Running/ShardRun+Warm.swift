internal import ConsoleModel
internal import EventLoop
internal import Redis

extension ShardRun {
  /// Loads what the source gives and is not there: never over a value.
  mutating func warm(_ source: WarmSource) async throws(RunStop) {
    guard let shard = context.checkpoint[node], !shard.isFinished else { return }
    let stream = try await open(source, after: shard)
    defer { stream.cancel() }
    // A source may be silent for a minute: what the run is told is heard meanwhile.
    let context = context
    let listening = context.loop.spawn {
      while !Task.isCancelled {
        if context.isCalled { stream.interrupt() }
        await context.nap(.milliseconds(50))
      }
    }
    defer { listening.cancel() }
    // What was there already took no time: the remaining time is told by what is loaded from here.
    runState.measureAnew()
    var pace = WarmPacer(warmPace)
    var rest: ArraySlice<WarmRecord> = []
    var chunk = WarmChunk()
    while !hasSuccessor {
      if rest.isEmpty {
        do throws(WarmFailure) {
          guard let more = try await stream.next(512) else { break }
          rest = more[...]
        } catch {
          throw .failed(error.description)
        }
        guard !rest.isEmpty else {
          try await context.gate(monitor)
          continue
        }
        chunk = WarmChunk(end: rest.last?.position ?? 0, wasAllThere: chunk.isAllThere)
        // The keys of a list were looked for before the loader was asked.
        if !asksForMissing(source) { rest = try await absent(of: rest, &chunk)[...] }
        if rest.isEmpty {
          try await book(skipped: chunk)
          continue
        }
        if chunk.wasAllThere { runState.measureAnew() }
      }
      try await context.gate(monitor)
      switch pace.next(rest.count, now: monotonic()) {
      case .go(let count):
        let records = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
        // Below a key a second, which is the least that the pace of a warm-up knows.
        if let limit = context.ticket.keysPerMinute, limit < 60 {
          try await context.wait(pacer.delay(for: count, now: EventLoop.now()), monitor)
        }
        try await load(records)
        if rest.isEmpty { try await book(skipped: chunk) }
        pace.finished(count, now: monotonic())
      case .wait(let until):
        try await context.wait(
          .seconds(max(0.0002, until.seconds(since: monotonic()))), monitor)
      case .waitForAnswer:
        // All answers are here when a batch returns: only time can be missing.
        await context.nap(.milliseconds(1))
      }
    }
    var report = stream.report
    report.expired &+= endedWaiting
    let text = Self.text(report)
    if !text.isEmpty { runState.update { $0.note = text } }
    let finish = progress { shard in
      shard.status.failed &+= report.malformed
      shard.status.visited = max(shard.status.visited, shard.status.size)
      shard.isFinished = true
    }
    try await context.note("done", on: node, synced: true, finish)
  }

  /// As asked, and never more than the author's role allows.
  private var warmPace: Pace {
    var pace = request.pace
    if let limit = context.ticket.keysPerMinute {
      pace.isFull = false
      pace.keysPerSecond = min(pace.keysPerSecond, max(1, Int(clamping: limit / 60)))
    }
    return pace
  }

  private func monotonic() -> MonotonicTime {
    MonotonicTime(nanoseconds: EventLoop.now().nanoseconds)
  }

  private mutating func load(_ records: [WarmRecord]) async throws(RunStop) {
    let count = records.count
    let position = records.last?.position ?? 0
    try await context.note("sent", on: node, progress { $0.open = count })
    let bytes = records.reduce(UInt64(0)) { $0 &+ UInt64($1.size) }
    var outcome = BatchOutcome()
    while true {
      do throws(FenceError) {
        // Its life ends when it would have ended, however long it waited for its turn or the server.
        let now = context.wall().microseconds / 1000
        let living = records.filter { $0.life(at: now).map { $0 > 0 } ?? true }
        let commands = living.map { record -> RedisCommand in
          let life = record.life(at: now).map { UInt64(clamping: $0) }
          return switch record.value {
          case .string(let value):
            .setIfAbsent(record.key.bytes, value, milliseconds: life)
          case .dump(let payload):
            .restore(record.key.bytes, payload, milliseconds: life ?? 0)
          }
        }
        if living.count < records.count {
          let keys = Set(living.map(\.key))
          for record in records where !keys.contains(record.key) {
            outcome.refused.insert(record.key.bytes)
          }
        }
        guard !commands.isEmpty else {
          endedWaiting &+= UInt64(records.count)
          break
        }
        guard
          case .done(let replies) = try await changes.commit(
            commands, with: record, action: "loading keys", bytes: Int(clamping: bytes))
        else { throw .superseded }
        monitor.renewed(changes.lease)
        endedWaiting &+= UInt64(records.count - living.count)
        for (record, reply) in zip(living, replies) {
          switch reply {
          case .null: break
          case .error(let text) where text.hasPrefix("BUSYKEY"): break
          case .error(let text) where isOnCluster && Self.hasMoved(text): break
          case .error(let text):
            outcome.failed += 1
            outcome.fault = text
            outcome.refused.insert(record.key.bytes)
          case .simple, .bulk, .integer, .array: outcome.changed += 1
          }
        }
        break
      } catch {
        try outcome.fails(error, keys: count)
        try await recover(from: error)
      }
    }
    let result = outcome
    let finish = progress { shard in
      shard.open = 0
      shard.index = max(shard.index, Int(clamping: position))
      shard.status.visited &+= UInt64(count)
      shard.status.changed &+= result.changed
      shard.status.failed &+= result.failed
      shard.status.skipped &+= UInt64(count) &- min(UInt64(count), result.changed &+ result.failed)
      shard.status.indeterminate &+= result.indeterminate
      shard.status.bytes &+= bytes
    }
    try await context.note("done", on: node, finish)
    for record in records where !outcome.refused.contains(record.key.bytes) {
      sample.offer(record.key.bytes)
    }
    if !outcome.fault.isEmpty {
      let fault = outcome.fault
      runState.updateShard(node) { $0.fault = fault }
    }
    if runState.count(
      commands: count, errors: Int(clamping: outcome.failed),
      limit: context.ticket.thresholds.errorShare)
    {
      throw tooManyErrors(outcome.fault)
    }
  }

  /// What the source gave besides its records; empty if nothing is worth a word.
  static func text(_ report: WarmReport) -> String {
    var parts: [String] = []
    if report.malformed > 0 {
      let first = report.badLines.first.map { ": line \($0.line) \($0.reason)" } ?? ""
      parts.append("\(report.malformed) lines were no record\(first)")
    }
    if report.expired > 0 { parts.append("\(report.expired) records had expired") }
    if report.unwanted > 0 { parts.append("\(report.unwanted) records were not asked for") }
    if let missing = report.missing, missing > 0 {
      parts.append("\(missing) keys were not given by the loader")
    }
    return parts.joined(separator: "; ")
  }
}
