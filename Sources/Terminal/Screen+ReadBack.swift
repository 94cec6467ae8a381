internal import CNcurses

/// What curses believes to be on the terminal, for tests that paint and look.
extension Screen {
  package struct ShownCell: Sendable, Hashable {
    package var text: String
    package var isBold: Bool
    package var isReverse: Bool
    /// Curses' numbers; -1 is the terminal's own colour, nil where the cell has no pair.
    package var foreground: Int?
    package var background: Int?
  }

  package func shownCell(x: Int, y: Int) -> ShownCell? {
    let window = unsafe cncurses_current_window()
    var cell = cchar_t()
    guard unsafe mvwin_wch(window, Int32(y), Int32(x), &cell) == OK else { return nil }
    var text = [wchar_t](repeating: 0, count: 8)
    var attributes: attr_t = 0
    var narrow: Int16 = 0
    var pair: Int32 = 0
    guard unsafe getcchar(&cell, &text, &attributes, &narrow, &pair) == OK else { return nil }
    var scalars = String.UnicodeScalarView()
    for value in text.prefix(while: { $0 != 0 }) {
      if let scalar = Unicode.Scalar(UInt32(bitPattern: value)) { scalars.append(scalar) }
    }
    var colors: (foreground: Int32, background: Int32) = (-1, -1)
    if pair > 0 { _ = unsafe extended_pair_content(pair, &colors.foreground, &colors.background) }
    return ShownCell(
      text: String(scalars), isBold: attributes & cncurses_bold != 0,
      isReverse: attributes & cncurses_reverse != 0,
      foreground: pair > 0 ? Int(colors.foreground) : nil,
      background: pair > 0 ? Int(colors.background) : nil)
  }

  package func shownText(row: Int) -> String {
    (0..<columns).compactMap { shownCell(x: $0, y: row)?.text }.joined()
  }
}
