/// The server's logarithmic access counter, one byte for each key, and how to read it backwards.
///
/// A lookup at counter `c` raises it with probability `1 / (max(0, c − 5) × factor + 1)`, so one step
/// stands for `(c − 5) × factor + 1` lookups on average; every `decayMinutes` it falls by one
/// (`LFULogIncr` and `LFUDecrAndReturn` in Redis' `evict.c`; the same in Valkey).
package struct LFUCounter: Sendable, Hashable {
  /// What a new key starts with (`LFU_INIT_VAL`).
  package static let initial: UInt8 = 5
  package static let ceiling: UInt8 = 255

  /// `lfu-log-factor`, 10 by default.
  package var factor: Double
  /// `lfu-decay-time` in minutes, 1 by default; 0: the counter never falls.
  package var decayMinutes: UInt64

  package init(factor: UInt64 = 10, decayMinutes: UInt64 = 1) {
    self.factor = Double(min(factor, 1_000_000))
    self.decayMinutes = decayMinutes
  }

  /// Lookups that one step up from `counter` stands for.
  package func lookupsPerStep(_ counter: UInt8) -> Double {
    Double(counter.subtractingOrZero(Self.initial)) * factor + 1
  }

  /// Lookups behind `steps` increments that ended at `counter`.
  package func lookups(steps: Int, endingAt counter: UInt8) -> Double {
    (0..<max(0, min(steps, 512))).reduce(0) { sum, step in
      sum + lookupsPerStep(counter.subtractingOrZero(UInt8(clamping: step + 1)))
    }
  }

  /// How often the counter fell by itself between two of the server's minutes, if the key was used
  /// meanwhile. Redis compares whole minutes and stores the minute of the last use, so with a decay
  /// time above one minute the counter of a key that is used each minute never falls at all.
  package func decaySteps(from start: UInt64, to end: UInt64) -> Int {
    guard decayMinutes == 1, end > start else { return 0 }
    return Int(min(end - start, 255))
  }

  /// Lookups per second that would hold `counter` where it is: one step up for each step down. A
  /// first guess for a key that was seen once; wrong for a key that became hot just now.
  package func steadyRate(_ counter: UInt8) -> Double {
    lookupsPerStep(counter) / (60 * Double(max(1, decayMinutes)))
  }
}

extension UInt8 {
  fileprivate func subtractingOrZero(_ other: UInt8) -> UInt8 { self > other ? self - other : 0 }
}
