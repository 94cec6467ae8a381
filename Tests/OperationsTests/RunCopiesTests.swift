import ConsoleModel
import Operations
import TestKit
import Testing

/// Copies of large values, of many, and of keys that others write all the time.
@Suite(.blocking) struct RunCopiesTests {
  private let folder: TemporaryFolder
  private let server: RedisServer

  private static let deletion = "20261125T000000-000001"
  private static let undo = "20261125T000000-000002"

  init() throws {
    folder = try TemporaryFolder()
    // DUMP would make zeros small.
    server = try RedisServer(arguments: ["--rdbcompression", "no"])
  }

  /// Keys `k:<bytes>:<number>` with so many bytes each.
  private func fill(_ count: Int, bytes: Int) throws {
    try server.connect(within: 60).pipeline(
      (0..<count).map { ["SETRANGE", "k:\(bytes):\($0)", "\(bytes - 1)", "x"] })
  }

  private func ticket(
    _ action: OperationRequest.Action = .invalidate, pace: Pace = Pace(keysPerSecond: 1_000_000)
  ) throws -> RunTicket {
    try RunFixture.ticket(
      OperationRequest(action, .pattern(Array("k:*".utf8)), nodes: [RunFixture.node], pace: pace),
      on: server, folder: folder.path, id: Self.deletion)
  }

  private func undo(keysPerMinute: UInt64? = nil) async throws -> OperationStatus {
    var ticket = try RunFixture.ticket(
      OperationRequest(
        .restore(operation: Self.deletion), .keys([KeyName("k:1")]), nodes: [RunFixture.node],
        pace: Pace(keysPerSecond: 1_000_000)),
      on: server, folder: folder.path, id: Self.undo)
    ticket.keysPerMinute = keysPerMinute
    return await RunFixture.run(ticket)
  }

  @Test(arguments: [OperationRequest.Action.invalidate, .shorten(seconds: 600)])
  func `large values are copied and put back`(action: OperationRequest.Action) async throws {
    try fill(50, bytes: 1 << 20)
    try fill(1, bytes: 40 << 20)
    let status = await RunFixture.run(try ticket(action))
    #expect(status.state == .done, "\(status.note)")
    #expect(status.copies == 51 && status.uncopied == 0)
    let back = try await undo()
    #expect(back.state == .done, "\(back.note)")
    #expect(back.changed == 51, "\(back.note)")
    #expect(try server.command(["STRLEN", "k:\(40 << 20):0"]).integer == 40 << 20)
    #expect(try server.command(["TTL", "k:\(1 << 20):49"]).integer == -1)
  }

  @Test func `full speed copies as many as one answer may have`() async throws {
    try fill(2000, bytes: 20 << 10)
    let status = await RunFixture.run(
      try ticket(pace: Pace(keysPerSecond: 1_000_000, isFull: true)))
    #expect(status.state == .done, "\(status.note)")
    #expect(status.changed == 2000 && status.copies == 2000)
  }

  @Test func `a value too large for a copy is told in the note and the verdict`() async throws {
    try fill(3, bytes: 1000)
    try fill(1, bytes: 70 << 20)
    let status = await RunFixture.run(try ticket())
    #expect(status.state == .done, "\(status.note)")
    #expect(status.changed == 4 && status.copies == 3 && status.uncopied == 1)
    #expect(status.note.contains("1 key without a copy for undo"), "\(status.note)")
    #expect(status.verdict?.text.contains("1 key without a copy for undo") == true)
  }

  @Test func `a key that others write all the time costs only its own copy`() async throws {
    try fill(40, bytes: 100)
    let busy = "k:100:7"
    let proxy = try TortureProxy(
      to: server.address, .others("UNLINK", say: ["APPEND", busy, "more"]))
    var ticket = try ticket()
    ticket.servers[0].endpoint = try TortureYard.endpoint(proxy.address)
    let status = await RunFixture.run(ticket)
    #expect(proxy.hasHappened)
    #expect(status.state == .done, "\(status.note)")
    #expect(status.changed == 40)
    #expect(status.uncopied == 1, "\(status.note)")
    #expect(status.copies == 40)
    let back = try await undo()
    #expect(back.changed >= 39, "\(back.note)")
  }

  @Test func `an undo keeps to the pace of its role`() async throws {
    try fill(20, bytes: 100)
    #expect(await RunFixture.run(try ticket()).copies == 20)
    // 20 keys a second, in batches of 5.
    #expect(try await undo(keysPerMinute: 1200).changed == 20)
    let journal = RunFolder(state: folder.path, operation: Self.undo).journal
    let open = try (ChildProcess.readText(journal) ?? "").split(separator: "\n").map { line in
      try RunCheckpoint(json: Array(line.utf8), file: journal).shards[0].open
    }
    #expect(open.max() == 5)
  }

  @Test func `one key counts once, and the same copy is written once`() throws {
    let writer = try CopyWriter(
      path: folder.file("a.dump"), header: CopyFixture.header(), limits: CopyLimits(records: 1))
    for payload in [[1], [1], [2], [1]] as [[UInt8]] {
      try writer.append(KeyName("a"), payload: payload, expiresAt: 5000)
    }
    #expect(writer.keys == 1)
    #expect(writer.count == 3)
    #expect(!writer.hasRoom(for: Array("b".utf8), payload: 0))
    try writer.append(KeyName("a"), payload: [1], expiresAt: 9000)
    #expect(writer.count == 4)
    try writer.sync()
    let resumed = try CopyWriter(resuming: folder.file("a.dump"))
    #expect(resumed.keys == 1 && resumed.count == 4)
  }
}
