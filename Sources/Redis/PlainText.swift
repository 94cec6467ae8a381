/// Text from outside made harmless for an error line: printable ASCII, the rest as `\xNN`.
///
/// Error lines reach logs and terminals by many ways; keys and values, where other scripts matter,
/// are drawn from their bytes elsewhere.
package enum PlainText {
  /// At most `limit` characters; what was cut is marked by `...`.
  package static func safe(_ bytes: some Sequence<UInt8>, limit: Int = 240) -> String {
    var text = ""
    var count = 0
    for byte in bytes {
      if count >= limit { return text + "..." }
      if byte >= 0x20, byte < 0x7F {
        text.unicodeScalars.append(Unicode.Scalar(byte))
        count += 1
      } else {
        text += "\\x" + hex(byte >> 4) + hex(byte & 15)
        count += 4
      }
    }
    return text
  }

  package static func safe(_ text: String, limit: Int = 240) -> String {
    safe(text.utf8, limit: limit)
  }

  private static func hex(_ nibble: UInt8) -> String { String(nibble, radix: 16) }
}
