package import EventLoop
private import Synchronization

/// What a server has refused, by command, so that it is asked once and not again and again: each
/// refusal is a line in its ACL LOG and one more in its error statistics.
///
/// Managed services rename or refuse commands; a user may have few rights. Kept for one connection,
/// and no longer than `retryAfter`: an operator may change the ACL meanwhile.
package final class ServerOffers: Sendable {
  package static let retryAfter: Duration = .seconds(300)

  private struct Refusal: Sendable {
    var error: RedisError
    var until: EventLoop.Instant
  }

  private struct State {
    var generation: UInt64 = 0
    var refusals: [String: Refusal] = [:]
    /// Commands that were asked for once, whatever came of it.
    var tried: Set<String> = []

    mutating func renew(_ generation: UInt64) {
      guard self.generation != generation else { return }
      self = State()
      self.generation = generation
    }
  }

  private let state = Mutex(State())

  package init() {}

  /// Why the command is not worth asking for; nil: it is.
  ///
  /// - Parameters:
  ///   - name: as in commandstats: `memory|usage`.
  ///   - generation: of the connection that would carry it.
  package func refusal(
    of name: String, generation: UInt64, now: EventLoop.Instant = .now()
  ) -> RedisError? {
    state.withLock { state in
      guard state.generation == generation, let refusal = state.refusals[name], now < refusal.until
      else { return nil }
      return refusal.error
    }
  }

  /// Remembers that the server refused the command; errors of another kind say nothing about it.
  package func note(
    _ error: RedisError, of name: String, generation: UInt64, now: EventLoop.Instant = .now()
  ) {
    guard error.kind == .unsupported || error.kind == .denied else { return }
    state.withLock { state in
      state.renew(generation)
      state.refusals[name] = Refusal(error: error, until: now.advanced(by: Self.retryAfter))
    }
  }

  /// True if all of them were asked for on this connection: hundreds of them will not be refused one by one.
  package func haveBeenTried(_ names: [String], generation: UInt64) -> Bool {
    state.withLock { $0.generation == generation && $0.tried.isSuperset(of: names) }
  }

  package func noteTried(_ names: [String], generation: UInt64) {
    state.withLock { state in
      state.renew(generation)
      state.tried.formUnion(names)
    }
  }
}
