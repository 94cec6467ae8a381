import ConsoleModel
import EventLoop
import Operations
import Redis
import Synchronization
import TestKit
import Testing

/// What the planner's tests share: one event loop, plans and the updates that led to them.
enum PlanFixture {
  static let loop: EventLoop = {
    do {
      let loop = try EventLoop()
      try loop.start()
      return loop
    } catch {
      preconditionFailure("no event loop: \(error)")
    }
  }()

  static let environment = EnvironmentIdentity(name: "test", environmentClass: .production)
  static let now = WallTime(seconds: 1_795_625_712)

  static func probe(_ url: String, timeout: Duration = .seconds(20)) throws -> Probe {
    var options = RedisClient.Options()
    options.connectTimeout = timeout
    options.commandTimeout = timeout
    return Probe(endpoint: try RedisURL(parsing: url).endpoint, options: options, loop: loop)
  }

  /// A planner of these servers, named `a`, `b`, ….
  static func planner(
    _ urls: [String], timeout: Duration = .seconds(20),
    _ configure: (inout Planner.Options) -> Void = { _ in }
  ) throws -> Planner {
    var options = Planner.Options()
    options.keysPerSecond = 5_000_000
    configure(&options)
    var nodes: [Planner.Node] = []
    for (index, url) in urls.enumerated() {
      nodes.append(.init(id: node(index), probe: try probe(url, timeout: timeout)))
    }
    return Planner(nodes: nodes, loop: loop, options: options, clock: { now })
  }

  static func node(_ index: Int) -> NodeID { NodeID(String(Array("abcdef")[index])) }

  /// The plans that were told on the way.
  final class Updates: Sendable {
    private let plans = Mutex<[(plan: OperationPlan, at: EventLoop.Instant)]>([])

    func take(_ plan: OperationPlan) { plans.withLock { $0.append((plan, EventLoop.now())) } }

    var all: [OperationPlan] { plans.withLock { $0.map(\.plan) } }
    var firstAt: EventLoop.Instant? { plans.withLock { $0.first?.at } }
  }

  static func plan(
    _ planner: Planner, _ request: OperationRequest, seed: UInt64 = 1,
    _ updates: Updates = Updates()
  ) async throws(Fault) -> OperationPlan {
    try await planner.plan(
      request, environment: environment, author: CodecFixture.author, seed: seed,
      update: { updates.take($0) })
  }

  /// What a plan that cannot be made says; nil if it was made.
  static func fault(
    _ planner: Planner, _ request: OperationRequest
  ) async -> Fault? {
    do throws(Fault) {
      _ = try await plan(planner, request)
      return nil
    } catch {
      return error
    }
  }

  static func pattern(
    _ glob: String, _ action: OperationRequest.Action = .invalidate, nodes: Int = 1,
    sessions: Bool = false
  ) -> OperationRequest {
    OperationRequest(
      action, .pattern(Array(glob.utf8)), nodes: (0..<nodes).map(node),
      includesSessions: sessions)
  }

  static func keys(
    _ keys: [String], _ action: OperationRequest.Action = .invalidate, nodes: Int = 1
  ) -> OperationRequest {
    OperationRequest(action, .keys(keys.map { KeyName($0) }), nodes: (0..<nodes).map(node))
  }

  /// `prefix:0…` with `bytes` of value each, by DEBUG POPULATE.
  static func populate(
    _ server: RedisServer, _ prefix: String, _ count: Int, bytes: Int = 20
  ) throws {
    let reply = try server.connect(within: 120).command(
      ["DEBUG", "POPULATE", String(count), prefix, String(bytes)])
    try #require(reply == .simple("OK"), "\(reply)")
  }

  static func server(_ arguments: [String] = []) throws -> RedisServer {
    try RedisServer(arguments: debugCommand + arguments)
  }

  /// DEBUG is off by default since 7.0; before, it cannot be switched.
  private static let debugCommand: [String] = {
    let version = try? RedisServer().info("redis_version", "server")
    return version?.hasPrefix("6.") == true ? [] : ["--enable-debug-command", "local"]
  }()
}

extension OperationRequest {
  /// Does the target take this key? Said plainly, to hold `KeyFilter` against.
  func covers(_ key: [UInt8]) -> Bool {
    if key.starts(with: Self.ownPrefix) { return false }
    switch target {
    case .keys(let keys): return keys.contains(KeyName(key))
    case .pattern(let glob):
      guard Glob.matches(pattern: glob, text: key) else { return false }
      return namesSessions || DataType(key: key) != .session
    case .server: return false
    }
  }
}
