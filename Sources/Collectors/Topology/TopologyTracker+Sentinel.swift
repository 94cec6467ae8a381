import ConsoleModel
import Redis

extension TopologyTracker {
  /// The masters that the environment's Sentinels watch, each with the members of its replication.
  ///
  /// - Parameters:
  ///   - groups: replication as the servers themselves tell it.
  ///   - primaries: by master, where a watcher found the primary.
  /// - Returns: nil without a Sentinel; and the groups that no master's name stands for.
  func sentinelTopology(
    _ facts: [Facts], _ groups: [Topology], primaries: [String: SentinelClient.Told],
    _ now: MonotonicTime
  ) -> (topology: Topology?, rest: [Topology]) {
    let sentinels = facts.filter { $0.sentinel != nil }
    guard !sentinels.isEmpty else { return (nil, groups) }
    var topology = Topology(id: "sentinel", kind: .sentinel, state: .ok, readAt: now)
    topology.source = sentinels.first { $0.state == .live }?.id
    topology.epoch = primaries.values.map(\.epoch).max()
    topology.sentinels = sentinels.map { member(sentinel: $0) }
    var rest = groups
    var isWell = true
    if topology.source == nil {
      isWell = false
      topology.notes.append("no Sentinel answers: nobody watches for a failover")
    }
    for name in Set(sentinels.flatMap { $0.sentinel?.masters.map(\.name) ?? [] }).sorted() {
      let live = told(of: name, by: sentinels.filter { $0.state == .live })
      // Without any of them the servers are where they were.
      let told = live.isEmpty ? self.told(of: name, by: sentinels) : live
      let addresses = Set(live.map(\.address))
      if addresses.count > 1 {
        let list = addresses.map(\.description).sorted().joined(separator: ", ")
        topology.notes.append("the Sentinels do not agree where \(name) is: \(list)")
      }
      let found = primaries[name].flatMap { node(at: $0.address) }
      let primary = found ?? primary(facts, told)
      // One that heard of a failover late still complains of the old primary.
      let current = found == nil ? [] : told.filter { node(at: $0.address) == found }
      if (current.isEmpty ? told : current).contains(where: { $0.status != "ok" }) || live.isEmpty {
        isWell = false
      }
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
      if primary != nil { shard.members += strays(of: name, facts, beside: shard.members, rest) }
      if primary != nil { shard.members = Self.demoted(shard.members, primary: primary) }
      topology.shards.append(shard)
    }
    if !isWell { topology.state = .fail }
    return (topology, rest)
  }

  /// Who was a member and is in no group now: after a failover the old primary has lost its replicas
  /// and follows nobody yet.
  private func strays(
    of name: String, _ facts: [Facts], beside members: [TopologyMember], _ others: [Topology]
  ) -> [TopologyMember] {
    let placed = Set((members + others.flatMap(\.shards).flatMap(\.members)).compactMap(\.node))
    return facts.filter { masters[$0.id] == name && !placed.contains($0.id) }
      .map { member($0, [:]) }
  }

  /// Remembers who belongs to which master, as long as it is watched and in no other group.
  mutating func learnMasters(
    _ topology: Topology?, _ groups: [Topology], of facts: [Facts]
  ) {
    var learnt: [NodeID: String] = [:]
    let others = Set(groups.flatMap(\.shards).flatMap(\.members).compactMap(\.node))
    for fact in facts where !others.contains(fact.id) { learnt[fact.id] = masters[fact.id] }
    for shard in topology?.shards ?? [] {
      for node in shard.members.compactMap(\.node) { learnt[node] = shard.name }
    }
    masters = learnt
  }

  private func told(of name: String, by sentinels: [Facts]) -> [SentinelView.Master] {
    sentinels.flatMap { $0.sentinel?.masters ?? [] }.filter { $0.name == name }
  }

  /// One that heard of a failover late still names the old primary: who says that it is one counts.
  private func primary(_ facts: [Facts], _ told: [SentinelView.Master]) -> NodeID? {
    let named = told.compactMap { node(at: $0.address) }
    return named.first { id in
      facts.contains { $0.id == id && $0.state == .live && $0.view?.role == .primary }
    } ?? named.first
  }

  /// Who was the primary before is a replica by the Sentinels' book, even while it does not know yet.
  private static func demoted(
    _ members: [TopologyMember], primary: NodeID?
  ) -> [TopologyMember] {
    let changed = members.map { member in
      guard member.role == .primary, member.node != primary else { return member }
      var member = member
      member.role = .replica
      member.primaryID = primary?.rawValue
      member.link = .unknown
      return member
    }
    // The primary first; the others as they stood.
    return changed.filter { $0.node == primary } + changed.filter { $0.node != primary }
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
