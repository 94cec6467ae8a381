import EventLoop
import Redis
import TestKit
import Testing

/// Servers that hang, go and come back.
@Suite(.blocking) struct RecoveryTests {
  @Test(arguments: Wire.offered)
  func `a stopped server is a time-out, and live again when it goes on`(_ wire: Wire) async throws {
    let server = try wire.server()
    let client = try Fixture.client(of: server)
    #expect(await Fixture.failure(of: client) == nil)
    server.pause()
    let start = EventLoop.now()
    let late = await Fixture.failure(of: client, timeout: .milliseconds(500))
    #expect(late?.kind == .timeout)
    #expect(late?.message == "no answer in time")
    #expect(start.duration(to: EventLoop.now()) < .seconds(5))
    // Its own connection went on waiting for the late reply and swallows it.
    server.resume()
    let echo = try await client.send(RedisCommand("ECHO", "now"), action: "testing")
    #expect(echo.text == "now")
    #expect(client.generation == 1)
  }

  @Test(arguments: Wire.offered) func `a connection that stays silent is closed and made anew`(
    _ wire: Wire
  ) async throws {
    let server = try wire.server()
    let client = try Fixture.client(of: server) { $0.connectTimeout = .seconds(1) }
    #expect(try await Eventually.holds { await Fixture.failure(of: client) == nil })
    let first = client.generation
    server.pause()
    #expect(await Fixture.failure(of: client, timeout: .milliseconds(50))?.kind == .timeout)
    // The reply that never came is overdue after as long again.
    #expect(try await Eventually.holds { client.state != .connected })
    let hanging = await Fixture.failure(of: client, timeout: .seconds(5))
    #expect(hanging?.message.hasPrefix("connected, but the server does not answer") == true)
    guard case .waiting(_, let last) = client.state else {
      Issue.record("state \(client.state)")
      return
    }
    #expect(last.kind == .timeout)
    server.resume()
    #expect(try await Eventually.holds { await Fixture.failure(of: client) == nil })
    #expect(client.generation == first + 1)
  }

  @Test(arguments: Wire.offered)
  func `a killed server is an error at once, and its successor is found`(_ wire: Wire) async throws
  {
    let server = try wire.server(.loopback)
    let client = try Fixture.client(of: server)
    #expect(await Fixture.failure(of: client) == nil)
    let pending = Fixture.loop.spawn { () -> RedisError? in
      await Fixture.failure(
        of: client, RedisCommand("BLPOP", "nothing", "0"), timeout: .seconds(30))
    }
    #expect(
      try await Eventually.holds { try server.info("blocked_clients", "clients") == "1" })
    server.kill9()
    let lost = await pending.value
    // BLPOP takes an element: nobody knows whether it did.
    #expect(lost?.kind == .indeterminate)
    let gone = await Fixture.failure(of: client)
    #expect(gone?.kind == .unreachable)
    #expect(gone?.message == "connection refused")
    try server.start()
    #expect(try await Eventually.holds { await Fixture.failure(of: client) == nil })
    #expect(client.state == .connected)
  }

  @Test func `while it waits to try again the last error comes at once`() async throws {
    let port = try SocketIO.freePort()
    let client = try Fixture.client("redis://127.0.0.1:\(port)") {
      $0.backoff.first = .seconds(3600)
      $0.backoff.limit = .seconds(3600)
    }
    let first = await Fixture.failure(of: client)
    let start = EventLoop.now()
    for _ in 0..<100 { #expect(await Fixture.failure(of: client) == first) }
    #expect(start.duration(to: EventLoop.now()) < .seconds(5))
    guard case .waiting(let until, _) = client.state else {
      Issue.record("state \(client.state)")
      return
    }
    #expect(EventLoop.now() < until)
  }

  @Test func `one attempt serves all who wait for it`() async throws {
    let server = try FakeServer(script: FakeServer.silent)
    let client = try Fixture.client(server.url) { $0.connectTimeout = .milliseconds(200) }
    await withTaskGroup(of: RedisError?.self) { group in
      for _ in 0..<50 { group.addTask { await Fixture.failure(of: client) } }
      for await error in group { #expect(error?.kind == .timeout) }
    }
    #expect(server.connections == 1)
  }

  @Test func `delays double up to their limit and differ from one another`() {
    var backoff = Backoff()
    backoff.first = .milliseconds(100)
    backoff.limit = .seconds(5)
    var generator = SplitMix64(seed: 1)
    var last: Set<Duration> = []
    for failures in 1...100 {
      let whole = min(Duration.seconds(5), .milliseconds(100) * (1 << min(failures - 1, 10)))
      let delay = backoff.delay(afterFailures: failures, using: &generator)
      #expect(delay >= whole / 2 && delay <= whole)
      if failures > 90 { last.insert(delay) }
    }
    #expect(last.count > 5)
    #expect(backoff.delay(afterFailures: .max, using: &generator) <= .seconds(5))
  }
}
