/// Everything that Operations, History and the graphs show; published whole, latest wins.
package struct OperationsReport: Sendable, Hashable {
  /// The environment's name: a late report of one that was left is not the new one's.
  package var environment: String
  /// Newest first, bounded.
  package var operations: [OperationStatus] = []
  /// Newest first, bounded.
  package var audit: [AuditEntry] = []
  /// What is wrong with the records: a broken chain, a sink that cannot be written.
  package var problems: [String] = []
  package var at: MonotonicTime

  package init(environment: String, at: MonotonicTime) {
    self.environment = environment
    self.at = at
  }
}
