/// One reply of a server in RESP2, copied out of the parser.
package enum RESPValue: Sendable, Hashable {
  /// A status line such as `OK`.
  case simple([UInt8])
  /// A string of any bytes.
  case bulk([UInt8])
  case integer(Int64)
  case array([RESPValue])
  /// The null string or the null array.
  case null
  /// What follows the minus sign, made safe to draw: `WRONGTYPE Operation against …`.
  case error(String)

  /// The bytes of a simple or bulk string.
  package var bytes: [UInt8]? {
    switch self {
    case .simple(let bytes), .bulk(let bytes): bytes
    case .integer, .array, .null, .error: nil
    }
  }

  /// A string's text with invalid UTF-8 repaired; not safe to draw.
  package var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

  package var array: [RESPValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// A signed figure, given as an integer or as digits in a string.
  package var signed: Int64? {
    switch self {
    case .integer(let value): value
    case .simple(let bytes), .bulk(let bytes): Decimal64.signed(bytes)
    case .array, .null, .error: nil
    }
  }

  /// A count: an integer or digits; nil when negative, above 2^64 − 1 or not a number.
  package var unsigned: UInt64? {
    switch self {
    case .integer(let value): UInt64(exactly: value)
    case .simple(let bytes), .bulk(let bytes): Decimal64.unsigned(bytes[...])
    case .array, .null, .error: nil
    }
  }

  package var isNull: Bool { self == .null }

  package var isError: Bool {
    if case .error = self { true } else { false }
  }
}

/// Digits from a server to numbers, without a trap whatever they are.
package enum Decimal64 {
  /// nil for anything but 1…20 digits that fit.
  package static func unsigned(_ digits: ArraySlice<UInt8>) -> UInt64? {
    guard !digits.isEmpty else { return nil }
    var value: UInt64 = 0
    for byte in digits {
      guard byte >= 0x30, byte <= 0x39 else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(byte - 0x30))
      guard !overflow, !carry else { return nil }
      value = sum
    }
    return value
  }

  package static func signed(_ text: [UInt8]) -> Int64? {
    guard text.first == UInt8(ascii: "-") else {
      return unsigned(text[...]).flatMap { Int64(exactly: $0) }
    }
    guard let magnitude = unsigned(text.dropFirst()) else { return nil }
    if magnitude == UInt64(Int64.max) + 1 { return .min }
    return Int64(exactly: magnitude).map { -$0 }
  }
}
