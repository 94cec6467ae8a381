package import ConsoleModel
package import EventLoop
package import Redis
private import Glibc
internal import Synchronization

/// Watches all servers of one environment and publishes whole snapshots: one for each beat of the
/// interval once every node has answered or has had its time, and one at least each interval, so
/// that ages and states move on while servers are silent.
package final class EnvironmentCollector: Sendable {
  package struct Options: Sendable {
    /// Seconds between polls.
    package var interval: Double = 2
    package var personalData = PersonalDataPolicy.standard
    package var hotKeyBudget = HotKeySampler.Budget()
    /// Length of the sliding window behind the shown rates and ratios, in seconds.
    package var windowSeconds = 10.0
    /// Where servers that announce other addresses are reached from here.
    package var addresses = AddressMap()
    /// Masters of Sentinels that are watched; nil: all that they name. The servers of others are not
    /// connected to: credentials are for these.
    package var masters: Set<String>?

    package init() {}
  }

  struct State {
    var demand = Demand()
    var builder: SnapshotBuilder
    /// Nodes that polled since the last snapshot.
    var heard: Set<NodeID> = []
    var isPublishScheduled = false
    var task: Task<Void, Never>?
    var isStopped = false
    /// All that are watched: those of the configuration first, then those that these led to.
    var nodes: [NodeCollector] = []
    var tracker: TopologyTracker
    var topologies: [Topology] = []
    var sentinels: @Sendable () -> TopologyTracker.SentinelNews? = { nil }
  }

  /// How long the nodes that answered wait for those that have not.
  private static let grace: Duration = .milliseconds(150)

  let options: Options
  let settings: NodePoller.Settings
  let clusters: ClusterWatcher
  /// Connects to servers that were found, and lets go of those that went.
  let directory: (any NodeDirectory)?
  private let loop: EventLoop
  private let alarm: Alarm
  let state: Mutex<State>
  private let publish: @Sendable (Snapshot) -> Void

  /// - Parameter publish: called on the loop's thread; it must not call back.
  package init(
    environment: EnvironmentIdentity, nodes: [MonitoredNode], options: Options = Options(),
    directory: (any NodeDirectory)? = nil, loop: EventLoop,
    publish: @escaping @Sendable (Snapshot) -> Void
  ) {
    self.options = options
    self.loop = loop
    self.publish = publish
    let interval = max(0.05, min(3600, options.interval))
    self.directory = directory
    state = Mutex(
      State(
        builder: SnapshotBuilder(environment: environment, interval: interval),
        tracker: TopologyTracker(configured: nodes.map(\.id), map: options.addresses)))
    let alarm = Alarm(loop: loop)
    self.alarm = alarm
    // Many nodes share what one console may spend on sampling.
    var budget = options.hotKeyBudget
    budget.keysPerSecond = max(
      50, min(budget.keysPerSecond, 2 * budget.keysPerSecond / Double(max(1, nodes.count))))
    settings = NodePoller.Settings(
      interval: interval, personalData: options.personalData, hotKeyBudget: budget,
      windowSeconds: options.windowSeconds,
      detail: nodes.count <= Detail.fullNodes ? .full : .brief)
    clusters = ClusterWatcher(interval: min(interval, 1), loop: loop)
    relay.target = self
    let collectors = nodes.map(collector)
    state.withLock { $0.nodes = collectors }
    clusters.candidates = { [weak self] in self?.clusterNodes() ?? [] }
    // A new primary is not kept back until the next beat.
    clusters.changed = { alarm.ring() }
  }

  private let relay = Relay()

  func collector(_ node: MonitoredNode) -> NodeCollector {
    NodeCollector(
      id: node.id, probe: node.probe, isSentinel: node.isSentinel, settings: settings, loop: loop
    ) { [relay] in relay.polled($0) }
  }

  var nodes: [NodeCollector] { state.withLock { $0.nodes } }

  /// Starts all nodes. They connect, and reconnect, by themselves.
  package func start() {
    for node in nodes { node.start() }
    if directory != nil { clusters.start() }
    let task = loop.spawn { [weak self] in
      while !Task.isCancelled {
        guard let self else { return }
        await self.beat()
      }
    }
    state.withLock { $0.task = task }
  }

  /// Ends all polling; nothing is published after this returns.
  package func stop() {
    let (task, nodes) = state.withLock { state in
      state.isStopped = true
      return (state.task, state.nodes)
    }
    task?.cancel()
    clusters.stop()
    for node in nodes { node.stop() }
  }

  package func setDemand(_ demand: Demand) {
    let before = state.withLock { state in
      defer { state.demand = demand }
      return state.demand
    }
    guard before != demand else { return }
    if before.isPaused, !demand.isPaused { alarm.ring() }
    tell(demand)
  }

  /// What a watcher of Sentinels knows, asked for at each beat.
  package func follow(sentinels: @escaping @Sendable () -> TopologyTracker.SentinelNews?) {
    state.withLock { $0.sentinels = sentinels }
  }

  /// Who goes by this address, which servers or Sentinels told; nil: nobody that is watched.
  package func node(at announced: NodeAddress) -> NodeID? {
    state.withLock { $0.tracker.node(at: announced) }
  }

  /// Asks every server at once, not at the next beat: something has happened.
  package func hurry() { for node in nodes { node.hurry() } }

  /// What the screen wants, told to each node.
  func tell(_ demand: Demand) {
    let nodes = self.nodes
    let hasFew = nodes.count <= Detail.fullNodes
    for node in nodes {
      let isFocus = demand.focus == node.id
      node.setDemand(
        detail: hasFew || isFocus ? .full : .brief,
        wantsClients: demand.wantsClients && (isFocus || demand.focus == nil && hasFew),
        isPaused: demand.isPaused)
    }
  }

  /// The operator reset a node's slow log.
  package func slowlogWasReset(_ id: NodeID) {
    nodes.first { $0.id == id }?.clearSlowlog()
  }

  /// The eviction policy, which decides what is known of a key's use.
  package func evictionPolicy(of id: NodeID) -> String? {
    nodes.first { $0.id == id }?.report.status.figures.evictionPolicy
  }

  /// What is known now.
  package func snapshot() -> Snapshot {
    let reports = nodes.map(\.report)
    return state.withLock { state in
      var snapshot = state.builder.snapshot(of: reports, now: .now(), wall: Self.wall())
      snapshot.topologies = state.topologies
      return snapshot
    }
  }

  /// For a single look: starts, waits until each node was polled twice, so that rates are known, and
  /// stops. Hot keys get some seconds more for a first pass; a node that does not answer costs two
  /// timeouts at most.
  package func collectOnce() async -> Snapshot {
    for node in nodes { node.sampleFast() }
    start()
    let begin = MonotonicTime.now()
    let limit = 2 * options.interval + 8
    while true {
      let age = MonotonicTime.now().seconds(since: begin)
      let reports = nodes.map(\.report)
      let isDone = reports.allSatisfy(Self.isDone)
      let wantsMore = age < options.interval + 4 && !reports.allSatisfy(Self.hasHotKeys)
      if age >= limit || isDone && !wantsMore { break }
      do { try await loop.sleep(for: .milliseconds(20)) } catch { break }
    }
    stop()
    return snapshot()
  }

  private static func hasHotKeys(_ report: NodeReport) -> Bool {
    report.answered == 0 || report.hasWholePass
  }

  private static func isDone(_ report: NodeReport) -> Bool {
    if report.answered == 0 {
      // Refused is an answer; a timeout may be a server that is only slow to begin.
      return report.status.fault?.isRefusal == true || report.tried >= 2
    }
    return report.answered >= 2 || report.tried >= 4
  }

  // MARK: Publishing

  private func beat() async {
    let isPaused = state.withLock { $0.demand.isPaused }
    // A beat and a half: normally the nodes ring first.
    await alarm.wait(until: .now().advanced(bySeconds: isPaused ? 3600 : options.interval * 1.5))
    guard !Task.isCancelled else { return }
    let isQuiet = state.withLock { state in
      state.heard = []
      state.isPublishScheduled = false
      return state.isStopped || state.demand.isPaused
    }
    guard !isQuiet else { return }
    followTopology()
    let snapshot = self.snapshot()
    // Under the lock, so that nothing follows a `stop` that has returned.
    state.withLock { if !$0.isStopped { publish(snapshot) } }
  }

  fileprivate func polled(_ id: NodeID) {
    let (isWhole, schedules) = state.withLock { state in
      state.heard.insert(id)
      let isWhole = state.heard.count >= state.nodes.count
      let schedules = !isWhole && !state.isPublishScheduled
      if schedules { state.isPublishScheduled = true }
      return (isWhole, schedules)
    }
    if isWhole { alarm.ring() }
    if schedules {
      loop.schedule(at: EventLoop.now().advanced(by: Self.grace)) { [alarm] in alarm.ring() }
    }
  }

  private static func wall() -> WallTime {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return WallTime(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }
}

/// Lets the nodes call their environment without owning it.
private final class Relay: Sendable {
  private struct Box: Sendable { weak var target: EnvironmentCollector? }
  private let box = Mutex(Box())

  var target: EnvironmentCollector? {
    get { box.withLock { $0.target } }
    set { box.withLock { $0.target = newValue } }
  }

  func polled(_ id: NodeID) { target?.polled(id) }
}
