import ConsoleModel
import EventLoop
import Operations
import Redis
import Synchronization
import TestKit
import Testing

/// Operations on a real cluster of which one node is configured, `cache`.
struct ClusterOperationFixture {
  let cluster: RedisCluster
  let folder: TemporaryFolder
  let clusters: ClusterDirectory
  let server: RunTicket.Server
  let planner: Planner
  let probe: Probe

  static let node = NodeID("cache")

  /// - Parameters:
  ///   - seed: the number of the node that is configured.
  ///   - addresses: where the nodes are reached, by those that are configured.
  init(
    _ options: RedisCluster.Options = RedisCluster.Options(), seed: Int = 0,
    addresses: (RedisCluster) throws -> (map: AddressMap, seed: UInt16)? = { _ in nil }
  ) throws {
    cluster = try RedisCluster(options)
    folder = try TemporaryFolder()
    let way = try addresses(cluster)
    clusters = ClusterDirectory(way?.map ?? AddressMap())
    let endpoint = RedisEndpoint(
      address: .tcp(host: "127.0.0.1", port: way?.seed ?? cluster[seed].port))
    server = RunTicket.Server(node: Self.node, endpoint: endpoint)
    var options = RedisClient.Options()
    options.connectTimeout = .seconds(20)
    options.commandTimeout = .seconds(20)
    probe = Probe(endpoint: endpoint, options: options, loop: RunFixture.loop)
    var counting = Planner.Options()
    counting.keysPerSecond = 5_000_000
    planner = Planner(
      nodes: [Planner.Node(id: Self.node, probe: probe)], loop: RunFixture.loop, options: counting,
      clusters: clusters, clock: RunFixture.wall)
  }

  static let environment = EnvironmentIdentity(name: "test", environmentClass: .development)

  func plan(_ request: OperationRequest, undo: UndoTarget? = nil) async throws -> OperationPlan {
    try await planner.plan(
      request, environment: Self.environment, author: RunFixture.author, undo: undo,
      seed: UInt64.random(in: .min ... .max), update: { _ in })
  }

  func desk(isReadOnly: Bool = false) -> OperationDesk {
    OperationDesk(
      environment: Self.environment,
      nodes: [OperationDesk.Node(id: Self.node, probe: probe)],
      servers: isReadOnly ? nil : [server], folder: folder.path, author: RunFixture.author,
      clusters: clusters,
      loop: RunFixture.loop, clock: RunFixture.wall)
  }

  func pattern(
    _ glob: String, _ action: OperationRequest.Action = .invalidate, keysPerSecond: Int = 200_000
  ) -> OperationRequest {
    OperationRequest(
      action, .pattern(Array(glob.utf8)), nodes: [Self.node],
      pace: Pace(keysPerSecond: keysPerSecond))
  }

  func ticket(_ plan: OperationPlan, mode: RunTicket.Mode = .start) -> RunTicket {
    RunTicket(
      plan: plan, servers: clusters.servers(of: plan, among: [server]),
      addresses: clusters.addresses, mode: mode, folder: folder.path)
  }

  // MARK: Keys

  /// Sets keys on whichever node owns them.
  func fill(_ name: String, _ count: Int) throws {
    for primary in try primaries() {
      let slots = try self.slots(of: primary)
      let keys = (0..<count).map { "\(name)\($0)" }
        .filter { slots.contains(HashSlot.of(Array($0.utf8))) }
      guard !keys.isEmpty else { continue }
      try primary.connect().pipeline(keys.map { ["SET", $0, "old"] })
    }
  }

  func set(_ key: String, _ value: String, _ options: [String] = []) throws {
    try owner(of: key).run(["SET", key, value] + options)
  }

  func get(_ key: String) throws -> String? { try owner(of: key).run(["GET", key]).text }

  /// Seconds, as TTL says.
  func life(_ key: String) throws -> Int64 { try owner(of: key).run(["TTL", key]).integer ?? -3 }

