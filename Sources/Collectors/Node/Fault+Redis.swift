package import ConsoleModel
package import EventLoop
package import Redis

extension Fault {
  package init(_ error: RedisError) {
    self.init(
      // The raw values are the same by contract; a kind that is added there only reads as `server`.
      kind: Kind(rawValue: error.kind.rawValue) ?? .server, endpoint: error.endpoint,
      action: error.action, message: error.message, nextStep: error.nextStep)
  }

  /// The server was not reached at all, or turned us away: there is no use in waiting for an answer.
  package var isRefusal: Bool {
    switch kind {
    case .unreachable, .tls, .auth, .protocol, .limit: return true
    case .timeout, .denied, .unsupported, .server, .cancelled, .indeterminate: return false
    }
  }
}

extension MonotonicTime {
  package init(_ instant: EventLoop.Instant) { self.init(nanoseconds: instant.nanoseconds) }

  package static func now() -> MonotonicTime { MonotonicTime(EventLoop.now()) }

  package var instant: EventLoop.Instant { EventLoop.Instant(nanoseconds: nanoseconds) }
}

extension Duration {
  /// From fractional seconds; what is no number is no time.
  package static func seconds(approximately seconds: Double) -> Duration {
    .nanoseconds(Int64(max(0, min(1e6, seconds.isFinite ? seconds : 0)) * 1e9))
  }
}
