import ConsoleModel

/// Makes the rows of one topology, once for each snapshot: O(shards + members + nodes).
struct TopologyTree {
  let topology: Topology
  let snapshot: Snapshot?
  let folds: TopologyFolds
  let changes: RoleChanges
  let followed: String?
  /// A filter looks at members too, whether their shard is open or not.
  let showsAll: Bool
  /// For `folds`; no shard has a name without letters.
  static let sentinelsFold = ""

  /// Where each monitored server is in the snapshot: a search for each member would be quadratic.
  private let places: [NodeID: Int]

  init(
    _ topology: Topology, snapshot: Snapshot?, folds: TopologyFolds, changes: RoleChanges,
    followed: String?, showsAll: Bool
  ) {
    self.topology = topology
    self.snapshot = snapshot
    self.folds = folds
    self.changes = changes
    self.followed = followed
    self.showsAll = showsAll
    places = Dictionary(
      (snapshot?.nodes ?? []).enumerated().map { ($1.id, $0) }, uniquingKeysWith: { one, _ in one })
  }

  func rows() -> [TopologyRow] {
    var open: [String: [Int]] = [:]
    for slot in topology.openSlots {
      // Whoever tells of it has it open.
      let teller = slot.direction == .migrating ? slot.source : slot.target
      if let teller { open[teller, default: []].append(slot.slot) }
    }
    var heads = topology.shards.enumerated().map { head($1, number: $0 + 1, open) }
    addSkew(&heads)
    var rows: [TopologyRow] = []
    for (shard, var head) in zip(topology.shards, heads) {
      let isOpen =
        showsAll || head.isOpen == true || shard.members.contains { $0.serverID == followed }
      head.isOpen = isOpen
      rows.append(head)
      if isOpen { rows += members(shard.members, of: shard.id) }
    }
    if !topology.sentinels.isEmpty { rows += sentinels() }
    return rows
  }

  private func sentinels() -> [TopologyRow] {
    let isOpen =
      showsAll || folds.isOpen(Self.sentinelsFold)
      || topology.sentinels.contains { $0.serverID == followed }
    var head = TopologyRow(id: .sentinels, name: "sentinels")
    head.isOpen = isOpen
    var shard = TopologyRow.Shard()
    shard.members = topology.sentinels.count
    shard.troubled = topology.sentinels.count { isTroubled($0) }
    head.shard = shard
    return [head] + (isOpen ? members(topology.sentinels, of: nil) : [])
  }

  // MARK: Members

  private func members(_ members: [TopologyMember], of shard: String?) -> [TopologyRow] {
    members.enumerated().map { index, member in
      var row = TopologyRow(id: .member(member.serverID), shardID: shard, name: member.title)
      row.isLast = index == members.count - 1
      row.member = member
      row.figures = figures(of: member.node)
      row.lagBytes = member.lagBytes
      row.lagSeconds = member.lagSeconds
      row.change = changes.last(of: member.serverID, in: topology.id)
      row.isFollowed = member.serverID == followed
      return row
    }
  }

  private func figures(of node: NodeID?) -> TopologyRow.Figures {
    guard let snapshot, let place = node.flatMap({ places[$0] }) else {
      return TopologyRow.Figures()
    }
    return TopologyRow.Figures(
      ops: snapshot.nodes[place].figures.opsPerSecond,
      memory: snapshot.nodes[place].figures.memoryUsed,
      hitRatio: snapshot.nodes[place].figures.hitRatio, p95: snapshot.nodes[place].figures.p95,
      keys: snapshot.nodes[place].figures.keys, state: snapshot.nodes[place].state,
      lastReply: snapshot.nodes[place].lastReply, fault: snapshot.nodes[place].fault)
  }

  private func isTroubled(_ member: TopologyMember) -> Bool {
    if member.health == .failed || member.health == .suspected || member.health == .loading {
      return true
    }
    if member.role == .replica, member.link == .down { return true }
    return member.node.flatMap { places[$0] }.flatMap { snapshot?.nodes[$0].state } == .down
  }

  // MARK: Shards

  /// Figures of a shard are its primary's: a replica repeats the writes, so sums would count them
  /// twice.
  private func head(
    _ shard: TopologyShard, number: Int, _ open: [String: [Int]]
  ) -> TopologyRow {
    var row = TopologyRow(
      id: .shard(shard.id), shardID: shard.id,
      name: shard.name.isEmpty ? "\(TopologyHead.noun(topology.kind)) \(number)" : shard.name)
    row.isOpen = folds.isOpen(shard.id)
    let primary = shard.primary
    row.figures = figures(of: primary?.node)
    var facts = TopologyRow.Shard()
    facts.ranges = shard.ranges.merged
    facts.slots = facts.ranges.slots
    facts.openSlots = shard.members.flatMap { open[$0.serverID] ?? [] }
    facts.members = shard.members.count
    facts.hasPrimary = shard.hasPrimary
    facts.primary = primary?.title
    for member in shard.members {
      if isTroubled(member) { facts.troubled += 1 }
      if let zone = member.zone, !zone.isEmpty, facts.zones.count < 8, !facts.zones.contains(zone) {
        facts.zones.append(zone)
      }
      guard let change = changes.last(of: member.serverID, in: topology.id),
        change.to == .primary, member.role == .primary
      else { continue }
      if row.change.map({ $0.at < change.at }) ?? true { row.change = change }
    }
    row.shard = facts
    let replicas = shard.members.lazy.filter { $0.role == .replica }
    row.lagBytes = replicas.compactMap(\.lagBytes).max()
    row.lagSeconds = replicas.compactMap(\.lagSeconds).max()
    return row
  }

  /// Shards without slots serve nobody: they would only lower the mean.
  private func addSkew(_ heads: inout [TopologyRow]) {
    let isCluster = topology.kind == .cluster
    func counts(_ row: TopologyRow) -> Bool { !isCluster || (row.shard?.slots ?? 0) > 0 }
    func mean(_ value: (TopologyRow) -> Double?) -> Double? {
      let values = heads.lazy.filter(counts).compactMap(value).filter { $0.isFinite && $0 >= 0 }
      guard values.count > 1 else { return nil }
      let mean = values.reduce(0, +) / Double(values.count)
      return mean.isFinite && mean > 0 ? mean : nil
    }
    let ops = mean(\.figures.ops)
    let memory = mean { $0.figures.memory.map { Double($0) } }
    for index in heads.indices where counts(heads[index]) {
      if let ops, let own = heads[index].figures.ops, own.isFinite, own >= 0 {
        heads[index].shard?.opsSkew = own / ops
      }
      if let memory, let own = heads[index].figures.memory {
        heads[index].shard?.memorySkew = Double(own) / memory
      }
    }
  }
}
