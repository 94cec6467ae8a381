/// Places in a server's table, for a sample.
///
/// SCAN's cursor counts buckets in reversed binary, so that it holds while a table grows or shrinks
/// (`dictScan` in Redis' dict.c). The server masks it by the table's size: any number is a cursor.
enum ScanCursors {
  /// `count` cursors, one from a random place of each of as many equal parts of the table, in a random
  /// order, so that a sample that is stopped is spread over the table, too.
  static func spread(
    _ count: Int, using random: inout some RandomNumberGenerator
  ) -> [[UInt8]] {
    let step = UInt64.max / UInt64(max(1, count))
    var places = (0..<UInt64(max(0, count))).map {
      $0 &* step &+ UInt64.random(in: 0...step, using: &random)
    }
    places.shuffle(using: &random)
    return places.map { Array(String(reversed($0)).utf8) }
  }

  private static func reversed(_ value: UInt64) -> UInt64 {
    var rest = value
    var bits: UInt64 = 0
    for _ in 0..<64 {
      bits = bits << 1 | rest & 1
      rest >>= 1
    }
    return bits
  }
}
