private import CNcurses

/// Widths as ncurses will use them: libc's `wcwidth` in the process's locale.
package enum TextWidth {
  /// The scalar to draw and its columns: 0 for a combining mark, 1 or 2 else; a scalar that must not
  /// or cannot be drawn is replaced.
  package static func drawable(
    _ scalar: Unicode.Scalar, isUnicode: Bool
  ) -> (scalar: UInt32, width: Int) {
    let value = scalar.value
    if value >= 0x20, value < 0x7F { return (value, 1) }
    guard isUnicode, let width = measured(scalar) else {
      return isUnicode ? (0xFFFD, 1) : (0x3F, 1)
    }
    return (value, width)
  }

  /// Columns that `text` takes when put whole.
  package static func columns(_ text: String, isUnicode: Bool = true) -> Int {
    text.unicodeScalars.reduce(0) { $0 + drawable($1, isUnicode: isUnicode).width }
  }

  /// The columns of a scalar that may be drawn where Unicode is, else nil.
  static func measured(_ scalar: Unicode.Scalar) -> Int? {
    let value = scalar.value
    if value < 0x7F { return value >= 0x20 ? 1 : nil }
    guard value >= 0xA0, !isHazard(value), TerminalLocale.canMeasure else { return nil }
    let width = cncurses_width(wchar_t(truncatingIfNeeded: value))
    return width < 0 ? nil : Int(width)
  }

  /// Bidirectional controls, zero-width joiners and spaces, line and paragraph separators, tags,
  /// soft hyphen, variation selectors and private or unassigned format controls: they change how
  /// neighbours look, or nothing at all.
  package static func isHazard(_ value: UInt32) -> Bool {
    switch value {
    case 0xAD, 0x061C, 0x180E, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF,
      0xFE00...0xFE0F, 0xFFF9...0xFFFB, 0xE0000...0xE0FFF:
      true
    default: false
    }
  }
}
