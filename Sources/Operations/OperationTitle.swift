package import ConsoleModel

extension OperationRequest {
  /// One line that names it: `invalidate product:*`; key names are shown as they are, not escaped.
  package var title: String { "\(verb) \(targetText)" }

  /// The keys in words, without the verb.
  package var targetText: String {
    switch target {
    case .keys(let keys):
      keys.count == 1
        ? String(decoding: keys[0].bytes, as: UTF8.self) : "\(keys.count) keys"
    case .pattern(let glob): String(decoding: glob, as: UTF8.self)
    case .server: "on \(nodes.map(\.rawValue).joined(separator: ", "))"
    }
  }
}
