/// Takes a run's records. What a sink refuses now it gets later (`flush`).
package protocol RunAuditing: Sendable {
  /// - Parameter event: `started`, `taken over`, `done`, `aborted`, `failed`, `superseded`
  func record(
    _ event: String, result: String, details: [(String, String)]
  ) async -> RunAudit.Outcome

  /// Tries once more what no sink has taken.
  func flush() async
}

/// What became of one record.
package enum RunAudit {
  package struct Outcome: Sendable {
    /// `file`, `syslog`, `stream`
    package var sinks: [String]
    /// Why the others did not take it, one line each.
    package var problems: [String]

    package init(sinks: [String], problems: [String]) {
      self.sinks = sinks
      self.problems = problems
    }
  }
}
