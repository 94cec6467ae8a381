import EventLoop
import Redis
import TestKit
import Testing

/// What a read-only client lets through, seen from the wire.
@Suite(.blocking) struct GateTests {
  static let refused: [RedisCommand] = [
    RedisCommand("SET", "a", "1"), RedisCommand("DEL", "a"), RedisCommand("FLUSHALL"),
    RedisCommand("KEYS", "*"), RedisCommand("EVAL_RO", "return 1", "0"),
    RedisCommand("EVAL", "return 1", "0"), RedisCommand("FCALL_RO", "f", "0"),
    RedisCommand("SORT_RO", "a"), RedisCommand("TOUCH", "a"), RedisCommand("MONITOR"),
    RedisCommand("SLOWLOG", "RESET"), RedisCommand("slowlog", "reset"), RedisCommand("SLOWLOG"),
    RedisCommand("CONFIG", "SET", "maxmemory", "1"), RedisCommand("CONFIG", "RESETSTAT"),
    RedisCommand("CONFIG", "GET", "*"), RedisCommand("CONFIG", "GET", "requirepass"),
    RedisCommand("CONFIG", "GET", "maxmemory", "masterauth"), RedisCommand("CONFIG", "GET"),
    RedisCommand("LATENCY", "RESET"), RedisCommand("MEMORY", "PURGE"),
    RedisCommand("CLIENT", "KILL", "ID", "1"), RedisCommand("CLIENT", "PAUSE", "1"),
    RedisCommand("DEBUG", "SLEEP", "0"), RedisCommand("SHUTDOWN"), RedisCommand("GETDEL", "a"),
    RedisCommand("GETEX", "a"), RedisCommand("SUBSCRIBE", "a"), RedisCommand("MULTI"),
    RedisCommand("HELLO", "3"), RedisCommand("XREAD", "BLOCK", "0", "STREAMS", "a", "$"),
    RedisCommand("XGROUP", "CREATE", "a", "g", "$"), RedisCommand("ACL", "SETUSER", "x"),
    RedisCommand("SCRIPT", "FLUSH"), RedisCommand(""), RedisCommand("GET\r\nSET", "a"),
    RedisCommand("REPLICAOF", "NO", "ONE"), RedisCommand("MODULE", "LOAD", "x"),
  ]

  @Test func `nothing off the list reaches the server, alone or in a batch`() async throws {
    let server = try RedisServer()
    let proxy = try RecordingProxy(to: server.address)
    let client = try Fixture.client(proxy.url) { $0.gate = .readOnly }
    for command in Self.refused {
      let error = await Fixture.failure(of: client, command)
      #expect(error?.kind == .denied, "\(command.statName)")
      #expect(error?.message.contains("was not sent") == true)
      await #expect(throws: RedisError.self) {
        try await client.pipeline([RedisCommand("PING"), command, command], action: "testing")
      }
      await #expect(throws: RedisError.self) {
        try await client.blocking(command, action: "testing", timeout: .seconds(5))
      }
    }
    #expect(proxy.bytes.isEmpty)
    _ = try await client.send(RedisCommand("PING"), action: "testing")
    let names = Set(proxy.commands.compactMap(\.first))
    #expect(names == ["CLIENT", "COMMAND", "PING"])
  }

  @Test func `a command that passed opens the gate for none but its own kind`() async throws {
    let server = try RedisServer()
    let proxy = try RecordingProxy(to: server.address)
    let probe = Probe(endpoint: try RedisURL(parsing: proxy.url).endpoint, loop: Fixture.loop)
    for _ in 0..<3 {
      _ = try? await probe.objectFrequencies([ProbeTests.bytes("a")])
      _ = try await probe.send(RedisCommand("SLOWLOG", "LEN"), action: "testing")
      _ = try await probe.send(RedisCommand("PING"), action: "testing")
      for refused in Self.refused + [RedisCommand("object|freq", "a"), RedisCommand("slowlog|len")]
      {
        await #expect(throws: RedisError.self, "\(refused.statName)") {
          try await probe.send(refused, action: "testing")
        }
        await #expect(throws: RedisError.self, "\(refused.statName)") {
          try await probe.pipeline([refused, refused], action: "testing")
        }
      }
    }
    let sent = Set(proxy.commands.map { $0.prefix(2).joined(separator: " ") })
    #expect(
      sent == ["CLIENT SETNAME", "COMMAND INFO", "OBJECT FREQ", "SLOWLOG LEN", "PING"])
  }

  @Test func `reads of keys pass, because the server flags them readonly`() async throws {
    let server = try RedisServer()
    try server.command(["SET", "a", "1"])
    let client = try Fixture.client(server.url) { $0.gate = .readOnly }
    for command in [
      RedisCommand("GET", "a"), RedisCommand("TYPE", "a"), RedisCommand("OBJECT", "ENCODING", "a"),
      RedisCommand("MEMORY", "USAGE", "a"), RedisCommand("SCAN", "0"), RedisCommand("DBSIZE"),
      RedisCommand("PTTL", "a"), RedisCommand("XINFO", "STREAM", "none"),
      RedisCommand("CONFIG", "GET", "maxmemory"), RedisCommand("INFO", "everything"),
      RedisCommand("LATENCY", "HISTOGRAM"), RedisCommand("SLOWLOG", "GET", "1"),
    ] {
      let error = await Fixture.failure(of: client, command)
      #expect(error?.kind != .denied, "\(command.statName): \(error as Any)")
    }
  }

  @Test func `without the server's flags no key is read, but INFO is`() async throws {
    let server = try RedisServer()
    try server.command(["ACL", "SETUSER", "eva", "on", ">pw", "~*", "+@all", "-command"])
    var url = try RedisURL(parsing: server.url)
    url.endpoint.user = "eva"
    let probe = Probe(
      endpoint: url.endpoint, access: RedisAccess(password: Secret("pw")), loop: Fixture.loop)
    #expect(try await probe.infoEverything().bytes.isEmpty == false)
    do throws(RedisError) {
      _ = try await probe.describe([Array("a".utf8)])
      Issue.record("read")
    } catch {
      #expect(error.kind == .denied)
      #expect(error.nextStep.contains("command|info"))
    }
  }

  @Test func `a mutator changes what it is for, and leaves no connection behind`() async throws {
    let server = try RedisServer(arguments: ["--slowlog-log-slower-than", "0"])
    try server.command(["SET", "a", "1"])
    let url = try RedisURL(parsing: server.url)
    func clients() throws(TestKitError) -> Int {
      try server.info("connected_clients", "clients").flatMap { Int($0) } ?? .max
    }
    let before = try clients()
    try await Mutator(endpoint: url.endpoint, loop: Fixture.loop).slowlogReset()
    // Left are the reset itself and what came after it.
    let log = try server.command(["SLOWLOG", "LEN"])
    #expect(log.integer.map { $0 < 5 } == true)
    // The server may still have counted the connection of our own SET.
    #expect(try await Eventually.holds { try clients() <= before })
  }
}
