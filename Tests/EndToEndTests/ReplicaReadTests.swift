import TestKit
import Testing

/// `--read-from replica` with real replicas: who was read is what the servers counted.
@Suite(.serialized, .blocking) struct ReplicaReadTests {
  /// Calls of these commands that the server counted.
  private static func calls(
    _ names: [String], _ command: ([String]) throws -> RedisReply
  ) throws -> Int {
    let text = try command(["INFO", "commandstats"]).text ?? ""
    return text.split(separator: "\r\n").reduce(0) { sum, line in
      guard let colon = line.firstIndex(of: ":"),
        names.contains(String(line[..<colon].dropFirst("cmdstat_".count)))
      else { return sum }
      let count = line[colon...].drop { $0 != "=" }.dropFirst().prefix(while: \.isNumber)
      return sum + (Int(count) ?? 0)
    }
  }

  private static let reads = [
    "scan", "getrange", "strlen", "type", "pttl", "memory|usage", "memory",
  ]

  private static func pair() throws -> (primary: RedisServer, replica: RedisServer) {
    let primary = try RedisServer(.loopback)
    let replica = try RedisServer(.loopback)
    guard case .loopback(let port) = primary.address else { throw TestKitError("no port") }
    try primary.connect().pipeline((0..<30).map { ["SET", "product:\($0)", "value-\($0)"] })
    try replica.command(["REPLICAOF", "127.0.0.1", "\(port)"])
    let isReady = try Eventually.holds(within: 30) {
      let text = try replica.command(["INFO", "replication"]).text ?? ""
      return text.contains("master_link_status:up") && text.contains("master_sync_in_progress:0")
    }
    #expect(isReady)
    return (primary, replica)
  }

  private static func open(
    _ primary: RedisServer, _ home: TemporaryFolder, _ options: [String]
  ) throws -> TerminalSession {
    let session = try Console.open(
      ["--redis", primary.url, "--interval", "1"] + options, home: home)
    try session.waitUntil("both servers", within: 40) { $0.contains("2/2") }
    return session
  }

  private static func search(_ session: TerminalSession, _ glob: String) throws {
    try session.type(":keys \(glob)")
    try session.press("Enter")
  }

  @Test func `searches and values come from the replica, which the screen says`() throws {
    let home = try TemporaryFolder()
    let (primary, replica) = try Self.pair()
    let session = try Self.open(primary, home, ["--read-from", "replica"])
    try session.press("0")
    // Its lag is known: only then is it fit.
    try session.waitUntil("the replica's lag", within: 40) { $0.contains("replica") }
    let before = try Self.calls(Self.reads, primary.command)
    try Self.search(session, "product:7")
    try session.waitUntil("the search's origin", within: 40) {
      $0.contains("product:7") && $0.contains("from replica") && $0.contains("behind")
    }
    try session.press("Enter")
    try session.waitUntil("the value and its origin", within: 40) {
      $0.contains("value-7") && $0.contains("from replica")
    }
    #expect(try Self.calls(Self.reads, primary.command) == before)
    #expect(try Self.calls(["scan"], replica.command) > 0)
    #expect(try Self.calls(["getrange"], replica.command) > 0)
    // A replica that hangs is read no more: first in place of its answer, then at once.
    replica.pause()
    defer { replica.resume() }
    try session.press("r")
    try session.waitUntil("the primary's answer", within: 40) { screen in
      screen.contains("value-7") && !screen.contains("from replica")
        && (screen.contains("did not answer") || screen.contains("does not answer"))
    }
    try session.press("Escape")
    try session.waitUntil("the list") { $0.contains("complete in") }
    try Self.search(session, "product:8")
    try session.waitUntil("the primary searched", within: 40) { screen in
      screen.contains("product:8") && screen.contains("from primary")
    }
    try session.press("q")
    #expect(try session.waitForEnd() == .code(0))
  }

  @Test func `without the switch the primary is read`() throws {
    let home = try TemporaryFolder()
    let (primary, replica) = try Self.pair()
    let session = try Self.open(primary, home, [])
    try Self.search(session, "product:7")
    try session.waitUntil("found", within: 40) { $0.contains("product:7") }
    try session.press("Enter")
    try session.waitUntil("the value", within: 40) { $0.contains("value-7") }
    #expect(try !session.screen().contains("from "))
    #expect(try Self.calls(["scan", "getrange"], replica.command) == 0)
    #expect(try Self.calls(["getrange"], primary.command) == 1)
  }

  @Test func `the replicas of a cluster are read after READONLY`() throws {
    let home = try TemporaryFolder()
    let cluster = try RedisCluster()
    let owner = try cluster.owner(of: 0)
    var key = ""
    for number in 0..<1000 where key.isEmpty {
      let name = "product:\(number)"
      if case .simple = try owner.command(["SET", name, "value-of-it"]) { key = name }
    }
    let session = try Console.open(
      ["--redis", "127.0.0.1:\(owner.port)", "--interval", "1", "--read-from", "replica"],
      home: home)
    try session.waitUntil("six servers", within: 40) { $0.contains("6/6") }
    try session.press("0")
    try session.waitUntil("the whole cluster", within: 40) { $0.contains("cluster ok") }
    let before = try Self.calls(["scan", "getrange"], owner.command)
    try Self.search(session, key)
    try session.waitUntil("the search's origin", within: 40) {
      $0.contains("found 1") && $0.contains("from replica")
    }
    try session.press("Enter")
    try session.waitUntil("the value from a replica", within: 40) {
      $0.contains("value-of-it") && $0.contains("from replica")
    }
    #expect(try Self.calls(["scan", "getrange"], owner.command) == before)
    try session.press("q")
    #expect(try session.waitForEnd() == .code(0))
  }

  @Test func `a reader endpoint is refused where figures are read, with what to give`() throws {
    let home = try TemporaryFolder()
    let result = try Console.run(
      ["--once", "--redis", "rediss://replica.shop.abc123.euw1.cache.amazonaws.com:6379"],
      home: home)
    #expect(result.exit == .code(2))
    #expect(result.error.contains("master.shop.abc123.euw1.cache.amazonaws.com"))
    #expect(result.error.contains("reader endpoint"))
  }

  @Test
  func `an address for reads is read instead of the primary, by whatever replica answers there`()
    throws
  {
    let home = try TemporaryFolder()
    let (primary, replica) = try Self.pair()
    let session = try Self.open(primary, home, ["--read-from", replica.url])
    let before = try Self.calls(Self.reads, primary.command)
    try Self.search(session, "product:7")
    try session.waitUntil("the origin", within: 40) {
      $0.contains("product:7") && $0.contains("a replica that may lag")
    }
    try session.press("Enter")
    try session.waitUntil("the value", within: 40) { $0.contains("value-7") }
    #expect(try Self.calls(Self.reads, primary.command) == before)
    #expect(try Self.calls(["getrange"], replica.command) == 1)
  }
}
