import TestKit
import Testing

/// `--once` and the command line, without a terminal.
@Suite(.serialized, .blocking) struct OnceTests {
  private let home: TemporaryFolder

  init() throws { home = try TemporaryFolder() }

  @Test func `the snapshot's hit ratio is the one that another client computes`() throws {
    let server = try RedisServer(arguments: [
      "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lfu",
    ])
    let client = try server.connect()
    for number in 0..<200 { try client.command(["SET", "product:\(number):de", "x"]) }
    // Look-ups of a stranger go on while the console reads: 3 hits on 1 miss, in whole rounds.
    let shop = LookupLoop(server)
    let result = try Console.run(
      ["--once", "--json", "--interval", "1", "--redis", server.url], home: home)
    shop.stop()
    #expect(result.exit == .code(0), "\(result.error)")
    let snapshot = try JSONValue(parsing: result.output)
    #expect(snapshot["version"] == .number("1"))
    let ratio = try #require(snapshot["nodes"]?[0]?["hit_ratio"]?.number)
    #expect(abs(ratio - 0.75) < 0.005, "\(ratio)")
    let tier = try #require(snapshot["tiers"]?.array?.first { $0["id"]?.string == "l2" })
    #expect(tier["state"]?.string == "live")
    #expect(tier["hit_ratio"]?.number == ratio)
    #expect((tier["ops_per_second"]?.number ?? 0) > 100)
    #expect(tier["memory_limit_bytes"]?.number == 67_108_864)
  }

  @Test func `without traffic there is no ratio, and the console's own probes are none`() throws {
    let server = try RedisServer()
    let result = try Console.run(
      ["--once", "--json", "--interval", "0.5", "--redis", server.url], home: home)
    let node = try JSONValue(parsing: result.output)["nodes"]?[0]
    #expect(node?["hit_ratio"]?.isNull == true)
    #expect(node?["ops_per_second"]?.number == 0)
  }

  @Test func `every name of the snapshot is documented`() throws {
    let server = try RedisServer()
    try server.command(["SET", "k", "v"])
    let result = try Console.run(
      ["--once", "--json", "--interval", "0.5", "--redis", server.url], home: home)
    let snapshot = try JSONValue(parsing: result.output)
    for name in ["schema", "version", "at", "environment", "class", "tiers", "nodes", "own_cost"] {
      #expect(snapshot[name] != nil, "\(name)")
    }
    let tiers = try #require(snapshot["tiers"]?.array)
    #expect(tiers.map { $0["id"]?.string } == ["l1", "l2", "l3", "l4", "api_gateway"])
    for tier in tiers {
      for name in [
        "id", "state", "age_ms", "hit_ratio", "ops_per_second", "p95_us", "memory_bytes",
        "memory_limit_bytes", "evictions_per_second", "note",
      ] { #expect(tier[name] != nil, "\(name)") }
    }
    let at = try #require(snapshot["at"]?.string)
    #expect(at.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/) != nil, "\(at)")
  }

  @Test func `keys that are no text are given in base64, and slow arguments are masked`() throws {
    let server = try RedisServer(arguments: [
      "--maxmemory-policy", "allkeys-lfu", "--slowlog-log-slower-than", "0",
    ])
    let client = try server.connect()
    let key: [UInt8] = [0x66, 0xFF, 0x00, 0x1B]
    for _ in 0..<50 { try client.command(bytes: [Array("GET".utf8), key]) }
    try client.command(bytes: [Array("SET".utf8), key, Array("v".utf8)])
    try client.command(["SET", "session:4711", "top-secret-token"])
    let result = try Console.run(
      ["--once", "--json", "--interval", "0.5", "--redis", server.url], home: home)
    let snapshot = try JSONValue(parsing: result.output)
    #expect(!result.output.contains("top-secret-token"))
    #expect(!result.output.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    let slow = try #require(snapshot["slow"]?.array)
    #expect(!slow.isEmpty)
    #expect(
      slow.contains {
        $0["arguments"]?.array?.contains { $0["base64"]?.string == "Zv8AGw==" } == true
      })
  }

  struct Failure: Sendable, CustomTestStringConvertible {
    var name: String
    var script: [FakeServer.Step]
    var says: String
    var testDescription: String { name }
  }

