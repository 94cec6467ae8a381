import ConsoleModel
package import Redis

/// Why a run ended before its work was done.
package enum RunStop: Error, Sendable, Hashable {
  /// Somebody said so, or a threshold did.
  case aborted(String)
  /// Another runner holds the lease now; it goes on from the checkpoint.
  case superseded
  case failed(String)

  package init(_ error: RedisError) { self = .failed(error.description) }

  package var message: String {
    switch self {
    case .aborted(let text), .failed(let text): text
    case .superseded: "another console has taken this operation over"
    }
  }
}
