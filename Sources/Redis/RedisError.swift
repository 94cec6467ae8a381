/// An error of a Redis client as people read it; the console turns it into its `Fault` field by field.
package struct RedisError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The raw values equal those of `ConsoleModel.Fault.Kind`.
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    case unreachable, timeout, tls, auth, denied, unsupported, `protocol`, server, cancelled, limit
    /// A changing command was sent and never answered: it may have happened.
    case indeterminate
  }

  package var kind: Kind
  /// The server, without secrets.
  package var endpoint: String
  /// What was being done: "reading INFO".
  package var action: String
  /// What the server or the system said; printable ASCII whatever the server sent.
  package var message: String
  /// What the reader can do about it; empty if there is nothing to say.
  package var nextStep: String

  package init(
    kind: Kind, endpoint: String, action: String, message: String, nextStep: String = ""
  ) {
    self.kind = kind
    self.endpoint = endpoint
    self.action = action
    self.message = message
    self.nextStep = nextStep
  }

  package var description: String {
    "\(endpoint): \(action): \(message)" + (nextStep.isEmpty ? "" : " (\(nextStep))")
  }

  /// The same failure as seen by another command that shared the connection.
  package func during(_ action: String) -> RedisError {
    var copy = self
    copy.action = action
    return copy
  }
}
