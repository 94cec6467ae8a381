import Operations
import TestKit
import Testing

/// Running operations told what to do from the shell, the guard of production, the trail.
@Suite(.serialized, .blocking) struct OperationControlTests {
  private let shop: CommandShop
  private var server: RedisServer { shop.server }

  init() throws {
    shop = try CommandShop()
    try server.connect().pipeline((1...5_000).map { ["SET", "many:\($0)", "v"] })
  }

  /// Five to ten seconds of work.
  private func start(_ pattern: String = "many:*", rate: Int = 500) throws -> String {
    try shop.start(["invalidate", "--pattern", pattern, "--rate", String(rate)])
  }

  @Test func `a detached run is listed, pauses, goes on, aborts`() throws {
    let id = try start()
    #expect(try shop.wait(id, for: "running"))
    let row = try shop.run(["operations"]).output
    #expect(row.contains("\(id)  running ") && row.contains("invalidate many:*"), "\(row)")
    #expect(try shop.run(["operations", "pause", id]).output == "\(id) was told to pause\n")
    #expect(try shop.wait(id, for: "paused"))
    let left = try server.command(["DBSIZE"])
    #expect(Eventually.holds(within: 0.5) { (try? server.command(["DBSIZE"])) != left } == false)
    let resumed = try shop.documents(["operations", "resume", id])
    #expect(resumed.first?["told"]?.string == "run")
    #expect(try shop.wait(id, for: "running"))
    #expect(try shop.run(["operations", "dismiss", id]).error.contains("abort it first"))
    #expect(try shop.run(["operations", "abort", id]).exit == .code(0))
    #expect(try shop.wait(id, for: "aborted"))
    let late = try shop.run(["operations", "pause", id])
    #expect(late.exit == .code(1))
    #expect(late.error.contains("is aborted: there is nothing to tell it"), "\(late)")
    #expect(try shop.run(["operations", "take-over", id]).error.contains("is not taken over"))
    #expect(try shop.run(["operations", "dismiss", id]).error.contains("say why"))
    #expect(try shop.wait(id, for: "aborted"))
    #expect(
      try shop.run(["operations", "dismiss", id, "--reason", "enough is gone"]).exit == .code(0))
    #expect(try shop.state(id) == nil)
    #expect(try shop.exists(["many:1", "session:1", "product:1:de"]) >= 2)
  }

  @Test func `stop ends them all`() throws {
    let ids = try [start("many:*[02468]", rate: 250), start("many:*[13579]", rate: 250)]
    let stopped = try shop.run(["operations", "stop"])
    #expect(stopped.output == "every operation of every console was told to stop\n")
    for id in ids { #expect(try shop.wait(id, for: "aborted")) }
    #expect((try server.command(["EXISTS", "session:1"])) == .integer(1))
  }

  @Test func `an operation that there is not is told nothing`() throws {
    for verb in ["pause", "resume", "abort", "dismiss", "take-over"] {
      let ended = try shop.run(["operations", verb, "20200101T000000-000000"])
      #expect(ended.exit == .code(1), "\(verb): \(ended)")
      #expect(ended.error.contains("20200101T000000-000000"), "\(ended)")
      #expect(try shop.run(["operations", verb, "no/such"]).exit == .code(2))
    }
    #expect(try server.command(["KEYS", "cacheconsole:operation:*"]) == .array([]))
  }

  @Test func `a killed runner's operation is taken over and ends`() throws {
    let id = try start(rate: 1_000)
    #expect(try shop.wait(id, for: "running"))
    let folder = RunFolder(state: shop.home.file("state/cacheconsole"), operation: id)
    let process = try #require(ChildProcess.readText(folder.processFile).flatMap { Int32($0) })
    let alive = try shop.run(["operations", "take-over", id])
    #expect(alive.exit == .code(1) && alive.error.contains("has a runner that is alive"))
    _ = try ChildProcess.run("kill", ["-9", String(process)])
    #expect(try shop.wait(id, for: "orphaned", within: 60))
    let paused = try shop.run(["operations", "pause", id])
    #expect(paused.exit == .code(1) && paused.error.contains("take it over"), "\(paused)")
    let taken = try shop.documents(["operations", "take-over", id])
    #expect(taken.last?["state"]?.string == "done")
    #expect(taken.last?["fence"]?.number == 2)
    #expect(try shop.exists((1...5_000).map { "many:\($0)" }) == 0)
    #expect(try shop.exists(["session:1", "product:1:de"]) == 2)
    #expect(try shop.run(["audit", "--verify"], in: nil).exit == .code(0))
    #expect(try shop.run(["audit"], in: nil).output.contains("taken over"))
  }

  // MARK: Production

  @Test func `production takes a reason, the right name and a terminal or --yes`() throws {
    let before = try shop.digest()
    let words = ["invalidate", "--pattern", "search:*"]
    let reason = ["--reason", "incident 42"]
    for (more, code, text) in [
      ([], 2, "there is no terminal to ask on"),
      (["--yes"], 2, "a reason of at least 3 letters"),
      (["--yes", "--reason", "42"], 2, "a reason of at least 3 letters"),
      (["--yes", "--confirm", "search:*"], 2, "a reason of at least 3 letters"),
      (
        ["--yes"] + reason, 1,
        "--yes alone is not enough here: this plan takes --confirm 'search:*'"
      ),
      (["--yes", "--confirm", "search:"] + reason, 1, "'search:' is not it"),
      (["--confirm", "search:*"] + reason, 2, "--confirm TEXT goes with --yes"),
    ] as [([String], Int32, String)] {
      let ended = try shop.run(words + more, in: "live", input: "y\nsearch:*\ny\n")
      #expect(ended.exit == .code(code), "\(more): \(ended)")
      #expect(ended.error.contains(text), "\(more): \(ended.error)")
    }
    #expect(try shop.digest() == before)
    #expect(TemporaryFolder.list(shop.home.file("state/cacheconsole/operations")) ?? [] == [])
    let ended = try shop.run(words + ["--yes", "--confirm", "search:*"] + reason, in: "live")
    #expect(ended.exit == .code(0), "\(ended)")
    #expect(try shop.exists(["search:g1:1", "search:g1:300"]) == 0)
    #expect(try shop.run(["audit"], in: nil).output.contains("(incident 42)"))
  }

  @Test func `on a terminal it asks for each, and anything else cancels`() throws {
    func ask(_ answers: [(String, String)]) throws -> TerminalSession {
      let session = try Console.open(
        ["invalidate", "--pattern", "search:*", "--env", "live"], home: shop.home)
      for (question, answer) in answers {
        try session.wait(for: question)
        // What was typed ahead of a question is thrown away, so that its cursor is waited for.
        _ = Eventually.holds(within: 0.2) { false }
        try session.type(answer)
        try session.press("Enter")
      }
      return session
    }
    let name = ("Type search:* to go on:", "search:*")
    for answers in [
      [("Why?", "")], [("Why?", "incident 42"), ("Type search:*", "search:")],
      [("Why?", "incident 42"), name, ("y/N", "")],
    ] {
      let session = try ask(answers)
      #expect(try session.waitForEnd() == .code(1))
      try session.wait(for: "cancelled")
    }
    #expect(try shop.exists(["search:g1:1", "search:g1:300"]) == 2)
    let session = try ask([("Why?", "incident 42"), name, ("y/N", "y")])
    #expect(try session.waitForEnd() == .code(0))
    #expect(try shop.exists(["search:g1:1", "search:g1:300"]) == 0)
  }

  // MARK: The trail

  @Test func `a trail that was tampered with is told, with the line`() throws {
    for key in ["product:1:de", "product:2:de", "product:3:de"] {
      #expect(try shop.run(["invalidate", key, "--yes"]).exit == .code(0))
    }
    let path = "state/cacheconsole/audit.jsonl"
    let text = try #require(ChildProcess.readText(shop.home.file(path)))
    #expect(try shop.run(["audit", "--verify"], in: nil).exit == .code(0))
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    var altered = lines
    altered[2].replace("product:2:de", with: "product:9:de")
    var removed = lines
    removed.remove(at: 3)
    for (tampered, line, damage) in [(altered, 3, "altered"), (removed, 4, "removed")] {
      try shop.home.write(path, tampered.joined(separator: "\n"))
      let told = try shop.run(["audit", "--verify"], in: nil)
      #expect(told.exit == .code(1))
      #expect(told.output.contains("broken at line \(line)"), "\(told)")
      let json = try shop.run(["audit", "--verify", "--json"], in: nil)
      let document = try #require(try CommandShop.documents(json.output).first)
      #expect(json.exit == .code(1))
      #expect(document["is_intact"] == .bool(false))
      #expect(document["broken_line"]?.number == Double(line))
      #expect(document["damage"]?.string == damage)
    }
  }
}
