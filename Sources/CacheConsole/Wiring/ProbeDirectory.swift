import Collectors
import ConsoleModel
import Redis
import Synchronization

/// The probes of a single look: those of the configured servers, and those of the servers that belong
/// to them.
final class ProbeDirectory: NodeDirectory {
  private let make: @Sendable (ServerPlan) -> Probe
  private let state: Mutex<(nodes: [MonitoredNode], plans: [NodeID: ServerPlan])>

  init(_ servers: [ServerPlan], make: @escaping @Sendable (ServerPlan) -> Probe) {
    self.make = make
    let plans = Dictionary(servers.map { ($0.id, $0) }) { first, _ in first }
    state = Mutex((servers.map { MonitoredNode(id: $0.id, probe: make($0)) }, plans))
  }

  var nodes: [MonitoredNode] { state.withLock { $0.nodes } }

  func connect(_ server: TopologyTracker.Found) -> MonitoredNode? {
    guard
      let plan = state.withLock({ $0.plans[server.via] })?.reaching(
        server.id, announced: server.announced, at: server.address)
    else { return nil }
    let node = MonitoredNode(id: plan.id, probe: make(plan))
    state.withLock { state in
      state.nodes.append(node)
      state.plans[plan.id] = plan
    }
    return node
  }

  func disconnect(_ id: NodeID) {
    let gone = state.withLock { state -> [MonitoredNode] in
      defer { state.nodes.removeAll { $0.id == id } }
      return state.nodes.filter { $0.id == id }
    }
    for node in gone { node.probe.close() }
  }

  func close() { for node in nodes { node.probe.close() } }
}
