/// Whether bytes are JSON: enough of a check to lay them out by line, and no more.
///
/// Lenient where it costs nothing: numbers of any size and form, `NaN`, raw control characters and
/// broken UTF-8 inside strings, duplicate names. One pass, no recursion; nesting is bounded so that
/// a hostile value is simply "not JSON" and is shown as text.
package enum JSONCheck: Sendable, Hashable {
  case json
  /// A correct beginning: the rest is on a later page.
  case truncated
  /// Not JSON from this byte on.
  case invalid(at: Int)

  /// Deeper values are not laid out. Redis' own cjson stops at 1000 too.
  package static let maximumDepth = 1000

  private enum Expected {
    case value, valueOrClose, name, nameOrClose, colon, commaOrClose, end
  }

  /// Looks at an object or array; a bare number or string gains nothing from a layout.
  package static func check(_ bytes: [UInt8]) -> JSONCheck {
    var index = skipSpace(bytes, 0)
    guard index < bytes.count, bytes[index] == brace || bytes[index] == bracket else {
      return .invalid(at: index)
    }
    var stack: [UInt8] = []
    var expected = Expected.value
    while true {
      index = skipSpace(bytes, index)
      guard index < bytes.count else { return expected == .end ? .json : .truncated }
      let byte = bytes[index]
      switch (expected, byte) {
      case (.end, _): return .invalid(at: index)
      case (.value, brace), (.valueOrClose, brace), (.value, bracket), (.valueOrClose, bracket):
        guard stack.count < maximumDepth else { return .invalid(at: index) }
        stack.append(byte)
        expected = byte == brace ? .nameOrClose : .valueOrClose
        index += 1
      case (.valueOrClose, closeBracket), (.nameOrClose, closeBrace),
        (.commaOrClose, closeBrace), (.commaOrClose, closeBracket):
        // `{` and `}`, `[` and `]` lie two apart in ASCII.
        guard let open = stack.popLast(), byte == open + 2 else { return .invalid(at: index) }
        expected = stack.isEmpty ? .end : .commaOrClose
        index += 1
      case (.commaOrClose, UInt8(ascii: ",")):
        expected = stack.last == brace ? .name : .value
        index += 1
      case (.colon, UInt8(ascii: ":")):
        expected = .value
        index += 1
      case (.name, quote), (.nameOrClose, quote), (.value, quote), (.valueOrClose, quote):
        guard let end = endOfString(bytes, index) else { return .truncated }
        let isName = expected == .name || expected == .nameOrClose
        expected = isName ? .colon : .commaOrClose
        index = end
      case (.value, _), (.valueOrClose, _):
        let end = endOfWord(bytes, index)
        guard isWord(bytes[index..<end], isCut: end == bytes.count) else {
          return .invalid(at: index)
        }
        expected = .commaOrClose
        index = end
      default: return .invalid(at: index)
      }
    }
  }

  static let quote = UInt8(ascii: "\"")
  static let brace = UInt8(ascii: "{")
  static let closeBrace = UInt8(ascii: "}")
  static let bracket = UInt8(ascii: "[")
  static let closeBracket = UInt8(ascii: "]")

  static func skipSpace(_ bytes: [UInt8], _ start: Int) -> Int {
    var index = start
    while index < bytes.count {
      switch bytes[index] {
      case 0x20, 0x09, 0x0A, 0x0D: index += 1
      default: return index
      }
    }
    return index
  }

  /// The index after the closing quote; nil if the bytes end before it.
  private static func endOfString(_ bytes: [UInt8], _ start: Int) -> Int? {
    var index = start + 1
    while index < bytes.count {
      switch bytes[index] {
      case quote: return index + 1
      case UInt8(ascii: "\\"): index += 2
      default: index += 1
      }
    }
    return nil
  }

  /// The index after the letters, digits, signs and dots that begin at `start`.
  static func endOfWord(_ bytes: [UInt8], _ start: Int) -> Int {
    var index = start
    while index < bytes.count, isWordByte(bytes[index]) { index += 1 }
    return index
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "+"), UInt8(ascii: "-"),
      UInt8(ascii: "."):
      true
    default: false
    }
  }

  /// A number in any notation, or one of the names; the last word of a page may be cut.
  private static func isWord(_ word: ArraySlice<UInt8>, isCut: Bool) -> Bool {
    guard let first = word.first else { return false }
    for name in ["true", "false", "null", "NaN", "Infinity", "-Infinity"] {
      if word.elementsEqual(name.utf8) || (isCut && name.utf8.starts(with: word)) { return true }
    }
    let isNumber = first == UInt8(ascii: "-") || (0x30...0x39).contains(first)
    return isNumber && (isCut || word.contains { (0x30...0x39).contains($0) })
      && word.allSatisfy {
        switch $0 {
        case 0x30...0x39, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
          UInt8(ascii: "e"), UInt8(ascii: "E"):
          true
        default: false
        }
      }
  }
}
