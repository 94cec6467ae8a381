import ConsoleModel
import EventLoop
import Operations
import Redis
import TestKit
import Testing

/// Plans made of real servers.
@Suite(.blocking) struct PreviewTests {
  @Test func `a pattern on a small keyspace is exact at once`() async throws {
    let server = try PlanFixture.server()
    try PlanFixture.populate(server, "product", 700)
    try PlanFixture.populate(server, "search", 300)
    try PlanFixture.populate(server, "cacheconsole:run", 50)
    // On a busy machine the look at a thousand keys may take longer than a sample may.
    let planner = try PlanFixture.planner([server.url]) { $0.sampleSeconds = 30 }
    let updates = PlanFixture.Updates()
    let plan = try await PlanFixture.plan(planner, PlanFixture.pattern("product:*"), updates)
    let first = try #require(updates.all.first)
    #expect(first.preview.keys == .exact(700))
    #expect(first.hash.isEmpty)
    #expect(plan.hasItsHash)
    let preview = plan.preview
    #expect(preview.keys == .exact(700))
    #expect(preview.isComplete && preview.progress == 1 && preview.secondsLeft == nil)
    #expect(preview.dataTypes == [.init(name: "product", keys: 700)])
    #expect(preview.types == [.init(name: "string", keys: 700)])
    #expect(preview.lives == [.init(name: "no expiry", keys: 700)])
    #expect(preview.idle == [.init(name: "< 1 min", keys: 700)])
    #expect(preview.sample.count == 200)
    #expect(preview.warnings.isEmpty)
    #expect(preview.sample.allSatisfy { plan.request.covers($0.bytes) })
    #expect(preview.dependents.count == 1)
    #expect(preview.shards.map(\.runID) == [try server.info("run_id")])
    #expect(preview.shards.first?.size == 1050)
    // MEMORY USAGE of one of these keys, times as many.
    let each = try server.command(["MEMORY", "USAGE", "product:1"])
    guard case .integer(let bytes) = each else { throw TestKitError("\(each)") }
    let total = try #require(preview.bytes)
    #expect(abs(Double(total) - 700 * Double(bytes)) < 700 * 8)
    #expect(plan.environment == PlanFixture.environment)
    #expect(OperationID.isValid(plan.id))
    // Every key of ours is left alone, whatever the pattern.
    let all = try await PlanFixture.plan(planner, PlanFixture.pattern("*"))
    #expect(all.preview.keys == .exact(1000))
    #expect(all.friction == .nameAndCount)
  }

  @Test func `nothing there, nothing matching`() async throws {
    let server = try PlanFixture.server()
    let planner = try PlanFixture.planner([server.url])
    #expect(try await PlanFixture.plan(planner, PlanFixture.pattern("*")).preview.keys == .exact(0))
    try PlanFixture.populate(server, "product", 10)
    let plan = try await PlanFixture.plan(planner, PlanFixture.pattern("search:*"))
    #expect(plan.preview.keys == .exact(0))
    #expect(plan.preview.bytes == 0)
    #expect(plan.preview.sample.isEmpty && plan.preview.types.isEmpty)
  }

