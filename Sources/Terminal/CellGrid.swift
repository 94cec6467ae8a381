#if canImport(Glibc)
  private import Glibc
#elseif canImport(Darwin)
  private import Darwin
#endif

/// What panels draw into: a rectangle of cells that only ever holds drawable text.
///
/// `put` is the only way in, so that whatever comes from a server is made safe here too: a control
/// character, a bidirectional override or a scalar that libc cannot measure becomes `�` (`?` in
/// ASCII).
package struct CellGrid: Sendable {
  package static let maximumColumns = 500
  package static let maximumRows = 200
  /// Combining marks that a cell holds on its base; curses holds no more.
  package static let maximumMarks = 4

  package let columns: Int
  package let rows: Int
  package let isUnicode: Bool
  package internal(set) var cells: [Cell]
  /// Where the terminal's cursor stands, for a line that is being edited; nil hides it.
  package var cursor: GridPoint?

  /// Combining marks, by the number that cells refer to; 0 is none.
  private(set) var markSets: [[UInt32]] = [[]]

  /// What a panel can do with zero-width scalars before the rest of its text is cut: five scalars
  /// make one column at most.
  private static let scalarsPerColumn = 8

  package init(columns: Int, rows: Int, isUnicode: Bool = true) {
    self.columns = min(max(1, columns), Self.maximumColumns)
    self.rows = min(max(1, rows), Self.maximumRows)
    self.isUnicode = isUnicode
    self.cells = Array(repeating: .blank, count: self.columns * self.rows)
  }

  package var bounds: Rect { Rect(x: 0, y: 0, width: columns, height: rows) }

  package subscript(column: Int, row: Int) -> Cell { cells[row * columns + column] }

  /// The combining marks on a cell.
  package func marks(of cell: Cell) -> [UInt32] { markSets[Int(cell.markSet)] }

  /// The row as text, trailing blanks kept: what a snapshot compares.
  package func text(row: Int) -> String {
    var scalars = String.UnicodeScalarView()
    for cell in cells[(row * columns)..<((row + 1) * columns)] where cell.width > 0 {
      if let scalar = Unicode.Scalar(cell.base) { scalars.append(scalar) }
      for mark in marks(of: cell) {
        if let scalar = Unicode.Scalar(mark) { scalars.append(scalar) }
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
    guard start >= clip.x, start < clip.maxX, limit > 0 else { return 0 }
    let end = limit >= clip.maxX - start ? clip.maxX : start + limit
    let first = row * columns
    var column = start
    var last: Int?
    var budget = (end - start) * Self.scalarsPerColumn
    for scalar in text.unicodeScalars {
      if scalar.value >= 0x20, scalar.value < 0x7F, column < end {
        write(Cell(base: scalar.value, width: 1, style: style), at: first + column)
        last = first + column
        column += 1
        continue
      }
      let drawable = TextWidth.drawable(scalar, isUnicode: isUnicode)
      budget -= 1
      if drawable.width == 0, budget > 0 {
        if let last { addMark(drawable.scalar, at: last) }
        continue
      }
      guard column + drawable.width <= end, budget > 0 else {
        let mark: UInt32 = isUnicode ? 0x2026 : 0x7E
        let at = min(column, end - 1)
        write(Cell(base: mark, width: 1, style: style), at: first + at)
        for rest in (at + 1)..<max(at + 1, end) {
          write(Cell(base: 0x20, width: 1, style: style), at: first + rest)
        }
        return end - start
      }
      let cell = Cell(base: drawable.scalar, width: UInt8(drawable.width), style: style)
      if drawable.width == 2 {
        clearHalves(at: first + column + 1)
        write(cell, at: first + column)
        cells[first + column + 1] = Cell(base: 0, width: 0, style: style)
      } else {
        write(cell, at: first + column)
      }
      last = first + column
      column += drawable.width
    }
    return column - start
  }

  /// Sets the style of an area, blanking it if `blank`.
  package mutating func fill(_ area: Rect, style: Style, blank: Bool = false) {
    let clip = area.intersection(bounds)
    guard !clip.isEmpty else { return }
    let empty = Cell(base: 0x20, width: 1, style: style)
    for row in clip.y..<clip.maxY {
      let first = row * columns + clip.x
      let last = row * columns + clip.maxX - 1
      if blank {
        // Only at the two ends can a wide character reach in from outside.
        clearHalves(at: first)
        clearHalves(at: last)
        for index in first...last { cells[index] = empty }
      } else {
        for index in first...last { cells[index].style = style }
      }
    }
  }

  private mutating func write(_ cell: Cell, at index: Int) {
    if cells[index].width != 1 { clearHalves(at: index) }
    cells[index] = cell
  }

  /// Overwriting one half of a wide character blanks the other. A half never lies across the end of
  /// a row, as `put` draws both or none.
  private mutating func clearHalves(at index: Int) {
    switch cells[index].width {
    case 0:
      cells[index - 1] = Cell(base: 0x20, width: 1, style: cells[index - 1].style)
      cells[index] = Cell(base: 0x20, width: 1, style: cells[index].style)
    case 2:
      cells[index + 1] = Cell(base: 0x20, width: 1, style: cells[index + 1].style)
      cells[index] = Cell(base: 0x20, width: 1, style: cells[index].style)
    default: break
    }
  }

  /// A mark beyond the fourth, or when the screen shows more sets than a number can name, is left
  /// out; ``DrawableText`` has escaped it before where exactness matters.
  private mutating func addMark(_ scalar: UInt32, at index: Int) {
    var marks = markSets[Int(cells[index].markSet)]
    guard marks.count < Self.maximumMarks else { return }
    marks.append(scalar)
    if let known = markSets.firstIndex(of: marks) {
      cells[index].markSet = UInt16(known)
    } else if markSets.count < Self.maximumMarkSets {
      cells[index].markSet = UInt16(markSets.count)
      markSets.append(marks)
    }
  }

  /// Searched from the front at each mark, so kept small.
  private static let maximumMarkSets = 1024
}

extension CellGrid: Hashable {
  package static func == (left: CellGrid, right: CellGrid) -> Bool {
    guard left.columns == right.columns, left.rows == right.rows,
      left.isUnicode == right.isUnicode, left.cursor == right.cursor
    else { return false }
    return (0..<left.rows).allSatisfy { left.rowEquals(right, row: $0) }
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(columns)
    hasher.combine(rows)
    // Not the marks: two equal grids may number them in another order.
    for cell in cells { hasher.combine(cell.content) }
  }

  /// Whether a row looks the same in both grids, which must be of one size.
  func rowEquals(_ other: CellGrid, row: Int) -> Bool {
    let range = (row * columns)..<((row + 1) * columns)
    // Cells have no padding, so bytes decide: this is what makes an unchanged paint cost nothing.
    let isSame = unsafe cells.span.extracting(range).withUnsafeBytes { left in
      unsafe other.cells.span.extracting(range).withUnsafeBytes { right in
        guard let one = left.baseAddress, let other = right.baseAddress else { return true }
        return unsafe memcmp(one, other, left.count) == 0
      }
    }
    if markSets == other.markSets { return isSame }
    return range.allSatisfy {
      let left = cells[$0]
      let right = other.cells[$0]
      return left.content == right.content && left.style == right.style
        && marks(of: left) == other.marks(of: right)
    }
  }
}
