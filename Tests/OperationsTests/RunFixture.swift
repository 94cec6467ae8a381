import ConsoleModel
import EventLoop
import Operations
import Redis
import Synchronization
import TestKit

/// What tests of runs share: one loop, plans made by hand, an audit that keeps what it is told.
enum RunFixture {
  static let loop: EventLoop = {
    do {
      let loop = try EventLoop()
      try loop.start()
      return loop
    } catch {
      preconditionFailure("no event loop: \(error)")
    }
  }()

  static let node = NodeID("cache-1")
  static let author = OperationAuthor(user: "tester", uid: 1000, role: .admin, host: "here")

  static func wall() -> WallTime {
    WallTime(microseconds: Deadline.now / 1000)
  }

  /// A ticket for one server; the plan says what the server is now.
  static func ticket(
    _ request: OperationRequest, on server: RedisServer, folder: String,
    id: String = "20261125T000000-000001",
    mode: RunTicket.Mode = .start
  ) throws -> RunTicket {
    let client = try server.connect()
    let info = try client.command(["INFO", "server"]).text ?? ""
    let runID =
      info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("run_id:") }?.dropFirst(7) ?? ""
    let size = UInt64(try client.command(["DBSIZE"]).integer ?? 0)
    var preview = OperationPreview()
    preview.keys = .exact(size)
    preview.isComplete = true
    preview.shards = [
      OperationPreview.Shard(
        node: node, address: server.url, runID: String(runID), size: size, keys: .exact(size))
    ]
    let plan = OperationPlan(
      id: id, request: request,
      environment: EnvironmentIdentity(name: "test", environmentClass: .development),
      author: author, preview: preview, created: wall()
    ).hashed()
    let url = try RedisURL(parsing: server.url)
    return RunTicket(
      plan: plan,
      servers: [RunTicket.Server(node: node, endpoint: url.endpoint)], mode: mode,
      folder: folder)
  }

  /// The same plan for another server, too.
  static func adding(_ server: RedisServer, to ticket: RunTicket) throws -> RunTicket {
    var ticket = ticket
    let node = NodeID("cache-\(ticket.servers.count + 1)")
    let size = UInt64(try server.command(["DBSIZE"]).integer ?? 0)
    ticket.plan.request.nodes.append(node)
    ticket.plan.preview.shards.append(
      OperationPreview.Shard(
        node: node, address: server.url, runID: try server.info("run_id", "server") ?? "",
        size: size,
        keys: .exact(size)))
    ticket.plan = ticket.plan.hashed()
    ticket.servers.append(
      RunTicket.Server(
        node: node, endpoint: try RedisURL(parsing: server.url).endpoint))
    return ticket
  }

  static func run(_ ticket: RunTicket, _ audit: TestAudit = TestAudit()) async -> OperationStatus {
    let runner = OperationRunner(ticket, loop: loop, runner: "here:1", wall: wall)
    return await runner.run(audit)
  }
}

/// Keeps what it is told; can be made to refuse.
final class TestAudit: RunAuditing {
  private let records = Mutex<[String]>([])
  private let sinks: [String]

  init(sinks: [String] = ["file"]) { self.sinks = sinks }

  var events: [String] { records.withLock { $0 } }

  func record(
    _ event: String, result: String, details: [(String, String)]
  ) async -> RunAudit.Outcome {
    records.withLock { $0.append(event) }
    return RunAudit.Outcome(sinks: sinks, problems: sinks.isEmpty ? ["disk full"] : [])
  }

  func flush() async {}
}
