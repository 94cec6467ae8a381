import ConsoleModel
import Terminal

/// A key on its way to the clipboard: exactly, and shown as its escapes.
enum KeyCopy {
  /// Columns of the key that the message shows.
  private static let shown = 60

  static func requests(_ key: KeyName, _ context: Context) -> [Request] {
    let escaped = context.safe(key.bytes, limit: shown)
    let text = String(decoding: key.bytes, as: UTF8.self)
    if Array(text.utf8) == key.bytes {
      return [.effect(.copy(text)), .toast(Toast(.information, "copied \(escaped)"))]
    }
    // The clipboard takes text only: redis-cli reads this form back to the same bytes.
    return [
      .effect(.copy(quoted(key.bytes))),
      .toast(Toast(.information, "copied in redis-cli's quotes, not being UTF-8: \(escaped)")),
    ]
  }

  /// Bytes as redis-cli takes them between double quotes.
  static func quoted(_ bytes: [UInt8]) -> String {
    var text = "\""
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""): text += "\\\""
      case UInt8(ascii: "\\"): text += "\\\\"
      case 0x20..<0x7F: text.unicodeScalars.append(Unicode.Scalar(byte))
      default: text += "\\x" + ScalarStep.hexadecimal(UInt32(byte), digits: 2)
      }
    }
    return text + "\""
  }
}
