import TestKit
import Testing

/// Keyspace and filtered searches as an on-call engineer types them, as a viewer.
@Suite(.serialized, .blocking) struct KeyspaceScreenTests {
  private static func filled() throws -> RedisServer {
    let server = try RedisServer(arguments: ["--enable-debug-command", "local"])
    try server.command(["DEBUG", "POPULATE", "30000", "product", "100"])
    try server.command(["DEBUG", "POPULATE", "10000", "session:de", "10"])
    try server.command(["SET", "blob", String(repeating: "x", count: 300_000), "EX", "40"])
    try server.command(["HSET", "cart:1", "f", "v"])
    return server
  }

  @Test func `a viewer estimates, measures, stops and goes on`() throws {
    let home = try TemporaryFolder()
    let server = try Self.filled()
    let session = try Console.open(
      ["--redis", server.url, "--read-only", "--interval", "0.5"], home: home)
    try session.wait(for: "1/1")
    try session.press("m")
    try session.wait(for: "e estimates them from 20,000 keys")
    try session.press("e")
    try session.wait(for: "estimate from a sample")
    try session.wait(for: "product:")
    #expect(try session.screen().contains("±"))
    try session.press("a")
    try session.wait(for: "ETA")
    try session.press("Escape")
    try session.wait(for: "c goes on")
    try session.press("c")
    try session.waitUntil("the whole", within: 40) {
      $0.contains("complete") && $0.contains("40,002 keys")
    }
    try session.press("o")
    try session.wait(for: "blob")
    try session.press("o")
    try session.wait(for: "up to 1 min")
    try session.press("q")
    #expect(try session.waitForEnd() == .code(0))
  }

  @Test func `filters are typed behind the pattern`() throws {
    let home = try TemporaryFolder()
    let (one, two) = (try Self.filled(), try RedisServer())
    try two.command(["HSET", "cart:2", "f", "v"])
    let session = try Console.open(
      ["--redis", one.url, "--redis", two.url, "--read-only", "--interval", "0.5"], home: home)
    try session.wait(for: "2/2")
    try session.press("3", "f", "C-u")
    try session.type("* type:hash")
    try session.press("Enter")
    try session.waitUntil("both hashes", within: 40) {
      $0.contains("complete") && $0.contains("cart:1") && $0.contains("cart:2")
        && $0.contains("found 2")
    }
    try session.press("f", "C-u")
    try session.type("* ttl:<1m size:>100k")
    try session.press("Enter")
    try session.waitUntil("the blob", within: 40) { $0.contains("blob") && $0.contains("found 1") }
    try session.press("q")
    #expect(try session.waitForEnd() == .code(0))
  }
}
