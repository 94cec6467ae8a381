/// Bars and sparklines as text; one character a cell, so that a table can place them.
package enum Graph {
  private static let eighths: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
  private static let asciiLevels: [Character] = ["_", ".", "-", "=", "+", "*", "#", "#"]

  /// A filled share of `width` cells with its track: `▇▇▇▇▁▁`, `####--`.
  package static func meter(_ share: Double?, width: Int, isUnicode: Bool) -> String {
    guard let share, share.isFinite, width > 0 else { return "" }
    let filled = cells(share, width)
    return String(repeating: isUnicode ? "▇" : "#", count: filled)
      + String(repeating: isUnicode ? "▁" : "-", count: width - filled)
  }

  /// A bar without a track, as long as its share of `width`: at least one cell if not zero.
  package static func bar(_ share: Double?, width: Int, isUnicode: Bool) -> String {
    guard let share, share.isFinite, share > 0, width > 0 else { return "" }
    return String(repeating: isUnicode ? "█" : "#", count: max(1, cells(share, width)))
  }

  private static func cells(_ share: Double, _ width: Int) -> Int {
    Int((max(0, min(share, 1)) * Double(width)).rounded())
  }

  /// The newest points, right-aligned in `width` cells; a gap is a blank.
  ///
  /// - Parameter range: the values of the lowest and the highest level; nil: those of the points.
  package static func sparkline(
    _ points: [Float], width: Int, isUnicode: Bool, range: ClosedRange<Float>? = nil
  ) -> String {
    guard width > 0 else { return "" }
    let shown = points.suffix(width)
    let finite = shown.filter(\.isFinite)
    let low = range?.lowerBound ?? 0
    let high = range?.upperBound ?? max(finite.max() ?? 1, low + .leastNormalMagnitude)
    let levels = isUnicode ? eighths : asciiLevels
    var text = String(repeating: " ", count: width - shown.count)
    for point in shown {
      guard point.isFinite, high > low else {
        text.append(point.isFinite ? levels[0] : " ")
        continue
      }
      let share = max(0, min(1, (point - low) / (high - low)))
      text.append(levels[min(levels.count - 1, Int((share * Float(levels.count - 1)).rounded()))])
    }
    return text
  }
}
