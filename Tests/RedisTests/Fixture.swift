import EventLoop
import Glibc
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
    _ url: String, password: String? = nil, tls: TLSSettings = TLSSettings(),
    source: RedisAccess.Source? = nil,
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
      endpoint: url.endpoint,
      access: RedisAccess(
        source ?? (password.map { Secret($0) } ?? url.password).map { .fixed($0) } ?? .none,
        tls: tls),
      options: options, loop: loop)
  }

  /// A client of this server, which trusts the tests' authority.
  static func client(
    of server: RedisServer, _ configure: (inout RedisClient.Options) -> Void = { _ in }
  ) throws -> RedisClient {
    var tls = TLSSettings()
    if server.tlsPort != nil { tls.authorityFile = try TLSAuthority.shared.get().file }
    return try client(server.url, tls: tls, configure)
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

/// How the client under test is connected: what holds for one holds for all.
enum Wire: String, Sendable, CaseIterable, CustomTestStringConvertible {
  case plain, tls

  static let offered: [Wire] = RedisServer.speaksTLS ? allCases : [.plain]

  var testDescription: String { rawValue }

  func server(
    _ transport: RedisServer.Transport = .unixSocket, arguments: [String] = []
  ) throws -> RedisServer {
    guard self == .tls else { return try RedisServer(transport, arguments: arguments) }
    let authority = try TLSAuthority.shared.get()
    return try RedisServer(
      transport, arguments: arguments,
      tls: RedisServer.TLS(authority.server, authority: authority.file))
  }
}
