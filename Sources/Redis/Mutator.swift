package import EventLoop

/// The only type through which the console can change a server. A read-only process makes none.
///
/// Each method is one change; its client lets nothing else through.
package final class Mutator: Sendable {
  package let endpoint: RedisEndpoint
  private let password: Secret?
  private let options: RedisClient.Options
  private let loop: EventLoop

  package init(
    endpoint: RedisEndpoint, password: Secret? = nil,
    options: RedisClient.Options = RedisClient.Options(), loop: EventLoop
  ) {
    self.endpoint = endpoint
    self.password = password
    self.options = options
    self.loop = loop
  }

  /// SLOWLOG RESET: forgets the slow log's entries, for everybody who reads it.
  package func slowlogReset() async throws(RedisError) {
    try await run(RedisCommand("SLOWLOG", "RESET"), action: "resetting the slow log")
  }

  /// Changes are rare: a connection for each, closed at once, leaves none behind.
  private func run(_ command: RedisCommand, action: String) async throws(RedisError) {
    var options = options
    options.gate = .only([command.statName])
    options.observer = nil
    let client = RedisClient(
      endpoint: endpoint, password: password, options: options, loop: loop)
    defer { client.close() }
    _ = try await client.send(command, action: action)
  }
}
