import Documents
import TestKit
import Testing

/// The console on a cluster as the users of docs/security.md, with no more than its rules.
@Suite(.blocking) struct ClusterAccessTests {
  private let home: TemporaryFolder
  private let cluster: RedisCluster
  private static let password = "CHANGE-THIS-PASSWORD"
  private static let keys = (0..<60).map { "search:\($0)" }

  init() throws {
    home = try TemporaryFolder()
    cluster = try RedisCluster()
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
      .joined(separator: "/")
    let guide = String(
      decoding: try FileReader.read(root + "/docs/security.md")?.bytes ?? [], as: UTF8.self)
    var rules = guide.split(separator: "\n").filter { $0.hasPrefix("ACL SETUSER ") }
      .map { $0.split(separator: " ").map(String.init) }
    try #require(rules.count > 10)
    // "On a Redis Cluster the operator also needs …"
    try #require(guide.contains("On a Redis Cluster the operator also needs `+eval`"))
    rules.append(["ACL", "SETUSER", "cacheconsole-operator", "+eval"])
    for node in cluster.nodes {
      for rule in rules { #expect(try node.command(rule) == .simple("OK")) }
    }
    try home.write("password", Self.password + "\n")
    try PrivateFolder.make(home.file("config/cacheconsole"))
    let environments = ["viewer", "operator"].map { user in
      """
      "\(user)": { class: "development", servers: [ { name: "cache",
        url: "redis://cacheconsole-\(user)@\(cluster[0].address)", password_file: "\(home.file("password"))" } ] }
      """
    }
    try home.write(
      "config/cacheconsole/config.json5",
      """
      { schema: "cacheconsole.config", version: 1,
        environments: { \(environments.joined(separator: ", ")) } }
      """)
    for key in Self.keys { try set(key) }
  }

  private func set(_ key: String) throws {
    for node in cluster.nodes where try node.command(["SET", key, "v"]) == .simple("OK") { return }
    Issue.record("no node takes \(key)")
  }

  private func present() throws -> Int {
    try cluster.nodes.reduce(0) { sum, node in
      guard try node.info("role") == "master" else { return sum }
      return sum + (try node.run(["KEYS", "search:*"]).array?.count ?? 0)
    }
  }

  /// Who was refused what: `ACL LOG` has a line for each.
  private func refusals() throws -> [String] {
    try cluster.nodes.flatMap { try ($0.command(["ACL", "LOG"]).array ?? []).map { "\($0)" } }
  }

  @Test func `an operator invalidates and undoes with the rules, and asks for nothing beyond them`()
    throws
  {
    let environment = ["--env", "operator"]
    var ended = try Console.run(
      ["invalidate", "--pattern", "search:*", "--yes"] + environment, home: home, within: 120)
    #expect(ended.exit == .code(0), "\(ended)")
    #expect(try present() == 0)
    let id = try #require(
      ended.output.split(whereSeparator: \.isWhitespace).first {
        $0.hasPrefix("20") && $0.contains("T") && $0.contains("-")
      }, "\(ended)")
    ended = try Console.run(["undo", String(id), "--yes"] + environment, home: home, within: 120)
    #expect(ended.exit == .code(0), "\(ended)")
    #expect(try present() == Self.keys.count)
    ended = try Console.run(["keyspace", "--json"] + environment, home: home, within: 120)
    #expect(ended.exit == .code(0), "\(ended)")
    #expect(try refusals() == [])
  }

  @Test func `a viewer sees the cluster and measures it, and the servers refuse a change`() throws {
    let environment = ["--env", "viewer", "--read-only"]
    var ended = try Console.run(
      ["--once", "--json"] + environment, home: home, within: 120)
    #expect(ended.exit == .code(0), "\(ended)")
    ended = try Console.run(["keyspace"] + environment, home: home, within: 120)
    #expect(ended.exit == .code(0) && ended.output.contains("search:"), "\(ended)")
    #expect(try refusals() == [])
    let client = try cluster[0].connect()
    #expect(
      try client.command(["AUTH", "cacheconsole-viewer", Self.password]) == .simple("OK"))
    #expect(try client.command(["DEL", "search:1"]).errorText?.hasPrefix("NOPERM") == true)
  }
}
