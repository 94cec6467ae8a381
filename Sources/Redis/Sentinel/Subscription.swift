package import EventLoop

/// Channels of one server, on a connection of its own that does nothing else.
///
/// RESP2 allows only SUBSCRIBE, UNSUBSCRIBE, PING and QUIT on it, and nothing else can be sent here.
/// The connection belongs to its link as every other does; messages are handed on from the loop's thread.
package final class Subscription: Sendable {
  private let link: Link
  private let loop: EventLoop
  private let timeout: Duration

  package init(
    endpoint: RedisEndpoint, access: RedisAccess, options: RedisClient.Options, loop: EventLoop,
    resolver: Resolver
  ) {
    self.loop = loop
    timeout = options.commandTimeout
    var options = options
    options.gate = .only([])
    link = Link(
      handshake: Handshake(endpoint: endpoint, access: access, resolver: resolver),
      options: options, loop: loop)
  }

  package func close() { link.close() }

  /// Subscribes and listens until the connection ends, the server stops answering, or the task is
  /// cancelled: always ends with an error.
  ///
  /// - Parameters:
  ///   - pause: between two PINGs; a connection that is only half open is noticed one `commandTimeout`
  ///     after the next of them.
  ///   - began: every channel is subscribed to.
  ///   - receive: called on the loop's thread; it must not call back.
  package func listen(
    to channels: [String], pause: Duration, began: @Sendable () -> Void,
    receive: @escaping @Sendable (_ channel: String, _ message: String) -> Void
  ) async -> RedisError {
    let action = "listening"
    let connection: Connection
    switch await link.connection(until: EventLoop.now().advanced(by: timeout)) {
    case .success(let made): connection = made
    case .failure(let error): return error.action.isEmpty ? error.during(action) : error
    }
    connection.onMessage = { reply in
      guard let parts = reply.array, parts.count == 3, let channel = parts[1].text,
        let message = parts[2].text
      else { return }
      receive(channel, message)
    }
    let replies = await connection.send(
      channels.map { RedisCommand("SUBSCRIBE", $0) }, until: EventLoop.now().advanced(by: timeout),
      grace: timeout, changes: false)
    let problem = check(replies, action)
    if let problem {
      link.reset(problem)
      return problem
    }
    began()
    while true {
      do { try await loop.sleep(for: pause) } catch {
        let error = RedisError(
          kind: .cancelled, endpoint: connection.endpoint, action: action, message: "cancelled")
        link.reset(error)
        return error
      }
      if let failure = connection.failure { return failure.during(action) }
      let pong = await connection.send(
        [RedisCommand("PING")], until: EventLoop.now().advanced(by: timeout), grace: timeout,
        changes: false)
      if let problem = check(pong, action) {
        link.reset(problem)
        return problem
      }
    }
  }

  private func check(
    _ outcome: Result<[RESPValue], RedisError>, _ action: String
  ) -> RedisError? {
    switch outcome {
    case .failure(let error): return error.during(action)
    case .success(let replies):
      for case .error(let text) in replies {
        return .server(
          text, endpoint: link.endpoint, action: action, command: "subscribe")
      }
      return nil
    }
  }
}
