package import EventLoop

/// A password that ends: ElastiCache's IAM tokens last 15 minutes.
package struct Token: Sendable {
  package var secret: Secret
  /// From when it was asked for.
  package var life: Duration

  package init(secret: Secret, life: Duration) {
    self.secret = secret
    self.life = life
  }
}

/// Why there is no token: a sentence without its full stop, and what to do about it. Printable ASCII.
package struct TokenFailure: Error, Sendable, Hashable {
  package var message: String
  package var nextStep: String
  package var isTimeout: Bool

  package init(_ message: String, nextStep: String = "", isTimeout: Bool = false) {
    self.message = message
    self.nextStep = nextStep
    self.isTimeout = isTimeout
  }
}

/// Gives tokens. Asked at each connect of each connection, and again while one lives, at 80 % of its
/// token's life.
package protocol TokenProvider: Sendable {
  /// Who ignores the deadline is not waited for; its task is cancelled then.
  func token(
    on loop: EventLoop, until deadline: EventLoop.Instant
  ) async throws(TokenFailure) -> Token
}

extension TokenProvider {
  /// The provider's answer, or that it gave none in time.
  func ask(on loop: EventLoop, within timeout: Duration) async throws(TokenFailure) -> Token {
    let deadline = EventLoop.now().advanced(by: timeout)
    let answer = FirstAnswer<Result<Token, TokenFailure>>()
    let asking = loop.spawn {
      do throws(TokenFailure) {
        answer.give(.success(try await token(on: loop, until: deadline)))
      } catch {
        answer.give(.failure(error))
      }
    }
    defer { asking.cancel() }
    let seconds = Double(timeout.nanoseconds) / 1e9
    // A little later than the provider's own deadline: it knows better what it waited for.
    return try await answer.wait(
      on: loop, until: deadline.advanced(by: .seconds(1)),
      late: .failure(
        TokenFailure(
          "the token's source gave no answer within \(Int(seconds.rounded(.up))) s",
          nextStep: "does it hang?", isTimeout: true)),
      cancelled: .failure(TokenFailure("cancelled"))
    ).get()
  }
}
