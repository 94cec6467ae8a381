/// Neighbouring hash slots of a cluster, both ends included: `0-5460`.
package struct SlotRange: Sendable, Hashable, Comparable {
  /// Slots of every cluster: CRC16 of the key modulo this
  /// (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/).
  package static let slotCount = 16_384

  /// 0…16,383.
  package let first: Int
  /// `first`…16,383.
  package let last: Int

  /// nil where there is no such range: a server's answer may hold any number.
  package init?(_ first: Int, _ last: Int) {
    guard first >= 0, first <= last, last < Self.slotCount else { return nil }
    self.first = first
    self.last = last
  }

  package var count: Int { last - first + 1 }

  /// `5461`, `0-5460`.
  package var text: String { first == last ? "\(first)" : "\(first)-\(last)" }

  package static func < (left: Self, right: Self) -> Bool {
    (left.first, left.last) < (right.first, right.last)
  }
}

extension [SlotRange] {
  /// Every slot that there is.
  package static let all: [SlotRange] = [].gaps

  /// The same slots in order, each once, in as few ranges as possible.
  package var merged: [SlotRange] {
    var result: [SlotRange] = []
    for range in sorted() {
      if let open = result.last, range.first <= open.last + 1 {
        if range.last > open.last, let longer = SlotRange(open.first, range.last) {
          result[result.count - 1] = longer
        }
      } else {
        result.append(range)
      }
    }
    return result
  }

  /// Slots in none of the ranges.
  package var gaps: [SlotRange] {
    var result: [SlotRange] = []
    var next = 0
    for range in merged {
      if let gap = SlotRange(next, range.first - 1) { result.append(gap) }
      next = range.last + 1
    }
    if let gap = SlotRange(next, SlotRange.slotCount - 1) { result.append(gap) }
    return result
  }

  /// Slots in all of them; those named twice count twice unless they are `merged`.
  package var slots: Int { reduce(0) { $0 + $1.count } }
}
