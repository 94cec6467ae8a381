/// One character cell: a base scalar with its combining marks, a width and a style.
package struct Cell: Sendable, Hashable {
  /// The base scalar; 0 for the right half of a wide character.
  package var base: UInt32
  /// Up to four combining scalars, 0 where there is none (curses holds five in all).
  package var marks: (UInt32, UInt32, UInt32, UInt32)
  package var width: UInt8
  package var style: Style

  package static let blank = Cell(base: 0x20, width: 1, style: Style())

  package init(base: UInt32, width: UInt8, style: Style) {
    self.base = base
    self.marks = (0, 0, 0, 0)
    self.width = width
    self.style = style
  }

  package static func == (left: Cell, right: Cell) -> Bool {
    left.base == right.base && left.width == right.width && left.style == right.style
      && left.marks == right.marks
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(base)
    hasher.combine(style)
  }
}

/// What panels draw into: a rectangle of cells that only ever holds drawable text.
///
/// `put` is the only way in, so that whatever comes from a server is made safe here too: a control
/// character, a bidirectional override or a scalar that libc cannot measure becomes `�` (`?` in
/// ASCII).
package struct CellGrid: Sendable, Hashable {
  package static let maximumColumns = 500
  package static let maximumRows = 200
  /// Combining marks that a cell holds on its base.
  package static let maximumMarks = 4

  package let columns: Int
  package let rows: Int
  package let isUnicode: Bool
  package private(set) var cells: [Cell]

  package init(columns: Int, rows: Int, isUnicode: Bool = true) {
    self.columns = min(max(1, columns), Self.maximumColumns)
    self.rows = min(max(1, rows), Self.maximumRows)
    self.isUnicode = isUnicode
    self.cells = Array(repeating: .blank, count: self.columns * self.rows)
  }

  package var bounds: Rect { Rect(x: 0, y: 0, width: columns, height: rows) }

  package subscript(column: Int, row: Int) -> Cell { cells[row * columns + column] }

  /// The row as text, trailing blanks kept: what a snapshot compares.
  package func text(row: Int) -> String {
    var scalars = String.UnicodeScalarView()
    for column in 0..<columns {
      let cell = self[column, row]
      for value in [cell.base, cell.marks.0, cell.marks.1, cell.marks.2, cell.marks.3]
      where value != 0 {
        if let scalar = Unicode.Scalar(value) { scalars.append(scalar) }
      }
    }
    return String(scalars)
  }

  /// Draws `text` at a position relative to `area` and inside it only.
  ///
  /// Text that does not fit ends in a mark (`…`, `~` in ASCII) in its last cell.
  /// - Parameter limit: at most this many columns, if that is less than what the area leaves.
  /// - Returns: the columns used.
  @discardableResult
  package mutating func put(
    _ text: String, x: Int, y: Int, in area: Rect, style: Style = Style(), limit: Int = .max
  ) -> Int {
    let clip = area.intersection(bounds)
    let row = area.y + y
    guard y >= 0, x >= 0, row >= clip.y, row < clip.maxY else { return 0 }
    let start = area.x + x
    let end = min(clip.maxX, limit >= clip.maxX - start ? clip.maxX : start + max(0, limit))
    guard start >= clip.x, start < end else { return 0 }
    var column = start
    var last: Int?
    for scalar in text.unicodeScalars {
      let drawable = TextWidth.drawable(scalar, isUnicode: isUnicode)
      if drawable.width == 0 {
        if let last { addMark(drawable.scalar, at: row * columns + last) }
        continue
      }
      guard column + drawable.width <= end else {
        cut(before: end, from: start, row: row, style: style)
        return end - start
      }
      write(drawable.scalar, width: drawable.width, column: column, row: row, style: style)
      last = column
      column += drawable.width
    }
    return column - start
  }

  /// Sets the style of an area, blanking it if `blank`.
  package mutating func fill(_ area: Rect, style: Style, blank: Bool = false) {
    let clip = area.intersection(bounds)
    guard !clip.isEmpty else { return }
    for row in clip.y..<clip.maxY {
      for column in clip.x..<clip.maxX {
        if blank { write(0x20, width: 1, column: column, row: row, style: style) }
        cells[row * columns + column].style = style
      }
    }
  }

  private mutating func write(_ scalar: UInt32, width: Int, column: Int, row: Int, style: Style) {
    clearHalves(column: column, row: row)
    if width == 2 { clearHalves(column: column + 1, row: row) }
    cells[row * columns + column] = Cell(base: scalar, width: UInt8(width), style: style)
    if width == 2 {
      cells[row * columns + column + 1] = Cell(base: 0, width: 0, style: style)
    }
  }

  /// Overwriting one half of a wide character blanks the other.
  private mutating func clearHalves(column: Int, row: Int) {
    let index = row * columns + column
    if cells[index].width == 0, column > 0 {
      cells[index - 1].base = 0x20
      cells[index - 1].width = 1
      cells[index - 1].marks = (0, 0, 0, 0)
    }
    if cells[index].width == 2, column + 1 < columns {
      cells[index + 1].base = 0x20
      cells[index + 1].width = 1
    }
  }

  private mutating func addMark(_ scalar: UInt32, at index: Int) {
    if cells[index].marks.0 == 0 {
      cells[index].marks.0 = scalar
    } else if cells[index].marks.1 == 0 {
      cells[index].marks.1 = scalar
    } else if cells[index].marks.2 == 0 {
      cells[index].marks.2 = scalar
    } else if cells[index].marks.3 == 0 {
      cells[index].marks.3 = scalar
    }
  }

  private mutating func cut(before end: Int, from start: Int, row: Int, style: Style) {
    guard end > start else { return }
    for column in max(start, end - 1)..<end {
      write(
        isUnicode ? 0x2026 : 0x7E, width: 1, column: column, row: row, style: style)
    }
  }
}
