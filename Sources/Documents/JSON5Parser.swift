/// A parser of JSON5 (https://spec.json5.org) for configuration and themes.
///
/// Our own, because FoundationEssentials' decoder gives neither the line of a syntax error nor that
/// of a key (DECISIONS.md). Bounded: 1 MiB of text unless the caller allows more, 32 levels; linear in
/// the text.
package struct JSON5Parser {
  package static let maximumBytes = 1 << 20
  package static let maximumDepth = 32

  private let text: [UInt8]
  private var at = 0
  private var line = 1
  private var lineStart = 0

  /// - Parameter limit: bytes at most; more than the default only for what we wrote ourselves, such as
  ///   a plan with a million keys.
  package static func parse(
    _ text: [UInt8], limit: Int = maximumBytes
  ) throws(JSON5SyntaxError) -> JSON5Node {
    guard text.count <= limit else {
      throw JSON5SyntaxError(line: 1, column: 1, detail: "larger than \(limit >> 20) MiB")
    }
    guard String(validating: text, as: UTF8.self) != nil else {
      throw JSON5SyntaxError(line: 1, column: 1, detail: "not UTF-8")
    }
    var parser = JSON5Parser(text: text)
    if text.starts(with: [0xEF, 0xBB, 0xBF]) { parser.at = 3 }
    let node = try parser.value(depth: 0)
    try parser.skipBlanks()
    guard parser.peek == nil else { throw parser.failure("text after the end of the value") }
    return node
  }

  private init(text: [UInt8]) { self.text = text }

  private var peek: UInt8? { at < text.count ? text[at] : nil }

  private func failure(_ detail: String) -> JSON5SyntaxError {
    JSON5SyntaxError(line: line, column: at - lineStart + 1, detail: detail)
  }

  private mutating func advance() {
    if text[at] == 0x0A {
      line += 1
      lineStart = at + 1
    }
    at += 1
  }

  // MARK: Values

  private mutating func value(depth: Int) throws(JSON5SyntaxError) -> JSON5Node {
    guard depth < Self.maximumDepth else { throw failure("nested deeper than 32 levels") }
    try skipBlanks()
    let start = line
    guard let byte = peek else { throw failure("the text ends where a value is expected") }
    let value: JSON5Node.Value
    switch byte {
    case UInt8(ascii: "{"): value = .object(try members(depth: depth))
    case UInt8(ascii: "["): value = .array(try elements(depth: depth))
    case UInt8(ascii: "\""), UInt8(ascii: "'"): value = .string(try string(quote: byte))
    case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), 0x30...0x39:
      value = .number(try number())
    default:
      switch try identifier("a value") {
      case "true": value = .bool(true)
      case "false": value = .bool(false)
      case "null": value = .null
      case "Infinity": value = .number(.infinity)
      case "NaN": value = .number(.nan)
      case let word: throw failure("'\(word)' is not a value; strings need quotes")
      }
    }
    return JSON5Node(value: value, line: start)
  }

  private mutating func members(depth: Int) throws(JSON5SyntaxError) -> [JSON5Node.Member] {
    advance()
    var members: [JSON5Node.Member] = []
    var seen = Set<String>()
    while true {
      try skipBlanks()
      guard let byte = peek else { throw failure("the text ends inside { }") }
      if byte == UInt8(ascii: "}") {
        advance()
        return members
      }
      let start = line
      let quoted = byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
      let key = quoted ? try string(quote: byte) : try identifier("a key or }")
      guard seen.insert(key).inserted else { throw failure("the key '\(key)' stands twice") }
      try skipBlanks()
      guard peek == UInt8(ascii: ":") else { throw failure("a colon is missing after '\(key)'") }
      advance()
      members.append(.init(key: key, line: start, value: try value(depth: depth + 1)))
      try separator(closing: UInt8(ascii: "}"))
    }
  }

  private mutating func elements(depth: Int) throws(JSON5SyntaxError) -> [JSON5Node] {
    advance()
    var elements: [JSON5Node] = []
    while true {
      try skipBlanks()
      guard let byte = peek else { throw failure("the text ends inside [ ]") }
      if byte == UInt8(ascii: "]") {
        advance()
        return elements
      }
      elements.append(try value(depth: depth + 1))
      try separator(closing: UInt8(ascii: "]"))
    }
  }

  private mutating func separator(closing: UInt8) throws(JSON5SyntaxError) {
    try skipBlanks()
    if peek == UInt8(ascii: ",") {
      advance()
    } else if peek != closing {
      throw failure("a comma or '\(Character(Unicode.Scalar(closing)))' is missing")
    }
  }

  // MARK: Words

  private mutating func identifier(_ expected: String) throws(JSON5SyntaxError) -> String {
    let start = at
    while let byte = peek, Self.isWord(byte) { at += 1 }
    guard at > start, let word = String(validating: text[start..<at], as: UTF8.self),
      !(0x30...0x39).contains(text[start])
    else { throw failure("\(expected) is expected") }
    return word
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...: true
    default: false
    }
  }

  private mutating func number() throws(JSON5SyntaxError) -> Double {
    var sign = 1.0
    if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") {
      sign = peek == UInt8(ascii: "-") ? -1 : 1
      at += 1
    }
    let start = at
    while let byte = peek, Self.isWord(byte) || byte == UInt8(ascii: ".") || isExponentSign(byte) {
      at += 1
    }
    let word = String(decoding: text[start..<at], as: UTF8.self)
    if word == "Infinity" { return sign * .infinity }
    if word == "NaN" { return .nan }
    if word.hasPrefix("0x") || word.hasPrefix("0X") {
      guard let value = UInt64(word.dropFirst(2), radix: 16) else { throw failure("bad number") }
      return sign * Double(value)
    }
    let isPlain = word.utf8.allSatisfy { "0123456789.eE+-".utf8.contains($0) }
    let padded = (word.hasPrefix(".") ? "0" : "") + word + (word.hasSuffix(".") ? "0" : "")
    guard isPlain, let value = Double(padded) else { throw failure("'\(word)' is not a number") }
    return sign * value
  }

  private func isExponentSign(_ byte: UInt8) -> Bool {
    (byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")) && at > 0
      && (text[at - 1] | 0x20) == UInt8(ascii: "e")
  }

  // MARK: Strings

  private mutating func string(quote: UInt8) throws(JSON5SyntaxError) -> String {
    advance()
    var bytes: [UInt8] = []
    while let byte = peek {
      switch byte {
      case quote:
        advance()
        return String(decoding: bytes, as: UTF8.self)
      case 0x0A, 0x0D: throw failure("the line ends inside a string")
      case UInt8(ascii: "\\"):
        advance()
        try escape(into: &bytes)
      default:
        bytes.append(byte)
        advance()
      }
    }
    throw failure("the text ends inside a string")
  }

  private mutating func escape(into bytes: inout [UInt8]) throws(JSON5SyntaxError) {
    guard let byte = peek else { throw failure("the text ends inside a string") }
    advance()
    switch byte {
    case UInt8(ascii: "n"): bytes.append(0x0A)
    case UInt8(ascii: "r"): bytes.append(0x0D)
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "b"): bytes.append(0x08)
    case UInt8(ascii: "f"): bytes.append(0x0C)
    case UInt8(ascii: "v"): bytes.append(0x0B)
    case UInt8(ascii: "0"): bytes.append(0x00)
    case 0x0A: break
    case 0x0D: if peek == 0x0A { advance() }
    case UInt8(ascii: "x"): append(try hexadecimal(2), to: &bytes)
    case UInt8(ascii: "u"):
      var unit = try hexadecimal(4)
      if (0xD800..<0xDC00).contains(unit), text[at...].starts(with: [0x5C, 0x75]) {
        at += 2
        let low = try hexadecimal(4)
        guard (0xDC00..<0xE000).contains(low) else { throw failure("half a surrogate pair") }
        unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
      }
      append(unit, to: &bytes)
    case 0x31...0x39: throw failure("octal escapes are not JSON5")
    default: bytes.append(byte)
    }
  }

  private mutating func hexadecimal(_ digits: Int) throws(JSON5SyntaxError) -> UInt32 {
    guard at + digits <= text.count,
      let value = UInt32(String(decoding: text[at..<at + digits], as: UTF8.self), radix: 16)
    else { throw failure("\(digits) hexadecimal digits are expected") }
    at += digits
    return value
  }

  private func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: String(Character(Unicode.Scalar(scalar) ?? "\u{FFFD}")).utf8)
  }

  // MARK: Blanks and comments

  private mutating func skipBlanks() throws(JSON5SyntaxError) {
    while let byte = peek {
      switch byte {
      case 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20: advance()
      case 0xC2 where text[at...].starts(with: [0xC2, 0xA0]): at += 2
      case UInt8(ascii: "/") where text[at...].starts(with: Array("//".utf8)):
        while let next = peek, next != 0x0A { _ = next; at += 1 }
      case UInt8(ascii: "/") where text[at...].starts(with: Array("/*".utf8)):
        let opened = line
        at += 2
        while !text[at...].starts(with: Array("*/".utf8)) {
          guard peek != nil else { throw failure("the comment of line \(opened) is not closed") }
          advance()
        }
        at += 2
      default: return
      }
    }
  }
}
