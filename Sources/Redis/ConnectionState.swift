package import EventLoop

/// How a client stands to its server.
package enum ConnectionState: Sendable, Hashable {
  /// No command has needed a connection yet, or an idle one was closed.
  case idle
  case connecting
  case connected
  /// The last attempt failed; the next command after `until` starts another.
  case waiting(until: EventLoop.Instant, lastError: RedisError)
  case closed
}
