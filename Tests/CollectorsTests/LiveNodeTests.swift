import Collectors
import ConsoleModel
import EventLoop
import Redis
import TestKit
import Testing

/// One real server, watched.
@Suite(.blocking) struct LiveNodeTests {
  @Test func `a look of two samples knows gauges, rates and its own cost`() async throws {
    let server = try RedisServer(arguments: ["--maxmemory", "64mb"])
    let other = try server.connect()
    try other.pipeline((0..<50).map { ["SET", "product:\($0)", "x"] })
    let watch = try Watch([server])
    let snapshot = await watch.collector.collectOnce()
    let node = snapshot.nodes[0]
    #expect(node.state == .live)
    #expect(["redis", "valkey"].contains(node.identity?.product))
    #expect(node.figures.keys == 50)
    #expect(node.figures.memoryLimit == 64 << 20)
    // Before 7.0 one refused LATENCY HISTOGRAM is counted as somebody's command.
    if Offered.isSevenOrLater { #expect(node.figures.opsPerSecond == 0) }
    #expect((node.figures.pingMicroseconds ?? 0) > 0)
    #expect(node.commands.value.contains { $0.name == "set" && $0.totalCalls == 50 })
    // What only the console calls is no row.
    #expect(!node.commands.value.contains { $0.name == "latency|histogram" })
    #expect(node.ownCost.commandsPerSecond > 5)
    #expect((node.ownCost.serverMicrosecondsPerSecond ?? 0) > 0)
    #expect(node.hotKeys.value.unavailable?.contains("maxmemory-policy is noeviction") == true)
    let tiers = snapshot.tiers
    #expect(tiers.map(\.id) == TierID.allCases)
    #expect(
      tiers.map(\.state) == [.unconfigured, .live, .unconfigured, .unconfigured, .unconfigured])
    #expect(tiers.allSatisfy { $0.state == .live || $0.note?.isEmpty == false })
    #expect(tiers[1].stateDetail == "1/1")
  }

  @Test func `the hit ratio is that of the others while the console scans and samples`()
    async throws
  {
    let server = try RedisServer(arguments: ["--maxmemory-policy", "allkeys-lfu"])
    let other = try server.connect()
    try other.pipeline((0..<800).map { ["SET", "product:\($0)", "x"] })
    let watch = try Watch([server]) {
      $0.hotKeyBudget = .init(keysPerSecond: 20_000, serverShare: 1)
    }
    let searcher = KeySearcher(loop: Watch.loop) { _ in }
    let searched = [MonitoredNode(id: NodeID("n0"), probe: watch.probes[0])]
    let reader = KeyReader(
      probe: watch.probes[0], personalData: .standard,
      access: Access(isReadOnly: true, reason: "", mayReveal: false))
    watch.collector.start()
    try await watch.polls(2)
    let before = try Self.lookups(server)
    for round in 0..<6 {
      searcher.start(
        KeySearch(id: UInt64(round), node: NodeID("n0"), pattern: Array("*".utf8)), on: searched)
      try other.pipeline((0..<50).map { ["GET", "product:\($0)"] })
      try other.pipeline((0..<25).map { ["GET", "missing:\($0)"] })
      _ = try await reader.describe(
        (0..<40).map { KeyName("product:\($0)") } + [KeyName("gone")], policy: "allkeys-lfu")
      try await watch.polls(1)
    }
    searcher.stop()
    try await watch.polls(2)
    let after = try Self.lookups(server)
    // The console has looked up far more keys than the others meanwhile.
    #expect(after.hits - before.hits > 2000)
    #expect(watch.node.figures.lookups == 450)
    #expect(watch.node.figures.hitRatio == Double(300) / 450)
    #expect(watch.node.figures.lifetimeHitRatio == Double(300) / 450)
    #expect(watch.latest.tiers[1].hitRatio == Double(300) / 450)
    #expect(watch.node.ownCost.lookupsPerSecond > 100)
    let get = watch.node.commands.value.first { $0.name == "get" }
    #expect(get?.totalCalls == 450)
    #expect((get?.p99 != nil) == Offered.isSevenOrLater)
    #expect(!watch.node.commands.value.contains { $0.name == "object|freq" })
  }

