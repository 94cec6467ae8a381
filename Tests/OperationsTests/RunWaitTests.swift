import ConsoleModel
import Documents
import EventLoop
import Operations
import Synchronization
import TestKit
import Testing

/// What a run hears and notices while it waits.
@Suite(.blocking) struct RunWaitTests {
  private let folder: TemporaryFolder
  private let server: RedisServer

  init() throws {
    folder = try TemporaryFolder()
    server = try RedisServer()
  }

  private func fill(_ count: Int) throws {
    try server.connect().pipeline((0..<count).map { ["SET", "search:\($0)", "old"] })
  }

  private func ticket(
    _ action: OperationRequest.Action = .invalidate,
    _ target: OperationRequest.Target = .pattern(Array("search:*".utf8)), pace: Int = 1_000_000
  ) throws -> RunTicket {
    try RunFixture.ticket(
      OperationRequest(
        action, target, nodes: [RunFixture.node], keepsCopy: false,
        pace: Pace(keysPerSecond: pace)),
      on: server, folder: folder.path)
  }

  /// A run that the test can talk to.
  private final class Talk: Sendable {
    let runner: OperationRunner
    private let result = Mutex<OperationStatus?>(nil)

    init(_ ticket: RunTicket) {
      runner = OperationRunner(
        ticket, loop: RunFixture.loop, runner: "here:1", wall: RunFixture.wall)
      RunFixture.loop.spawn { [self] in
        let status = await runner.run(TestAudit())
        result.withLock { $0 = status }
      }
    }

    var end: OperationStatus? { result.withLock { $0 } }
    var state: OperationState { runner.state.status.state }

    func ended(within seconds: Double = 40) async throws -> OperationStatus {
      _ = try await Eventually.holds(within: seconds) { end != nil }
      return try #require(end, "the run did not end")
    }
  }

  @Test func `a silent loader does not keep a warm-up from hearing what it is told`()
    async throws
  {
    let path = folder.file("loader.sh")
    try FileWriter.replace(path, with: "sleep 300")
    let talk = Talk(
      try ticket(.warm(.command(["sh", path])), .keys([KeyName("product:1")])))
    #expect(try await Eventually.holds(within: 20) { talk.state == .running })
    talk.runner.state.tell(.pause, reason: "paused by a test")
    #expect(try await Eventually.holds(within: 20) { talk.state == .paused })
    talk.runner.state.tell(.run, reason: "")
    #expect(try await Eventually.holds(within: 20) { talk.state == .running })
    talk.runner.state.tell(.abort, reason: "aborted by a test")
    let status = try await talk.ended(within: 20)
    #expect(status.state == .aborted)
    #expect(status.note == "aborted by a test")
  }

  @Test func `a record of a warm-up grows old while it waits`() async throws {
    let path = folder.file("loader.sh")
    try FileWriter.replace(
      path, with: "i=0; while [ $i -lt 60 ]; do printf 'p:%d\\t2\\tv\\n' $i; i=$((i+1)); done")
    let status = await RunFixture.run(
      try ticket(.warm(.command(["sh", path])), .server, pace: 10))
    #expect(status.state == .done, "\(status.note)")
    #expect(status.note.contains("records had expired"), "\(status.note)")
    // Two seconds' worth and what was on its way.
    #expect(status.changed >= 1 && status.changed <= 30)
  }

  @Test func `a role may load less than a key a second`() async throws {
    let path = folder.file("loader.sh")
    try FileWriter.replace(path, with: "printf 'p:1\\t-\\tv\\np:2\\t-\\tv\\np:3\\t-\\tv\\n'")
    var ticket = try ticket(.warm(.command(["sh", path])), .server)
    ticket.keysPerMinute = 30
    let begin = Deadline.now
    let status = await RunFixture.run(ticket)
    #expect(status.changed == 3, "\(status.note)")
    // Two seconds before the second, before the third and before the look at them.
    #expect(Deadline.now - begin > 5_000_000_000)
  }

  @Test func `a value of 20 MB is loaded`() async throws {
    let path = folder.file("loader.sh")
    try FileWriter.replace(
      path, with: "printf 'p:1\\t-\\t'; head -c 20000000 /dev/zero | tr '\\0' a; echo")
    let status = await RunFixture.run(try ticket(.warm(.command(["sh", path])), .server))
    #expect(status.state == .done, "\(status.note)")
    #expect(try server.command(["STRLEN", "p:1"]).integer == 20_000_000)
  }

