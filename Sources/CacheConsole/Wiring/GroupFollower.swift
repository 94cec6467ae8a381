import Collectors
import ConsoleModel
import EventLoop
import Operations
import Redis
import Synchronization

/// Keeps the screen's operations with the primary that the Sentinels of an environment name.
///
/// Operations go by the master's name. Their reads go over the same connection as all others of that
/// server, so that what the console costs is counted.
final class GroupFollower: Sendable {
  private struct State {
    /// Where the primary announces to be; nil: not known.
    var primary: NodeAddress?
    /// The monitored server that it is, and its connection.
    var served: Probe?
    var node: NodeID?
    var isFirst = true
  }

  private let group: GroupPlan
  private let sentinels: SentinelGroup
  private let nodes: NodeRegistry
  private let collector: EnvironmentCollector
  private let operations: SessionOperations
  private let watcher: Mutex<SentinelWatcher?> = Mutex(nil)
  private let state = Mutex(State())

  init(
    _ group: GroupPlan, _ sentinels: SentinelGroup, nodes: NodeRegistry,
    collector: EnvironmentCollector,
    operations: SessionOperations
  ) {
    self.group = group
    self.sentinels = sentinels
    self.nodes = nodes
    self.collector = collector
    self.operations = operations
  }

  /// - Parameter via: the Sentinel that others are reached like.
  func start(
    via: NodeID, interval: Double, loop: EventLoop, resolver: Resolver
  ) {
    let pause = min(interval, SentinelWatcher.standardInterval)
    let watcher = SentinelWatcher(sentinels, interval: pause, loop: loop, resolver: resolver) {
      [weak self] in self?.take($0)
    }
    self.watcher.withLock { $0 = watcher }
    let master = group.master
    collector.follow { [weak watcher] in
      guard let watcher else { return nil }
      return TopologyTracker.SentinelNews(
        others: watcher.others, via: via,
        primaries: watcher.primary.map { [master: $0] } ?? [:])
    }
    nodes.onChange { [weak self] in self?.look() }
    watcher.start()
  }

  func stop() { watcher.withLock { $0 }?.stop() }

  /// The monitored server that operations on this one mean.
  func server(of node: NodeID) -> NodeID {
    node == group.node ? state.withLock { $0.node } ?? node : node
  }

  private func take(_ event: SentinelWatcher.Event) {
    switch event {
    case .stirred: collector.hurry()
    case .moved(let primary):
      let isFirst = state.withLock { state in
        state.primary = primary.announced
        defer { state.isFirst = false }
        return state.isFirst
      }
      look()
      if !isFirst {
        operations.say(.warning, "\(group.master): \(primary.endpoint) is the primary now")
      }
    case .trouble(let failure): operations.say(.critical, failure.description)
    case .recovered: operations.say(.information, "the Sentinels of \(group.master) answer")
    }
  }

  /// Is the primary among the monitored servers, and is it another one than before?
  private func look() {
    guard let primary = state.withLock({ $0.primary }), let id = collector.node(at: primary),
      let node = nodes[id], let plan = nodes.plan(of: id)
    else { return }
    let isNews = state.withLock { state in
      defer { (state.served, state.node) = (node.probe, id) }
      return state.served !== node.probe
    }
    guard isNews else { return }
    operations.serve(
      [OperationDesk.Node(id: group.node, probe: node.probe)],
      [
        RunTicket.Server(
          node: group.node, endpoint: plan.endpoint, access: plan.access, sentinels: sentinels)
      ])
  }
}
