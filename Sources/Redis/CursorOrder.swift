/// SCAN's cursor counts buckets in reversed binary, so that it holds while a table grows or shrinks
/// (`dictScan` in Redis' dict.c). The server masks it by the table's size: any number is a cursor.
package enum CursorOrder {
  /// `count` cursors, one from a random place of each of as many equal parts of the table, in a random
  /// order: what was visited when it ends early is spread over the table, too.
  ///
  /// Random within each part, not evenly spaced: where a sample is a large part of a small table, evenly
  /// spaced pages are always nearly the same ones, and on an unlucky table nearly all estimates miss.
  package static func spread(
    _ count: Int, random: inout some RandomNumberGenerator
  ) -> [[UInt8]] {
    let step = UInt64.max / UInt64(max(1, count))
    var positions = (0..<UInt64(max(0, count))).map {
      $0 &* step &+ UInt64.random(in: 0...step, using: &random)
    }
    positions.shuffle(using: &random)
    return positions.map { Array(String(reversed($0)).utf8) }
  }

  /// The bits of `value` in reversed order.
  package static func reversed(_ value: UInt64) -> UInt64 {
    var bits = value.byteSwapped
    bits = (bits & 0x0F0F_0F0F_0F0F_0F0F) << 4 | (bits >> 4) & 0x0F0F_0F0F_0F0F_0F0F
    bits = (bits & 0x3333_3333_3333_3333) << 2 | (bits >> 2) & 0x3333_3333_3333_3333
    return (bits & 0x5555_5555_5555_5555) << 1 | (bits >> 1) & 0x5555_5555_5555_5555
  }
}
