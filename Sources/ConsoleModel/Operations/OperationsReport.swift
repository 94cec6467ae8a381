/// Everything that Operations, History and the graphs show; published whole, latest wins.
package struct OperationsReport: Sendable, Hashable {
  /// Newest first, bounded.
  package var operations: [OperationStatus] = []
  /// Newest first, bounded.
  package var audit: [AuditEntry] = []
  /// What is wrong with the records: a broken chain, a sink that cannot be written.
  package var problems: [String] = []
  package var at: MonotonicTime

  package init(at: MonotonicTime) { self.at = at }
}
