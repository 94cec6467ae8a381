package import EventLoop

/// How fast a run goes: never more than its limit in any second, and less while the server or those
/// who use it feel it. Time is a parameter; nothing here waits.
package struct RunPacer: Sendable {
  /// Keys per second at most; a fraction where there may be less than one.
  package let limit: Double
  /// Share of the limit that is used now; never less than `slowest` makes of it.
  package private(set) var share = 1.0
  /// Why it is less than all, in words; empty: it is not.
  package private(set) var reason = ""
  private var nextStart: EventLoop.Instant?
  private var lastChange: EventLoop.Instant?

  /// Seconds between two changes of the share: long enough to see what the last one did.
  private static let patience = 0.5

  /// Keys per second below which slowing down helps nobody: about 0.2 % of the server's time. Where
  /// answers are slow all the same, the run is not why.
  package static let slowest = 1000.0

  package init(keysPerSecond: Double) { limit = max(Self.least, keysPerSecond) }

  /// Keys per second: a role may allow less than one.
  private static let least = 1.0 / 3600

  /// Books `keys` and says how long to wait before they are sent.
  ///
  /// Slots follow each other without credit for idle time, so that no second has more than the limit
  /// and one batch.
  package mutating func delay(for keys: Int, now: EventLoop.Instant) -> Duration {
    let start = max(nextStart ?? now, now)
    let seconds = Double(keys) / (limit * share)
    nextStart = start.advanced(by: .nanoseconds(Int64(min(seconds, 3600) * 1e9)))
    return now.duration(to: start)
  }

  /// What the watch over the server found.
  package mutating func observe(
    p99Microseconds: Double?, slowAbove: Double, now: EventLoop.Instant
  ) {
    guard let p99Microseconds else { return }
    if let lastChange, lastChange.duration(to: now) < .seconds(Self.patience) { return }
    if p99Microseconds > slowAbove {
      share = max(min(1, Self.slowest / limit), share * 0.6)
      reason = "slowed down: the server answers in \(Int(p99Microseconds)) µs at p99"
      lastChange = now
    } else if share < 1 {
      share = min(1, share * 1.25)
      if share == 1 { reason = "" }
      lastChange = now
    }
  }
}
