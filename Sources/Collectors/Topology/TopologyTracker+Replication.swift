import ConsoleModel
import Redis

extension TopologyTracker {
  /// One for each primary with its replicas, and theirs. A server that has none and follows none is
  /// no topology.
  func replicationTopologies(_ facts: [Facts], _ now: MonotonicTime) -> [Topology] {
    let members = facts.filter { $0.view.map { !$0.isClusterNode } ?? true }
    let known = Dictionary(members.map { ($0.id, $0) }) { first, _ in first }
    var groups = Groups(members.map(\.id))
    for fact in members {
      guard let view = fact.view else { continue }
      for address in view.replicas.map(\.address) + (view.primary.map { [$0] } ?? []) {
        if let other = node(at: address), known[other] != nil { groups.join(fact.id, other) }
      }
    }
    return groups.all.filter { $0.count > 1 }.map { topology($0, known, now) }
  }

  private func topology(
    _ ids: [NodeID], _ known: [NodeID: Facts], _ now: MonotonicTime
  ) -> Topology {
    let facts = ids.compactMap { known[$0] }
    // Who was a primary and is silent now may have been replaced: one that answers counts.
    let primary =
      facts.first { $0.view?.role == .primary && $0.state == .live }
      ?? facts.first { $0.view?.role == .primary }
    let members = facts.map { member($0, known) }
      .sorted { ($0.role == .primary ? 0 : 1, $0.title) < ($1.role == .primary ? 0 : 1, $1.title) }
    let name = primary?.id.rawValue ?? ids.first?.rawValue ?? ""
    var topology = Topology(
      id: "replication-\(ids.map(\.rawValue).min() ?? "")", kind: .replication, state: .ok,
      readAt: now, source: primary?.id,
      shards: [
        TopologyShard(
          id: ids.map(\.rawValue).min() ?? "", name: name, members: members)
      ])
    let primaries = members.filter { $0.role == .primary && $0.health == .online }
    if primaries.isEmpty { topology.state = .fail }
    if primaries.count > 1 {
      topology.notes.append(
        "two primaries: \(primaries.map(\.title).joined(separator: ", "));"
          + " one of them has not heard of the other yet")
    }
    return topology
  }

  func member(
    _ fact: Facts, _ known: [NodeID: Facts]
  ) -> TopologyMember {
    let isLive = fact.state == .live
    let role: TopologyMember.Role =
      switch fact.view?.role {
      case .primary: .primary
      case .replica: .replica
      case nil: .unknown
      }
    var member = TopologyMember(
      node: fact.id, serverID: fact.id.rawValue,
      address: fact.address?.description ?? fact.id.rawValue, role: role, zone: fact.view?.zone,
      health: health(fact))
    guard role == .replica, let view = fact.view else { return member }
    let followed = view.primary.flatMap { node(at: $0) }
    member.primaryID = followed?.rawValue
    member.link = isLive ? view.isLinkUp.map { $0 ? .up : .down } ?? .unknown : .unknown
    if let feeder = followed.flatMap({ known[$0] }), feeder.state == .live,
      let seen = feeder.view?.replicas.first(where: { node(at: $0.address) == fact.id })
    {
      member.lagBytes = Lag.bytes(feeder.view?.offset, seen.offset)
      member.lagSeconds = seen.lagSeconds
    }
    return member
  }

  func health(_ fact: Facts) -> TopologyMember.Health {
    switch fact.state {
    case .live: fact.view?.isLoading == true ? .loading : .online
    case .stale: .suspected
    case .down: .failed
    case .connecting, .unconfigured: .unknown
    }
  }
}

/// Servers that are connected, directly or through others (union-find).
private struct Groups {
  private let order: [NodeID]
  private var parents: [NodeID: NodeID]

  init(_ ids: [NodeID]) {
    order = ids
    parents = Dictionary(ids.map { ($0, $0) }) { first, _ in first }
  }

  private func root(_ id: NodeID) -> NodeID {
    var id = id
    while let parent = parents[id], parent != id { id = parent }
    return id
  }

  mutating func join(_ left: NodeID, _ right: NodeID) {
    let (left, right) = (root(left), root(right))
    if left != right { parents[right] = left }
  }

  /// In the order in which the servers were given.
  var all: [[NodeID]] {
    var groups: [[NodeID]] = []
    var index: [NodeID: Int] = [:]
    for id in order {
      let root = root(id)
      if let known = index[root] {
        groups[known].append(id)
      } else {
        index[root] = groups.count
        groups.append([id])
      }
    }
    return groups
  }
}
