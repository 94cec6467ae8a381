/// An error as people read it: what was being done, to which server, what it said, what to do next.
package struct Fault: Error, Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    case unreachable, timeout, tls, auth, denied, unsupported, `protocol`, server, cancelled, limit
    /// Sent but unanswered: it may have happened.
    case indeterminate
  }

  package var kind: Kind
  /// The server, without secrets: `127.0.0.1:6379`, `[::1]:6379`, `/run/redis.sock`.
  package var endpoint: String
  /// What was being done: "reading INFO".
  package var action: String
  /// What the server or the system said, already safe to draw.
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

  /// One line: `redis-1 127.0.0.1:6379: connect: connection refused (is the server running?)`.
  package var line: String {
    let next = nextStep.isEmpty ? "" : " (\(nextStep))"
    return "\(endpoint): \(action): \(message)\(next)"
  }
}
