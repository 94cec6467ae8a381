import ConsoleModel
import EventLoop
import Redis
import TestKit
import Testing

@testable import Collectors

/// An analysis that ended early and is gone on with.
@Suite(.blocking) struct KeyspaceResumeTests {
  private static func filled(_ count: Int) throws -> RedisServer {
    let server = try RedisServer()
    let connection = try server.connect()
    for start in stride(from: 0, to: count, by: 500) {
      let pairs = (start..<start + 500).flatMap { ["user:\($0 % 7):\($0)", "0123456789"] }
      try connection.command(["MSET"] + pairs)
    }
    return server
  }

  private static func nodes(_ servers: [RedisServer]) throws -> [MonitoredNode] {
    try servers.enumerated().map { index, server in
      MonitoredNode(
        id: NodeID("n\(index)"),
        probe: Probe(endpoint: try RedisURL(parsing: server.url).endpoint, loop: Watch.loop))
    }
  }

  private static func stopped(
    _ nodes: [MonitoredNode], _ options: KeyspaceAnalyzer.Options
  ) async throws -> KeyspaceCheckpoint {
    var slow = options
    slow.keysPerSecond = 3_000
    let analyzer = KeyspaceAnalyzer(nodes: nodes, options: slow, loop: Watch.loop)
    let task = Watch.loop.spawn { await analyzer.run() }
    #expect(try await Eventually.holds(within: 20) { analyzer.progress.visited > 1_000 })
    task.cancel()
    let report = await task.value
    #expect(report.state == .cancelled && report.canContinue)
    #expect(report.root.group.keys < 20_000)
    return try #require(analyzer.checkpoint)
  }

  @Test func `it goes on where it was, in another process, and counts each key once`() async throws
  {
    let servers = [try Self.filled(15_000), try Self.filled(5_000)]
    // An optimised build would end them after the last use.
    defer { withExtendedLifetime(servers) {} }
    var options = KeyspaceAnalyzer.Options()
    options.keysPerSecond = .max
    let whole = await KeyspaceAnalyzer(
      nodes: try Self.nodes(servers), options: options, loop: Watch.loop
    ).run()
    let checkpoint = try await Self.stopped(try Self.nodes(servers), options)
    #expect(checkpoint.walks.contains { $0.point?.cursor != Array("0".utf8) })
    // Other connections, as another process has.
    let resumed = try #require(
      KeyspaceAnalyzer(
        nodes: try Self.nodes(servers), options: options, from: checkpoint, loop: Watch.loop))
    let before = resumed.report().root.group.keys
    #expect(before > 0 && before < 20_000)
    let report = await resumed.run()
    #expect(report.state == .complete && report.faults.isEmpty)
    #expect(report.root == whole.root)
    #expect(report.types == whole.types && report.lives == whole.lives)
    #expect(Set(report.bigKeys.map(\.bytes)) == Set(whole.bigKeys.map(\.bytes)))
    #expect(report.progress.fraction == 1 && !report.canContinue)
  }

  @Test func `another process of a server is refused before anything is counted`() async throws {
    let servers = [try Self.filled(15_000), try Self.filled(500)]
    // An optimised build would end them after the last use.
    defer { withExtendedLifetime(servers) {} }
    let options = KeyspaceAnalyzer.Options()
    var checkpoint = try await Self.stopped(try Self.nodes(servers), options)
    let index = try #require(checkpoint.walks.firstIndex { !$0.isDone })
    checkpoint.walks[index].point?.runID = String(repeating: "a", count: 40)
    let resumed = try #require(
      KeyspaceAnalyzer(
        nodes: try Self.nodes(servers), options: options, from: checkpoint, loop: Watch.loop))
    let before = resumed.report().root.group.keys
    let report = await resumed.run()
    #expect(report.state == .failed && report.faults.count == 1 && !report.canContinue)
    #expect(report.root.group.keys == before)
    let line = try #require(report.faults.first?.line)
    #expect(
      line.contains("run_id aaaaaaaa is now") && line.contains("start again without --resume"))
  }

  @Test func `a checkpoint that does not fit together is refused`() async throws {
    let servers = [try Self.filled(15_000)]
    // An optimised build would end them after the last use.
    defer { withExtendedLifetime(servers) {} }
    let options = KeyspaceAnalyzer.Options()
    let good = try await Self.stopped(try Self.nodes(servers), options)
    func isTaken(_ edit: (inout KeyspaceCheckpoint) -> Void) throws -> Bool {
      var checkpoint = good
      edit(&checkpoint)
      return KeyspaceAnalyzer(
        nodes: try Self.nodes(servers), options: options, from: checkpoint, loop: Watch.loop) != nil
    }
    #expect(try isTaken { _ in })
    #expect(try !isTaken { $0.walks[0].node = NodeID("other") })
    #expect(try !isTaken { $0.walks.append($0.walks[0]) })
    #expect(try !isTaken { $0.tally.prefixes = [] })
    #expect(try !isTaken { $0.tally.prefixes[1].parent = 1 })
    #expect(try !isTaken { $0.tally.prefixes[1].parent = 9_999 })
    #expect(try !isTaken { $0.tally.prefixes[1].name = [] })
    #expect(try !isTaken { $0.tally.prefixes.append($0.tally.prefixes[1]) })
    #expect(try !isTaken { $0.tally.lives.removeLast() })
  }
}