  private static func lookups(_ server: RedisServer) throws -> (hits: Int, misses: Int) {
    let hits = try server.info("keyspace_hits", "stats").flatMap { Int($0) } ?? 0
    let misses = try server.info("keyspace_misses", "stats").flatMap { Int($0) } ?? 0
    return (hits, misses)
  }

  @Test func `another client's two looks give the same ratio`() async throws {
    let server = try RedisServer()
    let other = try server.connect()
    try other.pipeline((0..<100).map { ["SET", "k\($0)", "x"] })
    let watch = try Watch([server])
    watch.collector.start()
    try await watch.polls(2)
    let before = try Self.lookups(server)
    try other.pipeline((0..<100).map { ["GET", "k\($0)"] })
    try other.pipeline((0..<37).map { ["GET", "m\($0)"] })
    let after = try Self.lookups(server)
    try await watch.polls(2)
    let hits = Double(after.hits - before.hits)
    #expect(watch.node.figures.hitRatio == hits / (hits + Double(after.misses - before.misses)))
    #expect(watch.node.figures.lookups == 137)
  }

  @Test func `a restart is announced, a gap and then live again`() async throws {
    let server = try RedisServer()
    try server.connect().pipeline((0..<500).map { ["SET", "k\($0)", "x"] })
    let watch = try Watch([server], interval: 0.1)
    watch.collector.start()
    try await watch.polls(3)
    let first = watch.node.identity?.runID
    server.kill9()
    #expect(try await watch.sees { $0.nodes[0].state == .down && $0.nodes[0].fault != nil })
    #expect(watch.latest.tiers[1].state == .down)
    #expect(watch.latest.tiers[1].note?.contains("n0") == true)
    watch.forget()
    try server.start()
    try server.connect().pipeline((0..<20).map { ["GET", "gone\($0)"] })
    #expect(
      try await watch.sees { $0.nodes[0].state == .live && $0.nodes[0].identity?.runID != first })
    #expect(watch.latest.notices.contains { $0.text.contains("another server process") })
    try await watch.polls(3)
    for snapshot in watch.snapshots {
      // Never a figure that spans the restart: 500 SETs fell to nothing, 20 lookups came.
      let figures = snapshot.nodes[0].figures
      #expect((figures.opsPerSecond ?? 0) >= 0)
      #expect(figures.hitRatio == nil || figures.hitRatio == 0)
    }
    #expect(watch.node.figures.opsPerSecond != nil)
    #expect(watch.node.fault == nil)
  }

  @Test func `CONFIG RESETSTAT is a gap`() async throws {
    let server = try RedisServer()
    let other = try server.connect()
    try other.command(["SET", "k", "x"])
    let watch = try Watch([server], interval: 0.1)
    watch.collector.start()
    try await watch.polls(2)
    try other.pipeline((0..<1000).map { _ in ["GET", "k"] })
    try await watch.polls(2)
    #expect(watch.node.figures.lookups == 1000)
    try other.command(["CONFIG", "RESETSTAT"])
    #expect(try await watch.sees { $0.nodes[0].figures.lookups == 0 })
    try other.pipeline((0..<10).map { _ in ["GET", "k"] } + [["GET", "m"]])
    #expect(try await watch.sees { $0.nodes[0].figures.lookups == 11 })
    #expect(watch.node.figures.hitRatio == Double(10) / 11)
    #expect(watch.node.figures.lifetimeHitRatio == Double(10) / 11)
  }

  @Test func `a stopped server grows old, then is live again by itself`() async throws {
    let server = try RedisServer()
    let watch = try Watch([server], interval: 0.1)
    watch.collector.start()
    try await watch.polls(2)
    let last = watch.node.lastReply
    server.pause()
    // Its age and the deadline of the first unanswered poll pass at about the same time.
    #expect(
      try await watch.sees {
        $0.nodes[0].state == .stale && $0.nodes[0].fault?.kind == .timeout
      })
    // Figures keep their last values and their age.
    #expect(watch.node.figures.memoryUsed != nil)
    let reply = try #require(watch.node.lastReply)
    #expect(try reply >= #require(last))
    watch.forget()
    server.resume()
    #expect(try await watch.sees { $0.nodes[0].state == .live && $0.nodes[0].fault == nil })
    #expect(watch.node.identity != nil)
    #expect(watch.latest.notices.isEmpty)
  }

  @Test(.enabled(if: Offered.isSevenOrLater))
  func `one refused command costs one figure and is not asked again`() async throws {
    let server = try RedisServer()
    let admin = try server.connect()
    try admin.command([
      "ACL", "SETUSER", "watcher", "on", ">secret", "~*", "+@all", "-slowlog",
      "-latency|histogram", "-client|list",
    ])
    let watch = try Watch([server], interval: 0.1, user: "watcher", password: "secret")
    watch.collector.setDemand(Demand(wantsClients: true))
    watch.collector.start()
    #expect(try await watch.sees { $0.nodes[0].slow.problem != nil })
    try await watch.polls(4)
    let node = watch.node
    #expect(node.state == .live)
    #expect(node.fault == nil)
    #expect(node.slow.problem?.contains("not permitted") == true)
    #expect(node.commands.problem?.contains("not permitted") == true)
    #expect(node.clients.problem?.contains("not permitted") == true)
    #expect(node.figures.opsPerSecond != nil)
    let refusals = try server.info("errorstat_NOPERM")
    #expect(refusals == "count=3")
  }

  @Test func `nothing that listens is down with the reason`() async throws {
    let server = try RedisServer()
    server.stop()
    let watch = try Watch([server])
    let snapshot = await watch.collector.collectOnce()
    #expect(snapshot.nodes[0].state == .down)
    #expect(snapshot.nodes[0].fault?.kind == .unreachable)
    #expect(snapshot.tiers[1].state == .down)
    #expect(snapshot.tiers[1].hitRatio == nil)
  }

  @Test func `one of two servers down leaves the other's figures`() async throws {
    let servers = [try RedisServer(), try RedisServer()]
    try servers[0].connect().command(["SET", "k", "x"])
    servers[1].stop()
    let watch = try Watch(servers, interval: 0.1)
    watch.collector.start()
    #expect(
      try await watch.sees {
        $0.nodes.map(\.state) == [.live, .down] && $0.nodes[0].figures.opsPerSecond != nil
      })
    let tier = watch.latest.tiers[1]
    #expect(tier.state == .stale)
    #expect(tier.stateDetail == "1/2")
    #expect(tier.memoryUsed == watch.latest.nodes[0].figures.memoryUsed)
    #expect(tier.note?.contains("n1") == true)
    // The optimiser ends a server with the last use of it.
    withExtendedLifetime(servers) {}
  }

  @Test func `a paused console asks nothing`() async throws {
    let server = try RedisServer(arguments: Offered.debugCommand)
    let watch = try Watch([server], interval: 0.1)
    watch.collector.start()
    try await watch.polls(2)
    watch.collector.setDemand(Demand(isPaused: true))
    // A poll that was under way may still end: quiet is three intervals without a command.
    var (calls, since) = (UInt64.max, EventLoop.now())
    #expect(
      try await Eventually.holds {
        let now = watch.probes[0].ledger.totalCalls
        if now != calls { (calls, since) = (now, EventLoop.now()) }
        return since.duration(to: EventLoop.now()) > .milliseconds(300)
      })
    let before = watch.probes[0].ledger.totalCalls
    // Three intervals.
    #expect(try server.connect().command(["DEBUG", "SLEEP", "0.3"]) == .simple("OK"))
    #expect(watch.probes[0].ledger.totalCalls == before)
    watch.forget()
    watch.collector.setDemand(Demand())
    #expect(try await watch.sees { _ in true })
  }
}
