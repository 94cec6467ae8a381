import EventLoop
import Redis
import Synchronization
import TestKit
import Testing

/// One cluster under a steady load, the events that happen to it one after the other, and what came of
/// each.
///
/// What is guaranteed, and why the test can decide it:
/// - A shard has one primary and one replica, replicas stay where they are
///   (`cluster-migration-barrier`), and every event begins with all replicas in step. So the replica
///   whose acknowledgement WAIT counted is the one that is promoted, and it is promoted however long it
///   was cut off (`cluster-replica-validity-factor 0`): it has each write that WAIT 1 was answered for.
///   Redis promises no more: with two replicas, or a second failure before the new primary has a
///   replica, a write that one replica has may be lost, and a write without WAIT at any time.
/// - A replica acknowledges a place in its primary's stream. A write that was answered before a later
///   write was sent, which WAIT confirmed, is therefore kept as well: writes without WAIT can only be
///   lost if they were answered after the last confirmed one was sent and before the new primary had
///   the slots. That is the window of the failover, in terms of the cluster's own events.
/// - A manual failover and a move of slots lose nothing: the primary stops taking writes until the
///   replica has all of them, a key moves whole, and who asks at the wrong place is told the right one.
/// - No node of a live cluster refuses a command for longer than its slot is without an owner. With
///   `cluster-require-full-coverage yes` that is every slot as long as one has no owner.
final class StressRun {
  struct Options {
    var seed: UInt64
    /// As `cluster-require-full-coverage`.
    var needsFullCoverage = false
    /// The replica of the primary to be killed is cut off before, so that writes must be lost.
    var cutsOff = false
    /// For each pipeline of the load; nil: the client's own time.
    var timeout: Duration?
  }

  enum Event: String, CaseIterable {
    case reshard = "1,000 slots moved by redis-cli"
    case failover = "CLUSTER FAILOVER"
    case kill = "kill -9 of a primary"
    case restart = "the killed one back as a replica"
    case add = "a node added, 500 slots moved to it"
    case remove = "that node emptied and removed"
  }

  /// What one event did.
  struct Report {
    var event: Event
    var seconds: Double
    var counts: StressLedger.Counts
    /// Commands of the load.
    var commands: Int
    var rate: Double { Double(commands) / seconds }
    var losses: [StressLedger.Loss]
    var failures: [StressLedger.Failure]
  }

  let cluster: RedisCluster
  let client: ClusterClient
  let workload: StressWorkload
  let observer: ClusterObserver
  let console: StressConsole
  let options: Options
  private(set) var reports: [Report] = []
  /// Who is at which port, for whoever reads an error.
  private(set) var places = ""
  private var random: SplitMix64
  private var killed: RedisCluster.Node?
  private var added: (node: RedisCluster.Node, from: RedisCluster.Node)?

  init(_ options: Options) async throws {
    self.options = options
    random = SplitMix64(seed: options.seed)
    var clusterOptions = RedisCluster.Options()
    // Long beside what a busy machine makes a node wait, so that no other failovers happen.
    clusterOptions.nodeTimeout = 2000
    let coverage = options.needsFullCoverage ? "yes" : "no"
    clusterOptions.arguments = { _, _ in ["--cluster-require-full-coverage", coverage] }
    let cluster = try RedisCluster(clusterOptions)
    self.cluster = cluster
    places = cluster.nodes.map { "\($0.number) at \($0.port)" }.joined(separator: ", ")
    client = ClusterClient(
      seeds: [RedisEndpoint(address: .tcp(host: "127.0.0.1", port: cluster[1].port))],
      loop: Watch.loop
    ) { endpoint, _ in
      var options = RedisClient.Options()
      options.gate = .unrestricted
      return RedisClient(endpoint: endpoint, options: options, loop: Watch.loop)
    }
    var load = StressWorkload.Options()
    load.timeout = options.timeout
    workload = StressWorkload(client, seed: options.seed, options: load, loop: Watch.loop)
    observer = ClusterObserver(cluster)
    console = StressConsole(cluster[2])
    #expect(await workload.start(), "every key is written once")
    try await settle()
  }

  /// What each node says, for whoever reads a failure.
  var state: String {
    cluster.nodes.map { node -> String in
      let view = (try? node.command(["CLUSTER", "NODES"]).text) ?? "no answer"
      let replication = (try? node.command(["INFO", "replication"]).text) ?? ""
      let told = replication.split(whereSeparator: \.isNewline).filter { line in
        ["role", "master_link", "connected_slaves", "slave0"].contains { line.hasPrefix($0) }
      }
      let cluster = (try? node.clusterInfo("cluster_state")) ?? "?"
      return "node \(node.number): \(cluster) \(told.joined(separator: " "))\n\(view)"
    }.joined(separator: "\n")
  }

  /// Stops everything; the cluster ends with its owner.
  func end() async {
    #expect(await workload.stop(), "what is underway ends")
    console.stop()
    observer.stop()
    client.close()
  }

  // MARK: Events

