/// Text from a server, escaped so that it can be drawn and still be read exactly.
///
/// The escapes are reversible (`unescape(escape(x)) == x`), for the bytes of a key are what an
/// engineer pastes into the next command:
///
/// | in the value | drawn |
/// |---|---|
/// | backslash | `\\` |
/// | newline, return, tab | `\n` `\r` `\t` |
/// | other C0 controls, DEL, bytes that are not UTF-8 | `\x1b` (always two digits) |
/// | C1 controls, bidirectional overrides, joiners, invisible or unmeasurable scalars | `\u{202e}` |
/// | a combining mark that has nothing to combine with, or is the fifth on its base | `\u{301}` |
/// | anything that is not ASCII, where only ASCII is drawn | `\u{e9}` |
package enum DrawableText {
  /// A beginning of some bytes, escaped.
  package struct Prefix: Sendable, Hashable {
    package var text: String
    package var columns: Int
    /// The bytes that `text` stands for.
    package var consumed: Int
  }

  /// Escapes `bytes`, reading no more of them than `limit` columns can show.
  ///
  /// - Parameter limit: the most columns to return; text that goes on ends in `…` (`~` in ASCII).
  package static func escape(
    _ bytes: some Collection<UInt8>, isUnicode: Bool, limit: Int = .max
  ) -> String {
    // One column more than asked for tells a value that just fits from one that goes on.
    var result = prefix(
      of: bytes, isUnicode: isUnicode, columns: limit == .max ? .max : max(0, limit))
    if limit <= 0 { return "" }
    if bytes.dropFirst(result.consumed).isEmpty { return result.text }
    result = prefix(of: bytes, isUnicode: isUnicode, columns: limit - 1)
    return result.text + (isUnicode ? "…" : "~")
  }

  /// The same for arrays, of which most are plain: those cost a copy and no more.
  package static func escape(_ bytes: [UInt8], isUnicode: Bool, limit: Int = .max) -> String {
    if bytes.count <= limit, bytes.allSatisfy(isPlain) {
      return String(decoding: bytes, as: UTF8.self)
    }
    return escape(bytes[...], isUnicode: isUnicode, limit: limit)
  }

  package static func escape(_ text: String, isUnicode: Bool, limit: Int = .max) -> String {
    escape(text.utf8, isUnicode: isUnicode, limit: limit)
  }

  /// The longest beginning of `bytes` that is not wider than `columns` when escaped; never half an
  /// escape, so that a pager can go on from `consumed`.
  package static func prefix(
    of bytes: some Collection<UInt8>, isUnicode: Bool, columns: Int
  ) -> Prefix {
    var output = String.UnicodeScalarView()
    var used = 0
    var consumed = 0
    // Marks that the base before may still take; 0 after an escape, which must not look altered.
    var marksLeft = 0
    var decoder = UTF8Scanner(bytes)
    while let unit = decoder.next() {
      switch rendering(of: unit.scalar, byte: unit.byte, isUnicode: isUnicode, marksLeft) {
      case .plain(let scalar, let width):
        guard used <= columns - width else {
          return Prefix(text: String(output), columns: used, consumed: consumed)
        }
        output.append(scalar)
        used += width
        marksLeft = width == 0 ? marksLeft - 1 : CellGrid.maximumMarks
      case .escaped(let escape):
        guard used <= columns - escape.utf8.count else {
          return Prefix(text: String(output), columns: used, consumed: consumed)
        }
        output.append(contentsOf: escape.unicodeScalars)
        used += escape.utf8.count
        marksLeft = 0
      }
      consumed += unit.length
    }
    return Prefix(text: String(output), columns: used, consumed: consumed)
  }

  /// The bytes that were escaped, or nil where `text` is not the output of `escape`.
  package static func unescape(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = Substring(text).utf8
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "\\"): bytes.append(byte)
      case UInt8(ascii: "n"): bytes.append(0x0A)
      case UInt8(ascii: "r"): bytes.append(0x0D)
      case UInt8(ascii: "t"): bytes.append(0x09)
      case UInt8(ascii: "x"):
        guard let value = hexadecimal(rest.prefix(2)), rest.prefix(2).count == 2 else { return nil }
        bytes.append(UInt8(truncatingIfNeeded: value))
        rest = rest.dropFirst(2)
      case UInt8(ascii: "u"):
        guard rest.popFirst() == UInt8(ascii: "{"),
          let end = rest.prefix(8).firstIndex(of: UInt8(ascii: "}")),
          let value = hexadecimal(rest[..<end]),
          let scalar = Unicode.Scalar(value)
        else { return nil }
        bytes.append(contentsOf: String(Character(scalar)).utf8)
        rest = rest[end...].dropFirst()
      default: return nil
      }
    }
    return bytes
  }

  private enum Rendering {
    case plain(Unicode.Scalar, width: Int)
    case escaped(String)
  }

  private static func rendering(
    of scalar: Unicode.Scalar?, byte: UInt8, isUnicode: Bool, _ marksLeft: Int
  ) -> Rendering {
    guard let scalar else { return .escaped(hexadecimal(byte)) }
    let value = scalar.value
    switch value {
    case 0x5C: return .escaped("\\\\")
    case 0x20..<0x7F: return .plain(scalar, width: 1)
    case 0x0A: return .escaped("\\n")
    case 0x0D: return .escaped("\\r")
    case 0x09: return .escaped("\\t")
    case 0..<0x80: return .escaped(hexadecimal(byte))
    default:
      guard let width = columns(of: scalar, isUnicode: isUnicode), width > 0 || marksLeft > 0 else {
        return .escaped("\\u{\(String(value, radix: 16))}")
      }
      return .plain(scalar, width: width)
    }
  }

  /// The columns of a scalar beyond ASCII that is drawn as it is; nil where its escape is drawn.
  ///
  /// 0 for a combining mark, which still needs a base with room for it.
  package static func columns(of scalar: Unicode.Scalar, isUnicode: Bool) -> Int? {
    isUnicode && !isInvisible(scalar.value) ? TextWidth.measured(scalar) : nil
  }

  /// Drawn as it is in every locale.
  private static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\\")
  }

  /// Drawable, but nobody could tell them from a plain space or from nothing.
  private static func isInvisible(_ value: UInt32) -> Bool {
    switch value {
    case 0xA0, 0x034F, 0x115F, 0x1160, 0x1680, 0x17B4, 0x17B5, 0x180B...0x180F, 0x2000...0x200A,
      0x202F, 0x205F, 0x2800, 0x3000, 0x3164, 0xFFA0:
      true
    default: false
    }
  }

  /// Digits only: the standard library would take a sign too. At most eight of them.
  private static func hexadecimal(_ digits: Substring.UTF8View) -> UInt32? {
    guard !digits.isEmpty, digits.count <= 8 else { return nil }
    var value: UInt32 = 0
    for digit in digits {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(digit - 0x30)
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(digit - 0x57)
      default: return nil
      }
    }
    return value
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return digits.utf8.count == 1 ? "\\x0\(digits)" : "\\x\(digits)"
  }
}
