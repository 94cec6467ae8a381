package import ConsoleModel
package import Redis

/// Whether one part of a server's figures can be had: a command may be unknown to the server or not
/// permitted to us, and then it is not asked for again and again.
package struct PartHealth: Sendable {
  /// A refusal is final for this process, or for this long: an operator may change the ACL.
  package static let retrySeconds = 300.0

  private var runID: String?
  private var retryAt: MonotonicTime?
  package private(set) var problem: String?

  package init() {}

  /// Is it worth asking?
  package func isDue(now: MonotonicTime, runID: String?) -> Bool {
    guard let retryAt else { return true }
    return now >= retryAt || runID != self.runID
  }

  package mutating func succeeded() {
    problem = nil
    retryAt = nil
  }

  package mutating func failed(_ error: RedisError, now: MonotonicTime, runID: String?) {
    self.runID = runID
    let next = error.nextStep.isEmpty ? "" : " (\(error.nextStep))"
    if let text = error.notOffered {
      problem = text
      retryAt = now.advanced(bySeconds: Self.retrySeconds)
    } else {
      problem = "\(error.action): \(error.message)\(next)"
      retryAt = nil
    }
  }
}

extension RedisError {
  /// Why one figure is missing and everything else goes on; nil: the error is of another kind.
  package var notOffered: String? {
    let next = nextStep.isEmpty ? "" : " (\(nextStep))"
    return switch kind {
    case .unsupported: "not offered by this server: \(message)\(next)"
    case .denied: "not offered by this server, not permitted: \(message)\(next)"
    default: nil
    }
  }
}