  func run(_ event: Event) async throws {
    let (before, sent, began) = (workload.ledger, workload.commands, EventLoop.now())
    switch event {
    case .reshard:
      let (from, to) = try twoPrimaries()
      try reshard(1000, from: from, to: to)
    case .failover:
      let (primary, _) = try twoPrimaries()
      try cluster.failover(to: replica(of: primary))
    case .kill: try await kill()
    case .restart:
      try killed?.start()
      if let killed { observer.hasStarted(killed) }
      killed = nil
    case .add:
      let (from, _) = try twoPrimaries()
      let node = try cluster.addNode()
      added = (node, from)
      places += ", added \(node.port)"
      try reshard(500, from: from, to: node)
    case .remove:
      guard let (node, from) = added else { return }
      try reshard(500, from: node, to: from)
      try await agree()
      observer.willLeave(node)
      try redisCLI(["del-node", "127.0.0.1:\(from.port)", node.id])
      // As an operator does: the process is ended once nobody asks it any more.
      #expect(
        try await Eventually.holds {
          self.client.latestTopology?.slots(of: node.id).isEmpty == true
        }, "the client asks it no more")
      #expect(try await workload.pass(10))
      cluster.discard(node)
      added = nil
    }
    try await settle()
    let commands = workload.commands - sent
    let seconds = Double(began.duration(to: .now()).nanoseconds) / 1e9
    let after = workload.ledger
    var counts = after.counts
    counts.reads -= before.counts.reads
    counts.writes -= before.counts.writes
    counts.kept -= before.counts.kept
    counts.failures -= before.counts.failures
    counts.open -= before.counts.open
    counts.losses -= before.counts.losses
    let known = Set(before.losses)
    reports.append(
      Report(
        event: event, seconds: seconds, counts: counts, commands: commands,
        losses: after.losses.filter { !known.contains($0) },
        failures: Array(after.failures.dropFirst(before.failures.count))))
  }

  private func kill() async throws {
    let (primary, _) = try twoPrimaries()
    let replica = try replica(of: primary)
    if options.cutsOff {
      // Its link breaks and cannot come back: writes are acknowledged that nobody else has.
      try replica.run(["CONFIG", "SET", "masteruser", "nobody"])
      try replica.run(["CONFIG", "SET", "masterauth", "wrong"])
      try primary.run(["CLIENT", "KILL", "TYPE", "replica"])
      #expect(try await Eventually.holds { try primary.info("connected_slaves") == "0" })
      #expect(try await workload.pass(20))
    }
    _ = observer.willKill(primary)
    primary.kill9()
    killed = primary
    #expect(
      try await Eventually.holds(within: 60) { try replica.info("role") == "master" },
      "the replica was promoted")
    if options.cutsOff {
      try replica.run(["CONFIG", "SET", "masteruser", ""])
      try replica.run(["CONFIG", "SET", "masterauth", ""])
    }
  }

  /// Waits until the cluster is well, all nodes agree and the load has gone on for a while; then looks
  /// at every key.
  private func settle() async throws {
    if killed == nil { try well() }
    try await agree()
    #expect(
      try await Eventually.holds(within: 60) {
        self.console.shown.last?.summary == self.observer.agreed
      },
      "the console shows what the nodes agree on")
    workload.rest()
    #expect(try await workload.pass(), "the load goes on")
    await workload.readAll()
  }

  private func well() throws {
    do { try cluster.waitUntilWell() } catch {
      // Only where the nodes themselves disagree; all else is this test's fault or the fixture's.
      throw error.description.contains("owners:") ? RedisCluster.Unwell("\(error)") : error
    }
  }

  private func agree() async throws {
    let nodes = cluster.nodes.filter(\.isRunning)
    let agreed = try await Eventually.holds(within: 60) {
      guard self.observer.agreed != nil else { return false }
      // redis-cli and a node that takes slots begin with the epochs that they know.
      let epochs = try Set(nodes.map { try $0.clusterInfo("cluster_current_epoch") })
      return epochs.count == 1
    }
    #expect(agreed, "the nodes agree")
  }

  private func twoPrimaries() throws -> (RedisCluster.Node, RedisCluster.Node) {
    let primaries = try cluster.nodes.filter { node in
      guard node.isRunning, added?.node !== node else { return false }
      return try node.info("role") == "master"
    }.shuffled(using: &random)
    try #require(primaries.count >= 2)
    return (primaries[0], primaries[1])
  }

  private func replica(of primary: RedisCluster.Node) throws -> RedisCluster.Node {
    let found = try cluster.nodes.first { node in
      guard node.isRunning, try node.info("role") == "slave" else { return false }
      return try node.info("master_port") == "\(primary.port)"
    }
    return try #require(found)
  }

  private func reshard(
    _ count: Int, from: RedisCluster.Node, to: RedisCluster.Node
  ) throws {
    try redisCLI([
      "reshard", "127.0.0.1:\(from.port)", "--cluster-from", from.id, "--cluster-to", to.id,
      // One key at a time, so that keys of one slot are on both sides for longer.
      "--cluster-slots", "\(count)", "--cluster-pipeline", "1", "--cluster-yes",
    ])
  }

  private func redisCLI(_ words: [String]) throws {
    let result = try ChildProcess.run("redis-cli", ["--cluster"] + words, within: 240)
    let tail = result.output.split(separator: "\n").suffix(5).joined(separator: " / ")
    try #require(result.exit == .code(0), "redis-cli \(words): \(tail) \(result.error)")
  }
}

extension RedisCluster {
  /// The nodes of a cluster do not come to agree on who owns what.
  struct Unwell: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
  }
}
