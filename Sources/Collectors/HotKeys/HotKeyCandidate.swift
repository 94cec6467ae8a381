package import ConsoleModel

/// One reading of a key's counter.
package struct FrequencyReading: Sendable, Hashable {
  package var at: MonotonicTime
  /// The server's clock in whole minutes: its counters decay when it changes.
  package var minute: UInt64
  package var counter: UInt8

  package init(at: MonotonicTime, minute: UInt64, counter: UInt8) {
    self.at = at
    self.minute = minute
    self.counter = counter
  }
}

/// A key that may be hot, and how its counter moved in the last minutes.
package struct HotKeyCandidate: Sendable {
  /// What was learnt in one slice of time.
  private struct Slice: Sendable {
    var index: Int64
    /// Estimated lookups in the time in which the counter could move.
    var lookups: Float = 0
    var steps: Int32 = 0
    /// Seconds of that time.
    var exposure: Float = 0
  }

  private static let sliceSeconds = 5.0
  /// Three minutes: a counter near its ceiling steps once in 2,500 lookups.
  private static let maximumSlices = 36
  /// A window must show this many steps before its estimate is good to about a third (1/√n).
  private static let wantedSteps = 9

  package let key: KeyName
  package private(set) var newest: FrequencyReading?
  private var slices: [Slice] = []

  package init(key: KeyName) { self.key = key }

  package mutating func add(_ reading: FrequencyReading, _ counter: LFUCounter) {
    guard let last = newest else {
      newest = reading
      return
    }
    guard reading.at > last.at else { return }
    newest = reading
    let index = reading.at.nanoseconds / Int64(Self.sliceSeconds * 1e9)
    if slices.last?.index != index {
      slices.append(Slice(index: index))
      slices.removeAll { index - $0.index >= Int64(Self.maximumSlices) }
    }
    let at = slices.count - 1
    let decays = counter.decaySteps(from: last.minute, to: reading.minute)
    // A counter at its ceiling says nothing while it stays there, so such time is neither lookups
    // nor exposure; after each minute's decay it can be watched climbing back.
    if last.counter == LFUCounter.ceiling, decays == 0 { return }
    // Signed: a reading at the very change of the minute may see the decay before or after we
    // date it, and the next pair then has it the other way round.
    let rise = max(-2, Int(reading.counter) - Int(last.counter) + decays)
    let lookups =
      rise >= 0
      ? counter.lookups(steps: rise, endingAt: reading.counter)
      : -counter.lookups(steps: -rise, endingAt: last.counter)
    slices[at].lookups += Float(lookups)
    slices[at].steps += Int32(rise)
    slices[at].exposure += Float(reading.at.seconds(since: last.at))
  }

  /// What the readings say of the key's rate.
  package struct Estimate: Sendable, Hashable {
    /// Lookups per second; nil if the counter was at its ceiling all the time.
    package var rate: Double?
    /// Steps behind it: the relative standard error is about `1/√steps`.
    package var steps: Int
    package var isSaturated: Bool
  }

  /// The shortest window with enough steps, from 5 s up to three minutes: quick for a key whose
  /// counter rises fast, patient for one whose counter is high and steps seldom.
  package func estimate(_ counter: LFUCounter) -> Estimate {
    guard let newest else { return Estimate(rate: nil, steps: 0, isSaturated: false) }
    let isSaturated = newest.counter == LFUCounter.ceiling
    var lookups = 0.0
    var exposure = 0.0
    var steps = 0
    for slice in slices.reversed() {
      lookups += Double(slice.lookups)
      exposure += Double(slice.exposure)
      steps += Int(slice.steps)
      if steps >= Self.wantedSteps, exposure >= Self.sliceSeconds { break }
    }
    if steps > 0, exposure > 0.05, lookups > 0 {
      return Estimate(rate: lookups / exposure, steps: steps, isSaturated: isSaturated)
    }
    // Only seen at the ceiling: the rate is at least what holds it there, and no more is known.
    if isSaturated, exposure == 0 { return Estimate(rate: nil, steps: 0, isSaturated: true) }
    // No step yet: what would hold the counter there, less the longer none comes.
    let patience = 60 * Double(max(1, min(counter.decayMinutes, 1 << 20)))
    return Estimate(
      rate: counter.lookupsPerStep(newest.counter) / (patience + exposure), steps: 0,
      isSaturated: isSaturated)
  }
}
