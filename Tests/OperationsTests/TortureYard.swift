import ConsoleModel
import Glibc
import Operations
import Redis
import Synchronization
import TestKit
import Testing

/// Runs in trouble, one at a time: each keeps a machine busy, and other tests measure times.
@Suite(.serialized) enum TortureTests {}

/// A server with keys born before the run (`old`), others that nobody may touch, and runners that are
/// processes of their own.
final class TortureYard: Sendable {
  let folder: TemporaryFolder
  let server: RedisServer
  /// Keys under `search:`, the target.
  let inside: Int
  /// Keys under `keep:`.
  let outside: Int

  /// `CACHECONSOLE_FULL=1`: all ten moments, as `script/test --full` does; else two of them.
  static let seeds: [UInt64] =
    unsafe getenv("CACHECONSOLE_FULL") != nil ? Array(1...10) : [1, 2]

  static let pattern = Array("search:*".utf8)

  init(
    inside: Int = 6000, outside: Int = 1000, _ transport: RedisServer.Transport = .unixSocket,
    arguments: [String] = []
  ) throws {
    folder = try TemporaryFolder()
    server = try RedisServer(transport, arguments: ["--notify-keyspace-events", "Eg"] + arguments)
    self.inside = inside
    self.outside = outside
    try fill()
  }

  func fill() throws {
    let client = try server.connect()
    for start in stride(from: 0, to: inside, by: 1000) {
      try client.pipeline(
        (start..<min(inside, start + 1000)).map { ["SET", "search:\($0)", "old"] })
    }
    for start in stride(from: 0, to: outside, by: 1000) {
      try client.pipeline(
        (start..<min(outside, start + 1000)).map { ["SET", "keep:\($0)", "kept \($0)"] })
    }
  }

  // MARK: Runs

  func ticket(
    _ id: String = "20261125T000000-000001", pace: Int = 5000,
    action: OperationRequest.Action = .invalidate,
    lease: UInt64 = 500, target: OperationRequest.Target = .pattern(TortureYard.pattern),
    keepsCopy: Bool = false, through proxy: SocketAddress? = nil
  ) throws -> RunTicket {
    var ticket = try RunFixture.ticket(
      OperationRequest(
        action, target, nodes: [RunFixture.node], keepsCopy: keepsCopy,
        pace: Pace(keysPerSecond: pace)),
      on: server, folder: folder.file("state"), id: id)
    ticket.thresholds.leaseMilliseconds = lease
    if let proxy { ticket.servers[0].endpoint = try Self.endpoint(proxy) }
    return ticket
  }

  static func endpoint(_ address: SocketAddress) throws -> RedisEndpoint {
    switch address {
    case .unix(let path): try RedisURL(parsing: "unix://\(path)").endpoint
    case .loopback(let port): try RedisURL(parsing: "redis://127.0.0.1:\(port)").endpoint
    }
  }

  /// As the launcher does it, but as a child of the test, which ends with it.
  static func start(_ ticket: RunTicket) throws -> ChildProcess {
    var options = ChildProcess.Options()
    options.hasInput = true
    options.hasOwnSession = true
    let runner = try ChildProcess(BuiltProgram.console(), [RunLauncher.command], options)
    try runner.write(ticket.json)
    runner.closeInput()
    return runner
  }

  /// A console of the same environment, as another person.
  func desk(_ user: String = "second") throws -> OperationDesk {
    let endpoint = try RedisURL(parsing: server.url).endpoint
    return OperationDesk(
      environment: EnvironmentIdentity(name: "test", environmentClass: .development),
      nodes: [
        OperationDesk.Node(
          id: RunFixture.node, probe: Probe(endpoint: endpoint, loop: RunFixture.loop))
      ],
      servers: [RunTicket.Server(node: RunFixture.node, endpoint: endpoint)],
      folder: folder.file("state"),
      author: OperationAuthor(user: user, uid: 1001, role: .admin, host: "there"),
      loop: RunFixture.loop, program: try BuiltProgram.console(), clock: Self.wall)
  }