  @Test func `the end of a run tells the batch whose answer never came`() async throws {
    try fill(2000)
    let proxy = try TortureProxy(to: server.address, .holdReply("UNLINK"), after: 3)
    var ticket = try ticket(pace: 5000)
    ticket.servers[0].endpoint = try TortureYard.endpoint(proxy.address)
    let talk = Talk(ticket)
    #expect(try await Eventually.holds(within: 20) { proxy.hasHappened })
    talk.runner.state.tell(.abort, reason: "aborted by a test")
    let status = try await talk.ended()
    #expect(status.state == .aborted, "\(status.note)")
    let gone = UInt64(2000 - (try server.command(["KEYS", "search:*"]).array?.count ?? 0))
    #expect(status.changed < gone && gone <= status.changed + status.indeterminate)
    #expect(
      RunJournal.last(RunFolder(state: folder.path, operation: status.id))?.shards[0].open == 0)
  }

  @Test func `a server that is another one when it is looked at again proves nothing`()
    async throws
  {
    try fill(3000)
    let talk = Talk(try ticket(pace: 1500))
    #expect(try await Eventually.holds(within: 40) { talk.state == .verifying || talk.end != nil })
    talk.runner.state.tell(.pause, reason: "paused by a test")
    #expect(try await Eventually.holds(within: 20) { talk.state == .paused || talk.end != nil })
    try server.restart()
    talk.runner.state.tell(.run, reason: "")
    let status = try await talk.ended()
    #expect(status.state == .failed)
    #expect(status.verdict == nil)
    #expect(status.note.contains("another server process"), "\(status.note)")
  }

  @Test func `an old server's lives are looked at before they are shortened`() async throws {
    let real = try #require(try server.info("redis_version", "server"))
    let old = "6" + real.dropFirst()
    let client = try server.connect()
    try client.pipeline([
      ["SET", "search:long", "v", "EX", "1000"], ["SET", "search:short", "v", "EX", "5"],
      ["SET", "search:ever", "v"], ["CONFIG", "SET", "slowlog-log-slower-than", "0"],
      ["CONFIG", "SET", "slowlog-max-len", "10000"],
    ])
    let proxy = try TortureProxy(
      to: server.address, .answer("redis_version:\(real)", with: "redis_version:\(old)"))
    var ticket = try ticket(.shorten(seconds: 30))
    ticket.servers[0].endpoint = try TortureYard.endpoint(proxy.address)
    let status = await RunFixture.run(ticket)
    #expect(status.state == .done, "\(status.note)")
    #expect(status.verdict?.asAsked == 3)
    let sent = try client.command(["SLOWLOG", "GET", "-1"]).array ?? []
    let expiries = sent.compactMap { $0.array?[3].array?.compactMap(\.text) }
      .filter { $0.first?.uppercased() == "PEXPIRE" && $0[1].hasPrefix("search:") }
    #expect(expiries.count == 2)
    #expect(expiries.allSatisfy { $0.count == 3 })
    #expect(try client.command(["TTL", "search:short"]).integer ?? 99 <= 5)
  }

  @Test func `a key named session is left out like its like`() async throws {
    try server.connect().pipeline([
      ["SET", "session", "v"], ["SET", "session:1", "v"], ["SET", "sea", "v"],
    ])
    let status = await RunFixture.run(try ticket(.invalidate, .pattern(Array("se*".utf8))))
    #expect(status.state == .done, "\(status.note)")
    #expect(try server.command(["EXISTS", "session", "session:1", "sea"]).integer == 2)
  }

  @Test(arguments: [
    ("7.0.15", true), ("8.2.1", true), ("10.0.0", true), ("6.2.14", false), ("5.0.7", false),
    ("", false), ("unstable", false),
  ])
  func `which servers shorten a life by themselves`(version: String, knows: Bool) {
    #expect(
      InfoFields(Array("# Server\r\nredis_version:\(version)\r\n".utf8)).knowsConditionalExpiry
        == knows)
    #expect(!InfoFields([]).knowsConditionalExpiry)
  }
}
