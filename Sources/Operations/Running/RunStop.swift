import ConsoleModel
package import Redis

/// Why a run ended before its work was done.
package enum RunStop: Error, Sendable, Hashable {
  /// Somebody said so, or a threshold did.
  case aborted(String)
  /// Another runner holds the lease now; it goes on from the checkpoint.
  case superseded
  case failed(String)
  /// A server is away, or busy with something else: later it may be done.
  case waiting(String)

  package init(_ error: RedisError) {
    self =
      ShardRun.isPassing(error) ? .waiting(error.description) : .failed(error.description)
  }

  package var message: String {
    switch self {
    case .aborted(let text), .failed(let text), .waiting(let text): text
    case .superseded: "another console has taken this operation over"
    }
  }
}
