/// A set of slots as sorted ranges that neither touch nor overlap: `0-5460 5462`.
package struct SlotRanges: Sendable, Hashable, CustomStringConvertible {
  package private(set) var ranges: [ClosedRange<Int>] = []

  package init() {}

  /// Any ranges in any order; what lies outside of 0…16383 is left out.
  package init(_ ranges: some Sequence<ClosedRange<Int>>) {
    let all = 0...(HashSlot.count - 1)
    let sorted = ranges.filter { $0.overlaps(all) }.map { $0.clamped(to: all) }
      .sorted { $0.lowerBound < $1.lowerBound }
    for range in sorted {
      if let last = self.ranges.last, range.lowerBound <= last.upperBound + 1 {
        let upper = max(last.upperBound, range.upperBound)
        self.ranges[self.ranges.count - 1] = last.lowerBound...upper
      } else {
        self.ranges.append(range)
      }
    }
  }

  package init(_ slot: Int) { self.init([slot...slot]) }

  package static let all = SlotRanges([0...(HashSlot.count - 1)])

  package var isEmpty: Bool { ranges.isEmpty }

  /// 0…16384
  package var count: Int { ranges.reduce(0) { $0 + $1.count } }

  package func contains(_ slot: Int) -> Bool {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].contains(slot) { return true }
      if slot < ranges[middle].lowerBound { high = middle } else { low = middle + 1 }
    }
    return false
  }

  package func union(_ other: SlotRanges) -> SlotRanges { SlotRanges(ranges + other.ranges) }

  package func intersection(_ other: SlotRanges) -> SlotRanges {
    var result: [ClosedRange<Int>] = []
    var (left, right) = (0, 0)
    while left < ranges.count, right < other.ranges.count {
      let (one, two) = (ranges[left], other.ranges[right])
      if one.overlaps(two) { result.append(one.clamped(to: two)) }
      if one.upperBound < two.upperBound { left += 1 } else { right += 1 }
    }
    return SlotRanges(result)
  }

  package func subtracting(_ other: SlotRanges) -> SlotRanges { intersection(other.inverted) }

  /// The slots that are not in it.
  package var inverted: SlotRanges {
    var result: [ClosedRange<Int>] = []
    var next = 0
    for range in ranges {
      if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
      next = range.upperBound + 1
    }
    if next < HashSlot.count { result.append(next...(HashSlot.count - 1)) }
    return SlotRanges(result)
  }

  package var description: String {
    ranges.map { range in
      range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
    }.joined(separator: " ")
  }
}
