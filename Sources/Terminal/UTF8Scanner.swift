/// Reads bytes that ought to be UTF-8, scalar by scalar, and hands out each byte that is not.
///
/// Strict: overlong forms, surrogates and values above U+10FFFF are bytes, not scalars, so that
/// what is read can be written back exactly. The standard library's decoders repair instead.
struct UTF8Scanner<Bytes: Collection<UInt8>> {
  /// A scalar, or one byte that belongs to none.
  struct Unit {
    var scalar: Unicode.Scalar?
    var byte: UInt8
    var length: Int
  }

  private let bytes: Bytes
  private var index: Bytes.Index

  init(_ bytes: Bytes) {
    self.bytes = bytes
    self.index = bytes.startIndex
  }

  mutating func next() -> Unit? {
    guard index != bytes.endIndex else { return nil }
    let first = bytes[index]
    var after = bytes.index(after: index)
    let expected: (length: Int, minimum: UInt32, bits: UInt8)
    switch first {
    case 0..<0x80: expected = (1, 0, first)
    case 0xC2...0xDF: expected = (2, 0x80, first & 0x1F)
    case 0xE0...0xEF: expected = (3, 0x800, first & 0x0F)
    case 0xF0...0xF4: expected = (4, 0x10000, first & 0x07)
    default: expected = (0, 0, 0)
    }
    var value = UInt32(expected.bits)
    var isWhole = expected.length > 0
    var cursor = after
    for _ in 1..<max(1, expected.length) {
      guard cursor != bytes.endIndex, bytes[cursor] & 0xC0 == 0x80 else {
        isWhole = false
        break
      }
      value = value << 6 | UInt32(bytes[cursor] & 0x3F)
      cursor = bytes.index(after: cursor)
    }
    if isWhole, value >= expected.minimum, let scalar = Unicode.Scalar(value) {
      after = cursor
      index = after
      return Unit(scalar: scalar, byte: first, length: expected.length)
    }
    index = after
    return Unit(scalar: nil, byte: first, length: 1)
  }
}
