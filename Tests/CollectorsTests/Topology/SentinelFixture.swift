import Collectors
import ConsoleModel
import EventLoop
import Redis
import Synchronization
import TestKit

/// A console's collectors on real Sentinels: only these are named, all else is found.
final class SentinelWatch: NodeDirectory {
  private struct State {
    var probes: [NodeID: Probe] = [:]
    var sentinels: Set<NodeID> = []
    var snapshots: [(snapshot: Snapshot, at: Int64)] = []
    var moves: [String] = []
    var troubles: [SentinelFailure] = []
    var recoveries = 0
    var unwelcome: [String] = []
  }

  let real: RedisSentinels
  private let tls: TLSSettings
  private let state = Mutex(State())
  private let parts = Mutex<(watcher: SentinelWatcher?, collector: EnvironmentCollector?)>(
    (nil, nil))

  /// - Parameters:
  ///   - named: how many of the Sentinels are named; the others are found.
  ///   - asking: seconds between two rounds of questions to all Sentinels.
  ///   - map: where announced ports are reached.
  init(
    _ real: RedisSentinels, named: Int = .max, interval: Double = 0.2, asking: Double = 0.2,
    authority: String? = nil,
    map: AddressMap = AddressMap()
  ) throws {
    self.real = real
    tls = TLSSettings(authorityFile: authority)
    let sentinels = real.sentinels.prefix(named).map { node in
      let reached = map.reachable(NodeAddress(host: "127.0.0.1", port: node.announcedPort))
      return SentinelGroup.Sentinel(
        endpoint: RedisEndpoint(
          address: .tcp(host: reached.host, port: reached.port), isTLS: node.tlsPort != nil),
        access: RedisAccess(
          password: real.options.sentinelPassword.map { Secret($0) }, tls: tls))
    }
    let group = SentinelGroup(
      master: real.options.master, sentinels: sentinels,
      server: .init(
        endpoint: RedisEndpoint(
          address: .tcp(host: "", port: 6379), isTLS: real.options.tls != nil),
        access: RedisAccess(password: real.options.password.map { Secret($0) }, tls: tls)),
      addresses: map)
    var options = EnvironmentCollector.Options()
    options.interval = interval
    options.addresses = map
    options.masters = [real.options.master]
    var nodes: [MonitoredNode] = []
    for (number, sentinel) in sentinels.enumerated() {
      let id = NodeID("s\(number)")
      let probe = Self.probe(sentinel.endpoint, sentinel.access)
      state.withLock { state in
        state.probes[id] = probe
        state.sentinels.insert(id)
      }
      nodes.append(MonitoredNode(id: id, probe: probe, isSentinel: true))
    }
    let collector = EnvironmentCollector(
      environment: EnvironmentIdentity(name: "test", environmentClass: .development),
      nodes: nodes, options: options, directory: self, loop: Watch.loop
    ) { [weak self] snapshot in
      let now = Deadline.now
      self?.state.withLock { $0.snapshots.append((snapshot, now)) }
    }
    let watcher = SentinelWatcher(
      group, interval: asking, loop: Watch.loop, resolver: Resolver(loop: Watch.loop)
    ) { [weak self, weak collector] event in
      if case .stirred = event { collector?.hurry() }
      self?.take(event)
    }
    let master = real.options.master
    collector.follow { [weak watcher] in
      guard let watcher else { return nil }
      return .init(
        others: watcher.others, via: NodeID("s0"),
        primaries: watcher.primary.map { [master: $0] } ?? [:])
    }
    parts.withLock { $0 = (watcher, collector) }
    collector.start()
    watcher.start()
  }

  /// Ends the servers too: the collectors' tasks, which end later, own this.
  func close() {
    let (watcher, collector) = parts.withLock { parts in
      defer { parts = (nil, nil) }
      return parts
    }
    watcher?.stop()
    collector?.stop()
    for probe in state.withLock({ $0.probes }).values { probe.close() }
    real.end()
  }

  private static func probe(_ endpoint: RedisEndpoint, _ access: RedisAccess) -> Probe {
    var options = RedisClient.Options()
    options.connectTimeout = .milliseconds(500)
    return Probe(endpoint: endpoint, access: access, options: options, loop: Watch.loop)
  }

  private func take(_ event: SentinelWatcher.Event) {
    state.withLock { state in
      switch event {
      case .stirred: break
      case .moved(let primary): state.moves.append(primary.announced.description)
      case .trouble(let failure): state.troubles.append(failure)
      case .recovered: state.recoveries += 1
      }
    }
  }

