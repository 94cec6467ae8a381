import ConsoleModel
import Operations
import Redis
import TestKit
import Testing

/// Operations that go on while the cluster changes under them.
@Suite(.blocking) struct ClusterFailoverOperationTests {
  @Test func `a pattern invalidation goes through a failover and ends complete`() async throws {
    let fixture = try ClusterOperationFixture()
    try fixture.fill("search:", 12_000)
    try fixture.fill("other:", 300)
    let plan = try await fixture.plan(fixture.pattern("search:*", keysPerSecond: 1500))
    let run = ClusterRunUnderway(fixture.ticket(plan))
    run.reach(1500)
    fixture.cluster[1].kill9()
    let status = await run.end
    #expect(status.state == .done, "\(status.note)")
    #expect(status.verdict?.isFresh == true, "\(status.verdict?.text ?? "")")
    try fixture.cluster.waitUntilWell()
    #expect(try fixture.count("search:*") == 0)
    #expect(try fixture.count("other:*") == 300)
    #expect(run.audit.events == ["started", "done"])
  }

  @Test func `an ordered failover in the middle costs nothing`() async throws {
    let fixture = try ClusterOperationFixture()
    try fixture.fill("search:", 9000)
    let plan = try await fixture.plan(fixture.pattern("search:*", keysPerSecond: 1500))
    let run = ClusterRunUnderway(fixture.ticket(plan))
    run.reach(1000)
    try fixture.cluster.failover(to: fixture.cluster[3])
    let status = await run.end
    #expect(status.state == .done, "\(status.note)")
    #expect(status.failed == 0)
    #expect(try fixture.count("search:*") == 0)
  }

  @Test func `one shard without a successor stops none of the others, and can be gone on with`()
    async throws
  {
    var options = RedisCluster.Options()
    options.replicasOfEach = 0
    options.arguments = { _, _ in ["--cluster-require-full-coverage", "no"] }
    let fixture = try ClusterOperationFixture(options)
    try fixture.fill("search:", 6000)
    let plan = try await fixture.plan(fixture.pattern("search:*", keysPerSecond: 1000))
    var ticket = fixture.ticket(plan)
    ticket.thresholds.unreachableSeconds = 4
    ticket.thresholds.leaseMilliseconds = 2000
    let run = ClusterRunUnderway(ticket)
    run.reach(600)
    fixture.cluster[2].kill9()
    let state = run.runner.state
    try await run.isPartial()
    let status = state.status
    #expect(status.note.contains("2 of 3 shards are done, 1 failed"), "\(status.note)")
    #expect(status.note.contains("tried again"))
    #expect(status.shards.count { $0.state == .done } == 2)
    #expect(status.shards.count { $0.state == .failed && $0.fault != nil } == 1)
    #expect(try fixture.count("search:*") == 0, "\(status.shards)")
    // It comes back without its keys; what was written since counts as there before the end.
    try fixture.cluster[2].start()
    try fixture.cluster.waitUntilWell()
    try fixture.fill("search:", 300)
    let end = await run.end
    #expect(end.state == .done, "\(end.note)")
    #expect(end.verdict?.isFresh == true, "\(end.verdict?.text ?? "")")
    #expect(run.audit.events == ["started", "done"])
    // On the others they came after the end of their part.
    #expect(try fixture.cluster[2].run(["KEYS", "search:*"]).array?.isEmpty == true)
  }

  @Test
  func `what waits for a server outlives its runner, and ends when it is dismissed with a reason`()
    async throws
  {
    var options = RedisCluster.Options()
    options.replicasOfEach = 0
    options.arguments = { _, _ in ["--cluster-require-full-coverage", "no"] }
    let fixture = try ClusterOperationFixture(options)
    try fixture.fill("search:", 3000)
    // Neither the one that is configured nor that with the operation's own records.
    let records = try fixture.owner(of: "operations").port
    let victim = try #require(fixture.cluster.nodes.dropFirst().first { $0.port != records })
    let plan = try await fixture.plan(fixture.pattern("search:*", keysPerSecond: 1000))
    var ticket = fixture.ticket(plan)
    ticket.thresholds.unreachableSeconds = 2
    ticket.thresholds.leaseMilliseconds = 2000
    let run = ClusterRunUnderway(ticket)
    run.reach(300)
    victim.kill9()
    try await run.isPartial()
    let desk = fixture.desk()
    // The mirror is written twice a second.
    let isListed = try await Eventually.holds {
      let listed = await desk.operations().operations.first { $0.id == plan.id }
      return listed?.state == .partial && listed?.note.contains("2 of 3 shards") == true
    }
    #expect(isListed)
    // Nobody gives it up without saying why, and no viewer at all.
    await #expect(throws: OperationRefusal.self) { try await desk.dismiss(plan.id, reason: " ") }
    await #expect(throws: OperationRefusal.self) {
      try await fixture.desk(isReadOnly: true).dismiss(plan.id, reason: "because")
    }
    #expect(run.runner.state.status.state == .partial)
    try await desk.dismiss(plan.id, reason: "the node is gone for good")
    let end = await run.end
    #expect(end.state == .aborted, "\(end.note)")
    #expect(await desk.operations().operations.contains { $0.id == plan.id } == false)
    let trail = AuditTrail(folder: fixture.folder.path).recent(limit: 10)
    let entry = try #require(trail.entries.first { $0.event == "dismissed" })
    #expect(entry.reason == "the node is gone for good")
    #expect(entry.operation == plan.id)
  }

  @Test func `of several servers one that is away stops none of the others`() async throws {
    let servers = try (0..<3).map { _ in try RedisServer() }
    for server in servers {
      try server.connect().pipeline((0..<200).map { ["SET", "search:\($0)", "old"] })
    }
    let folder = try TemporaryFolder()
    let request = OperationRequest(
      .invalidate, .pattern(Array("search:*".utf8)), nodes: [RunFixture.node])
    var ticket = try RunFixture.ticket(request, on: servers[0], folder: folder.path)
    for server in servers.dropFirst() { ticket = try RunFixture.adding(server, to: ticket) }
    servers[1].kill9()
    ticket.thresholds.unreachableSeconds = 1
    let run = ClusterRunUnderway(ticket)
    try await run.isPartial()
    #expect(run.runner.state.status.note.contains("2 of 3 servers are done"))
    for index in [0, 2] {
      #expect(try servers[index].command(["KEYS", "search:*"]).array?.isEmpty == true)
    }
    run.runner.state.tell(.abort, reason: "enough")
    #expect(await run.end.state == .aborted)
  }
}
