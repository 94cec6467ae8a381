import TestKit
import Testing

/// Operations from the shell, each looked at on the server.
@Suite(.serialized, .blocking) struct OperationCommandTests {
  private let shop: CommandShop
  private var server: RedisServer { shop.server }

  init() throws { shop = try CommandShop() }

  @Test func `keys, lists, patterns: what is meant goes, everything else stays`() throws {
    var ended = try shop.run(["invalidate", "product:1:de", "product:2:de", "--yes"])
    #expect(ended.exit == .code(0), "\(ended)")
    #expect(ended.output.contains("state       done"))
    #expect(ended.output.contains("2 changed of 2 expected"))
    #expect(ended.output.contains("nothing born before"))
    #expect(try shop.exists(["product:1:de", "product:2:de"]) == 0)
    // A list from a file, with an escape, a key twice and a blank line; then one from a pipe.
    try shop.home.write("list", "product:3:de\r\n\nproduct\\x3a4:de\nproduct:3:de\n")
    ended = try shop.run(["invalidate", "--keys-from", shop.home.file("list"), "--yes"])
    #expect(ended.output.contains("2 changed of 2 expected"), "\(ended)")
    ended = try shop.run(
      ["invalidate", "--keys-from", "-", "--yes"], input: "product:5:de\nproduct:6:de")
    #expect(ended.output.contains("2 changed of 2 expected"), "\(ended)")
    #expect(try shop.exists((3...6).map { "product:\($0):de" }) == 0)
    // Sessions match, too, and stay.
    ended = try shop.run(["invalidate", "--pattern", "se*", "--yes"])
    #expect(ended.output.contains("300 changed of 300 expected"), "\(ended)")
    #expect(try shop.exists((1...300).map { "search:g1:\($0)" }) == 0)
    #expect(try shop.exists((1...5).map { "session:\($0)" }) == 5)
    #expect(try shop.exists((7...40).map { "product:\($0):de" }) == 34)
    ended = try shop.run(["invalidate", "--pattern", "session:1", "--yes"])
    #expect(ended.exit == .code(0), "\(ended)")
    #expect(try shop.exists(["session:1"]) == 0)
    let audit = try shop.run(["audit", "--verify"], in: nil)
    #expect(audit.exit == .code(0))
    #expect(audit.output.contains("10 entries, all intact"), "\(audit)")
  }

  @Test func `soft invalidation lets keys live a while, and never longer than before`() throws {
    try server.command(["EXPIRE", "product:2:de", "80"])
    let ended = try shop.run([
      "invalidate", "product:1:de", "product:2:de", "--soft", "1000", "--yes",
    ])
    #expect(ended.exit == .code(0), "\(ended)")
    let lives = try ["product:1:de", "product:2:de", "product:3:de"].map {
      try server.command(["TTL", $0]).integer ?? -9
    }
    // Bounds that a slow machine keeps, too: what was shorter is still far from what was asked for.
    #expect((900...1000).contains(lives[0]))
    #expect((0...80).contains(lives[1]))
    #expect(lives[2] == -1)
  }

  @Test func `ttl sets and takes away a life`() throws {
    var ended = try shop.run(["ttl", "product:1:de", "--seconds", "500", "--yes"])
    #expect(ended.exit == .code(0), "\(ended)")
    #expect(try (490...500).contains(server.command(["TTL", "product:1:de"]).integer ?? 0))
    ended = try shop.run(["ttl", "product:1:de", "--persist", "--yes"])
    #expect(ended.exit == .code(0), "\(ended)")
    #expect(try server.command(["TTL", "product:1:de"]) == .integer(-1))
  }

