/// Writes JSON in the order of the calls, so that a document begins with its schema and version.
///
/// Non-finite numbers become null; integers above 2^53 become strings, since many readers hold
/// numbers as doubles (RFC 8259 §6).
package struct JSONWriter {
  package private(set) var text = ""
  private var needsComma = false

  package init() {}

  package mutating func object(_ body: (inout JSONWriter) -> Void) {
    open("{")
    body(&self)
    close("}")
  }

  package mutating func array(_ body: (inout JSONWriter) -> Void) {
    open("[")
    body(&self)
    close("]")
  }

  package mutating func key(_ name: String) {
    separate()
    append(quoted: name)
    text += ":"
    needsComma = false
  }

  package mutating func field(_ name: String, _ value: String?) {
    key(name)
    self.value(value)
  }

  package mutating func field(_ name: String, _ value: Double?, digits: Int = 6) {
    key(name)
    self.value(value, digits: digits)
  }

  package mutating func field(_ name: String, _ value: UInt64?) {
    key(name)
    self.value(value)
  }

  package mutating func field(_ name: String, _ value: Bool?) {
    key(name)
    raw(value.map { $0 ? "true" : "false" } ?? "null")
  }

  package mutating func value(_ value: String?) {
    guard let value else { return raw("null") }
    separate()
    append(quoted: value)
    needsComma = true
  }

  package mutating func value(_ value: UInt64?) {
    guard let value else { return raw("null") }
    raw(value <= 1 << 53 ? String(value) : "\"\(value)\"")
  }

  package mutating func value(_ value: Double?, digits: Int = 6) {
    guard let value, value.isFinite else { return raw("null") }
    raw(Self.rounded(value, digits: digits))
  }

  /// Bytes as a string if they are UTF-8, else as `{"base64": …}`.
  package mutating func bytes(_ bytes: [UInt8]) {
    if let text = String(validating: bytes, as: UTF8.self) { return value(text) }
    object { $0.field("base64", Base64.encode(bytes)) }
  }

  private mutating func raw(_ token: String) {
    separate()
    text += token
    needsComma = true
  }

  private mutating func open(_ bracket: String) {
    separate()
    text += bracket
    needsComma = false
  }

  private mutating func close(_ bracket: String) {
    text += bracket
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { text += "," }
    needsComma = false
  }

  /// Fixed-point without trailing zeros where that holds the value, else Swift's shortest form,
  /// which is valid JSON.
  private static func rounded(_ value: Double, digits: Int) -> String {
    let scale = (0..<digits).reduce(1.0) { power, _ in power * 10 }
    let scaled = (value * scale).rounded()
    guard abs(scaled) < 9e15 else { return "\(value)" }
    let number = scaled / scale
    return number == number.rounded() ? String(Int64(number)) : "\(number)"
  }

  private mutating func append(quoted text: String) {
    // Nearly all: documents with a million key names are written, and a line for each batch of a run.
    let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
    guard isPlain else { return self.text += Self.escaped(text) }
    self.text += "\""
    self.text += text
    self.text += "\""
  }

  private static func escaped(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        // C1 controls and bidirectional controls are escaped too: the text may be shown by `cat`.
        if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
          || scalar.properties.generalCategory == .format
          || (0x2028...0x2029).contains(scalar.value)
        {
          result += escaped(scalar.value)
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }

  private static func escaped(_ value: UInt32) -> String {
    guard value > 0xFFFF else { return unit(value) }
    let rest = value - 0x10000
    return unit(0xD800 + rest >> 10) + unit(0xDC00 + rest & 0x3FF)
  }

  private static func unit(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
  }
}