/// Which servers hold each key once.
@Suite(.blocking, .serialized) struct KeyspaceServersTests {
  /// Connects to whatever is found.
  private final class Directory: NodeDirectory {
    func connect(_ server: TopologyTracker.Found) -> MonitoredNode? {
      let endpoint = RedisEndpoint(
        address: .tcp(host: server.address.host, port: server.address.port))
      return MonitoredNode(id: server.id, probe: Probe(endpoint: endpoint, loop: Watch.loop))
    }

    func disconnect(_ id: NodeID) {}
  }

  private static func node(_ name: String, _ url: String) throws -> MonitoredNode {
    MonitoredNode(
      id: NodeID(name),
      probe: Probe(endpoint: try RedisURL(parsing: url).endpoint, loop: Watch.loop))
  }

  @Test func `all primaries of a cluster from one replica, and every key once`() async throws {
    let cluster = try RedisCluster()
    for number in 0..<300 {
      try cluster.owner(of: number * 54).command([
        "SET", "{\(Self.tag(number * 54))}:\(number)", "v",
      ])
    }
    let replica = cluster.nodes[4]
    let configured = [try Self.node("seed", "redis://localhost:\(replica.port)")]
    let servers = await KeyspaceServers.choose(
      configured, directory: Directory(), map: AddressMap())
    #expect(
      servers.nodes.count == 3 && servers.notes.isEmpty,
      "\(servers.nodes.map(\.id)) \(servers.notes)")
    var options = KeyspaceAnalyzer.Options()
    options.keysPerSecond = .max
    let report = await KeyspaceAnalyzer(nodes: servers.nodes, options: options, loop: Watch.loop)
      .run()
    #expect(report.state == .complete && report.root.group.keys == 300, "\(report.faults)")
    #expect(report.notes.isEmpty)
  }

  /// A hash tag of a slot.
  private static func tag(_ slot: Int) -> String {
    var number = 0
    while HashSlot.of(Array("t\(number)".utf8)) != slot { number += 1 }
    return "t\(number)"
  }

  @Test func `of a primary and its replica one is walked, and a server under two names once`()
    async throws
  {
    let primary = try RedisServer(.loopback)
    let replica = try RedisServer(.loopback)
    let alone = try RedisServer(.loopback)
    let words = primary.url.replacing("redis://", with: "").split(separator: ":").map(String.init)
    try replica.command(["REPLICAOF", words[0], words[1]])
    #expect(
      try await Eventually.holds {
        (try replica.command(["INFO", "replication"]).text ?? "").contains("master_link_status:up")
      })
    let servers = await KeyspaceServers.choose(
      [
        try Self.node("replica", replica.url), try Self.node("primary", primary.url),
        try Self.node("again", primary.url.replacing("127.0.0.1", with: "localhost")),
        try Self.node("alone", alone.url), try Self.node("gone", "redis://127.0.0.1:1"),
      ], directory: Directory(), map: AddressMap())
    #expect(servers.nodes.map(\.id.rawValue) == ["primary", "alone", "gone"])
    #expect(servers.notes.count == 1 && servers.notes[0].contains("replica, again"))
  }
}
