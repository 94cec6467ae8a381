package import ConsoleModel

/// How much is kept of a node: everything where it is looked at or where there are few, else what
/// the tier's row needs, in at most 40 KB.
package enum Detail: Sendable, Hashable {
  case full, brief

  /// Up to here every node is kept in full.
  package static let fullNodes = 8

  package var slowlog: SlowlogFollower.Limits {
    self == .full
      ? SlowlogFollower.Limits() : SlowlogFollower.Limits(entries: 32, bytes: 12 * 1024)
  }

  package var commandRows: Int { self == .full ? Int.max : 16 }

  package var hotKeyCapacity: Int { self == .full ? 64 : 12 }

  package func series() -> Series {
    self == .full ? Series() : Series(levels: 1, fineCapacity: 30)
  }
}

/// The histories of one node or tier, all with the same shape.
package struct Histories: Sendable {
  package var hitRatio: Series
  package var ops: Series
  package var memory: Series
  package var ping: Series
  private var newest: MonotonicTime?

  package init(_ detail: Detail) {
    hitRatio = detail.series()
    ops = detail.series()
    memory = detail.series()
    ping = detail.series()
  }

  /// Adds one interval's figures to every slot that the interval covers, so that an interval longer
  /// than a slot leaves no holes.
  package mutating func append(
    hitRatio: Double?, ops: Double?, memory: UInt64?, ping: Double?, seconds: Double?,
    at now: MonotonicTime
  ) {
    for time in slots(until: now, seconds: seconds) {
      self.hitRatio.append(hitRatio.map { Float($0) }, at: time)
      self.ops.append(ops.map { Float($0) }, at: time)
      self.memory.append(memory.map { Float($0) }, at: time)
      self.ping.append(ping.map { Float($0) }, at: time)
    }
    newest = now
  }

  private func slots(until now: MonotonicTime, seconds: Double?) -> [MonotonicTime] {
    guard let seconds, let newest, seconds > 2 else { return [now] }
    // Only what the interval covers: before it may have been a gap.
    let first = max(newest.advanced(bySeconds: 2), now.advanced(bySeconds: -min(seconds, 600) + 2))
    var times: [MonotonicTime] = []
    var time = first
    while time < now {
      times.append(time)
      time = time.advanced(bySeconds: 2)
    }
    return times + [now]
  }
}

extension Series {
  /// The same history in another shape, as far as it is known.
  package func reshaped(_ detail: Detail, endingAt now: MonotonicTime) -> Series {
    var copy = detail.series()
    let points = tail(300)
    for (index, value) in points.enumerated() {
      let age = Double(points.count - 1 - index) * 2
      copy.append(value.isNaN ? nil : value, at: now.advanced(bySeconds: -age))
    }
    return copy
  }
}
