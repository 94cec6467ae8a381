/// Words as redis-cli reads them.
package enum RedisCLI {
  /// As it is where that is safe, else in double quotes with `\n`, `\xNN`: what redis-cli prints and
  /// reads (`sdscatrepr`, `sdssplitargs`). Printable ASCII whatever the bytes are.
  package static func quoted(_ bytes: [UInt8]) -> String {
    if !bytes.isEmpty, bytes.allSatisfy(isPlain) { return String(decoding: bytes, as: UTF8.self) }
    var text = "\""
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\\"): text += "\\\\"
      case UInt8(ascii: "\""): text += "\\\""
      case 0x0A: text += "\\n"
      case 0x0D: text += "\\r"
      case 0x09: text += "\\t"
      case 0x07: text += "\\a"
      case 0x08: text += "\\b"
      case 0x20..<0x7F: text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        text += "\\x" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
      }
    }
    return text + "\""
  }

  /// Blanks end a word, quotes and backslashes begin something; the rest stands for itself.
  private static func isPlain(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "'")
      && byte != UInt8(ascii: "\\")
  }
}
