package import ConsoleModel

/// One value to load.
package struct WarmRecord: Sendable, Hashable {
  package enum Value: Sendable, Hashable {
    /// For SET.
    case string([UInt8])
    /// For RESTORE: what DUMP gave.
    case dump([UInt8])

    package var bytes: [UInt8] {
      switch self {
      case .string(let bytes), .dump(let bytes): bytes
      }
    }
  }

  package var key: KeyName
  /// Milliseconds from now, above 0; nil: it does not expire.
  package var timeToLive: Int64?
  /// When that ends, in milliseconds since 1970: waiting makes nothing younger. nil: never, or not known
  /// yet.
  package var expiresAt: Int64?
  package var value: Value
  /// Its place in its source, counted from 1: what a file of copies goes on behind. 0: it has none.
  package var position: UInt64

  package init(
    key: KeyName, timeToLive: Int64?, expiresAt: Int64? = nil, value: Value, position: UInt64 = 0
  ) {
    self.key = key
    self.timeToLive = timeToLive
    self.expiresAt = expiresAt
    self.value = value
    self.position = position
  }

  /// Milliseconds that are left at `now` (since 1970), 0 or less once it has ended; nil: without end.
  package func life(at now: Int64) -> Int64? {
    guard let expiresAt else { return timeToLive }
    let (life, overflow) = expiresAt.subtractingReportingOverflow(now)
    return overflow ? 0 : life
  }

  /// Bytes of key and value.
  package var size: Int { key.bytes.count + value.bytes.count }
}

/// What a source gave besides its records; final once the source has ended.
package struct WarmReport: Sendable, Hashable {
  package struct BadLine: Sendable, Hashable {
    /// Counted from 1.
    package var line: Int
    /// In words, safe to print.
    package var reason: String
  }

  /// Records that were read, those below included.
  package var records: UInt64 = 0
  /// Lines that are no record.
  package var malformed: UInt64 = 0
  /// The first few of them.
  package var badLines: [BadLine] = []
  /// Records whose life was over before they could be loaded.
  package var expired: UInt64 = 0
  /// Records of keys that nobody asked for, or that came twice.
  package var unwanted: UInt64 = 0
  /// Keys that were asked for and not given; nil: there was no list.
  package var missing: UInt64?
  /// The end of what a program wrote to standard error, in one line, safe to print.
  package var messages = ""

  package init() {}

  static let keptBadLines = 5

  mutating func addBadLine(_ line: Int, _ reason: String) {
    malformed += 1
    if badLines.count < Self.keptBadLines { badLines.append(BadLine(line: line, reason: reason)) }
  }
}

/// Why a source ended before its end.
package struct WarmFailure: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Kind: Sendable, Hashable {
    case cancelled
    /// The file of copies.
    case file
    /// The program could not start, failed, or gave no sign of life.
    case program
  }

  package var kind: Kind
  package var description: String

  package init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }

  static let cancelled = WarmFailure(.cancelled, "warming: stopped")
}
