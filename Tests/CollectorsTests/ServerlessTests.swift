import Collectors
import ConsoleModel
import EventLoop
import Redis
import TestKit
import Testing

/// ElastiCache Serverless, played as AWS documents it: a cluster of one node that owns every slot, an allow-list
/// of commands, `volatile-lru`, at most 3,999 arguments in a request.
@Suite(.blocking) struct ServerlessTests {
  /// - Parameter tellsCommands: COMMAND INFO is on its list.
  private static func fake(tellsCommands: Bool) throws -> FakeServer {
    let flags = [
      "type", "pttl", "scan", "strlen", "getrange", "memory", "object", "object|encoding",
      "object|idletime", "get", "dbsize",
    ]
    let readOnly = Dictionary(uniqueKeysWithValues: flags.map { ($0, ["readonly"]) })
    return try FakeServer(script: [
      .converse { words in
        guard words.count <= 3999 else { return FakeReply.error("ERR too many arguments") }
        let sub = words.dropFirst().first?.uppercased()
        switch (words.first?.uppercased(), sub) {
        case ("PING", _): return FakeReply.simple("PONG")
        case ("AUTH", _), ("READONLY", _), ("CLIENT", "SETNAME"): return FakeReply.ok
        case ("COMMAND", "INFO") where tellsCommands:
          return FakeReply.commandInfo(Array(words.dropFirst(2)), flags: readOnly)
        case ("INFO", _):
          return FakeReply.bulk(
            "# Server\r\nredis_version:7.1.0\r\nredis_mode:cluster\r\nrun_id:serverless\r\n"
              + "# Stats\r\nkeyspace_hits:10\r\nkeyspace_misses:1\r\n"
              + "# Memory\r\nused_memory:5000\r\nmaxmemory_policy:volatile-lru\r\n"
              + "# Replication\r\nrole:master\r\n# Cluster\r\ncluster_enabled:1\r\n"
              + "# Keyspace\r\ndb0:keys=2,expires=0,avg_ttl=0\r\n")
        case ("CLUSTER", "SLOTS"):
          return FakeReply.array([
            FakeReply.array([
              FakeReply.integer(0), FakeReply.integer(16383),
              FakeReply.array([
                FakeReply.bulk("127.0.0.1"), FakeReply.integer(6379),
                FakeReply.bulk("07c37dfeb235213a872192d90877d0cd55635b91"),
              ]),
            ])
          ])
        case ("DBSIZE", _): return FakeReply.integer(2)
        case ("SCAN", _):
          return FakeReply.array([
            FakeReply.bulk("0"), FakeReply.array([FakeReply.bulk("a"), FakeReply.bulk("b")]),
          ])
        case ("TYPE", _): return FakeReply.simple("string")
        case ("PTTL", _): return FakeReply.integer(-1)
        case ("OBJECT", "ENCODING"): return FakeReply.bulk("embstr")
        case ("OBJECT", "IDLETIME"): return FakeReply.integer(3)
        case ("OBJECT", "FREQ"):
          return FakeReply.error("ERR An LFU maxmemory policy is not selected")
        case ("STRLEN", _): return FakeReply.integer(1)
        case ("GETRANGE", _): return FakeReply.bulk("x")
        default: return FakeReply.unknown(words)
        }
      }
    ])
  }

  private static func probe(_ fake: FakeServer) throws -> Probe {
    Probe(endpoint: try RedisURL(parsing: fake.url).endpoint, loop: Watch.loop)
  }

  @Test(arguments: [true, false])
  func `a serverless cache is live with what it offers`(_ tellsCommands: Bool) async throws {
    let fake = try Self.fake(tellsCommands: tellsCommands)
    let probe = try Self.probe(fake)
    let poller = NodePoller(
      id: NodeID("n"), probe: probe,
      settings: NodePoller.Settings(interval: 1, personalData: .standard))
    for _ in 0..<4 { await poller.poll(wantsClients: true) }
    let status = poller.report.status
    #expect(poller.report.answered == 4)
    #expect(status.fault == nil)
    #expect(status.figures.memoryUsed == 5000 && status.figures.keys == 2)
    for problem in [status.slow.problem, status.latencyEvents.problem, status.clients.problem] {
      #expect(problem?.hasPrefix("not offered by this server") == true, "\(problem ?? "-")")
    }
    // OBJECT FREQ could only fail under volatile-lru.
    #expect(status.hotKeys.value.unavailable?.contains("volatile-lru") == true)
    #expect(!poller.canSample)
    // What it refuses was asked for once.
    for name in ["SLOWLOG", "LATENCY", "CLIENT"] {
      let asked = fake.commands.filter { $0.first == name && $0.dropFirst().first != "SETNAME" }
      #expect(Set(asked).count == asked.count, "\(asked)")
    }
    #expect(!fake.commands.contains { $0.first == "OBJECT" || $0.first == "CONFIG" })
  }

  @Test func `its one node is the whole cluster`() async throws {
    let fake = try Self.fake(tellsCommands: true)
    let topology = try await Self.probe(fake).clusterTopology(timeout: .seconds(20))
    #expect(topology.shards.count == 1)
    #expect(topology.shards.first?.slots.count == 16_384)
    #expect(topology.shards.first?.replicas.isEmpty == true)
  }

  @Test func `keys are described and read without MEMORY USAGE`() async throws {
    let fake = try Self.fake(tellsCommands: true)
    let probe = try Self.probe(fake)
    let reader = KeyReader(
      probe: probe, personalData: .standard,
      access: Access(isReadOnly: true, reason: "", mayReveal: false))
    let keys = (0..<2000).map { KeyName("key:\($0)") }
    let rows = try await reader.describe(keys, policy: "volatile-lru")
    #expect(rows.count == 2000)
    #expect(rows.allSatisfy { $0.encoding == "embstr" && $0.idleSeconds == 3 })
    // Nothing told that MEMORY USAGE is not on its list: it was asked for once, for one key.
    #expect(rows.allSatisfy { $0.notOffered[.memory]?.hasPrefix("not offered") == true })
    #expect(fake.commands.filter { $0.first == "MEMORY" }.count == 1)
    // Of more than it takes nothing is sent.
    #expect(fake.commands.allSatisfy { $0.count <= 3999 })
    let page = await reader.inspect(
      KeyInspectionRequest(id: 1, node: NodeID("n"), key: KeyName("key:1")), policy: "volatile-lru")
    #expect(page.value == .string([UInt8(ascii: "x")]) && page.fault == nil)
  }

  @Test func `its port for reads is read after READONLY, once for each connection`() async throws {
    let fake = try Self.fake(tellsCommands: true)
    let probe = try Self.probe(fake)
    for _ in 0..<3 { try await probe.readFromReplica() }
    #expect(fake.commands.filter { $0 == ["READONLY"] }.count == 1)
    _ = try await probe.scan(cursor: [UInt8(ascii: "0")], count: 10)
  }
}
