package import ConsoleModel

/// Where a record went.
package enum AuditSink: String, Sendable, Hashable, CaseIterable {
  case file, syslog
}

/// Why a record did not get somewhere: which sink, what the system said, what to do about it.
package struct AuditProblem: Error, Sendable, Hashable, CustomStringConvertible {
  package var sink: AuditSink
  package var text: String

  init(_ sink: AuditSink, _ text: String) {
    self.sink = sink
    self.text = text
  }

  package var description: String { text }
}

/// What became of a record.
package struct AuditReceipt: Sendable, Hashable {
  /// The finished line, JSON without a line feed: what other sinks are given.
  package var line: String
  package var entry: AuditEntry
  /// The sinks that hold it now.
  package var taken: [AuditSink]
  /// Also what is wrong with a sink that took it all the same, such as a trail that was shortened.
  package var problems: [AuditProblem]

  /// True if the file did not take it: the line is for `AuditTrail.append(late:)` once it can.
  package var isDetached: Bool { entry.sequence == 0 }
}
