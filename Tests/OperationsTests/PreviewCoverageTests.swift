import ConsoleModel
import EventLoop
import Glibc
import Operations
import TestKit
import Testing

/// The first figure in a hundred seeded runs: within a second, and its interval holds the truth in at
/// least 95; then the full count. The large keyspace belongs to the full test (CACHECONSOLE_FULL=1).
@Suite(.blocking, .serialized) struct PreviewCoverageTests {
  private static var isFull: Bool { unsafe getenv("CACHECONSOLE_FULL") != nil }

  /// What came of many runs.
  private struct Runs {
    var held = 0
    var exact = 0
    var seconds: [Double] = []
    var widths: [Double] = []
  }

  private static func estimate(
    _ planner: Planner, _ glob: String, truth: UInt64, runs count: Int
  ) async throws -> Runs {
    let request = PlanFixture.pattern(glob)
    let plan = PlanCheckTests.plan(.exact(truth), request)
    var runs = Runs()
    for seed in 0..<count {
      let start = EventLoop.now()
      let found = try await planner.recheck(plan, seed: UInt64(seed) &* 0x9E37_79B9)
      runs.seconds.append(Double(start.duration(to: .now()).nanoseconds) / 1e9)
      let keys = try #require(found.keys)
      if keys.contains(truth) { runs.held += 1 }
      switch keys {
      case .exact: runs.exact += 1
      case .estimate(let low, _, let high):
        runs.widths.append(Double(high - low) / Double(max(1, truth)))
      }
    }
    return runs
  }

  private static func expect(_ runs: Runs, of count: Int, maximumWidth: Double, _ name: String) {
    let slowest = runs.seconds.max() ?? 0
    let width = runs.widths.reduce(0, +) / Double(max(1, runs.widths.count))
    print(
      "\(name): truth inside in \(runs.held) of \(count), slowest first figure \(slowest) s,"
        + " mean width \(width) of the truth")
    // Each run holds it with 99 %: three misses in ten happen once in ten thousand tests.
    let needed = isFull ? (95 * count + 99) / 100 : count - 2
    #expect(runs.held >= needed, "\(name): \(runs.held) of \(count)")
    // Both are bounded by time: the full test has the machine to itself, this one shares it.
    if isFull {
      #expect(slowest <= 1, "\(name): \(slowest) s")
      // An interval that holds everything says nothing.
      #expect(width <= maximumWidth, "\(name)")
    }
    #expect(runs.exact == 0)
  }

  @Test func `estimates hold the truth on 200,000 keys, and the full count is exact`() async throws
  {
    let server = try PlanFixture.server()
    try PlanFixture.populate(server, "search", 1000)
    try PlanFixture.populate(server, "product", 100_000)
    try PlanFixture.populate(server, "profile", 99_000)
    let planner = try PlanFixture.planner([server.url])
    let count = Self.isFull ? 100 : 10
    let rare = try await Self.estimate(planner, "search:*", truth: 1000, runs: count)
    Self.expect(rare, of: count, maximumWidth: 0.5, "1,000 of 200,000")
    let half = try await Self.estimate(planner, "product:*", truth: 100_000, runs: count)
    Self.expect(half, of: count, maximumWidth: 0.05, "100,000 of 200,000")
    let none = try await Self.estimate(planner, "cart:*", truth: 0, runs: count)
    #expect(none.held == count)
    for (glob, truth) in [("search:*", 1000), ("product:*", 100_000), ("cart:*", 0)] {
      let plan = try await PlanFixture.plan(planner, PlanFixture.pattern(glob))
      #expect(plan.preview.keys == .exact(UInt64(truth)))
    }
  }

  @Test(.enabled(if: isFull, "CACHECONSOLE_FULL=1 runs it"))
  func `estimates hold the truth on 2,100,000 keys, and the full count is exact to 0.1 percent`()
    async throws
  {
    let server = try PlanFixture.server()
    try PlanFixture.populate(server, "search", 1_000_000, bytes: 100)
    try PlanFixture.populate(server, "product", 999_000)
    try PlanFixture.populate(server, "cart", 100_000)
    try PlanFixture.populate(server, "category", 1000)
    let planner = try PlanFixture.planner([server.url])
    let cases = [
      ("search:*", 1_000_000, 0.05), ("cart:*", 100_000, 0.12), ("category:*", 1000, 1.3),
    ]
    for (glob, truth, width) in cases {
      let runs = try await Self.estimate(planner, glob, truth: UInt64(truth), runs: 100)
      Self.expect(runs, of: 100, maximumWidth: width, "\(truth) of 2,100,000")
    }
    for (glob, truth, _) in cases {
      let plan = try await PlanFixture.plan(planner, PlanFixture.pattern(glob))
      guard case .exact(let count) = plan.preview.keys else {
        Issue.record("\(plan.preview.keys)")
        continue
      }
      #expect(abs(Double(count) - Double(truth)) <= Double(truth) / 1000)
    }
  }

  /// A table that is being rebuilt, and one that is almost empty, are as good as a quiet one.
  @Test func `estimates hold the truth while the table grows and after it was emptied`()
    async throws
  {
    let server = try PlanFixture.server()
    try PlanFixture.populate(server, "product", 131_072)
    let connection = try server.connect()
    let planner = try PlanFixture.planner([server.url])
    // One more: the server begins to move its keys, some with each command. An interval misses once in
    // a hundred times: four misses of twenty happen once in twenty thousand tests.
    try connection.command(["SET", "search:1", "x"])
    let growing = try await Self.estimate(planner, "product:*[02468]", truth: 65_536, runs: 20)
    #expect(growing.held >= 17)
    for start in stride(from: 0, to: 70_000, by: 1000) {
      try connection.command(["UNLINK"] + (start..<start + 1000).map { "product:\($0)" })
    }
    let sparse = try await Self.estimate(planner, "product:*1", truth: 6107, runs: 20)
    #expect(sparse.held >= 17)
    let plan = try await PlanFixture.plan(planner, PlanFixture.pattern("product:*"))
    #expect(plan.preview.keys == .exact(61_072))
  }

  @Test func `the count leaves the server to its clients`() async throws {
    let server = try PlanFixture.server()
    try PlanFixture.populate(server, "product", 60_000)
    let planner = try PlanFixture.planner([server.url]) { options in
      options.sampleKeys = 4000
      options.keysPerSecond = 60_000
    }
    try server.command(["CONFIG", "RESETSTAT"])
    let start = EventLoop.now()
    let updates = PlanFixture.Updates()
    let plan = try await PlanFixture.plan(planner, PlanFixture.pattern("product:*"), updates)
    let seconds = Double(start.duration(to: .now()).nanoseconds) / 1e9
    #expect(plan.preview.keys == .exact(60_000))
    #expect(seconds >= 0.9, "60,000 keys at 60,000/s took \(seconds) s")
    let line = try #require(try server.info("cmdstat_scan", "commandstats"))
    let each = line.split(separator: ",").compactMap { field -> Double? in
      field.hasPrefix("usec_per_call=") ? Double(field.dropFirst(14)) : nil
    }
    // The server shares the machine with the other suites, unless this is the full test.
    if Self.isFull { #expect(try #require(each.first) <= 500, "\(line)") }
    // Figures get no worse on the way, and progress goes on.
    let told = updates.all.map(\.preview)
    #expect(told.count >= 2)
    #expect(zip(told, told.dropFirst()).allSatisfy { $0.progress <= $1.progress })
    #expect(told.contains { $0.secondsLeft.map { $0 > 0 && $0 < 3 } ?? false })
  }
}
