/// What the terminal can show.
package struct Capabilities: Sendable, Hashable {
  package enum ColorDepth: Int, Sendable, Hashable, Comparable, CaseIterable {
    case mono, ansi16, indexed256, trueColor

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  }

  /// The locale's character set is UTF-8; else only ASCII is drawn.
  package var isUnicode: Bool
  package var colorDepth: ColorDepth
  /// What plots and signs are drawn with.
  package var glyphs: GlyphLevel

  /// - Parameter glyphs: by default the best that the locale allows.
  package init(isUnicode: Bool, colorDepth: ColorDepth, glyphs: GlyphLevel? = nil) {
    self.isUnicode = isUnicode
    self.colorDepth = colorDepth
    self.glyphs = isUnicode ? glyphs ?? .braille : .ascii
  }
}
