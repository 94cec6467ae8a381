private import CLinux

extension EventLoop {
  /// A point on the monotonic clock (`CLOCK_MONOTONIC`), in nanoseconds.
  package struct Instant: Sendable, Hashable, Comparable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static func now() -> Instant { Instant(nanoseconds: clinux_monotonic()) }

    /// Never overflows: a far future stays the far future.
    package func advanced(by duration: Duration) -> Instant {
      let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.nanoseconds)
      return Instant(nanoseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    /// Negative if `other` is earlier.
    package func duration(to other: Instant) -> Duration {
      let (difference, overflow) = other.nanoseconds.subtractingReportingOverflow(nanoseconds)
      return .nanoseconds(overflow ? (other < self ? .min : .max) : difference)
    }

    package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }
  }
}

extension Duration {
  /// Whole nanoseconds, saturating at about ±292 years.
  package var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflow || carry ? (seconds < 0 ? .min : .max) : sum
  }
}
