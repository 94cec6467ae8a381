import TestKit
import Testing

/// The demo has a loader of its own: what was invalidated on the screen comes back with `w`.
@Suite(.serialized, .blocking) struct DemoWarmTests {
  private let home: TemporaryFolder
  private let temporary: TemporaryFolder

  init() throws {
    home = try TemporaryFolder()
    temporary = try TemporaryFolder()
  }

  private func connect() throws -> RedisConnection {
    let found = Eventually.value(within: 40) { () -> String? in
      (TemporaryFolder.list(temporary.path) ?? []).map { temporary.file("\($0)/redis.sock") }
        .first { (try? RedisConnection(.unix(path: $0)).command(["PING"])) != nil }
    }
    let path = try #require(found)
    return try RedisConnection(.unix(path: path))
  }

  /// A product that hardly anybody asks for: visitors would bring another one back themselves.
  private func coldProduct(_ connection: RedisConnection) throws -> String {
    let reply = try connection.command(["SCAN", "0", "MATCH", "product:*", "COUNT", "100000"])
    let keys = (reply.array?.last?.array ?? []).compactMap(\.text)
    let uses = try connection.pipeline(keys.map { ["OBJECT", "FREQ", $0] })
    let coldest = zip(keys, uses).filter { $0.1.integer != nil }.min {
      ($0.1.integer ?? 0, $0.0) < ($1.1.integer ?? 0, $1.0)
    }
    return try #require(coldest?.0)
  }

  @Test func `a product that was invalidated is loaded again by the demo's loader`() throws {
    let session = try Console.open(
      ["--demo", "--interval", "1"], home: home,
      environment: ["TMPDIR": temporary.path, "CACHECONSOLE_DEMO_RATE": "20"])
    try session.wait(for: "1/1")
    let connection = try connect()
    // Stocked: no more keys come.
    var size: Int64 = 0
    #expect(
      try Eventually.holds(within: 60) { () throws(TestKitError) -> Bool in
        let last = size
        size = try connection.command(["DBSIZE"]).integer ?? 0
        _ = Eventually.holds(within: 0.3) { false }
        return size > 500 && size == last
      })
    let key = try coldProduct(connection)
    let value = try #require(try connection.command(["GET", key]).text)
    try session.type(":keys \(key)")
    try session.press("Enter")
    try session.wait(for: "found 1")
    try session.press("v")
    try session.wait(for: "UNLINK")
    try session.wait(for: "[Esc Cancel]")
    try Console.confirm(session)
    try session.wait(for: "nothing born before")
    // Gone, unless a customer of the demo has just asked for it again.
    try session.waitUntil("the verdict") {
      $0.contains("looked at 1 again: 1 gone") || $0.contains("looked at 1 again: 1 reborn")
    }
    try session.press("w")
    try session.wait(for: "SET \(key)")
    try session.wait(for: "[Esc Cancel]")
    try Console.confirm(session)
    try session.wait(for: "looked at 1 again: 1 there")
    #expect(try connection.command(["GET", key]).text == value)
    let life = try connection.command(["TTL", key]).integer ?? 0
    #expect(life > 200 && life <= 300)
    try session.press("8")
    try session.wait(for: "warm \(key)")
  }
}
