import ConsoleModel
import Operations
import Redis
import TestKit
import Testing

@Suite(.blocking) struct InvalidateTests {
  private let folder: TemporaryFolder
  private let server: RedisServer

  init() throws {
    folder = try TemporaryFolder()
    server = try RedisServer(arguments: ["--enable-debug-command", "local"])
  }

  private func fill(_ count: Int, _ prefix: String) throws {
    let client = try server.connect()
    for start in stride(from: 0, to: count, by: 1000) {
      try client.pipeline(
        (start..<min(count, start + 1000)).map { ["SET", "\(prefix)\($0)", "old"] })
    }
  }

  private func request(
    _ target: OperationRequest.Target, _ action: OperationRequest.Action = .invalidate,
    pace: Pace = Pace(keysPerSecond: 1_000_000)
  ) -> OperationRequest {
    OperationRequest(action, target, nodes: [RunFixture.node], keepsCopy: false, pace: pace)
  }

  @Test func `a list of keys goes, and what is not in it stays`() async throws {
    try fill(1000, "product:")
    let keys = (0..<300).map { KeyName("product:\($0)") } + [KeyName("product:none")]
    let audit = TestAudit()
    let status = await RunFixture.run(
      try RunFixture.ticket(request(.keys(keys)), on: server, folder: folder.path), audit)
    #expect(status.state == .done, "\(status.note)")
    #expect(status.changed == 300)
    #expect(status.skipped == 1)
    #expect(status.verdict?.gone == 301)
    #expect(status.verdict?.isFresh == true)
    #expect(try server.command(["EXISTS", "product:0", "product:300"]).integer == 1)
    #expect(audit.events == ["started", "done"])
  }

  @Test(arguments: [false, true])
  func `a pattern goes, sessions and our own records stay`(isFull: Bool) async throws {
    try fill(20_000, "search:")
    try fill(500, "session:")
    try fill(500, "product:")
    let pace = Pace(keysPerSecond: 1_000_000, isFull: isFull)
    let status = await RunFixture.run(
      try RunFixture.ticket(
        request(.pattern(Array("s*".utf8)), pace: pace), on: server, folder: folder.path))
    #expect(status.state == .done, "\(status.note)")
    #expect(status.changed == 20_000)
    #expect(status.verdict?.isFresh == true)
    #expect(status.verdict?.gone == 10_000)
    #expect(status.progress == 1)
    let client = try server.connect()
    let left = try client.command([
      "EVAL", "return {#redis.call('KEYS','search:*'), #redis.call('KEYS','session:*')}", "0",
    ])
    #expect(left.array?.map(\.integer) == [0, 500])
    // Every console sees it.
    let probe = Probe(
      endpoint: try RedisURL(parsing: server.url).endpoint, loop: RunFixture.loop)
    defer { probe.close() }
    let seen = try await OperationRecords.read(probe)
    #expect(seen.map(\.id) == ["20261125T000000-000001"])
    #expect(seen.first?.state == .done)
  }

  @Test func `a soft invalidation shortens lives and never makes one longer`() async throws {
    let client = try server.connect()
    try client.pipeline([
      ["SET", "k:long", "v", "EX", "1000"], ["SET", "k:short", "v", "EX", "5"],
      ["SET", "k:ever", "v"],
    ])
    let status = await RunFixture.run(
      try RunFixture.ticket(
        request(.pattern(Array("k:*".utf8)), .shorten(seconds: 30)), on: server,
        folder: folder.path))
    #expect(status.state == .done, "\(status.note)")
    #expect(status.verdict?.asAsked == 3)
    let lives = try ["k:long", "k:short", "k:ever"].map { key in
      try client.command(["TTL", key]).integer ?? -9
    }
    #expect(lives[0] > 25 && lives[0] <= 30)
    #expect(lives[1] <= 5)
    #expect(lives[2] > 25 && lives[2] <= 30)
  }

  @Test func `without a sink for the audit nothing is changed`() async throws {
    try fill(10, "product:")
    let status = await RunFixture.run(
      try RunFixture.ticket(
        request(.pattern(Array("product:*".utf8))), on: server, folder: folder.path),
      TestAudit(sinks: []))
    #expect(status.state == .failed)
    #expect(status.note.contains("no audit sink"))
    #expect(try server.command(["EXISTS", "product:0", "product:9"]).integer == 2)
  }

  @Test func `another server process than in the plan is refused`() async throws {
    try fill(10, "product:")
    let ticket = try RunFixture.ticket(
      request(.pattern(Array("product:*".utf8))), on: server, folder: folder.path)
    server.stop()
    try server.start()
    try fill(10, "product:")
    let status = await RunFixture.run(ticket)
    #expect(status.state == .failed)
    #expect(status.note.contains("another server process"))
    #expect(try server.command(["EXISTS", "product:0"]).integer == 1)
  }
}
