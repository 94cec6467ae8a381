package import ConsoleModel

/// One event of an operation, as it is going to be recorded.
package struct AuditRecord: Sendable, Hashable {
  /// A figure or a shard's result, by name.
  package struct Detail: Sendable, Hashable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// `planned`, `confirmed`, `started`, `checkpoint`, `verified`, `finished`, `break-glass`, …
  package var event: String
  /// The operation's id.
  package var operation: String
  package var title: String
  package var environment: String
  package var author: OperationAuthor
  package var reason: String
  package var planHash: String
  /// In words: `12,345 gone, 2 reborn`.
  package var result: String
  /// In this order; what is beyond `AuditRecord.detailBytes` is counted, not kept.
  package var details: [Detail]
  /// When it happened; nil: when it is written.
  package var at: WallTime?

  package init(
    event: String, operation: String, title: String, environment: String, author: OperationAuthor,
    reason: String = "", planHash: String = "", result: String = "", details: [Detail] = [],
    at: WallTime? = nil
  ) {
    self.event = event
    self.operation = operation
    self.title = title
    self.environment = environment
    self.author = author
    self.reason = reason
    self.planHash = planHash
    self.result = result
    self.details = details
    self.at = at
  }

  /// Bytes of UTF-8 that a text keeps; a pattern or a reason that is longer ends with `…`.
  static let textBytes = 4096
  /// Bytes that all details keep together.
  static let detailBytes = 64 << 10

  /// The first `textBytes` of it, cut between scalars.
  static func bounded(_ text: String) -> String {
    guard text.utf8.count > textBytes else { return text }
    var kept = String.UnicodeScalarView()
    var bytes = 0
    for scalar in text.unicodeScalars {
      bytes += UTF8.width(scalar)
      if bytes > textBytes { break }
      kept.append(scalar)
    }
    return String(kept) + "…"
  }
}
