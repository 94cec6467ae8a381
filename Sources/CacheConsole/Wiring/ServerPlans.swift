import Collectors
import ConsoleModel
import Redis

/// How each server of an environment is reached: those of the configuration, and those that these told of.
///
/// Credentials stay with their kind: what is meant for the servers is not sent to Sentinels, nor the
/// other way round, and nothing is sent to the servers of another master.
struct ServerPlans {
  private var plans: [NodeID: ServerPlan] = [:]
  private let group: GroupPlan?
  private var sentinels: Set<NodeID>

  /// - Parameters:
  ///   - group: what Sentinels among them watch; nil: whoever told of a server is its pattern.
  ///   - sentinels: which of them are Sentinels.
  init(_ servers: [ServerPlan], group: GroupPlan? = nil, sentinels: Set<NodeID> = []) {
    self.group = group
    self.sentinels = sentinels
    for server in servers where plans[server.id] == nil { plans[server.id] = server }
  }

  func isSentinel(_ id: NodeID) -> Bool { sentinels.contains(id) }

  subscript(_ id: NodeID) -> ServerPlan? { plans[id] }

  /// nil: it is not to be connected to.
  mutating func add(_ found: TopologyTracker.Found) -> ServerPlan? {
    let pattern: ServerPlan?
    if let master = found.master, let group {
      pattern = master == group.master ? group.member : nil
    } else {
      pattern = plans[found.via]
      if found.master == nil, sentinels.contains(found.via) { sentinels.insert(found.id) }
    }
    let plan = pattern?.reaching(found.id, announced: found.announced, at: found.address)
    plans[found.id] = plan
    return plan
  }

  mutating func remove(_ id: NodeID) {
    plans[id] = nil
    sentinels.remove(id)
  }
}
