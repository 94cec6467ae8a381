import ConsoleModel
import EventLoop
import Redis
import TestKit
import Testing

@testable import Collectors

/// When the console learns what has become of a cluster.
@Suite(.blocking) struct ClusterWatcherTests {
  private static func cluster(primaries: Int) throws -> RedisCluster {
    var options = RedisCluster.Options()
    options.primaries = primaries
    options.replicasOfEach = 0
    return try RedisCluster(options)
  }

  @Test func `a change is shown when it is read, not at the next beat`() async throws {
    let cluster = try Self.cluster(primaries: 2)
    // The next beat would be 45 seconds later.
    let console = StressConsole(cluster[0], interval: 30)
    defer { console.stop() }
    func shows(_ slots: String) -> Bool {
      console.shown.last?.summary.contains(" \(slots) []") == true
    }
    #expect(try await Eventually.holds { shows("0-8191") && shows("8192-16383") })
    let snapshots = console.shown.count
    try cluster.reshard([0], from: cluster[0], to: cluster[1])
    #expect(try await Eventually.holds { shows("1-8191") && shows("0 8192-16383") })
    // What changes with every write is no change: a quiet cluster makes no snapshots of its own.
    #expect(console.shown.count < snapshots + 15)
  }

  @Test func `a node that hangs does not keep back what the others say`() async throws {
    let cluster = try Self.cluster(primaries: 1)
    let hanging = try RedisServer(.loopback)
    hanging.pause()
    defer { hanging.resume() }
    var options = RedisClient.Options()
    options.connectTimeout = .seconds(90)
    let probes = try [hanging.url, "redis://127.0.0.1:\(cluster[0].port)"].map { url in
      Probe(
        endpoint: try RedisURL(parsing: url).endpoint, options: options, loop: Watch.loop)
    }
    defer { for probe in probes { probe.close() } }
    let watcher = ClusterWatcher(interval: 0.1, timeout: .seconds(90), loop: Watch.loop)
    watcher.candidates = {
      zip(["hanging", "well"], probes).map { ClusterWatcher.Candidate(id: NodeID($0), probe: $1) }
    }
    watcher.start()
    defer { watcher.stop() }
    #expect(
      try await Eventually.holds { watcher.readings.first?.source == NodeID("well") })
  }
}
