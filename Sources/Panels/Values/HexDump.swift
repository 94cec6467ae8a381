import Terminal

/// Bytes as `offset  hex  ascii`: as many bytes a row as the width holds, at most 16.
package struct HexDump: Sendable, Hashable {
  package let bytesPerRow: Int
  /// Hexadecimal digits of the offset: what the last one needs.
  private let offsetDigits: Int
  private let base: UInt64

  /// - Parameter base: offset of the first byte within the whole value.
  package init(count: Int, base: UInt64, width: Int) {
    let last = base.addingReportingOverflow(UInt64(max(0, count))).partialValue
    let digits = max(4, (64 - last.leadingZeroBitCount + 3) / 4)
    self.base = base
    offsetDigits = digits
    bytesPerRow = [16, 8, 4, 2].first { Self.columns($0, digits) <= width } ?? 1
  }

  package func rowCount(of count: Int) -> Int { (count + bytesPerRow - 1) / bytesPerRow }

  package func row(_ index: Int, of bytes: [UInt8]) -> [Span] {
    let start = index * bytesPerRow
    guard index >= 0, start < bytes.count else { return [] }
    let offset = String(base &+ UInt64(start), radix: 16)
    let padding = String(repeating: "0", count: max(0, offsetDigits - offset.count))
    var hexadecimal = " "
    var letters = ""
    for position in 0..<bytesPerRow {
      hexadecimal += position == 8 ? "  " : " "
      guard start + position < bytes.count else {
        hexadecimal += "  "
        continue
      }
      let byte = bytes[start + position]
      hexadecimal += ScalarStep.hexadecimal(UInt32(byte), digits: 2)
      letters.unicodeScalars.append(
        byte >= 0x20 && byte < 0x7F ? Unicode.Scalar(byte) : Unicode.Scalar(UInt8(ascii: ".")))
    }
    return [
      Span(padding + offset, .dim), Span(hexadecimal + "  "),
      Span(letters, .key),
    ]
  }

  private static func columns(_ bytes: Int, _ digits: Int) -> Int {
    digits + 1 + 3 * bytes + (bytes > 8 ? 1 : 0) + 2 + bytes
  }
}
