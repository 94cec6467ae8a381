import ConsoleModel
import Operations
import Redis
import TestKit
import Testing

/// What a warm-up's preview says before anything is loaded, and its verdict afterwards.
@Suite(.blocking) struct WarmPlanTests {
  private let folder: TemporaryFolder
  private let server: RedisServer

  init() throws {
    folder = try TemporaryFolder()
    server = try PlanFixture.server()
  }

  private func dump(
    _ keys: [String], environment: String = "test", expiresAt: Int64? = nil
  ) throws -> OperationRequest {
    let path = folder.file("hot.dump")
    try WarmFixture.dump(
      keys, try WarmFixture.payload("v", from: server), to: path, environment: environment,
      expiresAt: expiresAt)
    return WarmFixture.request(.dump(path: path))
  }

  private func plan(_ request: OperationRequest) async throws -> OperationPlan {
    try await PlanFixture.plan(try PlanFixture.planner([server.url]), request)
  }

  @Test func `a file's keys, bytes and kinds are told before they are loaded`() async throws {
    let keys = (1...300).map { "product:\($0)" } + (1...50).map { "search:\($0)" }
    let plan = try await plan(try dump(keys))
    #expect(plan.preview.keys == .exact(350))
    #expect(plan.preview.shards.map(\.keys) == [.exact(350)])
    #expect(plan.preview.isComplete)
    #expect(
      plan.preview.dataTypes == [
        .init(name: "product", keys: 300), .init(name: "search", keys: 50),
      ]
    )
    #expect((plan.preview.bytes ?? 0) > 350 * 8)
    #expect(plan.preview.sample.count == 200)
    #expect(plan.preview.commands == ["RESTORE <key> <its life in ms> <the copy>"])
    #expect(plan.preview.dependents.isEmpty)
    #expect(
      plan.preview.warnings == [
        "keys that are there already are skipped; how many is found out as it runs"
      ])
    // Production: 350 keys that can be loaded again take their name.
    #expect(plan.friction == .name)
    let recheck = try await PlanFixture.planner([server.url]).recheck(plan, seed: 1)
    #expect(recheck.keys == .exact(350))
  }

  @Test func `ten keys take y, and more than 10,000 the count`() async throws {
    #expect(try await plan(try dump((1...10).map { "product:\($0)" })).friction == .yes)
    let other = folder.file("large.dump")
    try WarmFixture.dump((0...10_000).map { "product:\($0)" }, [1], to: other)
    let large = try await plan(WarmFixture.request(.dump(path: other)))
    #expect(large.friction == .nameAndCount)
    #expect(large.confirmationText == "test 10k")
  }

  @Test func `sessions, another environment and keys past their life are told`() async throws {
    let plan = try await plan(
      try dump(["session:1", "session:2", "product:1", "cacheconsole:x"], environment: "live"))
    #expect(plan.preview.keys == .exact(3))
    let warnings = plan.preview.warnings.joined(separator: "\n")
    #expect(warnings.contains("2 sessions are in the file"))
    #expect(warnings.contains("another environment: 'live'"))
    #expect(plan.friction == .name)
    let path = folder.file("old.dump")
    try WarmFixture.dump(
      ["product:1"], [1], to: path, expiresAt: PlanFixture.now.microseconds / 1000 - 1)
    let old = try await self.plan(WarmFixture.request(.dump(path: path)))
    #expect(old.preview.keys == .exact(0))
    #expect(old.preview.warnings.contains("1 more keys in the file have expired and are left out"))
  }

  @Test func `a file that grew after its plan was shown is not loaded`() async throws {
    let request = try dump((1...100).map { "product:\($0)" })
    let planner = try PlanFixture.planner([server.url])
    let plan = try await PlanFixture.plan(planner, request)
    guard case .warm(.dump(let path)) = request.action else { return }
    TemporaryFolder.remove(path)
    try WarmFixture.dump((1...200).map { "product:\($0)" }, [1], to: path)
    let found = try await planner.recheck(plan, seed: 1)
    let refusal = PlanCheck.refusal(
      plan, now: PlanFixture.now, identities: found.identities, keys: found.keys)
    #expect(refusal?.contains("plan again") == true)
  }

  @Test func `no file, or one that is cut off, is refused with its name`() async throws {
    let planner = try PlanFixture.planner([server.url])
    let missing = await PlanFixture.fault(planner, WarmFixture.request(.dump(path: "/none.dump")))
    #expect(missing?.line.contains("/none.dump") == true)
    let path = folder.file("cut.dump")
    try WarmFixture.dump(["product:1", "product:2"], [1, 2, 3], to: path)
    let bytes = try CopyFixture.bytes(path)
    try CopyFixture.put(Array(bytes.dropLast(20)), path)
    let cut = await PlanFixture.fault(planner, WarmFixture.request(.dump(path: path)))
    #expect(cut?.line.contains("cut off") == true, "\(cut?.line ?? "no fault")")
  }

  @Test func `a file's keys are not named twice, and a pattern names none`() async throws {
    let planner = try PlanFixture.planner([server.url])
    let file = WarmFixture.request(.dump(path: "/x"), keys: ["product:1"])
    #expect(await PlanFixture.fault(planner, file)?.line.contains("names its keys itself") == true)
    var pattern = WarmFixture.request(.command(["load"]))
    pattern.target = .pattern(Array("product:*".utf8))
    #expect(await PlanFixture.fault(planner, pattern)?.line.contains("pattern") == true)
  }

  @Test func `what a loader did not give is neither gone nor verified`() async throws {
    try server.command(["SET", "product:1", "old"])
    let script = try folder.write(
      "some.sh", #"exec sed -n '/:[1-5]$/s/\(.*\)/\1\t3600\tnew/p'"#)
    let keys = (1...8).map { "product:\($0)" }
    let ticket = try await WarmFixture.ticket(
      WarmFixture.request(.command(["sh", script]), keys: keys), on: server, folder: folder)
    #expect(ticket.plan.preview.keys == .exact(7))
    #expect(
      ticket.plan.preview.warnings == [
        "1 of 8 keys is there already and will be skipped: the loader is asked for the others"
      ])
    let status = await RunFixture.run(ticket)
    #expect(status.state == .done, "\(status.note)")
    #expect(status.changed == 4 && status.skipped == 1)
    #expect(status.verdict?.text == "looked at 5 again: 5 there")
    #expect(status.note == "3 keys were not given by the loader")
    #expect(status.progress == 1)
  }
}
