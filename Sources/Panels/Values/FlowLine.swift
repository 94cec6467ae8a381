import Terminal

/// Facts side by side, on as many lines as they need and are allowed; what has no room is counted.
package enum FlowLine {
  /// Blanks between two facts.
  private static let gap = 2

  package static func lines(
    _ facts: [[Span]], width: Int, maximum: Int, isUnicode: Bool
  ) -> [[Span]] {
    guard width > 0, maximum > 0 else { return [] }
    var lines: [[Span]] = []
    var line: [Span] = []
    var used = 0
    for (index, fact) in facts.enumerated() {
      let columns = fact.reduce(0) { $0 + TextWidth.columns($1.text, isUnicode: isUnicode) }
      let isLast = index == facts.count - 1
      // On the last line there must be room to say that more follows.
      let reserve = lines.count == maximum - 1 && !isLast ? 4 : 0
      if !line.isEmpty, used + gap + columns + reserve > width {
        if lines.count == maximum - 1 {
          line.append(Span(" +\(facts.count - index)", .mark))
          break
        }
        lines.append(line)
        line = []
        used = 0
      }
      if !line.isEmpty { line.append(Span(String(repeating: " ", count: gap))) }
      used += (line.isEmpty ? 0 : gap) + columns
      line += fact
    }
    if !line.isEmpty { lines.append(line) }
    return lines
  }

  /// `text` broken at blanks into rows of at most `width` columns; a longer word will be cut with the
  /// mark when it is drawn.
  package static func wrap(
    _ text: String, width: Int, maximum: Int, isUnicode: Bool
  ) -> [String] {
    guard width > 0, maximum > 0 else { return [] }
    var lines: [String] = []
    var line = ""
    var used = 0
    for word in text.split(separator: " ") {
      let columns = TextWidth.columns(String(word), isUnicode: isUnicode)
      if used > 0, used + 1 + columns > width {
        lines.append(line)
        line = ""
        used = 0
        if lines.count == maximum {
          // Too long for the row, so that the grid marks the cut.
          lines[maximum - 1] += " " + text[word.startIndex...]
          return lines
        }
      }
      line += (used > 0 ? " " : "") + word
      used += (used > 0 ? 1 : 0) + columns
    }
    if !line.isEmpty { lines.append(line) }
    return lines
  }
}

extension CellGrid {
  /// Draws lines from the top of `area`; returns the rows used.
  mutating func put(lines: [[Span]], in area: Rect) -> Int {
    for (y, line) in lines.prefix(area.height).enumerated() { put(line, x: 0, y: y, in: area) }
    return min(lines.count, area.height)
  }

  /// Draws a sentence over as many rows as it needs.
  @discardableResult
  mutating func put(paragraph text: String, y: Int, in area: Rect, style: Style) -> Int {
    let lines = FlowLine.wrap(
      text, width: area.width, maximum: max(0, area.height - y), isUnicode: isUnicode)
    for (index, line) in lines.enumerated() {
      put(line, x: 0, y: y + index, in: area, style: style)
    }
    return lines.count
  }
}

extension Rect {
  /// Without the first column, which lists keep for the mark of the selected row.
  var indented: Rect { splitLeft(1).rest }

  /// Lines above a list: none where the list itself has hardly room.
  var headLines: Int { height >= 12 ? 3 : height >= 7 ? 2 : height >= 4 ? 1 : 0 }
}
