import ConsoleModel
import Operations
import Testing

@Suite struct PlanCheckTests {
  static func plan(
    _ keys: KeyCount, _ request: OperationRequest = PlanFixture.pattern("product:*")
  ) -> OperationPlan {
    var preview = OperationPreview()
    preview.keys = keys
    preview.isComplete = true
    preview.shards = request.nodes.map {
      .init(node: $0, address: "127.0.0.1:1", runID: "run-\($0.rawValue)", size: 9, keys: keys)
    }
    return OperationPlan(
      id: "20261125T165512-3f9a0c", request: request, environment: PlanFixture.environment,
      author: CodecFixture.author, preview: preview, created: PlanFixture.now
    ).hashed()
  }

  static func after(_ seconds: Int64) -> WallTime {
    WallTime(microseconds: PlanFixture.now.microseconds + seconds * 1_000_000)
  }

  static let same = [NodeID("a"): "run-a"]

  @Test(
    arguments: [
      (0, true), (600, true), (601, false), (-30, true), (-3600, false),
    ] as [(Int64, Bool)]) func `a plan holds for ten minutes`(seconds: Int64, holds: Bool)
  {
    let reason = PlanCheck.refusal(
      Self.plan(.exact(5)), now: Self.after(seconds), identities: Self.same, keys: .exact(5))
    #expect((reason == nil) == holds)
    if !holds { #expect(reason?.contains("expired") == true) }
  }

  @Test func `another process, a lost server and a changed plan are refused`() {
    let request = PlanFixture.pattern("product:*", nodes: 2)
    let plan = Self.plan(.exact(5), request)
    func refusal(_ plan: OperationPlan, _ identities: [NodeID: String]) -> String? {
      PlanCheck.refusal(plan, now: Self.after(1), identities: identities, keys: .exact(5))
    }
    let both = [NodeID("a"): "run-a", NodeID("b"): "run-b"]
    #expect(refusal(plan, both) == nil)
    #expect(refusal(plan, Self.same)?.contains("b (127.0.0.1:1) is not there") == true)
    #expect(
      refusal(plan, [NodeID("a"): "run-a", NodeID("b"): "run-c"])?.contains(
        "another server process")
        == true)
    var changed = plan
    changed.request.target = .pattern(Array("*".utf8))
    #expect(refusal(changed, both)?.contains("was changed") == true)
    changed = plan
    changed.preview.shards.removeLast()
    #expect(refusal(changed.hashed(), both)?.contains("does not show every server") == true)
  }

  @Test(
    arguments: [
      (.exact(1000), .estimate(low: 900, value: 950, high: 1100), true),
      (.exact(1000), .estimate(low: 1100, value: 1200, high: 1300), false),
      (.exact(1000), .exact(1050), true), (.exact(1000), .exact(1051), false),
      (.exact(1000), .exact(949), false),
      (.exact(5), .exact(10), true), (.exact(0), .exact(10), true), (.exact(0), .exact(11), false),
      (.exact(.max), .exact(.max), true),
      (
        .estimate(low: 900, value: 950, high: 1100), .estimate(low: 1100, value: 1200, high: 1300),
        true
      ),
      (
        .estimate(low: 900, value: 950, high: 1100), .estimate(low: 10, value: 20, high: 899), false
      ),
    ] as [(KeyCount, KeyCount, Bool)]) func `a count outside of what was shown is refused`(
      shown: KeyCount, found: KeyCount, holds: Bool
    )
  {
    let reason = PlanCheck.refusal(
      Self.plan(shown), now: Self.after(1), identities: Self.same, keys: found)
    #expect((reason == nil) == holds, "\(reason ?? "")")
  }

  @Test func `what has come to need more than was confirmed is refused`() {
    let plan = Self.plan(.exact(9_995))
    #expect(plan.friction == .name)
    func refusal(_ keys: KeyCount) -> String? {
      PlanCheck.refusal(plan, now: Self.after(1), identities: Self.same, keys: keys)
    }
    #expect(refusal(.exact(10_000)) == nil)
    #expect(refusal(.exact(10_001))?.contains("needs more than was confirmed") == true)
    // Only what is certain counts: an interval's upper end is chance.
    #expect(refusal(.estimate(low: 9_900, value: 10_000, high: 11_000)) == nil)
  }

  @Test func `roles are limited by environment, whole tiers and speed`() {
    func refusal(
      _ request: OperationRequest, _ role: Role, _ limits: RoleLimits = RoleLimits(),
      keys: KeyCount? = nil
    ) -> String? {
      PlanCheck.refusal(
        request, in: PlanFixture.environment, keys: keys,
        access: Access(
          isReadOnly: role == .viewer, reason: "started with --read-only", mayReveal: false,
          role: role, limits: limits))
    }
    let some = PlanFixture.pattern("product:*")
    let all = PlanFixture.pattern("**")
    #expect(refusal(some, .viewer)?.contains("--read-only") == true)
    #expect(refusal(some, .operatorRole) == nil)
    #expect(refusal(some, .operatorRole, RoleLimits(environments: ["test"])) == nil)
    #expect(
      refusal(some, .operatorRole, RoleLimits(environments: ["dev"]))?.contains("dev") == true)
    #expect(refusal(some, .operatorRole, RoleLimits(environments: []))?.contains("nothing") == true)
    #expect(refusal(all, .operatorRole) == nil)
    #expect(
      refusal(all, .operatorRole, RoleLimits(wholeTier: false))?.contains("every key") == true)
    #expect(refusal(some, .operatorRole, RoleLimits(wholeTier: false)) == nil)
    for glob in ["?*", "*?", "*??*"] {
      #expect(
        refusal(PlanFixture.pattern(glob), .operatorRole, RoleLimits(wholeTier: false)) != nil)
    }
    var full = some
    full.pace.isFull = true
    let slow = RoleLimits(keysPerMinute: 6000)
    #expect(refusal(full, .admin) == nil)
    // Before they are counted nobody knows.
    #expect(refusal(full, .operatorRole, slow) == nil)
    let more = refusal(full, .operatorRole, slow, keys: .exact(6001))
    #expect(more?.contains("6000 keys a minute") == true)
    #expect(refusal(full, .operatorRole, slow, keys: .exact(6000)) == nil)
    #expect(refusal(some, .operatorRole, slow) == nil)
    #expect(refusal(some, .operatorRole, RoleLimits(keysPerMinute: 0))?.contains("no keys") == true)
    #expect(full.pace.limited(by: slow) == Pace(keysPerSecond: 100, isFull: true))
    #expect(full.pace.limited(by: RoleLimits()) == full.pace)
  }
}
