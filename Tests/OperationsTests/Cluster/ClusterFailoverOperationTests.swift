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
    let status = await run.end
    #expect(status.state == .failed)
    #expect(status.note.contains("2 of 3 shards are done"), "\(status.note)")
    #expect(status.shards.count { $0.state == .done } == 2)
    #expect(status.shards.count { $0.state == .failed && $0.fault != nil } == 1)
    #expect(try fixture.count("search:*") == 0)
    // It comes back without its keys; what was written since counts as there before the end.
    try fixture.cluster[2].start()
    try fixture.cluster.waitUntilWell()
    try fixture.fill("search:", 300)
    var again = fixture.ticket(plan, mode: .takeOver)
    again.thresholds.leaseMilliseconds = 2000
    let second = await RunFixture.run(again)
    #expect(second.state == .done, "\(second.note)")
    #expect(try fixture.count("search:*") == 0)
  }
}