  static let failures = [
    Failure(name: "HTTP", script: FakeServer.http, says: "it answered HTTP"),
    Failure(
      name: "drop in the middle of a reply", script: FakeServer.dropMidReply, says: "closed"),
    Failure(name: "a reply of 512 MB", script: FakeServer.hugeReply, says: "larger than"),
    Failure(name: "10,000 deep", script: FakeServer.deepReply, says: "nested deeper than"),
    Failure(name: "an endless array", script: FakeServer.wideReply, says: "elements"),
    Failure(name: "silence", script: FakeServer.silent, says: "does not answer"),
  ]

  @Test(arguments: failures) func `no good server is one clear line and exit code 1`(
    _ failure: Failure
  ) throws {
    let server = try FakeServer(script: failure.script)
    for json in [[], ["--json"]] {
      let result = try Console.run(
        ["--once", "--interval", "0.5", "--redis", server.url] + json, home: home)
      #expect(result.exit == .code(1))
      let said = result.output + result.error
      #expect(said.contains(failure.says), "\(said)")
      #expect(said.contains(server.url.dropFirst("redis://".count)), "\(said)")
      if !json.isEmpty {
        let node = try JSONValue(parsing: result.output)["nodes"]?[0]
        #expect(node?["state"]?.string == "down")
        #expect(node?["error"]?.string?.contains(failure.says) == true)
      }
    }
  }

  @Test func `a closed port, no password and a wrong one are clear lines`() throws {
    let port = try SocketIO.freePort()
    let refused = try Console.run(
      ["--once", "--interval", "0.5", "--redis", "127.0.0.1:\(port)"], home: home)
    #expect(refused.exit == .code(1))
    #expect((refused.output + refused.error).contains("connection refused"))

    let server = try RedisServer(.loopback, password: "s3cret")
    let arguments = ["--once", "--interval", "0.5", "--redis", server.url]
    let missing = try Console.run(arguments, home: home)
    #expect(missing.exit == .code(1))
    #expect((missing.output + missing.error).contains("a password is needed"))
    let wrong = try Console.run(
      arguments, home: home, environment: ["CACHECONSOLE_PASSWORD": "hunter2"])
    #expect(wrong.exit == .code(1))
    #expect((wrong.output + wrong.error).lowercased().contains("wrong"))
    #expect(!(wrong.output + wrong.error).contains("hunter2"))
    let right = try Console.run(
      arguments, home: home, environment: ["CACHECONSOLE_PASSWORD": "s3cret"])
    #expect(right.exit == .code(0))
    #expect(!(right.output + right.error).contains("s3cret"))
  }

  @Test(arguments: [
    (["--redsi", "localhost"], "--redis"), (["--onec"], "--once"), (["--jsn"], "--json"),
    (["--interval", "fast"], "--interval"), (["--env", "nowhere", "--once"], "nowhere"),
    (["--redis", "redis://user:p4ss@host", "--once"], "password"),
  ])
  func `a wrong option ends with 2 and says what was meant`(words: [String], hint: String)
    throws
  {
    let result = try Console.run(words, home: home)
    #expect(result.exit == .code(2))
    #expect(!result.error.contains("p4ss"))
    #expect(result.error.contains(hint))
    #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
    #expect(result.output.isEmpty)
  }

  @Test func `the plain screen is text, and says what it shows`() throws {
    let server = try RedisServer()
    let result = try Console.run(
      ["--once", "--interval", "0.5", "--redis", server.url], home: home)
    #expect(result.exit == .code(0))
    #expect(result.output.contains("L2 redis"))
    #expect(!result.output.contains("\u{1B}"))
  }
}

/// A client that looks up three keys that exist and one that does not, again and again.
private final class LookupLoop: Sendable {
  private let flag = Flag()

  init(_ server: RedisServer) {
    let flag = flag
    BackgroundThread.start {
      guard let client = try? server.connect() else { return }
      let round = (0..<40).map { ["GET", $0 % 4 == 3 ? "missing" : "product:\($0):de"] }
      while !flag.isSet {
        guard (try? client.pipeline(round)) != nil else { return }
        _ = Eventually.holds(within: 0.005) { false }
      }
    }
  }

  func stop() { flag.set() }
}
