private import Crypto

/// One key as it was: what DUMP gave, and when it would have expired.
package struct CopyRecord: Sendable, Hashable {
  package var key: [UInt8]
  package var payload: [UInt8]
  /// Milliseconds since 1970; nil: never.
  package var expiresAt: Int64?

  package init(key: [UInt8], payload: [UInt8], expiresAt: Int64?) {
    self.key = key
    self.payload = payload
    self.expiresAt = expiresAt
  }

  /// Of a key or a payload: no server has longer ones (`proto-max-bulk-len`).
  static let maximumBytes = 512 << 20
}

/// How records lie in the file, after the header's line. Numbers are little-endian.
///
/// | bytes | |
/// |---|---|
/// | 1 | `R` |
/// | 4, 4 | length of the key, length of the payload |
/// | 8 | expiry in milliseconds since 1970; −1: never |
/// | … | key, payload |
/// | 16 | the first half of SHA-256 over the check before it and all of the above |
///
/// The end is `E`, 8 bytes with the number of records, and such a check. Each check covers the one
/// before it, the first one the header: a record that was lost, moved or added is noticed too.
struct CopyChain: Sendable {
  static let checkBytes = 16
  static let fixedBytes = 17
  static let endBytes = 9
  static let recordTag = UInt8(ascii: "R")
  static let endTag = UInt8(ascii: "E")

  private(set) var check: [UInt8]

  init(header: [UInt8]) { check = Self.half(header) }

  /// The bytes of a record, its check included.
  mutating func record(_ record: CopyRecord) -> [UInt8] {
    var frame: [UInt8] = []
    frame.reserveCapacity(
      2 * Self.checkBytes + Self.fixedBytes + record.key.count + record.payload.count)
    frame += check
    frame.append(Self.recordTag)
    Self.append(UInt64(record.key.count), bytes: 4, to: &frame)
    Self.append(UInt64(record.payload.count), bytes: 4, to: &frame)
    Self.append(UInt64(bitPattern: record.expiresAt ?? -1), bytes: 8, to: &frame)
    frame += record.key
    frame += record.payload
    return seal(frame)
  }

  mutating func end(count: UInt64) -> [UInt8] {
    var frame = check
    frame.append(Self.endTag)
    Self.append(count, bytes: 8, to: &frame)
    return seal(frame)
  }

  private mutating func seal(_ frame: [UInt8]) -> [UInt8] {
    check = Self.half(frame)
    return Array(frame[Self.checkBytes...]) + check
  }

  /// True if `check` belongs to `frame` at this place; then it is the one that the next one covers.
  mutating func accepts(_ frame: [UInt8], check: [UInt8]) -> Bool {
    guard Self.half(self.check + frame) == check else { return false }
    self.check = check
    return true
  }

  static func number(_ bytes: some Collection<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func append(_ value: UInt64, bytes: Int, to frame: inout [UInt8]) {
    for index in 0..<bytes { frame.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
  }

  private static func half(_ bytes: [UInt8]) -> [UInt8] {
    Array(SHA256.digest(bytes).prefix(checkBytes))
  }
}
