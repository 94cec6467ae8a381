import ConsoleModel
import Glibc
import Operations
import TestKit
import Testing

/// "Warm 100,000 keys at 2,000/s: never above the limit in any second, progress and ETA right within 10 %,
/// the second run skips": the server is asked what it has loaded, a few hundred times a second. The whole
/// number belongs to the full test (CACHECONSOLE_FULL=1).
@Suite(.serialized, .blocking) struct WarmPaceTests {
  private static var isFull: Bool { unsafe getenv("CACHECONSOLE_FULL") != nil }
  private static let limit = 2000

  private let folder: TemporaryFolder
  private let server: RedisServer

  init() throws {
    folder = try TemporaryFolder()
    server = try RedisServer()
  }

  private func run(
    _ ticket: RunTicket, count: @escaping WarmWatch.Count
  ) async throws -> (status: OperationStatus, looks: [WarmWatch.Look]) {
    let runner = OperationRunner(
      ticket, loop: RunFixture.loop, runner: "here:1", wall: RunFixture.wall)
    let watch = WarmWatch(runner.state, server, count: count)
    let status = await runner.run(TestAudit())
    return (status, watch.stop())
  }

  /// - Parameter slack: seconds that a figure may be older than the moment at which it was read.
  private func check(_ looks: [WarmWatch.Look], _ total: Int, slack: Double) throws {
    #expect(looks.mostInOneSecond <= UInt64(Self.limit), "in one second")
    // A watch that saw nothing would find no fault.
    #expect(looks.mostInOneSecond > UInt64(Self.limit) / 2)
    let error = looks.largestProgressError(of: total)
    #expect(error <= 0.1, "progress")
    let times = looks.remainingTimes(of: total, between: 0.4...0.6)
    try #require(!times.isEmpty, "the run said nothing about its remaining time")
    for time in times {
      #expect(
        abs(time.said - time.true) <= 0.1 * time.true + slack,
        "\(time.said) s were said and \(time.true) s were left")
    }
    let start = looks.last { $0.loaded == 0 }?.received ?? 0
    let end = looks.first { $0.loaded >= UInt64(total) }?.received ?? 0
    let seconds = Double(end - start) / 1e9
    let worst = times.map { abs($0.said - $0.true) / max(0.001, $0.true) }.max() ?? 0
    print(
      "warm \(total) keys: \(seconds) s, \(Int(Double(total) / seconds)) keys/s, most in any second"
        + " \(looks.mostInOneSecond) of \(Self.limit) (\(looks.count) looks), progress off by at most"
        + " \(Int(error * 1000)) per mille, remaining time at the middle by \(Int(worst * 1000))")
  }

  private func warmFromFile(_ count: Int, slack: Double) async throws {
    let path = folder.file("hot.dump")
    try WarmFixture.dump(
      (0..<count).map { "product:\($0)" }, try WarmFixture.payload("value", from: server), to: path,
      now: RunFixture.wall())
    let request = WarmFixture.request(.dump(path: path), rate: Self.limit)
    let restores = WarmWatch.calls("restore")
    let first = try await run(
      try await WarmFixture.ticket(request, on: server, folder: folder), count: restores)
    #expect(first.status.state == .done, "\(first.status.note)")
    #expect(first.status.changed == UInt64(count))
    #expect(first.status.expected == UInt64(count))
    #expect(first.status.verdict?.asAsked == UInt64(min(count, 10_000)))
    #expect(try WarmWatch.products(server.connect(), 0) == UInt64(count))
    try check(first.looks, count, slack: slack)
    // The second run finds all of it there, and sends none of it.
    let before = try restores(server.connect(), 0)
    let began = Deadline.now
    let second = await RunFixture.run(
      try await WarmFixture.ticket(request, on: server, folder: folder))
    #expect(second.state == .done, "\(second.note)")
    #expect(second.changed == 0 && second.skipped == UInt64(count))
    #expect(try restores(server.connect(), 0) == before)
    print("the second run: \(Double(Deadline.now - began) / 1e9) s")
  }

  @Test func `a file of copies is loaded at its pace, and told how far it is`() async throws {
    try await warmFromFile(6000, slack: 0.15)
  }

  @Test(.enabled(if: isFull, "CACHECONSOLE_FULL=1 runs it"))
  func `100,000 keys are loaded at their pace, and told how far they are`() async throws {
    try await warmFromFile(100_000, slack: 0)
  }

  private func warmFromLoader(_ count: Int, slack: Double) async throws {
    let keys = (0..<count).map { "product:\($0)" }
    let request = WarmFixture.request(
      .command(try WarmFixture.loader(in: folder)), keys: keys, rate: Self.limit)
    let first = try await run(
      try await WarmFixture.ticket(request, on: server, folder: folder), count: WarmWatch.products)
    #expect(first.status.state == .done, "\(first.status.note)")
    #expect(first.status.changed == UInt64(count))
    try check(first.looks, count, slack: slack)
    let last = "product:\(count - 1)"
    #expect(try server.command(["GET", last]).text == "new-\(last)")
    let second = await RunFixture.run(
      try await WarmFixture.ticket(request, on: server, folder: folder))
    #expect(second.changed == 0 && second.skipped == UInt64(count))
  }

  @Test func `a loader's records are loaded at their pace, and what is there is not asked for`()
    async throws
  {
    try await warmFromLoader(4000, slack: 0.15)
  }

  @Test(.enabled(if: isFull, "CACHECONSOLE_FULL=1 runs it"))
  func `100,000 of a loader's records are loaded at their pace`() async throws {
    try await warmFromLoader(100_000, slack: 0)
  }
}
