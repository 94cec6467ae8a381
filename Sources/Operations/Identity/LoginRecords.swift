/// The records of who is logged in where (utmp(5)), written by login programs as root.
enum LoginRecords {
  /// Size and places of glibc's record, the same on all 64-bit Linux systems.
  private static let size = 384
  private static let userProcess: UInt8 = 7

  /// Where the session on a terminal came from; nil: from here, or not recorded.
  static func host(of terminal: String, in records: [UInt8]) -> String? {
    guard !terminal.isEmpty else { return nil }
    var found: String?
    for start in stride(from: 0, to: records.count - size + 1, by: size) {
      let record = records[start..<(start + size)]
      guard record[start] == userProcess, record[start + 1] == 0,
        text(record[(start + 8)..<(start + 40)]) == terminal
      else { continue }
      // The newest record of a line stands last.
      found = address(text(record[(start + 76)..<(start + 332)]))
    }
    return found
  }

  private static func text(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// An address or host name; nil for anything else, such as an X display (`:0`) or `tmux(12)`.
  static func address(_ text: String) -> String? {
    guard (1...255).contains(text.utf8.count), !(text.hasPrefix(":") && !text.hasPrefix("::")),
      text.utf8.allSatisfy({ byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "%"): true
        default: false
        }
      })
    else { return nil }
    return text
  }
}
