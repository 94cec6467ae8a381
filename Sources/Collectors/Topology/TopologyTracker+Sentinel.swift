import ConsoleModel
import Redis

extension TopologyTracker {
  /// The masters that the environment's Sentinels watch, each with the members of its replication.
  ///
  /// - Parameter groups: replication as the servers themselves tell it.
  /// - Returns: nil without a Sentinel; and the groups that no master's name stands for.
  func sentinelTopology(
    _ facts: [Facts], _ groups: [Topology], _ now: MonotonicTime
  ) -> (topology: Topology?, rest: [Topology]) {
    let sentinels = facts.filter { $0.sentinel != nil }
    guard !sentinels.isEmpty else { return (nil, groups) }
    var topology = Topology(id: "sentinel", kind: .sentinel, state: .ok, readAt: now)
    topology.source = sentinels.first { $0.state == .live }?.id
    topology.sentinels = sentinels.map { member(sentinel: $0) }
    var rest = groups
    var isWell = true
    for name in Set(sentinels.flatMap { $0.sentinel?.masters.map(\.name) ?? [] }).sorted() {
      let told = sentinels.filter { $0.state == .live }.flatMap { $0.sentinel?.masters ?? [] }
        .filter { $0.name == name }
      let addresses = Set(told.map(\.address))
      if addresses.count > 1 {
        let list = addresses.map(\.description).sorted().joined(separator: ", ")
        topology.notes.append("the Sentinels do not agree where \(name) is: \(list)")
      }
      if told.contains(where: { $0.status != "ok" }) || told.isEmpty { isWell = false }
      // One that heard of a failover late still names the old primary.
      let primary =
        told.lazy.compactMap { node(at: $0.address) }.first { id in
          facts.contains { $0.id == id && $0.state == .live && $0.view?.role == .primary }
        } ?? told.first.flatMap { node(at: $0.address) }
      let index = rest.firstIndex { group in
        group.shards.contains { $0.members.contains { $0.node == primary && primary != nil } }
      }
      var shard =
        index.flatMap { rest[$0].shards.first }
        ?? TopologyShard(id: name, members: alone(primary, facts))
      if let index {
        topology.notes += rest[index].notes
        rest.remove(at: index)
      }
      (shard.id, shard.name) = (name, name)
      topology.shards.append(shard)
    }
    if !isWell { topology.state = .fail }
    return (topology, rest)
  }

  /// A primary without replicas is in no group.
  private func alone(_ id: NodeID?, _ facts: [Facts]) -> [TopologyMember] {
    guard let fact = facts.first(where: { $0.id == id }) else { return [] }
    return [member(fact, [:])]
  }

  private func member(sentinel fact: Facts) -> TopologyMember {
    TopologyMember(
      node: fact.id, serverID: fact.id.rawValue,
      address: fact.address?.description ?? fact.id.rawValue, role: .sentinel,
      health: health(fact))
  }
}
