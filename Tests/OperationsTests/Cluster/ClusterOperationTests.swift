import ConsoleModel
import Operations
import Redis
import TestKit
import Testing

/// Operations on a cluster: planned over all primaries from one node, run on all shards side by side.
@Suite(.blocking) struct ClusterOperationTests {
  @Test func `a pattern takes the whole cluster's keys and no others, wherever one begins`()
    async throws
  {
    // A replica is as good a way in as a primary.
    let fixture = try ClusterOperationFixture(seed: 4)
    try fixture.fill("search:", 3000)
    try fixture.fill("other:", 300)
    let plan = try await fixture.plan(fixture.pattern("search:*"))
    #expect(plan.preview.keys == .exact(3000))
    #expect(plan.preview.shards.count == 3)
    #expect(plan.preview.shards.map(\.keys.value).reduce(0, +) == 3000)
    #expect(plan.preview.shards.allSatisfy { $0.keys.value > 500 })
    let audit = TestAudit()
    let status = await RunFixture.run(fixture.ticket(plan), audit)
    #expect(status.state == .done, "\(status.note)")
    #expect(status.changed == 3000)
    #expect(status.shards.count == 3)
    #expect(status.shards.allSatisfy { $0.state == .done && $0.changed > 500 })
    #expect(status.verdict?.isFresh == true, "\(status.verdict?.text ?? "")")
    #expect(audit.events == ["started", "done"])
    #expect(try fixture.count("search:*") == 0)
    #expect(try fixture.count("other:*") == 300)
  }

  @Test func `a list of keys is split by slot, and lives are changed where the keys are`()
    async throws
  {
    let fixture = try ClusterOperationFixture()
    try fixture.fill("product:", 600)
    let keys = (0..<500).map { KeyName(Array("product:\($0)".utf8)) }
    let life = try await fixture.plan(
      OperationRequest(.shorten(seconds: 1000), .keys(keys), nodes: [ClusterOperationFixture.node]))
    let shortened = await RunFixture.run(fixture.ticket(life))
    #expect(shortened.state == .done, "\(shortened.note)")
    #expect(shortened.changed == 500)
    #expect(shortened.verdict?.asAsked == 500, "\(shortened.verdict?.text ?? "")")
    let plan = try await fixture.plan(
      OperationRequest(.invalidate, .keys(keys), nodes: [ClusterOperationFixture.node]))
    #expect(plan.preview.keys == .exact(500))
    let status = await RunFixture.run(fixture.ticket(plan))
    #expect(status.state == .done, "\(status.note)")
    #expect(status.changed == 500)
    #expect(try fixture.count("product:*") == 100)
  }

  @Test func `a plan is void when another node owns its slots`() async throws {
    let fixture = try ClusterOperationFixture()
    try fixture.fill("search:", 300)
    let plan = try await fixture.plan(fixture.pattern("search:*"))
    let same = try await fixture.planner.recheck(plan, seed: 1)
    #expect(
      PlanCheck.refusal(
        plan, now: RunFixture.wall(), identities: same.identities, keys: same.keys) == nil)
    try fixture.cluster.failover(to: fixture.cluster[3])
    let found = try await fixture.planner.recheck(plan, seed: 1)
    let reason = PlanCheck.refusal(
      plan, now: RunFixture.wall(), identities: found.identities, keys: found.keys)
    #expect(reason?.contains("plan again") == true)
  }

  @Test func `what this version does not do on a cluster it says`() async throws {
    let fixture = try ClusterOperationFixture()
    let warm = OperationRequest(
      .warm(.command(["true"])), .keys([KeyName(Array("a".utf8))]),
      nodes: [ClusterOperationFixture.node])
    do {
      _ = try await fixture.plan(warm)
      Issue.record("it was planned")
    } catch let fault as Fault {
      #expect(fault.message.contains("on a cluster"))
    }
  }
}
