import ConsoleModel
import EventLoop
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

  @Test
  func `copies are kept of what a cluster loses, and an undo puts them back where they belong now`()
    async throws
  {
    let fixture = try ClusterOperationFixture()
    try fixture.fill("search:", 900)
    try fixture.fill("other:", 50)
    let plan = try await fixture.plan(fixture.pattern("search:*"))
    let status = await RunFixture.run(fixture.ticket(plan))
    #expect(status.state == .done, "\(status.note)")
    #expect(status.copies == 900)
    #expect(try fixture.count("search:*") == 0)
    // Slots that another primary has by now.
    try fixture.cluster.failover(to: fixture.cluster[3])
    // What was written since stays as it is.
    try fixture.set("search:7", "new")
    let desk = fixture.desk()
    let (request, undo) = try await desk.resolved(
      OperationRequest(
        .restore(operation: plan.id), .server, nodes: [ClusterOperationFixture.node]))
    let restoring = try await fixture.plan(request, undo: undo)
    #expect(restoring.preview.shards.count == 3)
    #expect(restoring.preview.keys == .exact(899))
    let restored = await RunFixture.run(fixture.ticket(restoring))
    #expect(restored.state == .done, "\(restored.note)")
    #expect(restored.changed == 899)
    #expect(restored.skipped == 1)
    #expect(try fixture.count("search:*") == 900)
    #expect(try fixture.get("search:7") == "new")
    #expect(try fixture.get("search:8") == "old")
    #expect(try fixture.count("other:*") == 50)
  }

  @Test func `lives come back by an undo only where the value is still the one that was copied`()
    async throws
  {
    let fixture = try ClusterOperationFixture()
    try fixture.fill("product:", 60)
    let plan = try await fixture.plan(fixture.pattern("product:*", .adjust(seconds: 500)))
    #expect(await RunFixture.run(fixture.ticket(plan)).state == .done)
    #expect(try fixture.life("product:1") > 0)
    try fixture.set("product:2", "new", ["EX", "300"])
    let (request, undo) = try await fixture.desk().resolved(
      OperationRequest(
        .restore(operation: plan.id), .server, nodes: [ClusterOperationFixture.node]))
    let restored = await RunFixture.run(
      fixture.ticket(try await fixture.plan(request, undo: undo)))
    #expect(restored.state == .done, "\(restored.note)")
    #expect(try fixture.life("product:1") == -1)
    #expect(try fixture.life("product:2") > 0)
    #expect(try fixture.get("product:2") == "new")
  }

  @Test func `keys that others write meanwhile are copied as they are when they go`() async throws {
    let fixture = try ClusterOperationFixture()
    try fixture.fill("search:", 1500)
    let writer = try ClusterWriter(fixture, (0..<40).map { "search:\($0)" })
    let plan = try await fixture.plan(fixture.pattern("search:*", keysPerSecond: 1500))
    let status = await RunFixture.run(fixture.ticket(plan))
    let written = writer.stop()
    #expect(status.state == .done, "\(status.note)")
    #expect(written > 100)
    // What is gone without a copy is said; everything else has one, and it is the value that went.
    #expect(status.copies + status.uncopied >= 1460)
    #expect(status.failed == 0, "\(status.note)")
  }

  @Test func `a file of copies is loaded into the shards whose keys they are`() async throws {
    let fixture = try ClusterOperationFixture()
    try fixture.fill("product:", 300)
    let plan = try await fixture.plan(fixture.pattern("product:*"))
    #expect(await RunFixture.run(fixture.ticket(plan)).state == .done)
    let store = CopyStore(folder: CopyStore.folder(in: fixture.folder.path))
    var loaded: UInt64 = 0
    for path in try store.files(for: plan.id) {
      let warm = try await fixture.plan(
        OperationRequest(
          .warm(.dump(path: path)), .server, nodes: [ClusterOperationFixture.node]))
      let status = await RunFixture.run(fixture.ticket(warm))
      #expect(status.state == .done, "\(status.note)")
      #expect(status.failed == 0)
      #expect(status.changed == warm.preview.keys.value)
      loaded += status.changed
    }
    #expect(loaded == 300)
    #expect(try fixture.count("product:*") == 300)
  }

  @Test func `each shard asks the loader for its own keys`() async throws {
    let fixture = try ClusterOperationFixture()
    try fixture.set("product:3", "there")
    let script = "while read key; do printf '%s\\t60\\tloaded %s\\n' \"$key\" \"$key\"; done"
    let keys = (0..<90).map { KeyName(Array("product:\($0)".utf8)) }
    let plan = try await fixture.plan(
      OperationRequest(
        .warm(.command(["sh", "-c", script])), .keys(keys), nodes: [ClusterOperationFixture.node]))
    let status = await RunFixture.run(fixture.ticket(plan))
    #expect(status.state == .done, "\(status.note)")
    #expect(status.changed == 89)
    #expect(try fixture.get("product:4") == "loaded product:4")
    #expect(try fixture.get("product:3") == "there")
    let free = OperationRequest(
      .warm(.command(["true"])), .server, nodes: [ClusterOperationFixture.node])
    do {
      _ = try await fixture.plan(free)
      Issue.record("it was planned")
    } catch let fault as Fault {
      #expect(fault.message.contains("on a cluster a loader is asked for a list"))
    }
  }

  @Test func `a life is shortened in one step, and never made longer`() async throws {
    let fixture = try ClusterOperationFixture()
    try fixture.fill("a:", 30)
    try fixture.set("a:1", "x", ["EX", "20"])
    let plan = try await fixture.plan(fixture.pattern("a:*", .shorten(seconds: 100)))
    #expect(await RunFixture.run(fixture.ticket(plan)).state == .done)
    #expect(try (1...20).contains(fixture.life("a:1")))
    #expect(try (21...100).contains(fixture.life("a:2")))
  }

  @Test func `the role's pace is for all shards together`() async throws {
    let fixture = try ClusterOperationFixture()
    try fixture.fill("search:", 1200)
    let plan = try await fixture.plan(fixture.pattern("search:*", keysPerSecond: 600))
    let start = EventLoop.now()
    #expect(await RunFixture.run(fixture.ticket(plan)).state == .done)
    // 2 s at the pace that was asked for; 0.7 s if each shard had it.
    #expect(start.duration(to: EventLoop.now()) > .seconds(1.4))
  }
}
