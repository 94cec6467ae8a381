import ConsoleModel
import Terminal

/// A cluster's 16,384 slots from left to right: where the given ones lie.
///
/// A cell is full only if every slot of it is there, and empty only if none is.
enum SlotBar {
  /// Exactly `width` columns.
  ///
  /// - Parameter ranges: merged.
  static func text(_ ranges: [SlotRange], glyphs: Glyphs, width: Int) -> String {
    guard width > 0 else { return "" }
    let shares = shares(ranges, buckets: glyphs.plotCapacity(width: width))
    if glyphs.level == .braille {
      let line = glyphs.sparkline(
        // Three of four dots at most, unless it is all.
        shares.map { $0 <= 0 ? nil : ($0 >= 1 ? 1 : min($0, 0.75)) }, width: width, maximum: 1)
      return swapped(line, " ", "·")
    }
    let signs: [Character] =
      switch glyphs.level {
      case .ascii: [".", "+", "#"]
      case .console: ["·", "▒", "█"]
      case .block, .braille: ["·", "▄", "█"]
      }
    return String(shares.map { $0 <= 0 ? signs[0] : ($0 >= 1 ? signs[2] : signs[1]) })
  }

  /// The column that holds `slot` in a bar of `width` columns.
  static func column(of slot: Int, width: Int) -> Int {
    max(0, min(slot, SlotRange.slotCount - 1)) * max(0, width) / SlotRange.slotCount
  }

  /// Which part of each bucket's slots is there, 0…1, for merged ranges. O(ranges + buckets).
  static func shares(_ ranges: [SlotRange], buckets: Int) -> [Double] {
    let count = max(1, min(buckets, SlotRange.slotCount))
    func start(_ bucket: Int) -> Int {
      (bucket * SlotRange.slotCount + count - 1) / count
    }
    var held = [Int](repeating: 0, count: count)
    for range in ranges {
      let (first, last) = (
        column(of: range.first, width: count), column(of: range.last, width: count)
      )
      for bucket in first...last {
        held[bucket] +=
          min(range.last, start(bucket + 1) - 1) - max(range.first, start(bucket)) + 1
      }
    }
    return held.indices.map { Double(held[$0]) / Double(start($0 + 1) - start($0)) }
  }

  private static func swapped(_ text: String, _ old: Unicode.Scalar, _ new: Unicode.Scalar)
    -> String
  {
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { scalars.append(scalar == old ? new : scalar) }
    return String(scalars)
  }
}
