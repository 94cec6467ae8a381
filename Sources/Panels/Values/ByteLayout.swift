import Terminal

/// How the bytes of a value are shown.
package enum ByteMode: String, Sendable, Hashable, CaseIterable {
  case text
  /// Laid out by line.
  case json
  case hex = "hexadecimal"
}

/// The rows of one page of bytes at one width, counted once, formatted one at a time.
///
/// A page is at most `pageBytes` long, so that counting costs well under a millisecond; a checkpoint
/// every `stride` rows keeps what is remembered small.
package struct ByteLayout: Sendable {
  /// A page of a value; also what one read of a string asks a server for.
  package static let pageBytes = 65_536
  private static let stride = 32

  package let bytes: [UInt8]
  package let mode: ByteMode
  package let form: RowForm
  package let rowCount: Int
  private let checkpoints: [RowCursor]
  private let dump: HexDump

  /// - Parameters:
  ///   - bytes: the page; what is beyond `pageBytes` is left out.
  ///   - base: the offset of the page within the whole value.
  package init(_ bytes: [UInt8], base: UInt64, mode: ByteMode, form: RowForm) {
    let page = bytes.count <= Self.pageBytes ? bytes : Array(bytes.prefix(Self.pageBytes))
    self.bytes = page
    self.mode = mode
    self.form = form
    dump = HexDump(count: page.count, base: base, width: form.width)
    guard mode != .hex else {
      rowCount = dump.rowCount(of: page.count)
      checkpoints = []
      return
    }
    var cursor = mode == .json ? RowCursor.json(JSONRows(page)) : .text(TextRows(page))
    var points: [RowCursor] = []
    var rows = 0
    while !cursor.isAtEnd {
      if rows % Self.stride == 0 { points.append(cursor) }
      var measure = RowBuilder(keeps: false)
      cursor.next(page, form, into: &measure)
      rows += 1
    }
    rowCount = rows
    checkpoints = points
  }

  /// The rows of a window, formatted; fewer at the end.
  package func rows(_ window: Range<Int>) -> [[Span]] {
    let wanted = window.clamped(to: 0..<rowCount)
    guard !wanted.isEmpty else { return [] }
    if mode == .hex { return wanted.map { dump.row($0, of: bytes) } }
    guard wanted.lowerBound / Self.stride < checkpoints.count else { return [] }
    var cursor = checkpoints[wanted.lowerBound / Self.stride]
    for _ in 0..<wanted.lowerBound % Self.stride {
      var skipped = RowBuilder(keeps: false)
      cursor.next(bytes, form, into: &skipped)
    }
    return wanted.map { _ in
      var row = RowBuilder(keeps: true)
      cursor.next(bytes, form, into: &row)
      return row.finish()
    }
  }

  /// The byte within the page that a row begins with: what stays on screen when the width changes.
  package func offset(ofRow row: Int) -> Int {
    if mode == .hex { return min(bytes.count, max(0, row) * dump.bytesPerRow) }
    guard row > 0, rowCount > 0 else { return 0 }
    let index = min(row, rowCount - 1)
    var cursor = checkpoints[index / Self.stride]
    for _ in 0..<index % Self.stride {
      var skipped = RowBuilder(keeps: false)
      cursor.next(bytes, form, into: &skipped)
    }
    return cursor.offset
  }

  /// The row that shows the byte at `offset`.
  package func row(ofOffset offset: Int) -> Int {
    if mode == .hex { return min(max(0, rowCount - 1), max(0, offset) / dump.bytesPerRow) }
    // The last checkpoint at or before the offset, then row by row.
    let index = max(0, (checkpoints.firstIndex { $0.offset > offset } ?? checkpoints.count) - 1)
    guard index < checkpoints.count else { return 0 }
    var cursor = checkpoints[index]
    var row = index * Self.stride
    while !cursor.isAtEnd {
      var skipped = RowBuilder(keeps: false)
      cursor.next(bytes, form, into: &skipped)
      if cursor.offset > offset { return row }
      row += 1
    }
    return max(0, rowCount - 1)
  }
}
