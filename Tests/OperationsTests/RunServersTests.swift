import ConsoleModel
import Operations
import Redis
import TestKit
import Testing

/// Runs over several servers: one holder, one fence, one sum.
@Suite(.blocking) struct RunServersTests {
  private let folder: TemporaryFolder
  private let first: RedisServer
  private let second: RedisServer

  private static let id = "20261125T000000-000001"
  private static let name = OperationRecords.name(id)

  init() throws {
    folder = try TemporaryFolder()
    first = try RedisServer()
    second = try RedisServer()
    for server in [first, second] {
      try server.connect().pipeline((0..<300).map { ["SET", "search:\($0)", "old"] })
    }
  }

  private func ticket(
    keepsCopy: Bool = false, mode: RunTicket.Mode = .start
  ) throws -> RunTicket {
    let request = OperationRequest(
      .invalidate, .pattern(Array("search:*".utf8)), nodes: [RunFixture.node],
      keepsCopy: keepsCopy)
    return try RunFixture.adding(
      second,
      to: try RunFixture.ticket(request, on: first, folder: folder.path, id: Self.id, mode: mode))
  }

  private func count(_ server: RedisServer) throws -> Int {
    try server.command(["KEYS", "search:*"]).array?.count ?? -1
  }

  @Test func `a server that a later holder was on is left alone`() async throws {
    try second.connect().pipeline([
      ["SET", "\(Self.name):fence", "2"], ["SET", "\(Self.name):holder:2", "there:2"],
    ])
    let audit = TestAudit()
    let status = await RunFixture.run(try ticket(), audit)
    #expect(status.state == .failed)
    #expect(audit.events == ["started", "superseded"])
    #expect(try count(first) == 0)
    #expect(try count(second) == 300)
    #expect(try second.command(["EXISTS", "\(Self.name):holder:2"]).integer == 1)
  }

  @Test func `a takeover holds every server before it changes one`() async throws {
    // What a runner left that was killed on the first server.
    try first.command(["SET", "\(Self.name):fence", "1"])
    let ticket = try ticket(mode: .takeOver)
    var checkpoint = RunCheckpoint(operation: Self.id, nodes: ticket.plan.request.nodes)
    checkpoint.fence = 1
    let journal = RunFolder(state: folder.path, operation: Self.id)
    try journal.make()
    try folder.write(
      "operations/\(Self.id)/journal.jsonl", checkpoint.json(at: RunFixture.wall()) + "\n")
    let runner = OperationRunner(
      ticket, loop: RunFixture.loop, runner: "here:2", wall: RunFixture.wall)
    runner.state.tell(.abort, reason: "enough")
    let status = await runner.run(TestAudit())
    #expect(status.state == .aborted, "\(status.note)")
    #expect(try count(second) == 300)
    #expect(try second.command(["GET", "\(Self.name):fence"]).text == "2")
    // The first one wakes up between its servers.
    let mutator = Mutator(
      endpoint: try RedisURL(parsing: second.url).endpoint, loop: RunFixture.loop)
    defer { mutator.close() }
    let old = Lease(name: Self.name, fence: 1, holder: "here:1")
    #expect(try await mutator.placeLease(old) == false)
    var late = FencedChanges(mutator, old)
    do throws(FenceError) {
      _ = try await late.commit([.unlink([Array("search:1".utf8)])], action: "a test")
      Issue.record("it was not refused")
    } catch {
      #expect(error == .superseded)
    }
    #expect(try count(second) == 300)
  }

  @Test func `copies are counted over all servers, and stay counted after a takeover`()
    async throws
  {
    let status = await RunFixture.run(try ticket(keepsCopy: true))
    #expect(status.state == .done, "\(status.note)")
    #expect(status.copies == 600)
    #expect(status.uncopied == 0 && status.verdict?.text.contains("without") == false)
    let again = await RunFixture.run(try ticket(keepsCopy: true, mode: .takeOver))
    #expect(again.state == .done, "\(again.note)")
    #expect(again.copies == 600)
  }

  @Test func `a later server without memory is what deletions are for`() async throws {
    let ticket = try ticket()
    try second.command(["CONFIG", "SET", "maxmemory", "1mb"])
    #expect(try second.command(["SET", "x", "y"]).errorText?.hasPrefix("OOM") == true)
    let status = await RunFixture.run(ticket)
    #expect(status.state == .done, "\(status.note)")
    #expect(status.changed == 600)
    #expect(try count(second) == 0)
  }
}
