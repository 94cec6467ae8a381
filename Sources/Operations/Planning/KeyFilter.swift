import ConsoleModel

/// Which of millions of keys a pattern takes, and why a key is left out.
struct KeyFilter: Sendable {
  enum Verdict: Sendable { case other, matching, sessionLeftOut }

  private let glob: [UInt8]
  /// What every key of the target begins with: most keys need no more of a look than that.
  private let prefix: [UInt8]
  private let takesSessions: Bool

  init(_ glob: [UInt8], takesSessions: Bool) {
    self.glob = glob
    prefix = Array(glob.prefix { !Self.marks.contains($0) })
    self.takesSessions = takesSessions
  }

  private static let marks = Array("*?[\\".utf8)
  private static let sessionPrefix = Array("session".utf8)

  func judge(_ key: [UInt8]) -> Verdict {
    guard key.starts(with: prefix), Glob.matches(pattern: glob, text: key),
      !key.starts(with: OperationRequest.ownPrefix)
    else { return .other }
    return !takesSessions && Self.isSession(key) ? .sessionLeftOut : .matching
  }

  private static func isSession(_ key: [UInt8]) -> Bool {
    key.starts(with: sessionPrefix) && DataType(key: key) == .session
  }

  /// Does the target take this key, of which the server has said that it matches?
  func takes(matching key: [UInt8]) -> Bool {
    !key.starts(with: OperationRequest.ownPrefix) && (takesSessions || !Self.isSession(key))
  }

  /// False if the pattern itself rules out every key that is left out.
  var mayMeetOthers: Bool {
    Glob.mayMatch(pattern: glob, prefix: OperationRequest.ownPrefix)
      || !takesSessions && Glob.mayMatch(pattern: glob, prefix: Self.sessionPrefix)
  }
}

/// What was found among keys that were looked at.
struct KeyTally: Sendable {
  var visited: UInt64 = 0
  var matched: UInt64 = 0
  var sessionsLeftOut: UInt64 = 0
  var dataTypes: [DataType: UInt64] = [:]

  var sessions: UInt64 { dataTypes[.session] ?? 0 }

  mutating func take(_ key: [UInt8]) {
    matched += 1
    dataTypes[DataType(key: key), default: 0] += 1
  }

  mutating func add(_ other: KeyTally) {
    visited += other.visited
    matched += other.matched
    sessionsLeftOut += other.sessionsLeftOut
    dataTypes.merge(other.dataTypes, uniquingKeysWith: +)
  }
}
