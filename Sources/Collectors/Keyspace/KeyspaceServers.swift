internal import ConsoleModel
package import Redis

/// Which servers must be walked so that each key is met once: all primaries of a cluster, the primary
/// of a Sentinel's group, one of servers that replicate each other, and every server alone.
package struct KeyspaceServers: Sendable {
  package var nodes: [MonitoredNode] = []
  /// What was left out or is missing, one sentence each.
  package var notes: [String] = []

  private var seen: Set<String> = []

  package init(_ nodes: [MonitoredNode] = []) { self.nodes = nodes }

  /// What a server says of itself.
  private struct Facts: Sendable {
    var runID: String
    /// Of the data's history: a primary and its replicas have the same one.
    var replicationID: String
    var view: ReplicationView?
    var sentinel: SentinelView?
  }

  private static let timeout: Duration = .seconds(3)

  /// - Parameters:
  ///   - configured: where to begin; a server that does not answer stays in, so that the walk tells of it.
  ///   - directory: connects to those that are found.
  package static func choose(
    _ configured: [MonitoredNode], directory: any NodeDirectory, map: AddressMap
  ) async -> KeyspaceServers {
    var servers = KeyspaceServers()
    let facts = await ask(configured)
    var clusters: [(told: MonitoredNode, topology: ClusterTopology)] = []
    for node in configured where facts[node.id]?.view?.isClusterNode == true {
      guard let view = await topology(node) else {
        servers.notes.append("\(node.id.rawValue) does not say who else is in its cluster")
        servers.add(node, facts[node.id])
        continue
      }
      clusters.append((node, view))
    }
    await servers.add(clusters: clusters, configured, facts, directory, map)
    await servers.add(sentinels: configured, facts, directory, map)
    servers.add(single: configured, facts)
    // What does not answer, unless a cluster does without it.
    let members = Set(
      clusters.flatMap { $0.topology.nodes.compactMap { $0.address.map(map.reachable) } })
    for node in configured where facts[node.id] == nil {
      if let address = NodeAddress(of: node.probe.endpoint), members.contains(address) { continue }
      servers.nodes.append(node)
    }
    return servers
  }

  private mutating func add(_ node: MonitoredNode, _ facts: Facts?) {
    if let runID = facts?.runID, !runID.isEmpty, !seen.insert(runID).inserted { return }
    nodes.append(node)
  }

  // MARK: Clusters

  private mutating func add(
    clusters: [(told: MonitoredNode, topology: ClusterTopology)], _ configured: [MonitoredNode],
    _ facts: [NodeID: Facts], _ directory: any NodeDirectory, _ map: AddressMap
  ) async {
    var rest = clusters
    while let first = rest.first {
      // Views of the same cluster name the same nodes.
      let ids = Set(first.topology.nodes.map(\.id))
      let same = rest.filter { !ids.isDisjoint(with: $0.topology.nodes.map(\.id)) }
      rest.removeAll { !ids.isDisjoint(with: $0.topology.nodes.map(\.id)) }
      guard let best = ClusterTopology.choice(among: same.map(\.topology)) else { continue }
      let (told, topology) = same[best]
      if !topology.uncovered.isEmpty {
        notes.append("nobody serves the slots \(topology.uncovered): their keys are not here")
      }
      for shard in topology.shards where !shard.slots.isEmpty {
        guard let address = shard.primary?.address else {
          notes.append("the slots \(shard.slots) have no primary that says where it is")
          continue
        }
        // By the way into this cluster: another server's password is not its nodes' business.
        await add(at: address, via: told, configured, facts, directory, map)
      }
    }
  }

  private mutating func add(
    at announced: NodeAddress, via: MonitoredNode, _ configured: [MonitoredNode],
    _ facts: [NodeID: Facts], _ directory: any NodeDirectory, _ map: AddressMap
  ) async {
    let reachable = map.reachable(announced)
    if let known = configured.first(where: {
      let address = NodeAddress(of: $0.probe.endpoint)
      return address == announced || address == reachable
    }) {
      return add(known, facts[known.id])
    }
    let found = TopologyTracker.Found(
      id: NodeID(reachable.description), announced: announced, address: reachable, via: via.id)
    guard let node = directory.connect(found) else {
      notes.append("\(reachable) is not reached")
      return
    }
    let own = await Self.ask([node])[node.id]
    // Known under another name, as localhost and 127.0.0.1 are the same.
    if let own, let known = configured.first(where: { facts[$0.id]?.runID == own.runID }) {
      directory.disconnect(node.id)
      return add(known, own)
    }
    add(node, own)
  }

  private mutating func add(
    sentinels configured: [MonitoredNode], _ facts: [NodeID: Facts],
    _ directory: any NodeDirectory, _ map: AddressMap
  ) async {
    for node in configured {
      guard let sentinel = facts[node.id]?.sentinel else { continue }
      for master in sentinel.masters {
        await add(at: master.address, via: node, configured, facts, directory, map)
      }
    }
  }

  // MARK: Servers of no cluster

  private mutating func add(single configured: [MonitoredNode], _ facts: [NodeID: Facts]) {
    var groups: [(id: String, members: [MonitoredNode])] = []
    for node in configured {
      guard let own = facts[node.id], own.sentinel == nil, own.view?.isClusterNode != true else {
        continue
      }
      let known = own.replicationID.isEmpty ? nil : groups.firstIndex { $0.id == own.replicationID }
      if let known {
        groups[known].members.append(node)
      } else {
        groups.append((own.replicationID, [node]))
      }
    }
    for group in groups {
      let primary = group.members.first { facts[$0.id]?.view?.role == .primary }
      let chosen = primary ?? group.members[0]
      let before = nodes.count
      add(chosen, facts[chosen.id])
      let others = group.members.filter { $0.id != chosen.id }.map(\.id.rawValue)
      if nodes.count > before, !others.isEmpty {
        notes.append(
          "\(others.joined(separator: ", ")): the same keys as \(chosen.id.rawValue), not walked")
      }
    }
  }

  // MARK: Questions

  private static func ask(_ nodes: [MonitoredNode]) async -> [NodeID: Facts] {
    await withTaskGroup(of: (NodeID, Facts)?.self) { group in
      for node in nodes {
        group.addTask {
          do throws(RedisError) {
            let info = InfoReply(try await node.probe.info("default", timeout: timeout).bytes)
            return (
              node.id,
              Facts(
                runID: info["run_id"] ?? "", replicationID: info["master_replid"] ?? "",
                view: ReplicationView(info), sentinel: SentinelView(info))
            )
          } catch {
            return nil
          }
        }
      }
      var facts: [NodeID: Facts] = [:]
      for await case let (id, own)? in group { facts[id] = own }
      return facts
    }
  }

  private static func topology(_ node: MonitoredNode) async -> ClusterTopology? {
    do throws(RedisError) { return try await node.probe.clusterTopology(timeout: timeout) } catch {
      return nil
    }
  }
}
