private import Glibc

/// A point on the monotonic clock after which a wait is given up.
package struct Deadline: Sendable, Hashable {
  private let nanoseconds: Int64

  package init(within seconds: Double) {
    nanoseconds = Self.now &+ Int64(seconds * 1e9)
  }

  package var isPast: Bool { Self.now >= nanoseconds }

  /// What is left, at least 0, for poll(2).
  package var milliseconds: Int32 {
    Int32(clamping: max(0, (nanoseconds - Self.now + 999_999) / 1_000_000))
  }

  /// Nanoseconds on CLOCK_MONOTONIC.
  package static var now: Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// Waits for a condition, and never longer than a deadline: what tests have instead of sleeps.
package enum Eventually {
  /// Between two looks: short beside what is waited for, long beside the look itself.
  private static let pause: UInt32 = 2_000

  /// True as soon as `condition` holds. Blocks its thread: for code that has no tasks to run.
  package static func holds<E: Error>(
    within seconds: Double = 20, _ condition: () throws(E) -> Bool
  ) throws(E) -> Bool {
    let deadline = Deadline(within: seconds)
    while true {
      if try condition() { return true }
      if deadline.isPast { return false }
      usleep(pause)
    }
  }

  /// True as soon as `condition` holds; gives the thread back while it waits.
  package static func holds(
    within seconds: Double = 20, _ condition: () async throws -> Bool
  ) async throws -> Bool {
    let deadline = Deadline(within: seconds)
    while true {
      if try await condition() { return true }
      if deadline.isPast { return false }
      // The one sleep of the test targets: a bounded look again, not a guess at a duration.
      try await Task.sleep(nanoseconds: UInt64(pause) * 1000)
    }
  }

  /// The first value that is not nil, or nil at the deadline.
  package static func value<Value, E: Error>(
    within seconds: Double = 20, _ look: () throws(E) -> Value?
  ) throws(E) -> Value? {
    let deadline = Deadline(within: seconds)
    while true {
      if let value = try look() { return value }
      if deadline.isPast { return nil }
      usleep(pause)
    }
  }
}
