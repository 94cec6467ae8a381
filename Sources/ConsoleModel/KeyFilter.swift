/// Which keys are wanted beyond their names; nil: any.
package struct KeyFilter: Sendable, Hashable {
  /// `string`, `hash`, …; a module's types by the names that it gives them.
  package var types: [String]?
  /// Bytes in the server's memory, by MEMORY USAGE.
  package var bytes: ClosedRange<UInt64>?
  package var life: Life?
  /// Seconds without use; a server that evicts by frequency (`*-lfu`) does not tell, which is a fault.
  package var idleSeconds: ClosedRange<UInt64>?

  package enum Life: Sendable, Hashable {
    /// Milliseconds to live.
    case within(ClosedRange<UInt64>)
    /// Any time to live.
    case limited
    /// Keys that stay.
    case persistent
  }

  package init() {}

  package var isEmpty: Bool { self == KeyFilter() }
}

extension KeyFilter {
  /// Names as they are typed: `type:hash`, `--type hash`.
  package enum Name: String, Sendable, Hashable, CaseIterable {
    case type, ttl, size, idle

    /// What its value looks like, for errors and help.
    package var form: String {
      switch self {
      case .type: "type:hash or type:list,set"
      case .ttl: "ttl:<60, ttl:>1h, ttl:1h..2h, ttl:none or ttl:any"
      case .size: "size:>1mb, size:<10k or size:1k..2k"
      case .idle: "idle:>1h, idle:<5m or idle:1h..2h"
      }
    }
  }

  /// Takes one filter by its value.
  ///
  /// - Returns: false if the value says nothing.
  package mutating func set(_ name: Name, _ value: String) -> Bool {
    switch name {
    case .type:
      let names = value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      guard names.allSatisfy(Self.isType) else { return false }
      types = names
    case .ttl:
      switch value {
      case "none": life = .persistent
      case "any": life = .limited
      default:
        guard let range = Self.range(value, units: Self.times, scale: 1000) else { return false }
        life = .within(range)
      }
    case .size:
      guard let range = Self.range(value, units: Self.sizes, scale: 1) else { return false }
      bytes = range
    case .idle:
      guard let range = Self.range(value, units: Self.times, scale: 1) else { return false }
      idleSeconds = range
    }
    return true
  }

  /// A module's types are words with dashes, such as `ReJSON-RL`.
  private static func isType(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 64
      && text.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
          || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
      }
  }

  private static let times: [String: UInt64] = [
    "": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800,
  ]
  private static let sizes: [String: UInt64] = [
    "": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "g": 1 << 30,
    "gb": 1 << 30,
  ]

  /// `<60`, `<=60`, `>1h`, `>=1h`, `1h..2h` (both ends are in it), `60` (exactly).
  ///
  /// - Parameter scale: of the finest unit that the server tells: 1000 for milliseconds.
  private static func range(
    _ text: String, units: [String: UInt64], scale: UInt64
  ) -> ClosedRange<UInt64>? {
    func amount(_ text: Substring) -> UInt64? {
      let digits = text.prefix { $0.isASCII && $0.isNumber }
      guard let value = UInt64(digits), let unit = units[text.dropFirst(digits.count).lowercased()]
      else { return nil }
      let (whole, overflow) = value.multipliedReportingOverflow(by: unit)
      let (scaled, carry) = whole.multipliedReportingOverflow(by: scale)
      return overflow || carry ? nil : scaled
    }
    if text.hasPrefix("<=") { return amount(text.dropFirst(2)).map { 0...$0 } }
    if text.hasPrefix(">=") { return amount(text.dropFirst(2)).map { $0...UInt64.max } }
    if text.hasPrefix("<") {
      guard let end = amount(text.dropFirst()), end > 0 else { return nil }
      return 0...end - 1
    }
    if text.hasPrefix(">") {
      guard let start = amount(text.dropFirst()), start < .max else { return nil }
      return start + 1...UInt64.max
    }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    if parts.count == 3, parts[1].isEmpty {
      guard let low = amount(parts[0]), let high = amount(parts[2]), low <= high else { return nil }
      return low...high
    }
    guard let exact = amount(Substring(text)) else { return nil }
    // Of a second that was named all its milliseconds are meant.
    return exact...(exact.addingReportingOverflow(scale - 1).overflow ? .max : exact + scale - 1)
  }
}
