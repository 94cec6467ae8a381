import ConsoleModel
@testable import Operations
import TestKit
import Testing

/// What a plan says: commands as one would type them, and which keys it takes.
@Suite struct PlanTextTests {
  @Test(
    arguments: [
      ([], #""""#), (Array("product:1".utf8), "product:1"), (Array("search:*".utf8), "search:*"),
      (Array("a b".utf8), #""a b""#), (Array(#"a\*"#.utf8), #""a\\*""#),
      (Array(#"a"b'c"#.utf8), #""a\"b'c""#), ([0x61, 0], #""a\x00""#),
      ([0x0A, 0x0D, 0x09], #""\n\r\t""#),
      ([0x07, 0x08, 0x1B], #""\a\b\x1b""#), ([0xFF, 0x7F], #""\xff\x7f""#),
      (Array("é".utf8), #""\xc3\xa9""#),
    ] as [([UInt8], String)]) func `quoting is redis-cli's`(bytes: [UInt8], quoted: String)
  {
    #expect(RedisCLI.quoted(bytes) == quoted)
  }

  @Test(.blocking) func `redis-cli reads back what was quoted`() throws {
    let server = try RedisServer()
    var random = SplitMix64(seed: 5)
    var keys: [[UInt8]] = [[], Array(0...255)]
    for _ in 0..<100 {
      keys.append(
        (0..<Int.random(in: 1...12, using: &random)).map { _ in .random(in: 0...255, using: &random)
        })
    }
    keys = Array(Set(keys))
    let socket = try #require(server.socketPath)
    // One line each on redis-cli's input, as an operator would paste them.
    let folder = try TemporaryFolder()
    let lines = keys.map { "SET \(RedisCLI.quoted($0)) 1\n" }.joined()
    let file = try folder.write("lines", lines)
    let child = try ChildProcess("sh", ["-c", "redis-cli -s '\(socket)' <'\(file)'"])
    _ = child.wait(within: 20)
    let connection = try server.connect()
    for key in keys {
      let reply = try connection.command(bytes: [Array("GET".utf8), key])
      #expect(reply == .bulk([UInt8(ascii: "1")]), "\(key) from \(RedisCLI.quoted(key))")
    }
  }

  @Test func `the commands of every action are told`() {
    func lines(_ request: OperationRequest) -> [String] { OperationCommands.lines(request) }
    #expect(
      lines(PlanFixture.pattern("search:*")) == [
        "SCAN 0 MATCH search:* COUNT 250",
        "SCAN <cursor of the page before> MATCH search:* COUNT 250",
        "UNLINK <the keys of each page, sessions left out>",
      ])
    #expect(lines(PlanFixture.pattern("**", sessions: true)).first == "SCAN 0 COUNT 250")
    #expect(
      lines(PlanFixture.pattern("session:*")).last == "UNLINK <the keys of each page>")
    #expect(
      lines(PlanFixture.pattern("p:*", .shorten(seconds: 30))).last?.hasSuffix("30000 LT") == true)
    #expect(lines(PlanFixture.keys(["a", "b c"])) == [#"UNLINK a "b c""#])
    #expect(
      lines(PlanFixture.keys(["a", "b"], .shorten(seconds: 5)))
        == ["PEXPIRE a 5000 LT", "PEXPIRE b 5000 LT"])
    #expect(lines(PlanFixture.keys(["a"], .adjust(seconds: 7))) == ["PEXPIRE a 7000"])
    #expect(lines(PlanFixture.keys(["a"], .adjust(seconds: nil))) == ["PERSIST a"])
    #expect(
      lines(PlanFixture.keys(["a"], .warm(.command(["x"])))).first?.hasPrefix("SET a ") == true)
    #expect(
      lines(PlanFixture.keys(["a"], .restore(operation: "x"))).first?.hasPrefix("RESTORE a ")
        == true)
    #expect(
      lines(OperationRequest(.slowlogReset, .server, nodes: [])) == ["SLOWLOG RESET"])
    #expect(
      lines(OperationRequest(.clientKill(id: 9), .server, nodes: [])) == ["CLIENT KILL ID 9"])
  }

  @Test func `a million keys do not make a million lines`() {
    let keys = (0..<1_000_000).map { KeyName("product:\($0)") }
    let lines = OperationCommands.lines(OperationRequest(.invalidate, .keys(keys), nodes: []))
    #expect(lines.reduce(0) { $0 + $1.utf8.count } < 300 << 10)
    #expect(lines.last?.hasPrefix("… the same for ") == true)
  }

  /// The filter is a faster `covers`: the same keys, for any pattern and key.
  @Test func `the filter takes what the request covers`() {
    var random = SplitMix64(seed: 11)
    let parts = ["session", ":", "product", "cacheconsole:", "s", "*", "?", "[a-s]", "\\", "1", ""]
    func text() -> String {
      (0..<Int.random(in: 0...4, using: &random)).map { _ in
        parts.randomElement(using: &random) ?? ""
      }
      .joined()
    }
    var taken = 0
    for _ in 0..<20_000 {
      let glob = Bool.random(using: &random) ? "*" + text() : text()
      let key = Array(text().utf8)
      let request = PlanFixture.pattern(glob, sessions: Bool.random(using: &random))
      let filter = KeyFilter(Array(glob.utf8), takesSessions: request.namesSessions)
      let verdict = filter.judge(key)
      #expect((verdict == .matching) == request.covers(key), "\(glob) \(key)")
      if verdict == .matching { taken += 1 }
      if verdict == .sessionLeftOut {
        #expect(DataType(key: key) == .session)
        var naming = request
        naming.includesSessions = true
        #expect(naming.covers(key))
      }
    }
    #expect(taken > 500)
  }

  @Test(
    arguments: [
      ("cmdstat_scan:calls=10,usec=4000,usec_per_call=400", 10, 4000),
      ("cmdstat_scan:calls=-1,usec=x", 0, 0), ("cmdstat_scan", 0, 0), ("", 0, 0),
      ("cmdstat_get:calls=3,usec=3\r\ncmdstat_scan:calls=2,usec=9", 2, 9),
    ] as [(String, UInt64, UInt64)]) func `what SCAN cost is read from the statistics`(
      text: String, calls: UInt64, microseconds: UInt64
    )
  {
    let cost = ScanCost.parse(Array(text.utf8))
    #expect(cost == ScanCost(calls: calls, microseconds: microseconds))
  }

  @Test func `pages are as large as half a millisecond of the server allows`() {
    func keys(_ calls: UInt64, _ microseconds: UInt64, mine: Int = 10) -> Int {
      ScanCost(calls: calls, microseconds: microseconds)
        .pageKeys(
          since: ScanCost(calls: 0, microseconds: 0), calls: mine, keys: 4000, otherwise: 400)
    }
    #expect(keys(10, 4000) == 400)
    #expect(keys(10, 8000) == 200)
    #expect(keys(10, 1_000_000) == 50)
    #expect(keys(10, 1) == 1000)
    // Somebody else scanned, too; nothing is known.
    #expect(keys(11, 4000) == 400)
    #expect(keys(0, 0) == 400)
    #expect(keys(10, 4000, mine: 0) == 400)
  }
}
