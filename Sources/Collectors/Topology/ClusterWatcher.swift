internal import ConsoleModel
internal import EventLoop
internal import Redis
private import Synchronization

/// Reads the topology of each cluster again and again from some of its live nodes.
final class ClusterWatcher: Sendable {
  struct Candidate: Sendable {
    var id: NodeID
    var probe: Probe
  }

  private struct State {
    var candidates: @Sendable () -> [Candidate] = { [] }
    var readings: [TopologyTracker.ClusterReading] = []
    var task: Task<Void, Never>?
    var changed: @Sendable () -> Void = {}
  }

  /// Nodes that are asked at the same time, so that one with an old view, or that hangs, is outvoted.
  private static let atOnce = 3
  /// Different clusters in one environment.
  private static let maximumClusters = 8
  /// What the others get after the first answer.
  private static let grace = Duration.milliseconds(300)
  /// A reading that could not be repeated for so long says nothing any more.
  private static let oldAfter = 60.0

  private let interval: Double
  /// For one node to answer.
  private let timeout: Duration
  private let loop: EventLoop
  private let state = Mutex(State())

  init(interval: Double, timeout: Duration = .milliseconds(1500), loop: EventLoop) {
    self.interval = interval
    self.timeout = timeout
    self.loop = loop
  }

  /// Gives the nodes that may be asked now.
  var candidates: @Sendable () -> [Candidate] {
    get { state.withLock { $0.candidates } }
    set { state.withLock { $0.candidates = newValue } }
  }

  /// Called on the loop's thread when a reading differs from the one before.
  var changed: @Sendable () -> Void {
    get { state.withLock { $0.changed } }
    set { state.withLock { $0.changed = newValue } }
  }

  /// The latest of each cluster.
  var readings: [TopologyTracker.ClusterReading] { state.withLock { $0.readings } }

  func start() {
    let task = loop.spawn { [weak self] in
      while !Task.isCancelled {
        guard let self else { return }
        let begin = EventLoop.now()
        await self.read()
        do { try await self.loop.sleep(until: begin.advanced(by: .seconds(self.interval))) } catch {
          return
        }
      }
    }
    state.withLock { $0.task = task }
  }

  func stop() { state.withLock { $0.task }?.cancel() }

  /// One look at all clusters: nodes that no reading has named so far are asked for theirs.
  private func read() async {
    var rest = candidates()
    var fresh: [TopologyTracker.ClusterReading] = []
    while !rest.isEmpty, fresh.count < Self.maximumClusters, !Task.isCancelled {
      let asked = Array(rest.prefix(Self.atOnce))
      rest.removeFirst(asked.count)
      guard let reading = await ask(asked) else { continue }
      let named = Set(reading.topology.nodes.compactMap(\.address))
      // Of the same cluster, by any of its addresses: asked no more in this round.
      let addresses = Set(asked.compactMap { NodeAddress(of: $0.probe.endpoint) })
      if !fresh.contains(where: { !$0.named.isDisjoint(with: named) }) {
        fresh.append(reading)
      }
      if !addresses.isDisjoint(with: named) || fresh.count == 1 {
        rest.removeAll { candidate in
          NodeAddress(of: candidate.probe.endpoint).map { named.contains($0) } ?? false
        }
      }
    }
    let now = MonotonicTime.now()
    let changed = state.withLock { state -> (@Sendable () -> Void)? in
      let old = state.readings.filter { old in
        now.seconds(since: old.at) < Self.oldAfter
          && !fresh.contains { !$0.named.isDisjoint(with: old.named) }
      }
      let before = state.readings
      state.readings = fresh + old
      let isSame =
        before.map(\.topology.withoutOffsets) == state.readings.map(\.topology.withoutOffsets)
      return isSame ? nil : state.changed
    }
    changed?()
  }

  private enum Event: Sendable {
    case view(NodeID, ClusterTopology?)
    case graceIsOver
  }

  /// The view that most likely holds among those of some nodes. Once one has answered the others have
  /// a moment: a node that hangs must not keep back what the others say of it.
  private func ask(_ nodes: [Candidate]) async -> TopologyTracker.ClusterReading? {
    let (loop, timeout) = (self.loop, self.timeout)
    let views = await withTaskGroup(of: Event.self) { group in
      for node in nodes {
        group.addTask {
          do throws(RedisError) {
            return .view(node.id, try await node.probe.clusterTopology(timeout: timeout))
          } catch {
            return .view(node.id, nil)
          }
        }
      }
      var views: [(NodeID, ClusterTopology)] = []
      var missing = nodes.count
      while missing > 0, let event = await group.next() {
        guard case .view(let id, let topology) = event else { break }
        missing -= 1
        guard let topology else { continue }
        views.append((id, topology))
        if views.count == 1 {
          group.addTask {
            // Cancelled: everybody has answered.
            try? await loop.sleep(for: Self.grace)
            return .graceIsOver
          }
        }
      }
      group.cancelAll()
      return views
    }
    guard let index = ClusterTopology.choice(among: views.map(\.1)) else { return nil }
    let topology = ClusterTopology.merged(views.map(\.1), at: index)
    return TopologyTracker.ClusterReading(
      source: views[index].0, topology: topology, at: .now())
  }
}

extension ClusterTopology {
  /// Without what changes with every write.
  fileprivate var withoutOffsets: ClusterTopology {
    var copy = ClusterTopology(source: source, shards: shards.map(\.withoutOffsets))
    copy.openSlots = openSlots
    return copy
  }
}

extension ClusterTopology.Shard {
  fileprivate var withoutOffsets: Self {
    var copy = self
    copy.primary?.replicationOffset = nil
    for index in copy.replicas.indices { copy.replicas[index].replicationOffset = nil }
    return copy
  }
}

extension TopologyTracker.ClusterReading {
  /// Addresses of all of its nodes.
  var named: Set<NodeAddress> { Set(topology.nodes.compactMap(\.address)) }
}