  @Test func `types, lives and sizes are told, and what a large string costs`() async throws {
    let server = try PlanFixture.server()
    let connection = try server.connect()
    try connection.pipeline([
      ["SET", "cart:1", "x", "EX", "30"], ["SET", "cart:2", "x", "EX", "300"],
      ["HSET", "cart:3", "f", "v"], ["EXPIRE", "cart:3", "3000"], ["RPUSH", "cart:4", "a"],
      ["EXPIRE", "cart:4", "50000"], ["SADD", "cart:5", "a"], ["EXPIRE", "cart:5", "500000"],
      ["ZADD", "cart:6", "1", "a"], ["SETRANGE", "cart:7", "11999999", "x"],
      ["SETRANGE", "cart:8\u{1B}[2J", "10999999", "x"],
      ["SADD", "cart:9"] + (0..<3000).map { "member-\($0)" },
    ])
    let planner = try PlanFixture.planner([server.url])
    let preview = try await PlanFixture.plan(planner, PlanFixture.pattern("cart:*")).preview
    #expect(preview.keys == .exact(9))
    #expect(
      preview.types == [
        .init(name: "string", keys: 4), .init(name: "set", keys: 2), .init(name: "hash", keys: 1),
        .init(name: "list", keys: 1), .init(name: "zset", keys: 1),
      ])
    #expect(
      Set(preview.lives) == [
        .init(name: "no expiry", keys: 4), .init(name: "< 1 min", keys: 1),
        .init(name: "< 10 min", keys: 1), .init(name: "< 1 h", keys: 1),
        .init(name: "< 1 d", keys: 1), .init(name: "≥ 1 d", keys: 1),
      ])
    #expect(Set(preview.largeStrings.map(\.key.bytes.count)) == [6, 10])
    let text = preview.warnings.joined(separator: "\n")
    #expect(text.contains("cart:7 has 1"))
    #expect(text.contains(" ms while it frees them"))
    #expect(!text.contains("\u{1B}"))
    #expect(try #require(preview.bytes) > 23_000_000)
  }

  @Test func `sessions are left out of patterns unless they are named`() async throws {
    let server = try PlanFixture.server()
    try PlanFixture.populate(server, "session", 120)
    try PlanFixture.populate(server, "product", 80)
    let planner = try PlanFixture.planner([server.url])
    func preview(_ request: OperationRequest) async throws(Fault) -> OperationPreview {
      try await PlanFixture.plan(planner, request).preview
    }
    let all = try await preview(PlanFixture.pattern("*"))
    #expect(all.keys == .exact(80))
    #expect(all.sessionsLeftOut == 120)
    #expect(all.loggedOut == .exact(0))
    #expect(all.warnings.contains { $0.hasPrefix("120 sessions match and are left out") })
    let named = try await preview(PlanFixture.pattern("*", sessions: true))
    #expect(named.keys == .exact(200))
    #expect(named.loggedOut == .exact(120))
    #expect(named.dependents.contains { $0.contains("users are logged out") })
    #expect(!named.isReloadable)
    #expect(try await preview(PlanFixture.pattern("session:*")).loggedOut == .exact(120))
    #expect(
      try await preview(PlanFixture.keys(["session:1", "session:999"])).loggedOut == .exact(1))
    let longer = PlanFixture.pattern("session:*", .adjust(seconds: nil))
    #expect(try await preview(longer).loggedOut == .exact(0))
  }

  @Test func `listed keys are looked for one by one`() async throws {
    let server = try PlanFixture.server()
    let hostile = CodecFixture.hostileKeys
    let connection = try server.connect()
    for key in hostile { try connection.command(bytes: [Array("SET".utf8), key.bytes, [0]]) }
    try connection.command(["SET", "cacheconsole:lease", "mine"])
    let planner = try PlanFixture.planner([server.url])
    var request = OperationRequest(
      .invalidate, .keys(hostile + hostile + [KeyName("no"), KeyName("cacheconsole:lease")]),
      nodes: [NodeID("a"), NodeID("a")])
    let plan = try await PlanFixture.plan(planner, request)
    #expect(plan.preview.keys == .exact(UInt64(hostile.count)))
    #expect(plan.request.nodes == [NodeID("a")])
    #expect(plan.request.target == .keys(hostile + [KeyName("no")]))
    #expect(Set(plan.preview.sample) == Set(hostile))
    #expect(plan.preview.commands.joined().utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
    #expect(try OperationPlan(json: Array(plan.json.utf8), file: "plan") == plan)
    request.action = .warm(.command(["load"]))
    let warm = try await PlanFixture.plan(planner, request).preview
    #expect(warm.keys == .exact(1))
    #expect(
      warm.warnings == [
        "\(hostile.count) of \(hostile.count + 1) keys are there already and will be skipped:"
          + " the loader is asked for the others"
      ])
  }

  @Test func `a long list has a first figure, then its count`() async throws {
    let server = try PlanFixture.server()
    try PlanFixture.populate(server, "product", 20_000)
    let planner = try PlanFixture.planner([server.url])
    let names = (0..<60_000).map { "product:\($0)" }
    let updates = PlanFixture.Updates()
    let start = EventLoop.now()
    let plan = try await PlanFixture.plan(planner, PlanFixture.keys(names), updates)
    let first = try #require(updates.all.first)
    guard case .estimate(let low, _, let high) = first.preview.keys else {
      Issue.record("\(first.preview.keys)")
      return
    }
    #expect(low <= 20_000 && 20_000 <= high && high - low < 4000)
    #expect(!first.preview.isComplete)
    #expect(start.duration(to: try #require(updates.firstAt)) < .seconds(3))
    #expect(plan.preview.keys == .exact(20_000))
    #expect(plan.preview.dataTypes == [.init(name: "product", keys: 20_000)])
    #expect(plan.preview.warnings == ["strings above 10 MB were looked for among 2000 of the keys"])
    let found = try await planner.recheck(plan, seed: 4)
    #expect(
      PlanCheck.refusal(
        plan, now: PlanFixture.now, identities: found.identities, keys: found.keys) == nil)
  }

  @Test func `two servers are counted each for itself`() async throws {
    let servers = [try PlanFixture.server(), try PlanFixture.server()]
    try PlanFixture.populate(servers[0], "product", 30)
    try PlanFixture.populate(servers[1], "product", 70)
    let planner = try PlanFixture.planner(servers.map(\.url))
    let plan = try await PlanFixture.plan(planner, PlanFixture.pattern("product:*", nodes: 2))
    #expect(plan.preview.keys == .exact(100))
    #expect(plan.preview.shards.map(\.keys) == [.exact(30), .exact(70)])
    let one = try await PlanFixture.plan(planner, PlanFixture.keys(["product:50"], nodes: 2))
    #expect(one.preview.shards.map(\.keys) == [.exact(0), .exact(1)])
  }

  @Test func `a plan is checked against what answers before it runs`() async throws {
    let server = try PlanFixture.server()
    try PlanFixture.populate(server, "product", 500)
    let planner = try PlanFixture.planner([server.url])
    let plan = try await PlanFixture.plan(planner, PlanFixture.pattern("product:*"))
    func refusal() async throws(Fault) -> String? {
      let found = try await planner.recheck(plan, seed: 9)
      return PlanCheck.refusal(
        plan, now: PlanFixture.now, identities: found.identities, keys: found.keys)
    }
    #expect(try await refusal() == nil)
    try PlanFixture.populate(server, "product:more", 200)
    #expect(
      try await refusal()?.contains("the plan showed 500 keys, now it would take 700") == true)
    try server.restart()
    try PlanFixture.populate(server, "product", 500)
    // The first command after a restart finds the old connection closed.
    let reason = try await Eventually.holds {
      let found = try? await planner.recheck(plan, seed: 9)
      return found.map { $0.identities[NodeID("a")] != plan.preview.shards[0].runID } ?? false
    }
    #expect(reason)
    #expect(try await refusal()?.contains("another server process") == true)
  }

  @Test func `a replica is refused, with its primary's address`() async throws {
    let primary = try RedisServer(.loopback)
    let replica = try RedisServer(.loopback)
    guard case .loopback(let port) = Self.address(primary) else { return }
    try replica.command(["REPLICAOF", "127.0.0.1", String(port)])
    let planner = try PlanFixture.planner([replica.url])
    let fault = await PlanFixture.fault(planner, PlanFixture.pattern("*"))
    #expect(fault?.kind == .denied)
    #expect(fault?.nextStep == "connect to the primary 127.0.0.1:\(port)")
  }

  private enum Where {
    case loopback(UInt16)
    case elsewhere
  }

  private static func address(_ server: RedisServer) -> Where {
    server.url.split(separator: ":").last.flatMap { UInt16($0) }.map { .loopback($0) } ?? .elsewhere
  }

  @Test func `the slow log and a client, before they are reset and killed`() async throws {
    let server = try PlanFixture.server(["--slowlog-log-slower-than", "0"])
    let other = try server.connect()
    try other.command(["CLIENT", "SETNAME", "victim"])
    guard case .integer(let id) = try other.command(["CLIENT", "ID"]) else { return }
    let planner = try PlanFixture.planner([server.url])
    func request(_ action: OperationRequest.Action) -> OperationRequest {
      OperationRequest(action, .server, nodes: [NodeID("a")])
    }
    let reset = try await PlanFixture.plan(planner, request(.slowlogReset))
    #expect(reset.preview.commands == ["SLOWLOG RESET"])
    #expect(reset.preview.warnings.first?.contains(" entries are forgotten") == true)
    #expect(reset.preview.keys == .exact(0) && reset.preview.isComplete)
    let kill = try await PlanFixture.plan(planner, request(.clientKill(id: UInt64(id))))
    #expect(kill.preview.commands == ["CLIENT KILL ID \(id)"])
    #expect(kill.preview.warnings.first?.contains("name=victim") == true)
    let gone = await PlanFixture.fault(planner, request(.clientKill(id: 999_999)))
    #expect(gone?.message == "it is not connected any more")
  }

  @Test(arguments: [
    (OperationRequest(.invalidate, .server, nodes: [NodeID("a")]), "no keys"),
    (OperationRequest(.slowlogReset, .keys([]), nodes: [NodeID("a")]), "a server, not keys"),
    (OperationRequest(.invalidate, .pattern([]), nodes: [NodeID("a")]), "empty"),
    (OperationRequest(.invalidate, .pattern([0x2A]), nodes: []), "no server"),
    (OperationRequest(.invalidate, .pattern([0x2A]), nodes: [NodeID("z")]), "'z'"),
    (PlanFixture.pattern("*", .shorten(seconds: 0)), "deletes"),
    (PlanFixture.pattern("*", .adjust(seconds: .max)), "100 years"),
    (PlanFixture.keys(["cacheconsole:audit"]), "never touched"),
  ]) func `requests that mean nothing are refused in words`(
    request: OperationRequest, words: String
  ) async throws {
    let planner = try PlanFixture.planner(["unix:///nonexistent/redis.sock"])
    let fault = await PlanFixture.fault(planner, request)
    #expect(fault?.line.contains(words) == true, "\(fault?.line ?? "planned")")
  }
}
