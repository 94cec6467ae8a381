package import ConsoleModel
package import Redis

/// What one server did between two samples of the same process, without the console's own work.
package struct CounterDelta: Sendable {
  package let seconds: Double
  /// The console's own work in the same interval: both ends were taken at an INFO reply.
  package let own: ProbeLedger
  /// The console's own work since the server's counters began.
  package let ownTotal: ProbeLedger
  private let from: CounterSample
  private let to: CounterSample

  package init(from: CounterSample, to: CounterSample, ownBase: ProbeLedger = ProbeLedger()) {
    self.from = from
    self.to = to
    seconds = CounterWindow.elapsed(from: from, to: to)
    own = to.own.since(from.own)
    ownTotal = to.own.since(ownBase)
  }

  /// The plain difference; nil where either sample lacks the counter.
  private func raw(_ counter: Counter) -> UInt64? {
    guard let old = from[counter], let new = to[counter], new >= old else { return nil }
    return new - old
  }

  /// The difference without the console's own part. Commands and lookups are exact; bytes are what
  /// our side of the socket has seen, which may differ by what is under way.
  package func count(_ counter: Counter) -> UInt64? {
    guard let all = raw(counter) else { return nil }
    switch counter {
    case .hits: return all.subtractingOrZero(own.hits)
    case .misses: return all.subtractingOrZero(own.misses)
    case .commands: return all.subtractingOrZero(own.totalCalls)
    case .inputBytes: return all.subtractingOrZero(own.bytesOut)
    case .outputBytes: return all.subtractingOrZero(own.bytesIn)
    default: return all
    }
  }

  /// Per second over the real interval; nil where it is too short to mean anything.
  package func rate(_ counter: Counter) -> Double? {
    guard seconds > 0.001, let count = count(counter) else { return nil }
    return Double(count) / seconds
  }

  /// Hits and misses of others; nil where the server has no such counters.
  package var lookups: UInt64? {
    guard let hits = count(.hits), let misses = count(.misses) else { return nil }
    return hits.addingOrMax(misses)
  }

  /// Σ hits / Σ lookups, nil without lookups: never the mean of ratios.
  package var hitRatio: Double? {
    guard let hits = count(.hits), let lookups, lookups > 0 else { return nil }
    return Double(hits) / Double(lookups)
  }

  /// Main-thread seconds per second, 0…1.
  package var cpuShare: Double? { rate(.cpu).map { min(1, $0 / 1e6) } }
}

// MARK: Commands and errors

extension CounterDelta {
  /// One command's difference, before and after the console's own calls.
  private struct Row {
    var name: String
    var total: UInt64
    var calls: UInt64
    /// Microseconds of others' calls: the console's own are taken at the window's mean.
    var microseconds: Double
    var ownMicroseconds: Double
    var failed: UInt64
    var rejected: UInt64
  }

  private var rows: [Row] {
    var result: [Row] = []
    result.reserveCapacity(to.commands.count)
    var at = 0
    for new in to.commands {
      while at < from.commands.count, from.commands[at].name < new.name { at += 1 }
      let isKnown = at < from.commands.count && from.commands[at].name == new.name
      let old = isKnown ? from.commands[at] : CommandCounters(name: new.name)
      let calls = new.calls.subtractingOrZero(old.calls)
      let time = Double(new.microseconds.subtractingOrZero(old.microseconds))
      let ours = min(calls, own.calls(of: new.name))
      let mean = calls > 0 ? time / Double(calls) : 0
      result.append(
        Row(
          name: new.name, total: new.calls, calls: calls - ours,
          microseconds: max(0, time - mean * Double(ours)), ownMicroseconds: mean * Double(ours),
          failed: new.failed.subtractingOrZero(old.failed),
          rejected: new.rejected.subtractingOrZero(old.rejected)))
    }
    return result
  }

  /// What others called, greatest share of the server's command time first.
  package func commandFigures(latency: LatencyFigures? = nil) -> [CommandFigures] {
    guard seconds > 0.001 else { return [] }
    let rows = self.rows
    let allTime = rows.reduce(0) { $0 + $1.microseconds }
    return rows.compactMap { row -> CommandFigures? in
      // A command that only the console calls is no row; one that was quiet in this window is.
      let total = row.total.subtractingOrZero(ownTotal.calls(of: row.name))
      if row.calls == 0, total == 0, row.rejected == 0 { return nil }
      let percentiles = latency?.commands[row.name]
      return CommandFigures(
        name: row.name, callsPerSecond: Double(row.calls) / seconds,
        timeShare: allTime > 0 ? row.microseconds / allTime : 0,
        meanMicroseconds: row.calls > 0 ? row.microseconds / Double(row.calls) : nil,
        p50: percentiles?.p50, p95: percentiles?.p95, p99: percentiles?.p99,
        failedPerSecond: Double(row.failed) / seconds,
        rejectedPerSecond: Double(row.rejected) / seconds,
        totalCalls: total)
    }.sorted { ($1.timeShare, $0.name) < ($0.timeShare, $1.name) }
  }

  /// The server's mean time for a command in the window, the console's own calls included.
  package func meanMicroseconds(of name: String) -> Double? {
    guard let row = rows.first(where: { $0.name == name }) else { return nil }
    let calls = Double(row.calls) + Double(own.calls(of: name))
    return calls > 0 ? (row.microseconds + row.ownMicroseconds) / calls : nil
  }

  /// Hits over lookups since the server's counters began, without the console's own lookups.
  package var lifetimeHitRatio: Double? {
    guard let hits = to[.hits], let misses = to[.misses] else { return nil }
    let others = hits.subtractingOrZero(ownTotal.hits)
    let all = others.addingOrMax(misses.subtractingOrZero(ownTotal.misses))
    return all > 0 ? Double(others) / Double(all) : nil
  }

  /// Errors by code, most frequent first.
  package var errorFigures: [ErrorFigures] {
    to.errors.map { new in
      let old = from.errors.first { $0.code == new.code }?.count
      // A code that is missing from a full list may have been cut from it.
      let base = old ?? (from.errors.count < InfoReply.maximumErrorCodes ? 0 : nil)
      let perSecond = base.flatMap { base -> Double? in
        new.count >= base && seconds > 0.001 ? Double(new.count - base) / seconds : nil
      }
      return ErrorFigures(code: new.code, perSecond: perSecond, total: new.count)
    }.sorted { ($1.perSecond ?? 0, $1.total) < ($0.perSecond ?? 0, $0.total) }
  }

  /// What the console cost: its calls at the server's mean for each command.
  package var ownCost: OwnCost {
    guard seconds > 0.001 else { return OwnCost() }
    let time = rows.reduce(0) { $0 + $1.ownMicroseconds }
    return OwnCost(
      commandsPerSecond: Double(own.totalCalls) / seconds,
      bytesPerSecond: Double(own.bytesIn.addingOrMax(own.bytesOut)) / seconds,
      serverMicrosecondsPerSecond: to.commands.isEmpty ? nil : time / seconds,
      lookupsPerSecond: Double(own.hits.addingOrMax(own.misses)) / seconds)
  }
}
