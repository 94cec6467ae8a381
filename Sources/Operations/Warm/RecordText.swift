package import ConsoleModel

/// Keys and records as lines of text: what a warm-up's program reads and prints, and how lists of
/// keys are written.
///
///     key TAB ttl TAB value NEWLINE
///
/// `ttl` is in whole seconds, above 0; `-`: the key does not expire. In key and value a backslash
/// begins an escape: `\t` `\n` `\r` `\\`, and `\xHH` for any byte. Everything else stands for itself;
/// after the second TAB that is everything up to the newline.
package enum RecordText {
  /// Seconds that a record may ask for at most: 100 years.
  package static let maximumSeconds: Int64 = 3_155_760_000

  /// Escaped so that it stands in one line and in one field.
  package static func escape(_ bytes: some Collection<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    for byte in bytes {
      switch byte {
      case 0x09: result += "\\t".utf8
      case 0x0A: result += "\\n".utf8
      case 0x0D: result += "\\r".utf8
      case 0x5C: result += "\\\\".utf8
      case 0..<0x20, 0x7F:
        result += "\\x".utf8
        result.append(digit(byte >> 4))
        result.append(digit(byte & 15))
      default: result.append(byte)
      }
    }
    return result
  }

  /// nil where a backslash does not begin one of the escapes.
  package static func unescape(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    guard text.contains(0x5C) else { return Array(text) }
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var rest = text
    while let byte = rest.popFirst() {
      guard byte == 0x5C else {
        result.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "r"): result.append(0x0D)
      case 0x5C: result.append(0x5C)
      case UInt8(ascii: "x"):
        guard let high = rest.popFirst().flatMap(nibble), let low = rest.popFirst().flatMap(nibble)
        else { return nil }
        result.append(high << 4 | low)
      default: return nil
      }
    }
    return result
  }

  private static let badEscape = "a backslash begins none of \\t \\n \\r \\\\ \\xHH"

  /// A key that stands on a line of its own.
  package static func key(_ line: ArraySlice<UInt8>) throws(RecordTextError) -> KeyName {
    guard let bytes = unescape(line) else { throw RecordTextError(badEscape) }
    guard !bytes.isEmpty else { throw RecordTextError("the key is empty") }
    return KeyName(bytes)
  }

  /// - Parameter line: without its newline.
  package static func record(_ line: ArraySlice<UInt8>) throws(RecordTextError) -> WarmRecord {
    guard let first = line.firstIndex(of: 0x09) else {
      throw RecordTextError("there is no TAB: key TAB ttl TAB value")
    }
    let after = line[(first + 1)...]
    guard let second = after.firstIndex(of: 0x09) else {
      throw RecordTextError("there is one TAB only: key TAB ttl TAB value")
    }
    let key = try key(line[..<first])
    let timeToLive = try life(after[..<second])
    guard let value = unescape(line[(second + 1)...]) else {
      throw RecordTextError("in the value \(badEscape)")
    }
    return WarmRecord(key: key, timeToLive: timeToLive, value: .string(value))
  }

  /// Milliseconds; nil for `-`.
  private static func life(_ text: ArraySlice<UInt8>) throws(RecordTextError) -> Int64? {
    if text.elementsEqual([UInt8(ascii: "-")]) { return nil }
    var seconds: Int64 = 0
    let digits = text.prefix(11)
    guard digits.count == text.count, !digits.isEmpty,
      digits.allSatisfy({ (0x30...0x39).contains($0) })
    else { throw RecordTextError("the ttl is neither a whole number of seconds nor -") }
    for digit in digits { seconds = seconds * 10 + Int64(digit - 0x30) }
    guard seconds > 0 else { throw RecordTextError("a ttl of 0 would delete the key") }
    guard seconds <= maximumSeconds else { throw RecordTextError("the ttl is over 100 years") }
    return seconds * 1000
  }

  /// The line of a record, its newline included.
  package static func line(_ key: [UInt8], seconds: Int64?, value: [UInt8]) -> [UInt8] {
    var line = escape(key)
    line.append(0x09)
    line += (seconds.map { String($0) } ?? "-").utf8
    line.append(0x09)
    line += escape(value)
    line.append(0x0A)
    return line
  }

  private static func digit(_ value: UInt8) -> UInt8 { Array("0123456789abcdef".utf8)[Int(value)] }

  private static func nibble(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - 0x30
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - 0x57
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - 0x37
    default: nil
    }
  }
}

/// What is wrong with a line, in words that quote nothing of it.
package struct RecordTextError: Error, Sendable, Hashable {
  package var reason: String

  init(_ reason: String) { self.reason = reason }
}
