package import Terminal

/// One line of text under the cursor, as in a shell.
package struct TextField: Sendable, Hashable {
  /// Longest text, in scalars: longer patterns than this are never typed and rarely pasted.
  package static let maximum = 1000

  private var scalars: [Unicode.Scalar] = []
  private var cursor = 0

  package init(_ text: String = "") { set(text) }

  package var text: String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  package var isEmpty: Bool { scalars.isEmpty }
  /// Cursor position in scalars.
  package var position: Int { cursor }

  package mutating func set(_ text: String) {
    scalars = Array(text.unicodeScalars.prefix(Self.maximum))
    cursor = scalars.count
  }

  /// Takes an editing key; false if it means nothing here.
  package mutating func edit(_ key: Key) -> Bool {
    switch key {
    case .character(let scalar): insert([scalar])
    case .backspace, .control("h"):
      guard cursor > 0 else { return true }
      cursor -= 1
      scalars.remove(at: cursor)
    case .delete, .control("d"):
      if cursor < scalars.count { scalars.remove(at: cursor) }
    case .left: cursor = max(0, cursor - 1)
    case .right: cursor = min(scalars.count, cursor + 1)
    case .home, .control("a"): cursor = 0
    case .end, .control("e"): cursor = scalars.count
    case .control("u"):
      scalars.removeSubrange(0..<cursor)
      cursor = 0
    case .control("k"): scalars.removeSubrange(cursor...)
    case .control("w"):
      var start = cursor
      while start > 0, scalars[start - 1] == " " { start -= 1 }
      while start > 0, scalars[start - 1] != " " { start -= 1 }
      scalars.removeSubrange(start..<cursor)
      cursor = start
    default: return false
    }
    return true
  }

  /// Inserts pasted bytes as text: line ends and tabs become blanks, other controls are dropped.
  package mutating func paste(_ bytes: [UInt8]) {
    let text = String(decoding: bytes.prefix(Self.maximum * 4), as: UTF8.self)
    insert(
      text.unicodeScalars.compactMap { scalar in
        switch scalar.value {
        case 0x09, 0x0A, 0x0D: " "
        case 0..<0x20, 0x7F..<0xA0: nil
        default: scalar
        }
      })
  }

  private mutating func insert(_ new: [Unicode.Scalar]) {
    let room = Self.maximum - scalars.count
    let fitting = new.prefix(max(0, room)).filter { $0.value >= 0x20 && $0.value != 0x7F }
    scalars.insert(contentsOf: fitting, at: cursor)
    cursor += fitting.count
  }

  /// Draws the end that holds the cursor; the cell under the cursor is reversed.
  package func draw(
    x: Int, y: Int, in area: Rect, into grid: inout CellGrid, style: Style = Style()
  ) {
    let width = area.width - x
    guard width > 1 else { return }
    // Backwards from the cursor, which needs a cell of its own, as the cut mark does.
    var first = cursor
    var used = 1
    while first > 0 {
      let next = TextWidth.drawable(scalars[first - 1], isUnicode: grid.isUnicode).width
      if used + next + (first > 1 ? 1 : 0) > width { break }
      used += next
      first -= 1
    }
    var column = x
    if first > 0 {
      grid.put(grid.isUnicode ? "…" : "~", x: column, y: y, in: area, style: Style(.mark))
      column += 1
    }
    let before = string(first, cursor)
    column += grid.put(before, x: column, y: y, in: area, style: style)
    let under = cursor < scalars.count ? string(cursor, cursor + 1) : " "
    let cursorStyle = Style(style.role, style.attributes.union(.reverse))
    column += grid.put(under, x: column, y: y, in: area, style: cursorStyle)
    if cursor + 1 < scalars.count {
      grid.put(string(cursor + 1, scalars.count), x: column, y: y, in: area, style: style)
    }
  }

  private func string(_ from: Int, _ to: Int) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars[from..<to])
    return String(view)
  }
}
