package import ConsoleModel

extension OperationRequest {
  /// One line that names it: `invalidate product:*`; key names are shown as they are, not escaped.
  package var title: String { "\(verb) \(targetText)" }

  /// `invalidate`, `expire within 30 s`, …
  package var verb: String {
    switch action {
    case .invalidate: "invalidate"
    case .shorten(let seconds): "expire within \(seconds) s"
    case .adjust(let seconds): seconds.map { "set life to \($0) s" } ?? "remove the life of"
    case .warm: "warm"
    case .restore(let operation): "undo \(operation)"
    case .slowlogReset: "SLOWLOG RESET"
    case .clientKill(let id): "CLIENT KILL ID \(id)"
    }
  }

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
