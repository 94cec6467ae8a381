/// A strict JSON reader (RFC 8259) that shares nothing with the writers under test.
///
/// Numbers keep their text, so that a test sees what was written.
package indirect enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([Member])

  package struct Member: Sendable, Hashable {
    package var name: String
    package var value: JSONValue
  }

  package init(parsing text: String) throws(TestKitError) {
    var parser = Parser(scalars: Array(text.unicodeScalars))
    self = try parser.document()
  }

  /// The member of that name; nil for none and for what is no object.
  package subscript(_ name: String) -> JSONValue? {
    if case .object(let members) = self { members.first { $0.name == name }?.value } else { nil }
  }

  package subscript(_ index: Int) -> JSONValue? {
    guard case .array(let items) = self, items.indices.contains(index) else { return nil }
    return items[index]
  }

  package var string: String? { if case .string(let text) = self { text } else { nil } }
  package var number: Double? { if case .number(let text) = self { Double(text) } else { nil } }
  package var array: [JSONValue]? { if case .array(let items) = self { items } else { nil } }
  package var isNull: Bool { self == .null }

  /// Names of an object's members, in order.
  package var names: [String] {
    if case .object(let members) = self { members.map(\.name) } else { [] }
  }
}

private struct Parser {
  let scalars: [Unicode.Scalar]
  var at = 0

  init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

  mutating func document() throws(TestKitError) -> JSONValue {
    let value = try value(depth: 0)
    skip()
    guard at == scalars.count else { throw error("more after the end") }
    return value
  }

  private mutating func value(depth: Int) throws(TestKitError) -> JSONValue {
    guard depth < 100 else { throw error("nested too deep") }
    skip()
    guard at < scalars.count else { throw error("the text ends") }
    switch scalars[at] {
    case "{": return try object(depth)
    case "[": return try list(depth)
    case "\"": return .string(try string())
    case "t": return try word("true", .bool(true))
    case "f": return try word("false", .bool(false))
    case "n": return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func object(_ depth: Int) throws(TestKitError) -> JSONValue {
    var members: [JSONValue.Member] = []
    at += 1
    skip()
    if take("}") { return .object([]) }
    repeat {
      skip()
      let name = try string()
      skip()
      guard take(":") else { throw error("a colon is missing") }
      guard !members.contains(where: { $0.name == name }) else { throw error("\(name) twice") }
      members.append(.init(name: name, value: try value(depth: depth + 1)))
      skip()
    } while take(",")
    guard take("}") else { throw error("an object does not end") }
    return .object(members)
  }

  private mutating func list(_ depth: Int) throws(TestKitError) -> JSONValue {
    var items: [JSONValue] = []
    at += 1
    skip()
    if take("]") { return .array([]) }
    repeat {
      items.append(try value(depth: depth + 1))
      skip()
    } while take(",")
    guard take("]") else { throw error("an array does not end") }
    return .array(items)
  }

  private mutating func string() throws(TestKitError) -> String {
    guard take("\"") else { throw error("a string is missing") }
    var units: [UInt16] = []
    while at < scalars.count {
      let scalar = scalars[at]
      at += 1
      switch scalar {
      case "\"": return String(decoding: units, as: UTF16.self)
      case "\\": units.append(try escape())
      case _ where scalar.value < 0x20: throw error("a control character in a string")
      default: units += Array(String(scalar).utf16)
      }
    }
    throw error("a string does not end")
  }

  private mutating func escape() throws(TestKitError) -> UInt16 {
    guard at < scalars.count else { throw error("an escape does not end") }
    defer { at += 1 }
    switch scalars[at] {
    case "\"", "\\", "/": return UInt16(scalars[at].value)
    case "b": return 8
    case "f": return 12
    case "n": return 10
    case "r": return 13
    case "t": return 9
    case "u":
      let digits = scalars[(at + 1)...].prefix(4)
      at += 4
      let text = String(String.UnicodeScalarView(digits))
      guard digits.count == 4, let unit = UInt16(text, radix: 16) else {
        throw error("four hexadecimal digits are missing")
      }
      return unit
    default: throw error("an unknown escape")
    }
  }

  private mutating func number() throws(TestKitError) -> JSONValue {
    let start = at
    while at < scalars.count, "+-.eE0123456789".unicodeScalars.contains(scalars[at]) { at += 1 }
    let text = String(String.UnicodeScalarView(scalars[start..<at]))
    let pattern = /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/
    guard text.wholeMatch(of: pattern) != nil else { throw error("no value: \(text)") }
    return .number(text)
  }

  private mutating func word(_ text: String, _ value: JSONValue) throws(TestKitError) -> JSONValue {
    guard scalars[at...].starts(with: text.unicodeScalars) else { throw error("no value") }
    at += text.unicodeScalars.count
    return value
  }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard at < scalars.count, scalars[at] == scalar else { return false }
    at += 1
    return true
  }

  private mutating func skip() {
    while at < scalars.count, " \t\r\n".unicodeScalars.contains(scalars[at]) { at += 1 }
  }

  private func error(_ reason: String) -> TestKitError {
    TestKitError("JSON at \(at): \(reason)")
  }
}
