package import Terminal

/// Scrolled lines that a closure supplies one by one: only visible lines are ever formatted.
package struct TextPager: Sendable, Hashable {
  package private(set) var first = 0
  package private(set) var columnOffset = 0

  package init() {}

  /// Moves through `lines` lines shown in `area`; false if `action` is not the pager's.
  package mutating func perform(_ action: ActionID, lines: Int, in area: Rect) -> Bool {
    let page = max(1, area.height - 1)
    let last = max(0, lines - max(1, textRows(lines: lines, in: area)))
    switch action {
    case .up: first -= 1
    case .down: first += 1
    case .pageUp: first -= page
    case .pageDown: first += page
    case .top: first = 0
    case .bottom: first = last
    case .left: columnOffset = max(0, columnOffset - 8)
    case .right: columnOffset = min(columnOffset + 8, 100_000)
    default: return false
    }
    first = max(0, min(first, last))
    return true
  }

  /// After lines went away: the last page stays full.
  package mutating func clamp(lines: Int, in area: Rect) {
    first = max(0, min(first, lines - max(1, textRows(lines: lines, in: area))))
  }

  package mutating func mouse(_ event: MouseEvent, lines: Int, in area: Rect) {
    guard area.contains(x: event.x, y: event.y) else { return }
    let last = max(0, lines - max(1, textRows(lines: lines, in: area)))
    if event.kind == .scrollUp { first = max(0, first - 3) }
    if event.kind == .scrollDown { first = min(last, first + 3) }
  }

  /// Scrolls so that `line` is on screen.
  package mutating func show(line: Int, lines: Int, in area: Rect) {
    let rows = max(1, textRows(lines: lines, in: area))
    if line < first { first = max(0, line) }
    if line >= first + rows { first = max(0, line - rows + 1) }
  }

  private func textRows(lines: Int, in area: Rect) -> Int {
    lines > area.height ? max(0, area.height - 1) : area.height
  }

  /// - Parameter line: the text and style of one line; called for visible lines only.
  package func draw(
    lines: Int, in area: Rect, into grid: inout CellGrid, isUnicode: Bool,
    line: (Int) -> [Span]
  ) {
    let rows = textRows(lines: lines, in: area)
    let start = max(0, min(first, lines - rows))
    for row in 0..<min(rows, max(0, lines - start)) {
      grid.put(line(start + row), x: 0, y: row, in: area, skip: columnOffset)
    }
    if lines > area.height, area.height > 0 {
      let mark = isUnicode ? "…" : "~"
      let end = min(lines, start + rows)
      grid.put(
        "\(mark) \(start + 1)-\(end) of \(lines) lines", x: 0, y: area.height - 1, in: area,
        style: Style(.mark))
    }
  }
}

/// A run of text in one style.
package struct Span: Sendable, Hashable {
  package var text: String
  package var style: Style

  package init(_ text: String, _ role: StyleRole = .normal, _ attributes: TextAttributes = []) {
    self.text = text
    self.style = Style(role, attributes)
  }
}

extension CellGrid {
  /// Draws runs one after the other in one line of `area`; what does not fit ends in the mark.
  ///
  /// - Parameter skip: scalars scrolled out on the left; the first cell then shows the mark.
  @discardableResult
  package mutating func put(
    _ spans: [Span], x: Int, y: Int, in area: Rect, skip: Int = 0, limit: Int = .max
  ) -> Int {
    var column = x
    var left = skip
    let end = limit >= area.width - x ? area.width : x + max(0, limit)
    if skip > 0, !spans.isEmpty, end > column {
      put(isUnicode ? "…" : "~", x: column, y: y, in: area, style: Style(.mark))
      column += 1
      left += 1
    }
    for span in spans {
      var text = span.text
      if left > 0 {
        let scalars = text.unicodeScalars
        let dropped = scalars.dropFirst(left)
        left = max(0, left - scalars.count)
        text = String(dropped)
      }
      if text.isEmpty { continue }
      if column >= end {
        // No room for even one cell of this run: mark the cut in the last cell.
        if end > x, end > 0 {
          put(isUnicode ? "…" : "~", x: end - 1, y: y, in: area, style: Style(.mark))
        }
        return end - x
      }
      column += put(text, x: column, y: y, in: area, style: span.style, limit: end - column)
    }
    return column - x
  }
}
