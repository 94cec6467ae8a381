import Documents
import TestKit
import Testing

/// An environment of which only the Sentinels are named, as an on-call engineer meets it.
@Suite(.serialized, .blocking) struct SentinelTests {
  private let home: TemporaryFolder
  private let real: RedisSentinels

  init() throws {
    home = try TemporaryFolder()
    var options = RedisSentinels.Options()
    options.password = "servers-secret"
    options.sentinelPassword = "sentinels-secret"
    real = try RedisSentinels(options)
    // A user who may do no more than the guide says.
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
      .joined(separator: "/")
    let guide = try FileReader.read(root + "/docs/security.md")
    let line = String(decoding: guide?.bytes ?? [], as: UTF8.self)
      .split(whereSeparator: \.isNewline).first { $0.contains("SETUSER cacheconsole-sentinel") }
    let rule: [String] = try #require(line).split(separator: " ").map {
      String($0).replacing("`", with: "").replacing(
        "CHANGE-THIS-PASSWORD", with: "a-user-of-its-own")
    }
    for sentinel in real.sentinels {
      #expect(try sentinel.command(rule) == .simple("OK"), "\(rule)")
    }
    // The third is found, and let in by what is the Sentinels' own.
    let named = real.sentinels.prefix(2)
    try PrivateFolder.make(home.file("config/cacheconsole"))
    try home.write("servers.password", "servers-secret\n")
    try home.write("sentinels.password", "a-user-of-its-own\n")
    try home.write(
      "config/cacheconsole/config.json5",
      """
      { schema: "cacheconsole.config", version: 1, environments: { "carts": {
        class: "development", master: "shop",
        sentinels: [\(named.map { "\"\($0.address)\"" }.joined(separator: ", "))],
        login: { password_file: "\(home.file("servers.password"))" },
        sentinel_login: { user: "cacheconsole-sentinel", password_file: "\(home.file("sentinels.password"))" } } } }
      """)
  }

  /// The same by options, from one Sentinel that lives and one that does not.
  private func words() throws -> [String] {
    [
      "--sentinel", "127.0.0.1:\(try SocketIO.freePort())", "--sentinel",
      "cacheconsole-sentinel@\(real.sentinels[0].address)",
      "--master", "shop", "--password-file", home.file("servers.password"),
      "--sentinel-auth", home.file("sentinels.password"),
    ]
  }

  private func set(_ keys: [String], on node: RedisSentinels.Node) throws {
    try node.connect().pipeline(keys.map { ["SET", $0, "v"] })
    for replica in real.servers where replica.port != node.port && replica.isRunning {
      let isThere = try Eventually.holds(within: 40) { () throws(TestKitError) in
        try replica.command(["EXISTS"] + keys).integer == Int64(keys.count)
      }
      #expect(isThere)
    }
  }

  @Test func `the topology before and after a failover, and what is invalidated after it`() throws {
    let old = real.servers[0]
    try set(["k:1", "k:2", "k:3"], on: old)
    let session = try Console.open(["--env", "carts", "--interval", "1"], home: home)
    try session.press("0")
    try session.waitUntil("all of it", within: 40) { screen in
      screen.contains("sentinel ok") && screen.contains("3 sentinels")
        && screen.contains("● primary")
        && screen.split(separator: "● replica").count == 3
        && screen.split(separator: "● sentinel").count == 4
    }
    try real.failover()
    let began = Deadline.now
    try session.waitUntil("the new primary", within: 60) { $0.contains("new primary") }
    print("sentinel: on the screen \((Deadline.now - began) / 1_000_000) ms after the command")
    let new = try real.primary()
    #expect(new.port != old.port)
    try session.waitUntil("one primary", within: 40) { screen in
      let lines = screen.split(separator: "\n").filter {
        $0.contains("─ ") && $0.contains("primary")
      }
      return lines.count == 1 && lines[0].contains(":\(new.port) ")
    }
    // Operations are with the new one, under the name that both had.
    try session.type(":invalidate k:*")
    try session.press("Enter")
    try session.wait(for: "UNLINK")
    try session.waitUntil("the master's name", within: 40) { $0.contains("shop") }
    try Console.confirm(session)
    let isGone = try Eventually.holds(within: 40) { () throws(TestKitError) in
      try new.command(["EXISTS", "k:1", "k:2", "k:3"]).integer == 0
    }
    #expect(isGone)
    // Without any Sentinel the servers are watched all the same.
    for sentinel in real.sentinels { sentinel.kill9() }
    try session.wait(for: "no Sentinel of 'shop' answers")
    try session.waitUntil("the primary, without Sentinels", within: 40) { screen in
      screen.contains("no Sentinel answers") && screen.contains("primary")
    }
    try session.press("q")
    #expect(try session.waitForEnd() == .code(0))
  }

  @Test func `a primary that is killed while one looks at it`() throws {
    let session = try Console.open(["--env", "carts"], home: home)
    try session.press("0")
    try session.waitUntil("all of it", within: 60) {
      $0.contains("sentinel ok") && $0.split(separator: "● replica").count == 3
    }
    real.servers[0].kill9()
    try session.waitUntil("the new primary", within: 60) { $0.contains("new primary") }
    // The dead one is named, and as no primary.
    try session.waitUntil("the dead one", within: 40) { screen in
      screen.split(separator: "\n").contains {
        $0.contains(":\(real.servers[0].port) ") && $0.contains("✖ replica")
      }
    }
    try session.press("q")
    #expect(try session.waitForEnd() == .code(0))
  }

  @Test func `subcommands reach the primary, and an undo the one after it`() throws {
    let words = try words()
    try set(["k:1", "k:2"], on: real.servers[0])
    let run = { (subcommand: [String]) throws in
      try Console.run(subcommand + ["--env", "carts", "--yes"], home: home, within: 60)
    }
    var ended = try run(["invalidate", "k:1", "k:2"])
    #expect(ended.exit == .code(0) && ended.output.contains("2 changed of 2 expected"), "\(ended)")
    let id = try #require(
      ended.output.split(whereSeparator: \.isWhitespace).first {
        $0.hasPrefix("20") && $0.contains("T") && $0.contains("-")
      }, "\(ended)")
    try real.failover()
    let isSwitched = try Eventually.holds(within: 60) { () throws(TestKitError) in
      try real.primaryPort(by: real.sentinels[0]) != real.servers[0].announcedPort
    }
    #expect(isSwitched)
    ended = try run(["undo", String(id)])
    #expect(ended.exit == .code(0), "\(ended)")
    let new = try real.primary(by: real.sentinels[0])
    #expect(try new.command(["EXISTS", "k:1", "k:2"]).integer == 2)
    ended = try Console.run(["inspect", "k:1"] + words, home: home, within: 60)
    #expect(ended.exit == .code(0) && ended.output.contains("on shop"), "\(ended)")
  }

  @Test func `a run goes on with the new primary while the old one still takes writes`() throws {
    let keys = (0..<1500).map { "k:\($0)" }
    try set(keys, on: real.servers[0])
    let started = try Console.run(
      ["invalidate", "--pattern", "k:*", "--rate", "150", "--detach", "--env", "carts", "--yes"],
      home: home, within: 60)
    #expect(started.exit == .code(0), "\(started)")
    let isUnderWay = try Eventually.holds(within: 40) { () throws(TestKitError) in
      try real.servers[0].command(["DBSIZE"]).integer ?? 0 < 1400
    }
    #expect(isUnderWay)
    // The old primary lives, and takes writes for about ten seconds: they would be lost.
    try real.failover()
    var listed = ""
    let isOver = try Eventually.holds(within: 120) {
      listed = try Console.run(["operations", "--env", "carts"], home: home, within: 60).output
      return listed.contains(" done ") || listed.contains("failed")
    }
    #expect(isOver && listed.contains(" done "), "\(listed)")
    let new = try real.primary()
    #expect(new.port != real.servers[0].port)
    #expect(try new.command(["EXISTS"] + keys).integer == 0)
    let words = listed.split(separator: " ")
    let place = try #require(words.firstIndex(of: "done"))
    let changed = try #require(Int(words[place + 1].filter { $0 != "," }))
    // What the replica had not heard of at the switch is done again: one or two seconds' work.
    #expect((1500...1900).contains(changed), "\(listed)")
  }

  @Test func `--once tells all, and what is wrong is told in words`() throws {
    let all = try Console.run(
      ["--env", "carts", "--once", "--json", "--interval", "0.5"], home: home, within: 60)
    #expect(all.exit == .code(0), "\(all.error)")
    let snapshot = try JSONValue(parsing: all.output)
    let topology = try #require(snapshot["topologies"]?[0])
    #expect(topology["kind"]?.string == "sentinel" && topology["state"]?.string == "ok")
    #expect(topology["shards"]?[0]?["name"]?.string == "shop")
    #expect(
      topology["shards"]?[0]?["members"]?[0]?["address"]?.string == real.servers[0].address)
    #expect(topology["sentinels"]?[2]?["role"]?.string == "sentinel")
    #expect(snapshot["nodes"]?[5] != nil && snapshot["nodes"]?[6] == nil)

    let unknown = try Console.run(
      ["--sentinel", real.sentinels[0].address, "--master", "shp", "--once"], home: home,
      environment: ["CACHECONSOLE_SENTINEL_PASSWORD": "sentinels-secret"], within: 60)
    #expect(unknown.exit == .code(1))
    #expect(
      unknown.error.contains("no Sentinel knows a master 'shp' (there are: shop)"), "\(unknown)")

    // The servers' password is not tried on Sentinels.
    let locked = try Console.run(
      ["inspect", "k", "--sentinel", real.sentinels[0].address, "--master", "shop"], home: home,
      environment: ["CACHECONSOLE_PASSWORD": "servers-secret"], within: 60)
    #expect(locked.exit == .code(1))
    #expect(
      locked.error.contains("no Sentinel of 'shop' answers: \(real.sentinels[0].address): "),
      "\(locked)")
    #expect(!locked.error.contains("servers-secret"))

    // A Sentinel that is taken for a server still leads to all.
    let server = try Console.run(
      ["--redis", real.sentinels[0].address, "--once", "--json", "--interval", "0.5"], home: home,
      environment: ["CACHECONSOLE_PASSWORD": "sentinels-secret"], within: 60)
    #expect(try JSONValue(parsing: server.output)["topologies"]?[0]?["kind"]?.string == "sentinel")
  }
}
