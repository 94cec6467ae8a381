internal import CNcurses

/// Painting: rows that differ from the last grid go to curses, which sends the cells that differ
/// from what the terminal shows.
extension Screen {
  package func paint(_ grid: CellGrid, theme: Theme) {
    let window = unsafe cncurses_standard_window()
    var isWhole = true
    var before: CellGrid?
    if let painted {
      if painted.theme != theme {
        palette.themeChanged()
      } else if painted.grid.columns == grid.columns, painted.grid.rows == grid.rows {
        before = painted.grid
        isWhole = false
      }
    } else {
      palette.themeChanged()
    }
    var isChanged = isWhole
    if isWhole { unsafe werase(window) }
    for row in 0..<min(grid.rows, rows) {
      if let before, before.rowEquals(grid, row: row) { continue }
      isChanged = true
      let count = fill(row: row, of: grid, theme: theme)
      unsafe mvwadd_wchnstr(window, Int32(row), 0, rowBuffer, Int32(count))
    }
    let isMoved = placeCursor(grid.cursor)
    painted = (grid, theme)
    guard isChanged || isMoved else { return }
    unsafe wnoutrefresh(window)
    doupdate()
  }

  /// Shows the cursor where a line is edited, hides it else.
  private func placeCursor(_ point: GridPoint?) -> Bool {
    let window = unsafe cncurses_standard_window()
    guard let point, point.x >= 0, point.y >= 0, point.x < columns, point.y < rows else {
      guard isCursorShown else { return false }
      isCursorShown = false
      unsafe leaveok(window, true)
      curs_set(0)
      return true
    }
    let isMoved = !isCursorShown || painted?.grid.cursor != point
    if !isCursorShown {
      isCursorShown = true
      unsafe leaveok(window, false)
      curs_set(1)
    }
    // Always: drawing rows has moved it.
    unsafe wmove(window, Int32(point.y), Int32(point.x))
    return isMoved
  }

  /// Translates a row into `rowBuffer`; the number of curses cells, a wide character being one.
  private func fill(row: Int, of grid: CellGrid, theme: Theme) -> Int {
    if rowBuffer.count < grid.columns {
      rowBuffer = Array(repeating: cchar_t(), count: CellGrid.maximumColumns)
    }
    var text: [wchar_t] = [0, 0, 0, 0, 0, 0]
    var style: Style?
    var entry = ScreenPalette.Entry(attributes: 0, pair: 0)
    var count = 0
    for column in 0..<min(grid.columns, columns) {
      var cell = grid[column, row]
      if cell.width == 0 { continue }
      if cell.width == 2, column + 1 >= columns {
        cell = Cell(base: 0x20, width: 1, style: cell.style)
      }
      if cell.style != style {
        style = cell.style
        entry = palette.entry(for: cell.style, theme: theme)
      }
      text[0] = wchar_t(truncatingIfNeeded: cell.base)
      var length = 1
      if cell.markSet != 0 {
        for mark in grid.marks(of: cell) {
          text[length] = wchar_t(truncatingIfNeeded: mark)
          length += 1
        }
      }
      text[length] = 0
      unsafe setcchar(&rowBuffer[count], text, entry.attributes, 0, &entry.pair)
      count += 1
    }
    return count
  }
}
