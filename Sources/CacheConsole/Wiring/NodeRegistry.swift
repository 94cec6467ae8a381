import Collectors
import ConsoleModel
import EventLoop
import Redis
import Synchronization

/// The connections of one environment by name: those of the configuration, and those to servers that
/// belong to them and were found.
final class NodeRegistry: NodeDirectory {
  private struct State {
    var nodes: [NodeConnection] = []
    var plans: ServerPlans
    /// Connections to reader endpoints, by the server that they were given for; made when first used.
    var readers: [NodeID: NodeConnection] = [:]
    var isClosed = false
    var onChange: @Sendable () -> Void = {}
  }

  private let make: @Sendable (ServerPlan) -> NodeConnection
  private let state: Mutex<State>

  init(
    _ servers: [ServerPlan], plans: ServerPlans? = nil,
    make: @escaping @Sendable (ServerPlan) -> NodeConnection
  ) {
    self.make = make
    var state = State(plans: plans ?? ServerPlans(servers))
    state.nodes = servers.map(make)
    self.state = Mutex(state)
  }

  /// In the order of the configuration, then as they were found.
  var all: [NodeConnection] { state.withLock { $0.nodes } }

  /// The same for those that watch them.
  var monitored: [MonitoredNode] {
    state.withLock { state in
      state.nodes.map {
        MonitoredNode(id: $0.id, probe: $0.probe, isSentinel: state.plans.isSentinel($0.id))
      }
    }
  }

  subscript(_ id: NodeID) -> NodeConnection? {
    state.withLock { $0.nodes.first { $0.id == id } }
  }

  func plan(of id: NodeID) -> ServerPlan? { state.withLock { $0.plans[id] } }

  /// Called after servers came or went, on whatever thread that happened.
  func onChange(_ call: @escaping @Sendable () -> Void) { state.withLock { $0.onChange = call } }

  func connect(_ server: TopologyTracker.Found) -> MonitoredNode? {
    guard let plan = state.withLock({ $0.plans.add(server) }) else { return nil }
    let node = make(plan)
    let taken = state.withLock { state -> (isSentinel: Bool, onChange: @Sendable () -> Void)? in
      guard !state.isClosed else { return nil }
      state.nodes.append(node)
      return (state.plans.isSentinel(node.id), state.onChange)
    }
    guard let taken else {
      node.close()
      return nil
    }
    taken.onChange()
    return MonitoredNode(id: node.id, probe: node.probe, isSentinel: taken.isSentinel)
  }

  /// The connection to the reader endpoint that was given for this server.
  func reader(of id: NodeID) -> NodeConnection? {
    if let known = state.withLock({ $0.readers[id] }) { return known }
    guard var plan = state.withLock({ $0.plans[id] }), let endpoint = plan.reader else {
      return nil
    }
    plan.endpoint = endpoint
    plan.reader = nil
    var node = make(plan)
    node.readerName = endpoint.description
    let made = node
    let kept = state.withLock { state -> NodeConnection? in
      guard !state.isClosed else { return nil }
      if let known = state.readers[id] { return known }
      state.readers[id] = made
      return made
    }
    if kept?.probe !== made.probe { made.close() }
    return kept
  }

  func disconnect(_ id: NodeID) {
    let (node, onChange) = state.withLock { state in
      state.plans.remove(id)
      let index = state.nodes.firstIndex { $0.id == id }
      return (index.map { state.nodes.remove(at: $0) }, state.onChange)
    }
    node?.close()
    onChange()
  }

  func close() {
    let nodes = state.withLock { state in
      state.isClosed = true
      state.onChange = {}
      defer { (state.nodes, state.readers) = ([], [:]) }
      return state.nodes + Array(state.readers.values)
    }
    for node in nodes { node.close() }
  }
}