  @Test func `undo puts back what nobody has written since, with its life`() throws {
    try server.command(["EXPIRE", "product:2:de", "700"])
    let documents = try shop.documents([
      "invalidate", "product:1:de", "product:2:de", "product:3:de", "session:1", "--yes",
    ])
    let id = try #require(documents.last?["id"]?.string)
    #expect(documents.last?["copies"]?.number == 3)
    try server.command(["SET", "product:3:de", "newer"])
    let ended = try shop.run(["undo", id, "--yes"])
    #expect(ended.exit == .code(0), "\(ended)")
    #expect(ended.output.contains("2 changed"))
    #expect(
      try server.command(["MGET", "product:1:de", "product:2:de", "product:3:de", "session:1"])
        == .array([
          .bulk(Array("v1".utf8)), .bulk(Array("v2".utf8)), .bulk(Array("newer".utf8)), .null,
        ]))
    #expect(try server.command(["TTL", "product:1:de"]) == .integer(-1))
    #expect(try (600...700).contains(server.command(["TTL", "product:2:de"]).integer ?? 0))
    // Once more: everything is there already, and stays as it is.
    try server.command(["SET", "product:1:de", "newest"])
    let again = try shop.run(["undo", id, "--yes"])
    #expect(again.error.contains("nothing to do"))
    #expect(try server.command(["GET", "product:1:de"]).text == "newest")
    let unknown = try shop.run(["undo", "20200101T000000-000000", "--yes"])
    #expect(unknown.exit == .code(1))
    #expect(unknown.error.contains("no copies of it are kept on this machine"), "\(unknown)")
  }

  @Test func `undo of new lives gives the old ones back, in its own environment`() throws {
    try server.command(["EXPIRE", "product:2:de", "7000"])
    let keys = ["product:1:de", "product:2:de", "product:3:de"]
    let id = try #require(
      shop.documents(["ttl"] + keys + ["--seconds", "500", "--yes"]).last?["id"]?.string)
    // Another value with the same life.
    try server.command(["SET", "product:3:de", "newer", "KEEPTTL"])
    let elsewhere = try shop.run(["undo", id, "--dry-run"], in: "live")
    #expect(elsewhere.exit == .code(1), "\(elsewhere)")
    #expect(elsewhere.error.contains("are of environment 'dev': undo it there"), "\(elsewhere)")
    let plan = try shop.run(["undo", id, "--dry-run", "--json"])
    #expect(plan.exit == .code(0), "\(plan)")
    #expect(plan.output.contains("\"restores_lives\":true"), "\(plan)")
    #expect(plan.output.contains("get their old lives back"), "\(plan)")
    let ended = try shop.run(["undo", id, "--yes"])
    #expect(ended.exit == .code(0), "\(ended)")
    let lives = try keys.map { try server.command(["TTL", $0]).integer ?? -9 }
    #expect(lives[0] == -1)
    #expect((6000...7000).contains(lives[1]))
    #expect((0...500).contains(lives[2]))
    #expect(try server.command(["GET", "product:3:de"]).text == "newer")
  }

  @Test func `a dry run changes nothing and prints what would be sent`() throws {
    let before = try shop.digest()
    let client = try server.connect()
    let id = String(try client.command(["CLIENT", "ID"]).integer ?? 0)
    for (words, command) in [
      (["invalidate", "product:1:de"], "UNLINK product:1:de"),
      (["invalidate", "--pattern", "search:*"], "UNLINK"),
      (["invalidate", "product:1:de", "--soft", "60"], "PEXPIRE"),
      (["ttl", "product:1:de", "--seconds", "60"], "PEXPIRE"),
      (["slowlog-reset"], "SLOWLOG RESET"), (["client-kill", id], "CLIENT KILL ID \(id)"),
    ] {
      let text = try shop.run(words + ["--dry-run"])
      #expect(text.exit == .code(0), "\(words): \(text)")
      #expect(text.output.contains("will be sent:") && text.output.contains(command), "\(text)")
      let documents = try shop.documents(words + ["--dry-run"])
      #expect(documents.count == 1)
      #expect(documents.first?["schema"]?.string == "cacheconsole.plan")
      let commands = documents.first?["preview"]?["commands"]?.array?.compactMap(\.string) ?? []
      #expect(commands.contains { $0.contains(command) }, "\(commands)")
    }
    #expect(try shop.digest() == before)
    #expect(try client.command(["PING"]) == .simple("PONG"))
    #expect(TemporaryFolder.list(shop.home.file("state/cacheconsole/operations")) ?? [] == [])
  }

  @Test func `every document begins with its schema`() throws {
    func schemas(_ words: [String]) throws -> [String] {
      try shop.documents(words).compactMap { $0["schema"]?.string }
    }
    #expect(try schemas(["invalidate", "product:1:de", "--yes"]) == ["cacheconsole.operation"])
    #expect(try schemas(["invalidate", "nothing:here", "--yes"]) == ["cacheconsole.plan"])
    #expect(try schemas(["operations"]) == ["cacheconsole.operation"])
    #expect(try schemas(["operations", "stop"]) == ["cacheconsole.operation.control"])
    #expect(try schemas(["inspect", "product:2:de"]) == ["cacheconsole.key"])
    #expect(
      try schemas(["invalidate", "product:2:de", "--yes", "--detach"])
        == ["cacheconsole.operation.started"])
    #expect(
      try Set(CommandShop.documents(shop.run(["audit", "--json"], in: nil).output).map(\.names))
        .count >= 1)
    #expect(
      try CommandShop.documents(shop.run(["audit", "--verify", "--json"], in: nil).output)
        .compactMap { $0["schema"]?.string } == ["cacheconsole.audit.verification"])
    #expect(try schemas(["hot", "--output", shop.home.file("hot")]) == ["cacheconsole.recording"])
  }

  @Test func `hot keys are recorded, and loaded where they are gone`() throws {
    let recorded = try shop.documents(["hot", "--output", shop.home.file("hot")])
    let count = try #require(recorded.first?["recorded"]?.number)
    #expect(count > 0)
    let again = try shop.run(["hot", "--output", shop.home.file("hot")])
    #expect(again.exit == .code(1), "a file that is there is kept: \(again)")
    let before = try server.command(["DBSIZE"]).integer ?? 0
    try server.command(["FLUSHALL"])
    let warmed = try shop.run(["warm", "--from", shop.home.file("hot"), "--yes"])
    #expect(warmed.exit == .code(0), "\(warmed)")
    #expect(warmed.output.contains("\(Int(count)) changed"), "\(warmed)")
    #expect(before > 0)
    #expect(try server.command(["GET", "session:1"]) == .null)
  }

  @Test func `a program's records are loaded, what is there stays`() throws {
    try server.command(["DEL", "product:1:de"])
    let words = "printf 'product:1:de\\t60\\tloaded\\nproduct:2:de\\t60\\tloaded\\n'"
    let ended = try shop.run(["warm", "--command", words, "--yes"])
    #expect(ended.exit == .code(0), "\(ended)")
    #expect(
      try server.command(["MGET", "product:1:de", "product:2:de"])
        == .array([.bulk(Array("loaded".utf8)), .bulk(Array("v2".utf8))]))
    #expect(try (50...60).contains(server.command(["TTL", "product:1:de"]).integer ?? 0))
  }
}
