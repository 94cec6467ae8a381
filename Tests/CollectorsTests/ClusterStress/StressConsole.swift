import Collectors
import ConsoleModel
import EventLoop
import Redis
import Synchronization
import TestKit

/// The collectors of a console that was given one node of a cluster, as the program wires them, and the
/// topologies that it published.
final class StressConsole: Sendable {
  struct Shown {
    var at: EventLoop.Instant
    var summary: String
  }

  private final class Directory: NodeDirectory {
    private let probes = Mutex<[NodeID: Probe]>([:])

    func connect(_ server: TopologyTracker.Found) -> MonitoredNode? {
      let probe = StressConsole.probe(server.address.host, server.address.port)
      probes.withLock { $0[server.id] = probe }
      return MonitoredNode(id: server.id, probe: probe)
    }

    func disconnect(_ id: NodeID) {
      probes.withLock { $0.removeValue(forKey: id) }?.close()
    }

    func close() { for probe in probes.withLock({ $0.values.map(\.self) }) { probe.close() } }
  }

  private let collector: EnvironmentCollector
  private let seed: Probe
  private let directory = Directory()
  private let shownBox: Box

  private final class Box: Sendable { let shown = Mutex<[Shown]>([]) }

  /// `interval`: the program's own, if nobody gives another.
  init(_ node: RedisCluster.Node, interval: Double = 2) {
    let box = Box()
    shownBox = box
    seed = Self.probe("127.0.0.1", node.port)
    var options = EnvironmentCollector.Options()
    options.interval = interval
    collector = EnvironmentCollector(
      environment: EnvironmentIdentity(name: "stress", environmentClass: .development),
      nodes: [MonitoredNode(id: NodeID("seed"), probe: seed)], options: options,
      directory: directory, loop: Watch.loop
    ) { snapshot in
      let summary = Self.summary(snapshot.topologies)
      box.shown.withLock { $0.append(Shown(at: .now(), summary: summary)) }
    }
    collector.start()
  }

  func stop() {
    collector.stop()
    directory.close()
    seed.close()
  }

  var shown: [Shown] { shownBox.shown.withLock { $0 } }

  private static func probe(_ host: String, _ port: UInt16) -> Probe {
    var options = RedisClient.Options()
    // As the program's at its interval of 2 s: see NodeConnection.
    options.connectTimeout = .milliseconds(1500)
    return Probe(
      endpoint: RedisEndpoint(address: .tcp(host: host, port: port)), options: options,
      loop: Watch.loop)
  }

  /// As `ClusterView.summary`, of what the screen draws.
  static func summary(_ topologies: [Topology]) -> String {
    guard let cluster = topologies.first(where: { $0.kind == .cluster }) else { return "" }
    let members = cluster.shards.flatMap(\.members)
    let living = members.filter { $0.health != .failed }
    let shards = cluster.shards.compactMap { shard -> (String, String)? in
      guard let primary = shard.primary, primary.health != .failed else { return nil }
      let slots = SlotRanges(shard.ranges.map { Int($0.first)...Int($0.last) })
      let replicas = living.filter { $0.role == .replica && $0.primaryID == primary.serverID }
        .map(\.serverID).sorted().map { $0.prefix(8) }
      return (
        primary.serverID,
        "\(primary.serverID.prefix(8)) \(slots) [\(replicas.joined(separator: " "))]"
      )
    }.sorted { $0.0 < $1.0 }.map(\.1)
    let failed = members.filter { $0.health == .failed }.map(\.serverID).sorted()
      .map { $0.prefix(8) }
    return (shards + ["failed: \(failed.joined(separator: " "))"]).joined(separator: "\n")
  }
}
