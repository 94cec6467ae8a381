import TestKit
import Testing

/// The console as a server's ACL user, with the rules of docs/security.md.
@Suite(.serialized, .blocking) struct AccessTests {
  private let home: TemporaryFolder
  private let server: RedisServer
  private static let password = "CHANGE-THIS-PASSWORD"

  init() throws {
    home = try TemporaryFolder()
    server = try RedisServer(
      .loopback,
      arguments: [
        "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lfu", "--slowlog-log-slower-than",
        "0", "--latency-monitor-threshold", "1",
      ])
    try server.connect().pipeline([
      ["SET", "product:1", "{\"a\":1}"], ["HSET", "cart:1", "f", "v"], ["RPUSH", "l", "a", "b"],
      ["SADD", "s", "a"], ["ZADD", "z", "1", "a"], ["XADD", "x", "*", "f", "v"],
    ])
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
      .joined(separator: "/")
    let guide = try ChildProcess.run("cat", [root + "/docs/security.md"]).output
    let rules = guide.split(separator: "\n").filter { $0.hasPrefix("ACL SETUSER ") }
    try #require(rules.count > 10)
    for rule in rules {
      #expect(try server.command(rule.split(separator: " ").map(String.init)) == .simple("OK"))
    }
  }

  private func url(of user: String) -> String {
    "redis://\(user)@" + server.url.dropFirst("redis://".count)
  }

  /// Who was refused what: `ACL LOG` has a line for each.
  private func refusals() throws -> [String] {
    try (server.command(["ACL", "LOG"]).array ?? []).map { "\($0)" }
  }

  @Test(arguments: ["cacheconsole-viewer", "cacheconsole-operator"])
  func `every panel works with the rules, and nothing is asked for beyond them`(user: String)
    throws
  {
    let session = try Console.open(
      ["--redis", url(of: user), "--interval", "0.3"]
        + (user.hasSuffix("viewer") ? ["--read-only"] : []),
      home: home, environment: ["CACHECONSOLE_PASSWORD": Self.password])
    try session.wait(for: "1/1")
    for panel in ["2", "3", "4", "5", "6", "7", "8", "9"] {
      try session.press(panel)
      try session.wait(for: "[\(panel)]")
    }
    try session.type(":keys product:*")
    try session.press("Enter")
    try session.wait(for: "found 1")
    try session.press("Enter")
    try session.wait(for: "\"a\"")
    #expect(try server.command(["CLIENT", "LIST"]).text?.contains("user=\(user)") == true)
    #expect(try refusals() == [])
  }

  @Test func `a wrong password is told, and not shown`() throws {
    let result = try Console.run(
      ["--once", "--redis", url(of: "cacheconsole-viewer")], home: home,
      environment: ["CACHECONSOLE_PASSWORD": "wrong-one-42"])
    #expect((result.output + result.error).contains("the user or the password is wrong"))
    #expect(!(result.output + result.error).contains("wrong-one-42"))
  }
}
