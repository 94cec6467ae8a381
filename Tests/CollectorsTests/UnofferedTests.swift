import Collectors
import ConsoleModel
import EventLoop
import Redis
import TestKit
import Testing

/// Servers that rename or refuse commands, as managed services do: the figure is not offered, and nothing
/// else is missing.
@Suite(.blocking) struct UnofferedTests {
  private static func refusals(_ server: RedisServer) throws -> [String] {
    let text = try server.command(["INFO", "errorstats"]).text ?? ""
    return text.split(separator: "\r\n").map(String.init).filter { $0.hasPrefix("errorstat_") }
      .sorted()
  }

  @Test func `a server without CONFIG, MONITOR, MEMORY, SLOWLOG and LATENCY is live`() async throws
  {
    let renamed = ["CONFIG", "MONITOR", "MEMORY", "SLOWLOG", "LATENCY", "DEBUG"]
    let server = try RedisServer(
      arguments: ["--maxmemory-policy", "allkeys-lfu"]
        + renamed.flatMap { ["--rename-command", $0, ""] })
    let other = try server.connect()
    try other.pipeline((0..<50).map { ["SET", "product:\($0)", "x"] })
    let watch = try Watch([server], interval: 0.1)
    watch.collector.setDemand(Demand(wantsClients: true))
    watch.collector.start()
    #expect(
      try await watch.sees {
        $0.nodes[0].slow.problem != nil && $0.nodes[0].latencyEvents.problem != nil
          && $0.nodes[0].commands.problem != nil
      })
    try await watch.polls(2)
    let before = try Self.refusals(server)
    try await watch.polls(5)
    // Each was asked for once.
    #expect(try Self.refusals(server) == before)
    let node = watch.node
    #expect(node.state == .live)
    #expect(node.fault == nil)
    for problem in [node.slow.problem, node.latencyEvents.problem, node.commands.problem] {
      #expect(problem?.hasPrefix("not offered by this server") == true, "\(problem ?? "-")")
    }
    #expect(node.figures.opsPerSecond != nil && node.figures.memoryUsed != nil)
    #expect(node.figures.keys == 50)
    #expect(node.clients.problem == nil && node.clients.value.seen > 0)
    #expect(!node.commands.value.isEmpty)
    // Without CONFIG the sampler assumes the usual factor, and says so.
    #expect(try await watch.sees { $0.hotKeys.note?.contains("assumed") == true })
    let reader = KeyReader(
      probe: watch.probes[0], personalData: .standard,
      access: Access(isReadOnly: true, reason: "", mayReveal: false))
    let rows = try await reader.describe([KeyName("product:1")], policy: "allkeys-lfu")
    #expect(rows[0].type == "string" && rows[0].memoryBytes == nil)
    #expect(rows[0].frequency != nil)
    #expect(rows[0].notOffered[.memory]?.hasPrefix("not offered by this server: ") == true)
    #expect(rows[0].notOffered.count == 1)
    let page = await reader.inspect(
      KeyInspectionRequest(id: 1, node: node.id, key: KeyName("product:1")), policy: nil)
    #expect(page.value == .string([UInt8(ascii: "x")]))
    #expect(page.fault == nil)
    #expect(page.summary.notOffered[.memory] != nil)
  }

  @Test func `a server that gives no INFO to this user is live all the same`() async throws {
    let server = try RedisServer(arguments: ["--slowlog-log-slower-than", "0"])
    try server.command(["ACL", "SETUSER", "w", "on", ">p", "~*", "+@all", "-info"])
    let watch = try Watch([server], interval: 0.1, user: "w", password: "p")
    watch.collector.start()
    #expect(
      try await watch.sees {
        $0.nodes[0].state == .live && !$0.nodes[0].slow.value.isEmpty
      })
    let node = watch.node
    #expect(node.fault == nil)
    #expect(node.extras.infoProblem?.contains("not offered by this server") == true)
    #expect(node.figures.pingMicroseconds != nil && node.figures.memoryUsed == nil)
    #expect(node.hotKeys.value.unavailable?.contains("need INFO") == true)
    #expect(watch.latest.tiers[1].note?.contains("INFO") == true)
    // Refused once, then left alone.
    let log = try server.command(["ACL", "LOG"]).array ?? []
    #expect(log.count == 1)
    let refusals = try Self.refusals(server).filter { $0.contains("NOPERM") }
    #expect(refusals.isEmpty || refusals == ["errorstat_NOPERM:count=1"])
  }

  @Test func `INFO without some sections leaves out what they would tell`() async throws {
    let fake = try FakeServer(script: [
      .converse { words in
        switch words.first?.uppercased() {
        case "PING": FakeReply.simple("PONG")
        case "INFO":
          FakeReply.bulk(
            "# Server\r\nredis_version:7.1.0\r\nrun_id:abc\r\nuptime_in_seconds:5\r\n"
              + "# Memory\r\nused_memory:1000\r\nmaxmemory_policy:volatile-lru\r\n")
        case "CLIENT" where words.dropFirst().first?.uppercased() == "SETNAME": FakeReply.ok
        default: FakeReply.unknown(words)
        }
      }
    ])
    let probe = Probe(endpoint: try RedisURL(parsing: fake.url).endpoint, loop: Watch.loop)
    let poller = NodePoller(
      id: NodeID("n"), probe: probe,
      settings: NodePoller.Settings(interval: 1, personalData: .standard))
    for _ in 0..<3 { await poller.poll(wantsClients: true) }
    let status = poller.report.status
    #expect(poller.report.answered == 3)
    #expect(status.fault == nil)
    #expect(status.figures.memoryUsed == 1000)
    #expect(status.figures.keys == nil && status.figures.hitRatio == nil)
    #expect(status.figures.connectedClients == nil && status.figures.role == nil)
    #expect(status.commands.problem?.contains("no commandstats") == true)
    #expect(status.hotKeys.value.unavailable?.contains("volatile-lru") == true)
    for name in ["SLOWLOG", "LATENCY"] {
      let asked = fake.commands.filter { $0.first == name }
      #expect(Set(asked).count == asked.count, "\(asked)")
    }
  }
}
