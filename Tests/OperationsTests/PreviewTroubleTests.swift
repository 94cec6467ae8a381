import ConsoleModel
import EventLoop
import Operations
import Redis
import TestKit
import Testing

/// Servers that break off, talk nonsense or take their time.
@Suite(.blocking) struct PreviewTroubleTests {
  @Test(arguments: [
    FakeServer.http, FakeServer.dropMidReply, FakeServer.wideReply, FakeServer.deepReply,
  ]) func `what is no Redis fails in words`(script: [FakeServer.Step]) async throws {
    let server = try FakeServer(script: script)
    let planner = try PlanFixture.planner([server.url])
    for request in [PlanFixture.pattern("*"), PlanFixture.keys(["a"])] {
      let fault = await PlanFixture.fault(planner, request)
      #expect(fault != nil)
      #expect(fault?.endpoint.contains("127.0.0.1") == true)
      #expect(fault?.message.isEmpty == false)
    }
  }

  /// A server whose INFO, DBSIZE and SCAN answer as given, whatever a real one would say.
  private static func script(_ replies: [String]) -> [FakeServer.Step] {
    let flags = FakeReply.commandInfo(
      FlaggedCommands.names,
      flags: [
        "scan": ["readonly"], "dbsize": ["readonly"], "exists": ["readonly"], "type": ["readonly"],
      ])
    // The handshake: CLIENT SETNAME and COMMAND INFO in one write.
    let handshake = Array("+OK\r\n".utf8) + flags
    // Asked first whether it is a cluster's node.
    let answers =
      [handshake, Array(bulk("cluster_enabled:0\r\n").utf8)] + replies.map { Array($0.utf8) }
    return answers.flatMap { [FakeServer.Step.awaitRequest, .send($0)] } + [.hang]
  }

