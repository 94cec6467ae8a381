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

/// A key that may be hot, with its last readings: close together at first, then 10 s apart.
package struct HotKeyCandidate: Sendable {
  /// The newest at full detail, thinned ones behind them.
  private static let maximumReadings = 20
  package static let longestWindow = 180.0
  /// A window must show this many steps before its estimate is good to about a third (1/√n).
  private static let wantedSteps = 9

  package let key: KeyName
  private var readings: [FrequencyReading] = []

  package init(key: KeyName) { self.key = key }

  package var newest: FrequencyReading? { readings.last }

  package mutating func add(_ reading: FrequencyReading) {
    if let last = readings.last, reading.at <= last.at { return }
    readings.append(reading)
    while readings.count > 2,
      reading.at.seconds(since: readings[1].at) >= Self.longestWindow
    {
      readings.removeFirst()
    }
    guard readings.count > Self.maximumReadings else { return }
    // Thin the older ones: drop the reading whose neighbours are closest, but not the newest five.
    let old = 1..<(readings.count - 5)
    let closest = old.min { left, right in gapAround(left) < gapAround(right) }
    readings.remove(at: closest ?? 1)
  }

  private func gapAround(_ index: Int) -> Double {
    readings[index + 1].at.seconds(since: readings[index - 1].at)
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
  ///
  /// A counter at its ceiling says nothing while it stays there, so such time counts neither as
  /// lookups nor as exposure; after each minute's decay it can be watched climbing back.
  package func estimate(_ counter: LFUCounter) -> Estimate {
    guard let last = readings.last else {
      return Estimate(rate: nil, steps: 0, isSaturated: false)
    }
    let isSaturated = last.counter == LFUCounter.ceiling
    var lookups = 0.0
    var exposure = 0.0
    var steps = 0
    for index in stride(from: readings.count - 1, to: 0, by: -1) {
      let (from, to) = (readings[index - 1], readings[index])
      let decays = counter.decaySteps(from: from.minute, to: to.minute)
      if from.counter == LFUCounter.ceiling, decays == 0 { continue }
      // Signed: a reading at the very change of the minute may see the decay before or after we
      // date it, and the next pair then has it the other way round.
      let rise = Int(to.counter) - Int(from.counter) + decays
      lookups +=
        rise >= 0
        ? counter.lookups(steps: rise, endingAt: to.counter)
        : -counter.lookups(steps: min(-rise, 2), endingAt: from.counter)
      steps += max(rise, -2)
      exposure += to.at.seconds(since: from.at)
      if steps >= Self.wantedSteps, last.at.seconds(since: from.at) >= 5 { break }
    }
    if steps > 0, exposure > 0.05, lookups > 0 {
      return Estimate(rate: lookups / exposure, steps: steps, isSaturated: isSaturated)
    }
    // Only seen at the ceiling: the rate is at least what holds it there, and no more is known.
    if isSaturated, exposure == 0 { return Estimate(rate: nil, steps: 0, isSaturated: true) }
    // No step yet: what would hold the counter there, less the longer none comes.
    let patience = 60 * Double(max(1, counter.decayMinutes))
    return Estimate(
      rate: counter.lookupsPerStep(last.counter) / (patience + exposure), steps: 0,
      isSaturated: isSaturated)
  }
}