  static func wall() -> WallTime {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return WallTime(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }

  /// Takes over as soon as the lease has run out, and waits for the end.
  func takeOver(_ id: String = "20261125T000000-000001", within seconds: Double = 60) async throws
    -> OperationStatus
  {
    let desk = try desk()
    let end = Ending()
    var last = ""
    let isStarted = try await Eventually.holds(within: 20) {
      do throws(OperationRefusal) {
        try await desk.takeOver(id) { end.take($0) }
        return true
      } catch {
        last = error.description
        guard last.contains("alive") else { throw error }
        return false
      }
    }
    try #require(isStarted, "\(last)")
    let hasEnded = try await Eventually.holds(within: seconds) { end.hasEnded }
    try #require(hasEnded, "the second runner did not end")
    return try #require(end.status)
  }

  // MARK: What is so

  func mirrored(_ id: String = "20261125T000000-000001") throws -> OperationStatus? {
    let reply = try server.command(["GET", OperationRecords.status(id)])
    guard case .bulk(let bytes) = reply else { return nil }
    return try OperationStatus(json: bytes, file: "the mirror")
  }

  func journalLines(_ id: String = "20261125T000000-000001") -> Int {
    let path = RunFolder(state: folder.file("state"), operation: id).journal
    return (ChildProcess.readText(path) ?? "").utf8.count { $0 == 0x0A }
  }

  /// Keys of the target with a value from before the run.
  func oldKeys() throws -> Int {
    let script = """
      local n, cursor = 0, '0'
      repeat
        local page = redis.call('SCAN', cursor, 'MATCH', 'search:*', 'COUNT', 1000)
        cursor = page[1]
        for _, key in ipairs(page[2]) do
          if redis.call('GET', key) == 'old' then n = n + 1 end
        end
      until cursor == '0'
      return n
      """
    return Int(try server.command(["EVAL", script, "0"]).integer ?? -1)
  }

  /// Keys outside of the target that are not as they were.
  func touchedOutside() throws -> Int {
    let client = try server.connect()
    var touched = 0
    for start in stride(from: 0, to: outside, by: 1000) {
      let names = start..<min(outside, start + 1000)
      let replies = try client.pipeline(names.map { ["GET", "keep:\($0)"] })
      touched += zip(names, replies).count { $1.text != "kept \($0)" }
    }
    return touched
  }

  func audit() -> (verification: AuditVerification, events: [String], results: [String]) {
    let trail = AuditTrail(folder: folder.file("state"))
    let recent = trail.recentLines(limit: 100).lines.reversed()
    return (trail.verify(), recent.map(\.entry.event), recent.map(\.line))
  }
}

/// Hears a runner's reports on the launcher's thread.
final class Ending: Sendable {
  private let state = Mutex<(status: OperationStatus?, problem: String?, hasEnded: Bool)>(
    (nil, nil, false))

  func take(_ report: RunLauncher.Report) {
    state.withLock { state in
      switch report {
      case .handed: break
      case .status(let status): state.status = status
      case .ended(let problem):
        state.problem = problem
        state.hasEnded = true
      }
    }
  }

  var status: OperationStatus? { state.withLock { $0.status } }
  var problem: String? { state.withLock { $0.problem } }
  var hasEnded: Bool { state.withLock { $0.hasEnded } }
}

extension ChildProcess {
  /// What a runner said last.
  var lastStatus: OperationStatus? {
    outputLines.last.flatMap { try? OperationStatus(json: Array($0.utf8), file: "the runner") }
  }
}

extension OperationDesk {
  /// As an administrator who has seen the plan.
  func takeOver(
    _ id: String, report: @escaping @Sendable (RunLauncher.Report) -> Void
  ) async throws(OperationRefusal) {
    let access = Access(isReadOnly: false, reason: "", mayReveal: true)
    try await takeOver(try await examine(id, access: access), access: access, report: report)
  }
}
