import EventLoop
import Redis
import TestKit
import Testing

/// What the tests of this target share: one event loop for all, as in the program.
enum Fixture {
  static let loop: EventLoop = {
    do {
      let loop = try EventLoop()
      try loop.start()
      return loop
    } catch {
      preconditionFailure("no event loop: \(error)")
    }
  }()

  /// A client that may send everything.
  static func client(
    _ url: String, password: String? = nil,
    _ configure: (inout RedisClient.Options) -> Void = { _ in }
  ) throws -> RedisClient {
    let url = try RedisURL(parsing: url)
    var options = RedisClient.Options()
    options.gate = .unrestricted
    // Long for a server on this machine: tests that need a time-out set their own.
    options.connectTimeout = .seconds(20)
    options.commandTimeout = .seconds(20)
    configure(&options)
    return RedisClient(
      endpoint: url.endpoint, password: password.map { Secret($0) } ?? url.password,
      options: options, loop: loop)
  }

  /// The error of a command that must fail.
  static func failure(
    of client: RedisClient, _ command: RedisCommand = RedisCommand("PING"),
    timeout: Duration? = nil
  ) async -> RedisError? {
    do throws(RedisError) {
      _ = try await client.send(command, action: "testing", timeout: timeout)
      return nil
    } catch {
      return error
    }
  }
}
