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
    var plans: [NodeID: ServerPlan] = [:]
    var isClosed = false
  }

  private let make: @Sendable (ServerPlan) -> NodeConnection
  private let state: Mutex<State>

  init(_ servers: [ServerPlan], make: @escaping @Sendable (ServerPlan) -> NodeConnection) {
    self.make = make
    var state = State()
    state.nodes = servers.map(make)
    for server in servers { state.plans[server.id] = server }
    self.state = Mutex(state)
  }

  /// In the order of the configuration, then as they were found.
  var all: [NodeConnection] { state.withLock { $0.nodes } }

  subscript(_ id: NodeID) -> NodeConnection? {
    state.withLock { $0.nodes.first { $0.id == id } }
  }

  func connect(_ server: TopologyTracker.Found) -> MonitoredNode? {
    guard
      let plan = state.withLock({ $0.plans[server.via] })?.reaching(
        server.id, announced: server.announced, at: server.address)
    else { return nil }
    let node = make(plan)
    let isTaken = state.withLock { state in
      guard !state.isClosed else { return false }
      state.nodes.append(node)
      state.plans[plan.id] = plan
      return true
    }
    guard isTaken else {
      node.close()
      return nil
    }
    return MonitoredNode(id: node.id, probe: node.probe)
  }

  func disconnect(_ id: NodeID) {
    let node = state.withLock { state -> NodeConnection? in
      state.plans[id] = nil
      guard let index = state.nodes.firstIndex(where: { $0.id == id }) else { return nil }
      return state.nodes.remove(at: index)
    }
    node?.close()
  }

  func close() {
    let nodes = state.withLock { state in
      state.isClosed = true
      defer { state.nodes = [] }
      return state.nodes
    }
    for node in nodes { node.close() }
  }
}