  private static func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }

  private static let primary = bulk("run_id:0af\r\nrole:master\r\nmaxmemory_policy:noeviction\r\n")
  private static let cost = bulk("cmdstat_scan:calls=99999999999999999999,usec=nan\r\n")

  @Test(
    arguments: [
      ([bulk("")], "run_id"), ([bulk("\u{0}:\n::\r\nrun_id:\r\n")], "run_id"), ([":5\r\n"], "form"),
      ([bulk("run_id:x\r\nrole:slave\r\nmaster_host:\u{1B}[2J\r\n")], "replica"),
      (["-NOPERM no\r\n"], "NOPERM"), ([primary, ":-1\r\n"], "form"),
      ([primary, "+many\r\n"], "form"),
      ([primary, ":7\r\n", cost, "+OK\r\n"], "form"),
      ([primary, ":7\r\n", cost, "*0\r\n"], "form"),
      ([primary, ":7\r\n", cost, "*2\r\n$1\r\nx\r\n*0\r\n"], "form"),
      ([primary, ":7\r\n", cost, "*2\r\n$2\r\n-1\r\n*0\r\n"], "form"),
      ([primary, ":9223372036854775807\r\n", cost, "-ERR invalid cursor\r\n"], "invalid cursor"),
      ([primary, ":7\r\n", cost, "*2\r\n$1\r\n0\r\n*1\r\n$-1\r\n", "-LOADING no\r\n"], "loading"),
    ] as [([String], String)]) func `answers that no server gives fail in words`(
      replies: [String], words: String
    ) async throws
  {
    let server = try FakeServer(script: Self.script(replies))
    let planner = try PlanFixture.planner([server.url], timeout: .seconds(30))
    let fault = await PlanFixture.fault(planner, PlanFixture.pattern("*"))
    #expect(fault?.line.contains(words) == true, "\(fault?.line ?? "planned")")
    #expect(fault?.line.utf8.allSatisfy { $0 >= 0x20 } == true)
  }

  @Test func `a list's answers that no server gives fail in words`() async throws {
    for reply in ["+OK\r\n:1\r\n", ":-1\r\n:1\r\n", "*0\r\n*0\r\n"] {
      let server = try FakeServer(script: Self.script([Self.primary, ":7\r\n", reply]))
      let planner = try PlanFixture.planner([server.url], timeout: .seconds(5))
      let fault = await PlanFixture.fault(planner, PlanFixture.keys(["a", "b"]))
      #expect(fault?.message.contains("unexpected form") == true, "\(fault?.line ?? "planned")")
    }
  }

  @Test func `a server that falls silent ends at the deadline`() async throws {
    let server = try FakeServer(script: FakeServer.silent)
    let planner = try PlanFixture.planner([server.url], timeout: .milliseconds(200))
    let fault = await PlanFixture.fault(planner, PlanFixture.pattern("*"))
    #expect(fault?.kind == .timeout)
  }

  @Test func `one server that is gone fails the plan: half a radius is none`() async throws {
    let server = try PlanFixture.server()
    try PlanFixture.populate(server, "product", 1000)
    let planner = try PlanFixture.planner([server.url, "unix:///nonexistent/redis.sock"])
    let fault = await PlanFixture.fault(planner, PlanFixture.pattern("*", nodes: 2))
    #expect(fault?.kind == .unreachable)
    #expect(fault?.endpoint == "/nonexistent/redis.sock")
  }

  @Test func `a server that dies while it is counted fails the plan`() async throws {
    let server = try PlanFixture.server()
    try PlanFixture.populate(server, "product", 100_000)
    let planner = try PlanFixture.planner([server.url]) { options in
      options.sampleKeys = 2000
      options.keysPerSecond = 20_000
    }
    let updates = PlanFixture.Updates()
    let running = PlanFixture.loop.spawn {
      await Self.fault(planner, PlanFixture.pattern("product:*"), updates)
    }
    #expect(
      try await Eventually.holds { updates.all.last.map { $0.preview.progress > 0 } ?? false })
    server.kill9()
    let fault = await running.value
    #expect(fault?.kind == .unreachable, "\(fault?.line ?? "planned")")
  }

  /// SCAN's cursor of one process means nothing to the next.
  @Test func `a server that is restarted while it is counted fails the plan`() async throws {
    let server = try PlanFixture.server()
    try PlanFixture.populate(server, "product", 100_000)
    let planner = try PlanFixture.planner([server.url]) { options in
      options.sampleKeys = 2000
      options.keysPerSecond = 2_000
    }
    let updates = PlanFixture.Updates()
    let running = PlanFixture.loop.spawn {
      await Self.fault(planner, PlanFixture.pattern("product:*"), updates)
    }
    #expect(
      try await Eventually.holds { updates.all.last.map { $0.preview.progress > 0 } ?? false })
    try server.restart()
    let fault = await running.value
    #expect(fault?.kind == .unreachable, "\(fault?.line ?? "planned")")
  }

  @Test func `cancelling ends a plan at once`() async throws {
    let server = try PlanFixture.server()
    try PlanFixture.populate(server, "product", 100_000)
    let planner = try PlanFixture.planner([server.url]) { options in
      options.sampleKeys = 2000
      // Pages 1.6 s apart.
      options.keysPerSecond = 250
    }
    let updates = PlanFixture.Updates()
    let running = PlanFixture.loop.spawn {
      await Self.fault(planner, PlanFixture.pattern("product:*"), updates)
    }
    #expect(
      try await Eventually.holds(within: 30) {
        updates.all.last.map { $0.preview.progress > 0 } ?? false
      })
    let told = updates.all.count
    let start = EventLoop.now()
    running.cancel()
    let fault = await running.value
    #expect(fault?.kind == .cancelled)
    #expect(start.duration(to: .now()) < .seconds(1))
    #expect(updates.all.count <= told + 1)
  }

  private static func fault(
    _ planner: Planner, _ request: OperationRequest, _ updates: PlanFixture.Updates
  ) async -> Fault? {
    do throws(Fault) {
      _ = try await PlanFixture.plan(planner, request, updates)
      return nil
    } catch {
      return error
    }
  }
}
