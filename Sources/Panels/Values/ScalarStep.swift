import Terminal

/// The next piece of some bytes: one scalar or one broken byte, and how it is drawn.
///
/// Bytes come from servers, so decoding is strict (no overlong form, no surrogate) and whatever a
/// terminal must not get is drawn as the escape that `DrawableText` gives it.
/// Allocates nothing: a value's rows are measured with it before any of them is formatted.
package struct ScalarStep: Sendable, Hashable {
  package enum Form: Sendable, Hashable {
    /// Drawn as it is; `columns` is 0 for a combining mark.
    case plain
    /// One of `\n`, `\r`, `\t`, `\\`: the letter after the backslash.
    case short(UInt8)
    /// `\xNN`: a control character below 0x80 or a byte that is not UTF-8.
    case byte
    /// `\u{…}`: a scalar that must not or cannot be drawn.
    case scalar
  }

  /// Bytes that this piece takes, at least 1.
  package var length: Int
  /// The scalar, or the byte's value where the form is `.byte`.
  package var value: UInt32
  package var columns: Int
  package var form: Form

  /// The piece at `index`, which must lie inside `bytes`.
  /// - Parameter doublesBackslash: true where the row must be reversible; JSON keeps its own.
  package init(
    _ bytes: [UInt8], at index: Int, isUnicode: Bool, doublesBackslash: Bool
  ) {
    let first = bytes[index]
    if first >= 0x20, first < 0x7F, first != 0x5C {
      self.init(length: 1, value: UInt32(first), columns: 1, form: .plain)
    } else if first < 0x80 {
      self = Self.ascii(first, doublesBackslash)
    } else if let scalar = Self.decode(bytes, index) {
      if let columns = DrawableText.columns(of: scalar.value, isUnicode: isUnicode) {
        self.init(
          length: scalar.length, value: scalar.value.value, columns: columns, form: .plain)
      } else {
        self = Self.escaped(scalar.value.value, length: scalar.length)
      }
    } else {
      self.init(length: 1, value: UInt32(first), columns: 4, form: .byte)
    }
  }

  private init(length: Int, value: UInt32, columns: Int, form: Form) {
    self.length = length
    self.value = value
    self.columns = columns
    self.form = form
  }

  /// The same scalar as an escape: for a combining mark that has nothing to sit on.
  package var escaped: ScalarStep { Self.escaped(value, length: length) }

  package var isEscape: Bool { form != .plain }

  /// What is drawn.
  package var text: String {
    switch form {
    case .plain: Unicode.Scalar(value).map { String(Character($0)) } ?? "?"
    case .short(let letter): "\\" + String(Character(Unicode.Scalar(letter)))
    case .byte: "\\x" + Self.hexadecimal(value, digits: 2)
    case .scalar: "\\u{" + Self.hexadecimal(value, digits: 1) + "}"
    }
  }

  private static func escaped(_ value: UInt32, length: Int) -> ScalarStep {
    let digits = max(1, (32 - value.leadingZeroBitCount + 3) / 4)
    return ScalarStep(length: length, value: value, columns: 4 + digits, form: .scalar)
  }

  private static func ascii(_ byte: UInt8, _ doublesBackslash: Bool) -> ScalarStep {
    let letter: UInt8? =
      switch byte {
      case 0x0A: UInt8(ascii: "n")
      case 0x0D: UInt8(ascii: "r")
      case 0x09: UInt8(ascii: "t")
      case 0x5C where doublesBackslash: UInt8(ascii: "\\")
      default: nil
      }
    if let letter {
      return ScalarStep(length: 1, value: UInt32(byte), columns: 2, form: .short(letter))
    }
    if byte == 0x5C { return ScalarStep(length: 1, value: 0x5C, columns: 1, form: .plain) }
    return ScalarStep(length: 1, value: UInt32(byte), columns: 4, form: .byte)
  }

  /// Strict UTF-8 (https://www.unicode.org/versions/Unicode16.0.0/core-spec/chapter-3, table 3-7).
  private static func decode(
    _ bytes: [UInt8], _ index: Int
  ) -> (value: Unicode.Scalar, length: Int)? {
    let first = bytes[index]
    let length: Int
    switch first {
    case 0xC2...0xDF: length = 2
    case 0xE0...0xEF: length = 3
    case 0xF0...0xF4: length = 4
    default: return nil
    }
    guard bytes.count - index >= length else { return nil }
    var value = UInt32(first) & (0xFF >> UInt32(length + 1))
    for offset in 1..<length {
      let next = bytes[index + offset]
      guard next & 0xC0 == 0x80 else { return nil }
      value = value << 6 | UInt32(next & 0x3F)
    }
    // C2…F4 exclude the overlong two-byte forms; the longer ones are excluded here.
    guard length == 2 || value >= (length == 3 ? 0x800 : 0x10000),
      let scalar = Unicode.Scalar(value)
    else { return nil }
    return (scalar, length)
  }

  static func hexadecimal(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
