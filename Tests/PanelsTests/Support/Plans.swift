import ConsoleModel
import Terminal

@testable import Panels

/// Plans and reports as the engine would send them.
enum Plans {
  static let author = OperationAuthor(
    user: "maja", uid: 1001, role: .operatorRole, host: "ops-1", terminal: "pts/3",
    from: "192.0.2.7", version: "0.3")

  /// What the planner says about `request`.
  static func plan(
    _ request: OperationRequest, _ environment: EnvironmentIdentity, keys: KeyCount = .exact(1),
    isComplete: Bool = true, progress: Double = 1, created: WallTime = Fixture.wall,
    edit: (inout OperationPreview) -> Void = { _ in }
  ) -> OperationPlan {
    var preview = OperationPreview()
    preview.keys = keys
    preview.isComplete = isComplete
    preview.progress = progress
    preview.dataTypes = [.init(name: "product", keys: keys.value)]
    preview.commands = ["UNLINK product:1181:de"]
    edit(&preview)
    return OperationPlan(
      id: "20261122T120431-3f9a0c", request: request, environment: environment, author: author,
      preview: preview, created: created, hash: "c0ffee")
  }

  /// A large pattern with everything that a preview can hold.
  static func large(_ preview: inout OperationPreview) {
    preview.bytes = 104_857_600
    preview.shards = [Fixture.redis1, Fixture.redis2].map {
      .init(
        node: $0, address: "10.0.0.11:6379", runID: "a", size: 1_204_331,
        keys: .estimate(low: 490_000, value: 500_000, high: 510_000), bytes: 52_428_800)
    }
    preview.types = [.init(name: "string", keys: 990_000), .init(name: "hash", keys: 10_000)]
    preview.dataTypes = [.init(name: "search", keys: 999_000), .init(name: "session", keys: 1_000)]
    preview.lives = [
      .init(name: "under 60 s", keys: 400_000), .init(name: "to 10 min", keys: 600_000),
    ]
    preview.idle = [.init(name: "under 1 h", keys: 1_000_000)]
    preview.loggedOut = .estimate(low: 900, value: 1_000, high: 1_100)
    preview.sessionsLeftOut = 12_345
    preview.largeStrings = [.init(key: Fixture.hostileKey, bytes: 20 << 20)]
    preview.dependents = ["search pages are built again from the database"]
    preview.warnings = ["the last save failed"]
    preview.commands = ["SCAN 0 MATCH search:* COUNT 1000", "UNLINK search:… (up to 500 keys)"]
    preview.sample =
      [Fixture.hostileKey, Fixture.longKey] + (0..<60).map { KeyName("search:12:\($0)") }
  }

  static func status(
    _ id: String, _ title: String, _ state: OperationState, secondsAgo: Int64,
    edit: (inout OperationStatus) -> Void = { _ in }
  ) -> OperationStatus {
    let started = WallTime(microseconds: Fixture.wall.microseconds - secondsAgo * 1_000_000)
    var status = OperationStatus(
      id: id, title: title, environment: Fixture.shop.name, author: author,
      reason: "wrong prices since 11:40", planHash: "9f86d081884c7d65", state: state,
      started: started, updated: Fixture.wall, expected: 1_000_000, copies: 0, fence: 1,
      runner: "ops-1:4242")
    var shard = ShardStatus(node: Fixture.redis1)
    shard.state = state
    shard.size = 1_204_331
    shard.visited = state.isOver ? 1_204_331 : 505_819
    shard.changed = state.isOver ? 1_000_000 : 420_123
    status.shards = [shard]
    edit(&status)
    return status
  }

  static var report: OperationsReport {
    var report = OperationsReport(environment: Fixture.shop.name, at: Fixture.now)
    var verdict = Verdict()
    verdict.gone = 12_345
    verdict.reborn = 2
    verdict.checked = 12_347
    verdict.at = Fixture.wall
    verdict.isFresh = true
    verdict.text = "12,345 gone, 2 reborn: nothing born before the start is served"
    report.operations = [
      status("20261122T120331-aa", "invalidate search:*", .running, secondsAgo: 60) {
        $0.rate = 18_400
        $0.etaSeconds = 12
        $0.note = "slower: the lazy-free backlog is 40,000"
      },
      status("20261122T120000-bb", "invalidate category:*", .orphaned, secondsAgo: 271),
      status("20261122T115931-cc", "invalidate product:1181:*", .done, secondsAgo: 300) {
        $0.verdict = verdict
        $0.finished = Fixture.wall
        $0.copies = 12_347
      },
      status("20261122T115431-dd", "warm 3 keys", .failed, secondsAgo: 600) {
        $0.shards[0].failed = 3
        $0.shards[0].fault = "redis-1: SET: OOM command not allowed"
        $0.note = "redis-1 is out of memory"
      },
    ]
    report.audit = [
      AuditEntry(
        sequence: 42, at: Fixture.wall, event: "verified", operation: "20261122T115931-cc",
        title: "invalidate product:1181:*", environment: Fixture.shop.name, user: "maja",
        from: "192.0.2.7", reason: "wrong prices since 11:40", result: "12,345 gone, 2 reborn",
        hash: "5d41402abc4b2a76"),
      AuditEntry(
        sequence: 41,
        at: WallTime(microseconds: Fixture.wall.microseconds - 86_400_000_000 * 2),
        event: "break-glass", operation: "20261120T115931-ee", title: Fixture.hostileText,
        environment: Fixture.shop.name, user: "root", hash: "7d793037a0760186"),
    ]
    return report
  }

  /// Everything that a report can hold, at its worst.
  static var hostileReport: OperationsReport {
    var report = Self.report
    let long = String(repeating: "x", count: 10_000)
    for index in report.operations.indices {
      report.operations[index].title = Fixture.hostileText + long
      report.operations[index].author.user = Fixture.hostileText
      report.operations[index].author.from = long
      report.operations[index].reason = Fixture.hostileText + long
      report.operations[index].note = Fixture.hostileText
      report.operations[index].runner = Fixture.hostileText
      report.operations[index].planHash = Fixture.hostileText
      report.operations[index].rate = [.nan, .infinity, -1, 1e300][index % 4]
      report.operations[index].etaSeconds = [.infinity, -1, .nan, 1e300][index % 4]
      report.operations[index].started = WallTime(microseconds: [.min, .max, 0, -1][index % 4])
      report.operations[index].shards = (0..<300).map { _ in
        var shard = ShardStatus(node: NodeID(Fixture.hostileText))
        (shard.size, shard.visited, shard.changed, shard.failed) = (.max, .max, .max, .max)
        shard.fault = Fixture.hostileText + long
        return shard
      }
      report.operations[index].verdict?.text = Fixture.hostileText + long
    }
    report.audit[0].result = long + Fixture.hostileText
    report.audit[0].at = WallTime(microseconds: .max)
    report.problems = [Fixture.hostileText + long, "a", "b", "c", "d"]
    return report
  }
}

extension Model {
  /// Answers the open dialog's question with a preview.
  mutating func planned(
    keys: KeyCount = .exact(1), isComplete: Bool = true, progress: Double = 1,
    created: WallTime = Fixture.wall, at now: MonotonicTime = Fixture.now,
    edit: (inout OperationPreview) -> Void = { _ in }
  ) {
    guard let request = dialog?.request else { return }
    _ = update(
      .planned(
        Plans.plan(
          request, context.environment, keys: keys, isComplete: isComplete, progress: progress,
          created: created, edit: edit)), now: now)
  }
}