  func owner(of key: String) throws -> RedisCluster.Node {
    let slot = HashSlot.of(Array(key.utf8))
    return try #require(try primaries().first { try slots(of: $0).contains(slot) })
  }

  /// Keys of the whole cluster that match.
  func count(_ glob: String) throws -> Int {
    try primaries().reduce(0) { sum, node in
      sum + (try node.run(["KEYS", glob]).array?.count ?? 0)
    }
  }

  /// Those who serve slots now.
  func primaries() throws -> [RedisCluster.Node] {
    var found: [RedisCluster.Node] = []
    for node in cluster.nodes where node.isRunning {
      guard try node.info("role") == "master", !(try slots(of: node).isEmpty) else { continue }
      found.append(node)
    }
    return found
  }

  private func slots(of node: RedisCluster.Node) throws -> SlotRanges {
    let text = try node.run(["CLUSTER", "NODES"]).text ?? ""
    guard let line = text.split(separator: "\n").first(where: { $0.contains("myself") }) else {
      return SlotRanges()
    }
    return SlotRanges(
      line.split(separator: " ").dropFirst(8).filter { !$0.hasPrefix("[") }.compactMap { words in
        let ends = words.split(separator: "-").compactMap { Int($0) }
        guard let low = ends.first, let high = ends.last else { return nil }
        return low...high
      })
  }
}

/// A run that goes on while the test does something to the cluster.
struct ClusterRunUnderway {
  let runner: OperationRunner
  let audit: TestAudit
  private let task: Task<OperationStatus, Never>

  init(_ ticket: RunTicket, _ audit: TestAudit = TestAudit()) {
    let runner = OperationRunner(
      ticket, loop: RunFixture.loop, runner: "here:1", wall: RunFixture.wall)
    self.runner = runner
    self.audit = audit
    task = RunFixture.loop.spawn { await runner.run(audit) }
  }

  /// Waits until so many keys are changed.
  func reach(_ changed: UInt64) {
    let state = runner.state
    #expect(
      Eventually.holds(within: 60) { state.status.changed >= changed || state.status.state.isFinal }
    )
    #expect(!state.status.state.isFinal, "it is over already: \(state.status.note)")
  }

  /// Waits until some of it is done and the rest is tried again.
  func isPartial() async throws {
    let state = runner.state
    let isSo = try await Eventually.holds(within: 60) { state.status.state == .partial }
    #expect(isSo, "\(state.status.state): \(state.status.note)")
  }

  var end: OperationStatus { get async { await task.value } }
}

/// Somebody who sets keys all the time, each on the node that had it at the beginning.
final class ClusterWriter: Sendable {
  private let isOver = Atomic(false)
  private let written = Atomic(0)
  private let hasEnded = Atomic(false)

  init(_ fixture: ClusterOperationFixture, _ keys: [String]) throws {
    var parts: [(RedisCluster.Node, [[String]])] = []
    for node in try fixture.primaries() {
      let own = try keys.filter { try fixture.owner(of: $0).port == node.port }
      parts.append((node, own.map { ["SET", $0, "new"] }))
    }
    BackgroundThread.start(name: "writer") { [self, parts] in
      let connections = parts.compactMap { part in (try? part.0.connect()).map { ($0, part.1) } }
      while !isOver.load(ordering: .relaxed) {
        for (connection, commands) in connections where !commands.isEmpty {
          guard (try? connection.pipeline(commands)) != nil else { continue }
          written.add(commands.count, ordering: .relaxed)
        }
      }
      hasEnded.store(true, ordering: .relaxed)
    }
  }

  /// - Returns: how many were set.
  func stop() -> Int {
    isOver.store(true, ordering: .relaxed)
    _ = Eventually.holds(within: 30) { hasEnded.load(ordering: .relaxed) }
    return written.load(ordering: .relaxed)
  }
}
