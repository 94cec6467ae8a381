/// A fixed-size history of one figure at three resolutions.
///
/// 2 s for 10 minutes, 10 s for 1 hour, 60 s for 24 hours, as `Float` with `nan` for a gap; coarser
/// levels hold the mean of what they cover. Memory: at most `4 × (300 + 360 + 1440)` bytes.
package struct Series: Sendable, Hashable {
  package enum Resolution: Int, Sendable, CaseIterable {
    case fine, medium, coarse

    /// Seconds that one point covers.
    package var seconds: Int { [2, 10, 60][rawValue] }
    /// Points kept.
    package var capacity: Int { [300, 360, 1440][rawValue] }
  }

  private var rings: [Ring]

  /// - Parameter levels: how many resolutions to keep; nodes that are not on screen keep one.
  package init(levels: Int = 3, fineCapacity: Int = 300) {
    rings = Resolution.allCases.prefix(max(1, levels)).map { resolution in
      Ring(
        capacity: resolution == .fine ? fineCapacity : resolution.capacity,
        secondsPerPoint: resolution.seconds)
    }
  }

  /// Adds a figure that was measured at `time`; `nil` is a gap.
  package mutating func append(_ value: Float?, at time: MonotonicTime) {
    for index in rings.indices { rings[index].append(value, at: time) }
  }

  /// The newest `count` points, oldest first, `nan` for a gap; fewer if there are fewer.
  package func tail(_ count: Int, _ resolution: Resolution = .fine) -> [Float] {
    guard resolution.rawValue < rings.count else { return [] }
    return rings[resolution.rawValue].tail(count)
  }

  /// When the newest point begins; nil if there is none.
  package func newest(_ resolution: Resolution = .fine) -> MonotonicTime? {
    resolution.rawValue < rings.count ? rings[resolution.rawValue].newestStart : nil
  }

  /// Points that were recorded at this resolution, at most its capacity.
  package func count(_ resolution: Resolution = .fine) -> Int {
    resolution.rawValue < rings.count ? rings[resolution.rawValue].count : 0
  }
}

/// One resolution: slots of equal length on the monotonic clock.
private struct Ring: Sendable, Hashable {
  private var values: [Float] = []
  private let capacity: Int
  private let secondsPerPoint: Int
  private var head = 0
  private var openSlot: Int64?
  private var openSum: Float = 0
  private var openCount = 0

  init(capacity: Int, secondsPerPoint: Int) {
    self.capacity = max(2, capacity)
    self.secondsPerPoint = secondsPerPoint
  }

  var count: Int { values.count }

  var newestStart: MonotonicTime? {
    openSlot.map { MonotonicTime(nanoseconds: $0 &* Int64(secondsPerPoint) &* 1_000_000_000) }
  }

  mutating func append(_ value: Float?, at time: MonotonicTime) {
    let slot = time.nanoseconds / (Int64(secondsPerPoint) * 1_000_000_000)
    if let open = openSlot, slot == open {
      fold(value)
      return
    }
    if let open = openSlot, slot > open {
      // Slots that passed without any figure are gaps; a suspend of hours writes at most one ring.
      let missed = min(Int64(capacity), slot - open - 1)
      for _ in 0..<max(0, missed) { push(.nan) }
    }
    // A clock that ran backwards just opens a new point.
    openSlot = slot
    openSum = 0
    openCount = 0
    push(.nan)
    fold(value)
  }

  private mutating func fold(_ value: Float?) {
    guard let value, value.isFinite else { return }
    openSum += value
    openCount += 1
    values[newest] = openSum / Float(openCount)
  }

  private var newest: Int {
    values.count < capacity ? values.count - 1 : (head + capacity - 1) % capacity
  }

  private mutating func push(_ value: Float) {
    if values.count < capacity {
      values.append(value)
    } else {
      values[head] = value
      head = (head + 1) % capacity
    }
  }

  func tail(_ wanted: Int) -> [Float] {
    let take = min(max(0, wanted), values.count)
    let start = values.count < capacity ? 0 : head
    return (values.count - take..<values.count).map { values[(start + $0) % values.count] }
  }
}
