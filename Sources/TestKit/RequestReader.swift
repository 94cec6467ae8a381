/// Takes commands in RESP arrays out of what a client sends, piece by piece.
struct RequestReader {
  private var bytes: [UInt8] = []
  private var at = 0

  init() {}

  /// The commands that are whole now.
  mutating func take(_ more: [UInt8]) -> [[String]] {
    bytes += more
    var commands: [[String]] = []
    while let command = next() { commands.append(command) }
    bytes.removeFirst(at)
    at = 0
    return commands
  }

  private mutating func next() -> [String]? {
    let start = at
    guard let count = number(UInt8(ascii: "*")) else {
      at = start
      return nil
    }
    var words: [String] = []
    for _ in 0..<max(0, count) {
      guard let length = number(UInt8(ascii: "$")), length >= 0, at + length + 2 <= bytes.count
      else {
        at = start
        return nil
      }
      words.append(String(decoding: bytes[at..<at + length], as: UTF8.self))
      at += length + 2
    }
    return words
  }

  private mutating func number(_ mark: UInt8) -> Int? {
    guard at < bytes.count, bytes[at] == mark, let end = bytes[at...].firstIndex(of: 13),
      end + 1 < bytes.count
    else { return nil }
    defer { at = end + 2 }
    return Int(String(decoding: bytes[(at + 1)..<end], as: UTF8.self))
  }
}

/// Replies as a server writes them.
package enum FakeReply {
  package static let ok = Array("+OK\r\n".utf8)
  package static let null = Array("$-1\r\n".utf8)

  package static func simple(_ text: String) -> [UInt8] { Array("+\(text)\r\n".utf8) }
  package static func error(_ text: String) -> [UInt8] { Array("-\(text)\r\n".utf8) }
  package static func integer(_ value: Int) -> [UInt8] { Array(":\(value)\r\n".utf8) }
  package static func bulk(_ text: String) -> [UInt8] {
    Array("$\(text.utf8.count)\r\n\(text)\r\n".utf8)
  }
  package static func array(_ parts: [[UInt8]]) -> [UInt8] {
    Array("*\(parts.count)\r\n".utf8) + parts.flatMap { $0 }
  }

  package static func unknown(_ words: [String]) -> [UInt8] {
    let name = words.first ?? ""
    return error("ERR unknown command '\(name)', with args beginning with: ")
  }

  /// COMMAND INFO of these names: flags by name; others are null.
  package static func commandInfo(_ names: [String], flags: [String: [String]]) -> [UInt8] {
    array(
      names.map { name in
        guard let flags = flags[name.lowercased()] else { return Array("*-1\r\n".utf8) }
        return array([bulk(name.lowercased()), integer(-1), array(flags.map(simple))])
      })
  }
}
