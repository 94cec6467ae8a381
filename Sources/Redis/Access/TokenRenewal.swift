internal import EventLoop

/// Logs a living connection in again before its token ends, so that it need not be dropped.
struct TokenRenewal: Sendable {
  let handshake: Handshake
  let options: RedisClient.Options
  let loop: EventLoop

  /// The share of a token's life after which the next one is asked for.
  private static let share = 0.8
  /// With less than this left there is no further attempt.
  private static let lastAttempt = Duration.milliseconds(100)

  /// Comes back as no AUTH is answered: by it the connection sees that AUTH's own answer is missing.
  private static let echo = RedisCommand("PING", "login")

  /// - Parameter asked: when the token was asked for: its life began no earlier.
  func arm(_ connection: Connection, _ token: Token, asked: EventLoop.Instant) {
    schedule(
      connection, at: asked.advanced(by: token.life * Self.share),
      expiry: asked.advanced(by: token.life))
  }

  private func schedule(
    _ connection: Connection, at time: EventLoop.Instant, expiry: EventLoop.Instant
  ) {
    let timer = loop.schedule(at: time) { [weak connection] in
      guard let connection, connection.failure == nil else { return }
      loop.spawn { await renew(connection, expiry: expiry) }
    }
    connection.keep(renewal: timer)
  }

  private func renew(_ connection: Connection, expiry: EventLoop.Instant) async {
    let asked = EventLoop.now()
    do throws(RedisError) {
      guard let token = try await handshake.token(options, on: loop, action: "renewing the token")
      else { return }
      guard connection.failure == nil else { return }
      // An entry of its own: batches, such as MULTI…EXEC, are on the wire in one piece before or
      // after it. Behind a command that blocks it waits for that one.
      let outcome = await connection.send(
        [handshake.login(token.secret), Self.echo],
        until: max(.now(), connection.lastDeadline).advanced(by: options.commandTimeout),
        grace: options.commandTimeout, changes: false, isLogin: true)
      switch outcome {
      case .success(let replies):
        if case .error(let text) = replies.first {
          connection.close(handshake.refused(text, "renewing the token"))
        } else {
          arm(connection, token, asked: asked)
        }
      case .failure(let error): throw error.during("renewing the token")
      }
    } catch {
      // What is left of the old token's life is for further attempts, each after half of the rest.
      let now = EventLoop.now()
      let left = now.duration(to: expiry)
      if connection.failure != nil { return }
      if left < Self.lastAttempt {
        connection.close(error)
      } else {
        schedule(connection, at: now.advanced(by: left / 2), expiry: expiry)
      }
    }
  }
}
