/// Plots: values to cells. Values that are absent, not finite or negative draw nothing, so that a
/// gap looks like a gap; a value above zero always shows at least the lowest step.
extension Glyphs {
  /// How many of the latest values a plot of `width` columns shows.
  package func plotCapacity(width: Int) -> Int { max(0, width) * (level == .braille ? 2 : 1) }

  /// The latest values as one row, newest at the right, the scale from 0 to `maximum` (by default
  /// the largest value shown). Always exactly `width` columns.
  package func sparkline(_ values: [Double?], width: Int, maximum: Double? = nil) -> String {
    graph(values, width: width, height: 1, maximum: maximum).first ?? ""
  }

  /// A filled graph of several rows, top row first; each row exactly `width` columns.
  package func graph(
    _ values: [Double?], width: Int, height: Int, maximum: Double? = nil
  ) -> [String] {
    guard width > 0, height > 0 else { return [] }
    let capacity = plotCapacity(width: width)
    var shown = values.suffix(capacity).map { value -> Double? in
      guard let value, value.isFinite, value >= 0 else { return nil }
      return value
    }
    if shown.count < capacity {
      shown.insert(contentsOf: repeatElement(nil, count: capacity - shown.count), at: 0)
    }
    let steps = stepsPerCell
    let top = maximum.flatMap { $0.isFinite && $0 > 0 ? $0 : nil } ?? shown.compactMap(\.self).max()
    let heights = shown.map { value -> Int in
      guard let value, let top, top > 0 else { return 0 }
      guard value > 0 else { return 0 }
      let scaled = (min(1, value / top) * Double(steps * height)).rounded()
      return max(1, Int(scaled))
    }
    return (0..<height).map { row in
      let base = (height - 1 - row) * steps
      var text = String.UnicodeScalarView()
      for column in 0..<width {
        if level == .braille {
          let left = min(max(heights[2 * column] - base, 0), steps)
          let right = min(max(heights[2 * column + 1] - base, 0), steps)
          text.append(Self.braille(left: left, right: right))
        } else {
          text.append(Self.fill(min(max(heights[column] - base, 0), steps), level: level))
        }
      }
      return String(text)
    }
  }

  /// A level from 0 to 1 as `▇▇▇▁▁` (`##...`), exactly `width` columns; nil draws blanks.
  package func meter(_ fraction: Double?, width: Int) -> String {
    guard width > 0 else { return "" }
    guard let fraction, fraction.isFinite else { return String(repeating: " ", count: width) }
    let clamped = min(max(fraction, 0), 1)
    var full = Int((clamped * Double(width)).rounded())
    // Neither empty nor full unless it is: the two ends are what people act on.
    if clamped > 0 { full = max(1, full) }
    if clamped < 1, width > 1 { full = min(width - 1, full) }
    let signs = meterSigns
    return String(repeating: signs.full, count: full)
      + String(repeating: signs.rest, count: width - full)
  }

  /// A share from 0 to 1 as a bar that ends in part of a cell, padded to `width` columns.
  package func bar(_ fraction: Double?, width: Int) -> String {
    guard width > 0 else { return "" }
    guard let fraction, fraction.isFinite, fraction > 0 else {
      return String(repeating: " ", count: width)
    }
    let perCell: Int =
      switch level {
      case .ascii: 1
      case .console: 2
      case .block, .braille: 8
      }
    let parts = max(1, Int((min(1, fraction) * Double(width * perCell)).rounded()))
    var text = String(repeating: level == .ascii ? "#" : "█", count: parts / perCell)
    let rest = parts % perCell
    if rest > 0 {
      text += level == .console ? "▌" : ["▏", "▎", "▍", "▌", "▋", "▊", "▉"][rest - 1]
    }
    let used = (parts + perCell - 1) / perCell
    return text + String(repeating: " ", count: width - used)
  }

  private var meterSigns: (full: String, rest: String) {
    switch level {
    case .ascii: ("#", ".")
    case .console: ("█", "░")
    case .block, .braille: ("▇", "▁")
    }
  }

  private var stepsPerCell: Int {
    switch level {
    case .ascii: 5
    case .console: 2
    case .block: 8
    case .braille: 4
    }
  }

  /// Dots are filled from below; the bits of a braille scalar are numbered by Unicode.
  private static func braille(left: Int, right: Int) -> Unicode.Scalar {
    let leftBits: [UInt32] = [0, 0x40, 0x44, 0x46, 0x47]
    let rightBits: [UInt32] = [0, 0x80, 0xA0, 0xB0, 0xB8]
    let bits = leftBits[left] | rightBits[right]
    return bits == 0 ? " " : Unicode.Scalar(0x2800 + bits) ?? " "
  }

  private static func fill(_ step: Int, level: GlyphLevel) -> Unicode.Scalar {
    switch level {
    case .ascii: [" ", "_", ".", "-", "=", "#"][step]
    case .console: [" ", "▄", "█"][step]
    case .block, .braille: step == 0 ? " " : Unicode.Scalar(0x2580 + UInt32(step)) ?? " "
    }
  }
}
