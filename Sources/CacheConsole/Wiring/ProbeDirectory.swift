import Collectors
import ConsoleModel
import Redis
import Synchronization

/// The probes of a single look: those of the configured servers, and those of the servers that belong
/// to them.
final class ProbeDirectory: NodeDirectory {
  private let make: @Sendable (ServerPlan) -> Probe
  private let state: Mutex<(nodes: [MonitoredNode], plans: ServerPlans)>

  init(
    _ servers: [ServerPlan], plans: ServerPlans? = nil,
    make: @escaping @Sendable (ServerPlan) -> Probe
  ) {
    self.make = make
    let plans = plans ?? ServerPlans(servers)
    let nodes = servers.map {
      MonitoredNode(id: $0.id, probe: make($0), isSentinel: plans.isSentinel($0.id))
    }
    state = Mutex((nodes, plans))
  }

  var nodes: [MonitoredNode] { state.withLock { $0.nodes } }

  func connect(_ server: TopologyTracker.Found) -> MonitoredNode? {
    guard let plan = state.withLock({ $0.plans.add(server) }) else { return nil }
    let probe = make(plan)
    return state.withLock { state in
      let node = MonitoredNode(
        id: plan.id, probe: probe, isSentinel: state.plans.isSentinel(plan.id))
      state.nodes.append(node)
      return node
    }
  }

  func disconnect(_ id: NodeID) {
    let gone = state.withLock { state -> [MonitoredNode] in
      state.plans.remove(id)
      defer { state.nodes.removeAll { $0.id == id } }
      return state.nodes.filter { $0.id == id }
    }
    for node in gone { node.probe.close() }
  }

  func close() { for node in nodes { node.probe.close() } }
}
