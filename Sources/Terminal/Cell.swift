/// One character cell: a base scalar, its width, a style, and the number of its combining marks in
/// the grid that it belongs to.
///
/// Eight bytes without padding, so that a row is compared as bytes: a grid of 500×200 is 800 KB.
package struct Cell: Sendable, Hashable, BitwiseCopyable {
  /// The base scalar in the lower 24 bits, the width above.
  private(set) var content: UInt32
  /// An index into the grid's mark sets; 0 where there are no marks.
  var markSet: UInt16
  package var style: Style

  package static let blank = Cell(base: 0x20, width: 1, style: Style())

  package init(base: UInt32, width: UInt8, style: Style) {
    self.content = base & 0xFF_FFFF | UInt32(width) << 24
    self.markSet = 0
    self.style = style
  }

  /// The base scalar; 0 for the right half of a wide character.
  package var base: UInt32 { content & 0xFF_FFFF }
  /// Columns: 1 or 2; 0 for the right half of a wide character.
  package var width: UInt8 { UInt8(truncatingIfNeeded: content >> 24) }
}

/// A column and a row of a grid, counted from 0.
package struct GridPoint: Sendable, Hashable {
  package var x: Int
  package var y: Int

  package init(x: Int, y: Int) {
    self.x = x
    self.y = y
  }
}
