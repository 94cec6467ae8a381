import EventLoop
import Redis
import TestKit
import Testing

@Suite(.blocking) struct PipelineTests {
  @Test(arguments: Wire.offered)
  func `200 tasks at once each get their own reply, in the order of each`(_ wire: Wire) async throws
  {
    let server = try wire.server()
    let client = try Fixture.client(of: server)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for task in 0..<200 {
        group.addTask {
          for turn in 0..<50 {
            let text = "\(task)-\(turn)"
            let reply = try await client.send(RedisCommand("ECHO", text), action: "testing")
            guard reply.text == text else { return false }
          }
          return true
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
    #expect(client.generation == 1)
  }

  @Test(arguments: Wire.offered) func `tasks on the loop and off it share one connection`(
    _ wire: Wire
  ) async throws {
    let server = try wire.server()
    let client = try Fixture.client(of: server)
    let onLoop = Fixture.loop.spawn { () -> Int in
      var right = 0
      for turn in 0..<500 {
        let reply = try? await client.send(RedisCommand("ECHO", "l\(turn)"), action: "testing")
        if reply?.text == "l\(turn)" { right += 1 }
      }
      return right
    }
    for turn in 0..<500 {
      let reply = try await client.send(RedisCommand("ECHO", "f\(turn)"), action: "testing")
      #expect(reply.text == "f\(turn)")
    }
    #expect(await onLoop.value == 500)
  }

  @Test(arguments: Wire.offered) func `a batch keeps its order and its errors in their places`(
    _ wire: Wire
  ) async throws {
    let server = try wire.server()
    let client = try Fixture.client(of: server)
    let big = [UInt8](repeating: 0xFF, count: 3 << 20)
    let replies = try await client.pipeline(
      [
        RedisCommand("SET", Array("k".utf8), big), RedisCommand("LPUSH", "k", "x"),
        RedisCommand("GET", "k"), RedisCommand("GET", "none"), RedisCommand("STRLEN", "k"),
      ], action: "testing")
    #expect(replies.count == 5)
    #expect(replies[0].text == "OK")
    guard case .error(let text) = replies[1] else {
      Issue.record("no error: \(replies[1])")
      return
    }
    #expect(text.hasPrefix("WRONGTYPE"))
    #expect(replies[2].bytes == big)
    #expect(replies[3].isNull)
    #expect(replies[4].unsigned == 3 << 20)
  }

  @Test(arguments: Wire.offered)
  func `a cancelled command returns at once and its reply reaches nobody`(_ wire: Wire) async throws
  {
    let server = try wire.server()
    let client = try Fixture.client(of: server)
    #expect(await Fixture.failure(of: client) == nil)
    server.pause()
    let waiting = Fixture.loop.spawn { () -> RedisError? in
      await Fixture.failure(of: client, RedisCommand("GET", "x"), timeout: .seconds(60))
    }
    let changing = Fixture.loop.spawn { () -> RedisError? in
      await Fixture.failure(of: client, RedisCommand("INCR", "n"), timeout: .seconds(60))
    }
    let start = EventLoop.now()
    waiting.cancel()
    changing.cancel()
    #expect(await waiting.value?.kind == .cancelled)
    let open = await changing.value?.kind
    #expect(open == .indeterminate || open == .cancelled)
    #expect(start.duration(to: EventLoop.now()) < .seconds(5))
    server.resume()
    let reply = try await client.send(RedisCommand("ECHO", "mine"), action: "testing")
    #expect(reply.text == "mine")
    #expect(client.generation == 1)
  }

  @Test(arguments: Wire.offered)
  func `a changing command without an answer is indeterminate, a read is a time-out`(_ wire: Wire)
    async throws
  {
    let server = try wire.server()
    let client = try Fixture.client(of: server)
    #expect(await Fixture.failure(of: client) == nil)
    server.pause()
    defer { server.resume() }
    let change = await Fixture.failure(
      of: client, RedisCommand("SET", "a", "1"), timeout: .milliseconds(50))
    #expect(change?.kind == .indeterminate)
    #expect(change?.message.contains("may have happened") == true)
    let read = await Fixture.failure(
      of: client, RedisCommand("GET", "a"), timeout: .milliseconds(50))
    #expect(read?.kind == .timeout)
  }

  @Test(arguments: Wire.offered) func `what waits is bounded in number and in bytes`(_ wire: Wire)
    async throws
  {
    let server = try wire.server()
    let client = try Fixture.client(of: server) {
      $0.maximumInFlight = 10
      $0.maximumBufferedBytes = 1 << 20
    }
    let many = [RedisCommand](repeating: RedisCommand("PING"), count: 11)
    do throws(RedisError) {
      _ = try await client.pipeline(many, action: "testing")
      Issue.record("accepted")
    } catch {
      #expect(error.kind == .limit)
      #expect(error.message == "10 commands wait for the server already")
    }
    let large = RedisCommand("SET", Array("k".utf8), [UInt8](repeating: 1, count: 2 << 20))
    #expect(await Fixture.failure(of: client, large)?.kind == .limit)
    #expect(await Fixture.failure(of: client) == nil)
  }

  @Test(arguments: Wire.offered) func `the replies of one batch are bounded together`(_ wire: Wire)
    async throws
  {
    let server = try wire.server()
    let client = try Fixture.client(of: server) { $0.maximumReplyBytes = 1 << 20 }
    try server.command(["SETRANGE", "k", "\((700 << 10) - 1)", "x"])
    let get = RedisCommand("GET", "k")
    #expect(await Fixture.failure(of: client, get) == nil)
    do throws(RedisError) {
      _ = try await client.pipeline([get, get, get], action: "testing")
      Issue.record("accepted")
    } catch {
      #expect(error.kind == .limit)
      #expect(error.message == "a reply is larger than 1 MB")
    }
    #expect(try await Eventually.holds { await Fixture.failure(of: client, get) == nil })
  }

  @Test(arguments: Wire.offered)
  func `blocking commands have connections of their own, and only so many`(_ wire: Wire)
    async throws
  {
    let server = try wire.server()
    let client = try Fixture.client(of: server) { $0.blockingConnections = 2 }
    let pop = RedisCommand("BLPOP", "q", "0")
    let blocked = (0..<2).map { _ in
      Fixture.loop.spawn { () -> String? in
        do throws(RedisError) {
          return try await client.blocking(pop, action: "waiting", timeout: .seconds(60)).array?
            .last?.text
        } catch {
          return error.description
        }
      }
    }
    #expect(try await Eventually.holds { try server.info("blocked_clients", "clients") == "2" })
    // The shared connection is as quick as ever.
    #expect(await Fixture.failure(of: client) == nil)
    do throws(RedisError) {
      _ = try await client.blocking(pop, action: "waiting", timeout: .seconds(60))
      Issue.record("accepted")
    } catch {
      #expect(error.kind == .limit)
    }
    try server.command(["RPUSH", "q", "x", "x"])
    for task in blocked { #expect(await task.value == "x") }
    // A cancelled one does not go on blocking on the server.
    let cancelled = Fixture.loop.spawn {
      _ = try? await client.blocking(pop, action: "waiting", timeout: .seconds(60))
    }
    #expect(try await Eventually.holds { try server.info("blocked_clients", "clients") == "1" })
    cancelled.cancel()
    #expect(try await Eventually.holds { try server.info("blocked_clients", "clients") == "0" })
  }

  @Test(arguments: Wire.offered) func `a closed client refuses, and closing wakes those who wait`(
    _ wire: Wire
  ) async throws {
    let server = try wire.server()
    let client = try Fixture.client(of: server)
    #expect(await Fixture.failure(of: client) == nil)
    server.pause()
    defer { server.resume() }
    let waiting = Fixture.loop.spawn { () -> RedisError? in
      await Fixture.failure(of: client, RedisCommand("GET", "x"), timeout: .seconds(60))
    }
    client.close()
    #expect(await waiting.value?.message == "the client was closed")
    #expect(client.state == .closed)
    #expect(await Fixture.failure(of: client)?.kind == .cancelled)
  }
}