  // MARK: NodeDirectory

  /// Each kind gets its own password only.
  func connect(_ server: TopologyTracker.Found) -> MonitoredNode? {
    let isSentinel =
      server.master == nil && state.withLock { $0.sentinels.contains(server.via) }
    if let master = server.master, master != real.options.master {
      state.withLock { $0.unwelcome.append(master) }
      return nil
    }
    let password = isSentinel ? real.options.sentinelPassword : real.options.password
    let probe = Self.probe(
      RedisEndpoint(
        address: .tcp(host: server.address.host, port: server.address.port),
        isTLS: real.options.tls != nil),
      RedisAccess(password: password.map { Secret($0) }, tls: tls))
    state.withLock { state in
      state.probes[server.id] = probe
      if isSentinel { state.sentinels.insert(server.id) }
    }
    return MonitoredNode(id: server.id, probe: probe, isSentinel: isSentinel)
  }

  func disconnect(_ id: NodeID) {
    state.withLock { $0.probes.removeValue(forKey: id) }?.close()
  }

  // MARK: What is seen

  var watcher: SentinelWatcher? { parts.withLock { $0.watcher } }
  var snapshots: [(snapshot: Snapshot, at: Int64)] { state.withLock { $0.snapshots } }
  var latest: Snapshot? { state.withLock { $0.snapshots.last?.snapshot } }
  /// Announced addresses of the primaries that were found, in order.
  var moves: [String] { state.withLock { $0.moves } }
  var troubles: [SentinelFailure] { state.withLock { $0.troubles } }
  var recoveries: Int { state.withLock { $0.recoveries } }

  /// Waits for a published snapshot that fits.
  func sees(within seconds: Double = 40, _ fits: (Snapshot) -> Bool) async throws -> Bool {
    try await Eventually.holds(within: seconds) { self.latest.map(fits) ?? false }
  }

  /// Waits until all is found and well, with this primary.
  func isWell(_ primary: RedisSentinels.Node) async throws -> Bool {
    let (servers, sentinels) = (real.servers.filter(\.isRunning), real.sentinels)
    return try await sees { snapshot in
      guard let topology = snapshot.topologies.first, topology.kind == .sentinel,
        topology.state == .ok, topology.sentinels.count == sentinels.count
      else { return false }
      let members = topology.shards.first?.members ?? []
      return members.count == servers.count && Self.primary(snapshot) == primary.address
        && members.allSatisfy { $0.health == .online && ($0.role == .primary || $0.link == .up) }
    }
  }

  /// The address of the one primary that the model shows.
  static func primary(_ snapshot: Snapshot) -> String? {
    let members = snapshot.topologies.first { $0.kind == .sentinel }?.shards.first?.members ?? []
    let primaries = members.filter { $0.role == .primary }
    return primaries.count == 1 ? primaries[0].address : nil
  }
}

/// Hears `+promoted-slave` and `+switch-master` as any other client would, and when.
final class SwitchListener: Sendable {
  private struct State {
    var listening = 0
    var promoted: Int64?
    var at: Int64?
  }

  private let state = Mutex(State())

  init(_ real: RedisSentinels) throws {
    let running = real.sentinels.filter(\.isRunning)
    for sentinel in running {
      BackgroundThread.start { [weak self] in
        // Ends with its Sentinel, or with the deadline.
        guard let connection = try? sentinel.connect(within: 120),
          (try? connection.command(["SUBSCRIBE", "+promoted-slave"])) != nil,
          (try? connection.command(["SUBSCRIBE", "+switch-master"])) != nil
        else { return }
        self?.state.withLock { $0.listening += 1 }
        while let reply = try? connection.reply() {
          guard let parts = reply.array, parts.first?.text == "message", parts.count == 3 else {
            continue
          }
          let now = Deadline.now
          let isSwitch = parts[1].text == "+switch-master"
          self?.state.withLock { state in
            if isSwitch {
              state.at = state.at ?? now
            } else {
              state.promoted = state.promoted ?? now
            }
          }
          if isSwitch { return }
        }
      }
    }
    guard Eventually.holds({ self.state.withLock { $0.listening } == running.count }) else {
      throw TestKitError("a Sentinel takes no subscription")
    }
  }

  /// When the first Sentinel told of it; nil: none has.
  var at: Int64? { state.withLock { $0.at } }

  /// When the first told that the new primary takes writes, before the others follow it.
  var promoted: Int64? { state.withLock { $0.promoted } }
}
