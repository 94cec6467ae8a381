import ConsoleModel
import Documents
import EventLoop
import Operations
import Redis
import TestKit
import Testing

/// Operations on a server that Sentinels watch go on with its successor.
@Suite(.blocking) struct SentinelRunTests {
  private static let node = NodeID("shop")
  private let group: RedisSentinels
  private let folder: TemporaryFolder

  init() throws {
    var options = RedisSentinels.Options()
    options.replicas = 1
    options.sentinels = 1
    group = try RedisSentinels(options)
    folder = try TemporaryFolder()
  }

  private func endpoint(_ node: RedisSentinels.Node) -> RedisEndpoint {
    RedisEndpoint(address: .tcp(host: "127.0.0.1", port: node.port))
  }

  private func fill(_ name: String, _ count: Int) throws {
    try group.primary().connect().pipeline((0..<count).map { ["SET", "\(name)\($0)", "old"] })
    let primary = try group.primary()
    let offset = try primary.info("master_repl_offset").flatMap { Int($0) } ?? 0
    let replica = try #require(group.servers.first { $0.port != primary.port })
    let isThere = try Eventually.holds(within: 20) { () throws(TestKitError) in
      guard let text = try replica.info("slave_repl_offset"), let reached = Int(text) else {
        return false
      }
      return reached >= offset
    }
    #expect(isThere)
  }

  private func waitForPromotion(after old: RedisSentinels.Node) throws(TestKitError) -> Bool {
    try Eventually.holds(within: 30) { () throws(TestKitError) in
      let now = try group.primary()
      guard now.port != old.port else { return false }
      return try now.info("role") == "master"
    }
  }

  private func count(_ glob: String) throws -> Int {
    try group.primary().command(["KEYS", glob]).array?.count ?? -1
  }

  private func ticket(
    _ action: OperationRequest.Action, _ target: OperationRequest.Target, rate: Int,
    mode: RunTicket.Mode = .start, id: String = "20261126T000000-000001"
  ) throws -> RunTicket {
    let primary = try group.primary()
    let size = UInt64(try primary.command(["DBSIZE"]).integer ?? 0)
    var preview = OperationPreview()
    preview.keys = .exact(size)
    preview.isComplete = true
    preview.shards = [
      OperationPreview.Shard(
        node: Self.node, address: endpoint(primary).description,
        runID: try primary.info("run_id") ?? "", size: size, keys: .exact(size))
    ]
    let plan = OperationPlan(
      id: id,
      request: OperationRequest(
        action, target, nodes: [Self.node], pace: Pace(keysPerSecond: rate)),
      environment: EnvironmentIdentity(name: "test", environmentClass: .development),
      author: RunFixture.author, preview: preview, created: RunFixture.wall()
    ).hashed()
    let sentinels = SentinelGroup(
      master: group.options.master,
      sentinels: group.sentinels.map {
        SentinelGroup.Sentinel(endpoint: endpoint($0), access: RedisAccess())
      }, server: SentinelGroup.Sentinel(endpoint: endpoint(primary), access: RedisAccess()))
    return RunTicket(
      plan: plan,
      servers: [
        RunTicket.Server(
          node: Self.node, endpoint: endpoint(primary), sentinels: sentinels)
      ], mode: mode, folder: folder.path)
  }

  private static func pattern(_ glob: String) -> OperationRequest.Target {
    .pattern(Array(glob.utf8))
  }

  @Test func `a pattern invalidation goes through the death of the primary and ends complete`()
    async throws
  {
    try fill("search:", 6000)
    try fill("other:", 300)
    let run = ClusterRunUnderway(
      try ticket(.invalidate, Self.pattern("search:*"), rate: 1500))
    run.reach(1500)
    let old = try group.primary()
    old.kill9()
    let status = await run.end
    #expect(status.state == .done, "\(status.note)")
    #expect(status.verdict?.isFresh == true, "\(status.verdict?.text ?? "")")
    #expect(try group.primary().port != old.port)
    #expect(try count("search:*") == 0)
    #expect(try count("other:*") == 300)
    #expect(run.audit.events == ["started", "done"])
    try expectNewBeginning(of: status.id, on: try group.primary())
    #expect(
      try group.primary().command(["EXISTS", "cacheconsole:operation:\(status.id):status"])
        == .integer(1))
  }

  /// The first that the journal says of the successor is that its walk begins: whoever takes over from
  /// there must not go on with a cursor of the old primary.
  private func expectNewBeginning(of operation: String, on primary: RedisSentinels.Node) throws {
    let runID = try #require(try primary.info("run_id"))
    let file = RunFolder(state: folder.path, operation: operation).journal
    let bytes = try #require(try FileReader.read(file, limit: 64 << 20)).bytes
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    let first = try #require(lines.first { $0.contains(runID) })
    let shard = try RunCheckpoint(json: Array(first.utf8), file: file).shards[0]
    #expect(shard.cursor == "0" && shard.index == 0 && shard.status.visited == 0, "\(first)")
    #expect(shard.status.changed >= 1500)
  }

  @Test func `an ordered failover in the middle of lives being shortened costs nothing`()
    async throws
  {
    let names = (0..<4000).map { "page:\($0)" }
    try fill("page:", names.count)
    let run = ClusterRunUnderway(
      try ticket(
        .shorten(seconds: 600), .keys(names.map { KeyName($0) }), rate: 1500))
    run.reach(800)
    try group.failover()
    let status = await run.end
    #expect(status.state == .done, "\(status.note)")
    #expect(status.failed == 0)
    let primary = try group.primary()
    #expect(primary.port == group.servers[1].port)
    let lives = try primary.connect().pipeline(names.map { ["TTL", $0] })
    #expect(lives.allSatisfy { (1...600).contains($0.integer ?? -3) })
  }

  @Test
  func `what a failover interrupted is taken over on the successor, what had not begun is not`()
    async throws
  {
    try fill("search:", 3000)
    let planned = try ticket(.invalidate, Self.pattern("search:*"), rate: 800)
    var first = planned
    first.thresholds.leaseMilliseconds = 500
    // It knows of no Sentinels: the failover ends it.
    first.servers[0].sentinels = nil
    first.thresholds.unreachableSeconds = 1
    let run = ClusterRunUnderway(first)
    run.reach(500)
    let old = try group.primary()
    old.kill9()
    let ended = await run.end
    #expect(ended.state == .failed)
    let isPromoted = try waitForPromotion(after: old)
    #expect(isPromoted)
    var late = planned
    late.plan.id = "20261126T000000-000002"
    late.plan = late.plan.hashed()
    let refused = await RunFixture.run(late)
    #expect(refused.state == .failed && refused.note.contains("make a new plan"), "\(refused.note)")
    #expect(try count("search:*") > 0)
    var second = planned
    second.mode = .takeOver
    let status = await RunFixture.run(second)
    #expect(status.state == .done, "\(status.note)")
    #expect(try count("search:*") == 0)
  }
}
