import ConsoleModel
import Redis

/// Why a sample began a new baseline instead of ending an interval.
package enum GapReason: Sendable, Hashable {
  case first
  case restarted
  case statisticsReset
  /// The server's clock and ours disagree about the time that passed: one of them was set, or the
  /// console was suspended. Nothing in between can be dated.
  case clockJumped
}

/// The last seconds of one server's counters: a rate is the difference of two samples over the real
/// time between them, never over the interval that was asked for.
///
/// A restart or a reset of the statistics drops everything that was before it, so that no difference
/// is ever taken across one; the first sample after it is only a baseline.
package struct CounterWindow: Sendable {
  /// Length of the sliding window in seconds.
  package var seconds: Double
  /// Sample spacing is at least a fifth of the window, so at most seven samples are held.
  private var samples: [CounterSample] = []
  private var previous: CounterSample?
  /// What the console had done when the server's counters began: the process started or was reset.
  private var ownBase = ProbeLedger()

  package init(seconds: Double = 10) { self.seconds = max(0, seconds) }

  package var newest: CounterSample? { samples.last }

  /// Takes the next sample; nil if it ended an interval, else why it could not.
  @discardableResult
  package mutating func add(_ sample: CounterSample) -> GapReason? {
    guard let last = samples.last else {
      samples = [sample]
      return .first
    }
    if let reason = Self.gap(from: last, to: sample) {
      samples = [sample]
      previous = nil
      if reason != .clockJumped { ownBase = last.own }
      return reason
    }
    previous = last
    if samples.count > 1,
      Self.elapsed(from: samples[samples.count - 2], to: last) < seconds / 5
    {
      samples[samples.count - 1] = sample
    } else {
      samples.append(sample)
    }
    while samples.count > 2, Self.elapsed(from: samples[1], to: sample) >= seconds {
      samples.removeFirst()
    }
    return nil
  }

  /// Forgets everything; the next sample is a baseline.
  package mutating func clear() {
    samples = []
    previous = nil
  }

  /// The last interval, for histories; nil in a gap.
  package var interval: CounterDelta? {
    guard let previous, let last = samples.last else { return nil }
    return CounterDelta(from: previous, to: last, ownBase: ownBase)
  }

  /// The newest sample alone: for what has counted since the server began.
  package var lifetime: CounterDelta? {
    samples.last.map { CounterDelta(from: $0, to: $0, ownBase: ownBase) }
  }

  /// The sliding window, for the figures that are shown; nil in a gap.
  package var window: CounterDelta? {
    guard samples.count > 1, let first = samples.first, let last = samples.last else { return nil }
    return CounterDelta(from: first, to: last, ownBase: ownBase)
  }

  /// Seconds between two samples by the server's clock, which does not see the network; by ours
  /// where the server has none, or where its clock was set back.
  package static func elapsed(from: CounterSample, to: CounterSample) -> Double {
    let ours = max(0, to.arrival.seconds(since: from.arrival))
    guard let start = from.serverMicroseconds, let end = to.serverMicroseconds, end > start else {
      return ours
    }
    let theirs = Double(end - start) / 1e6
    // A reply may be late by seconds, so a shorter interval is believed; not one that is much shorter.
    return theirs < max(ours / 2 - 1, ours / 10) ? ours : theirs
  }

  private static func gap(from: CounterSample, to: CounterSample) -> GapReason? {
    if let old = from.runID, let new = to.runID, old != new { return .restarted }
    if let old = from.uptimeSeconds, let new = to.uptimeSeconds, new < old { return .restarted }
    for counter in Counter.allCases where counter.provesReset {
      if let old = from[counter], let new = to[counter], new < old { return .statisticsReset }
    }
    if commandsFell(from: from.commands, to: to.commands) { return .statisticsReset }
    let ours = max(0, to.arrival.seconds(since: from.arrival))
    if elapsed(from: from, to: to) > 2 * ours + 5 { return .clockJumped }
    return nil
  }

  /// commandstats lists what was called since the last reset, so a row that vanished or shrank is a
  /// reset too, even where traffic has already carried the totals past their old values.
  private static func commandsFell(from old: [CommandCounters], to new: [CommandCounters]) -> Bool {
    guard !new.isEmpty, new.count < InfoReply.maximumCommands else { return false }
    var at = 0
    for row in old {
      while at < new.count, new[at].name < row.name { at += 1 }
      guard at < new.count, new[at].name == row.name else { return true }
      if new[at].calls < row.calls || new[at].microseconds < row.microseconds { return true }
    }
    return false
  }
}
