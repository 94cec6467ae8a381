package import Documents

/// Where one run keeps its plan, journal and copies: `<state>/operations/<id>/`, mode 0700.
package struct RunFolder: Sendable, Hashable {
  package let path: String

  package init(state: String, operation: String) {
    path = "\(state)/operations/\(operation)"
  }

  package var plan: String { "\(path)/plan.json" }
  package var journal: String { "\(path)/journal.jsonl" }
  /// Holds the number of the process that is at work.
  package var processFile: String { "\(path)/runner.pid" }

  package func make() throws(DocumentError) { try PrivateFolder.make(path) }

  static func failure(_ file: String, _ what: String) -> DocumentError {
    DocumentError(file: file, detail: "\(what): \(SystemMessage.last())")
  }
}
