import Collectors
import ConsoleModel
import EventLoop
import Redis
import Synchronization
import TestKit
import Testing

/// Runs a suite's tests off Swift's pool, because their fixtures block their thread.
struct BlockingTrait: SuiteTrait, TestTrait, TestScoping {
  var isRecursive: Bool { true }

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTaskExecutorPreference(BlockingExecutor.shared) { try await function() }
  }
}

extension Trait where Self == BlockingTrait {
  static var blocking: Self { BlockingTrait() }
}

/// What the redis-server in PATH can do: the full test runs these suites against several.
enum Offered {
  private static let version: String = {
    do throws(TestKitError) {
      return try RedisServer().info("redis_version", "server") ?? ""
    } catch {
      preconditionFailure("no redis-server: \(error)")
    }
  }()

  /// Subcommands in ACL rules and statistics, LATENCY HISTOGRAM: 7.0 and later, any Valkey.
  static let isSevenOrLater = !version.hasPrefix("6.")

  /// DEBUG is off by default since 7.0.
  static let debugCommand = isSevenOrLater ? ["--enable-debug-command", "yes"] : []
}

/// A console's collectors on real servers, with the snapshots that they published.
final class Watch: Sendable {
  static let loop: EventLoop = {
    do {
      let loop = try EventLoop()
      try loop.start()
      return loop
    } catch {
      preconditionFailure("no event loop: \(error)")
    }
  }()

  let collector: EnvironmentCollector
  let probes: [Probe]
  private let box: Box

  final class Box: Sendable {
    let snapshots = Mutex<[Snapshot]>([])
  }

  init(
    _ servers: [RedisServer], interval: Double = 0.2, user: String? = nil, password: String? = nil,
    _ configure: (inout EnvironmentCollector.Options) -> Void = { _ in }
  ) throws {
    var options = EnvironmentCollector.Options()
    options.interval = interval
    // Longer than any test takes on a busy machine, so that nothing slides out of view.
    options.windowSeconds = 120
    configure(&options)
    var clientOptions = RedisClient.Options()
    clientOptions.connectTimeout = .milliseconds(500)
    probes = try servers.map { server in
      var endpoint = try RedisURL(parsing: server.url).endpoint
      endpoint.user = user
      return Probe(
        endpoint: endpoint, access: RedisAccess(password: password.map { Secret($0) }),
        options: clientOptions,
        loop: Self.loop)
    }
    let box = Box()
    self.box = box
    collector = EnvironmentCollector(
      environment: EnvironmentIdentity(name: "test", environmentClass: .development),
      nodes: probes.enumerated().map { MonitoredNode(id: NodeID("n\($0)"), probe: $1) },
      options: options, loop: Self.loop
    ) { snapshot in box.snapshots.withLock { $0.append(snapshot) } }
  }

  deinit {
    collector.stop()
    for probe in probes { probe.close() }
  }

  var snapshots: [Snapshot] { box.snapshots.withLock { $0 } }

  /// The newest published snapshot, or what is known now.
  var latest: Snapshot { box.snapshots.withLock { $0.last } ?? collector.snapshot() }

  var node: NodeStatus { latest.nodes[0] }

  func forget() { box.snapshots.withLock { $0 = [] } }

  /// Waits for a published snapshot that fits.
  func sees(within seconds: Double = 20, _ fits: (Snapshot) -> Bool) async throws -> Bool {
    try await Eventually.holds(within: seconds) {
      self.snapshots.last.map(fits) ?? false
    }
  }

  /// Waits for so many more polls of the first node, begun after this call.
  func polls(_ count: Int = 2) async throws {
    let before = node.lastReply ?? MonotonicTime(nanoseconds: 0)
    var seen = Set<MonotonicTime>()
    _ = try await Eventually.holds(within: 20) {
      for snapshot in self.snapshots {
        if let reply = snapshot.nodes[0].lastReply, reply > before { seen.insert(reply) }
      }
      return seen.count >= count
    }
  }
}
