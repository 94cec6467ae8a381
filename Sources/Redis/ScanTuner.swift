/// Chooses SCAN's COUNT so that no call holds the server's one thread for longer than a bound.
///
/// What a key costs depends on the server's processor, on the length of keys and on how full its
/// table is, and it changes while a table is rebuilt: it is measured, page by page. A page's time is
/// its round trip less the shortest PING, so that a far server is not taken for a slow one; what the
/// network and this process add to some pages makes the estimate too large, never too small, and the
/// median of the last few leaves out the single stall.
package struct ScanTuner: Sendable, Hashable {
  /// For one answer; the tuner aims at half of it, since pages differ.
  package var bound: Duration = .milliseconds(2)
  /// COUNT at least and at most.
  package var range: ClosedRange<Int> = 100...5000
  /// For the next call.
  package private(set) var count: Int

  /// Nanoseconds per key of the last pages, the oldest first.
  private var costs: [Int64] = []
  private static let window = 5

  package init(
    start: Int = 500, bound: Duration = .milliseconds(2), range: ClosedRange<Int> = 100...5000
  ) {
    self.bound = bound
    self.range = range
    count = min(max(start, range.lowerBound), range.upperBound)
  }

  /// What the call with `count` took, without the way there and back.
  package mutating func note(_ time: Duration) {
    let nanoseconds = max(1, time.wholeNanoseconds)
    let limit = max(1, bound.wholeNanoseconds)
    costs.append(nanoseconds / Int64(max(1, count)))
    if costs.count > Self.window { costs.removeFirst() }
    let median = max(1, costs.sorted()[costs.count / 2])
    // In Double: a bound of hours and a cost of 1 ns do not fit otherwise.
    let aim = Int(min(Double(limit) / 2 / Double(median), 1e9))
    // Up slowly: the next pages may be dearer than those that were seen. Down at once.
    var next = min(aim, count + count / 2)
    if nanoseconds > limit { next = min(next, count / 2) }
    count = min(max(next, range.lowerBound), range.upperBound)
  }
}

extension Duration {
  /// In nanoseconds, as far as they fit.
  var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflow || carry ? (seconds < 0 ? .min : .max) : sum
  }
}
