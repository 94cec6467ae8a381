/// What one node, or the cluster's nodes together, say about who serves which slots. A value: it is
/// read once and does not change.
package struct ClusterTopology: Sendable, Hashable {
  package enum Health: String, Sendable, Hashable {
    case online
    /// The node that was asked has not heard of it for a while; the others have not agreed yet.
    case suspected
    case failed
    case loading
    case unknown
  }

  package struct Node: Sendable, Hashable {
    /// 40 hexadecimal digits; before Redis 4 or behind some proxies an address instead.
    package var id: String
    /// Where clients are to find it; nil where it does not know its own name.
    package var address: NodeAddress?
    package var hostname: String?
    package var ip: String?
    package var health = Health.unknown
    /// Bytes of the replication stream; only CLUSTER SHARDS tells.
    package var replicationOffset: UInt64?
    package var availabilityZone: String?
    /// Counts up with each failover and each slot that the node takes over; only CLUSTER NODES tells.
    package var configEpoch: UInt64?

    package init(id: String, address: NodeAddress?) {
      self.id = id
      self.address = address
    }
  }

  /// The nodes that hold the same slots.
  package struct Shard: Sendable, Hashable {
    package var slots = SlotRanges()
    package var primary: Node?
    package var replicas: [Node] = []

    package init() {}
  }

  /// A slot whose keys are on their way.
  package struct OpenSlot: Sendable, Hashable {
    package var slot: Int
    /// Node ids.
    package var from: String
    package var to: String

    package init(slot: Int, from: String, to: String) {
      self.slot = slot
      self.from = from
      self.to = to
    }
  }

  /// Which command it was read with.
  package enum Source: String, Sendable, Hashable {
    case shards = "CLUSTER SHARDS"
    case slots = "CLUSTER SLOTS"
    case nodes = "CLUSTER NODES"
  }

  package var source: Source
  /// In the order of their first slots; those without slots last.
  package private(set) var shards: [Shard]
  /// As far as the nodes that were asked know: each knows its own.
  package var openSlots: [OpenSlot] = []

  package init(source: Source, shards: [Shard]) {
    self.source = source
    self.shards = shards.sorted { left, right in
      let (one, two) = (left.slots.ranges.first?.lowerBound, right.slots.ranges.first?.lowerBound)
      return (one ?? Int.max, left.primary?.id ?? "") < (two ?? Int.max, right.primary?.id ?? "")
    }
  }

  /// More nodes than any cluster has (the specification speaks of 1,000): a reply beyond is refused.
  static let nodeLimit = 4096
}

extension ClusterTopology {
  package var primaries: [Node] { shards.compactMap(\.primary) }

  package var replicas: [Node] { shards.flatMap(\.replicas) }

  /// Primaries first.
  package var nodes: [Node] { primaries + replicas }

  package var covered: SlotRanges { SlotRanges(shards.flatMap { $0.slots.ranges }) }

  /// Slots that nobody serves.
  package var uncovered: SlotRanges { covered.inverted }

  /// The highest epoch of those who own slots: it grows with each change of an owner.
  package var epoch: UInt64? {
    shards.lazy.filter { !$0.slots.isEmpty }.compactMap { $0.primary?.configEpoch }.max()
  }

  package func shard(of slot: Int) -> Shard? { shards.first { $0.slots.contains(slot) } }

  package func node(id: String) -> Node? { nodes.first { $0.id == id } }

  /// Slots of the primary with this id, none if it is not one.
  package func slots(of id: String) -> SlotRanges {
    SlotRanges(shards.filter { $0.primary?.id == id }.flatMap { $0.slots.ranges })
  }

  /// True if something in it is likely to change soon: a failed primary, slots that nobody serves.
  package var isTroubled: Bool {
    !uncovered.isEmpty
      || shards.contains { shard in
        !shard.slots.isEmpty
          && (shard.primary.map { $0.health != .online && $0.health != .unknown } ?? true)
      }
  }

  /// Adds what CLUSTER NODES of the same node says beyond its SHARDS or SLOTS.
  mutating func annotate(with nodes: ClusterTopology) {
    let known = Dictionary(nodes.nodes.map { ($0.id, $0) }) { first, _ in first }
    func annotated(_ node: Node) -> Node {
      guard let other = known[node.id] else { return node }
      var node = node
      node.configEpoch = other.configEpoch
      node.hostname = node.hostname ?? other.hostname
      node.ip = node.ip ?? other.ip
      // SHARDS has no word for a suspicion, and SLOTS none at all.
      switch node.health {
      case .unknown: node.health = other.health
      case .online where other.health == .suspected || other.health == .failed:
        node.health = other.health
      case .online, .suspected, .failed, .loading: break
      }
      return node
    }
    for index in shards.indices {
      shards[index].primary = shards[index].primary.map(annotated)
      shards[index].replicas = shards[index].replicas.map(annotated)
    }
    // SLOTS leaves out who owns none.
    let own = Set(self.nodes.map(\.id))
    shards += nodes.shards.filter { shard in
      shard.slots.isEmpty && (shard.primary.map { !own.contains($0.id) } ?? false)
    }
    openSlots = nodes.openSlots
  }
}

// MARK: When nodes disagree

extension ClusterTopology {
  /// The chosen view with the open slots of all: each node knows only its own.
  package static func merged(_ views: [ClusterTopology], at index: Int) -> ClusterTopology {
    var topology = views[index]
    var seen = Set(topology.openSlots)
    for view in views {
      for open in view.openSlots where seen.insert(open).inserted {
        topology.openSlots.append(open)
      }
    }
    return topology
  }

  /// Which of several nodes' views to go by; nil if there is none.
  ///
  /// The one with the highest configuration epoch among the owners of slots: a failover or a slot's
  /// move gives the new owner a higher epoch than any before, and the nodes themselves settle
  /// conflicting claims the same way ("last failover wins", cluster specification), so that view has
  /// heard the newest change. Equal or unknown epochs: the map that most views share, then the one
  /// that covers most slots, then the first. A view in which nobody owns a slot comes last whatever
  /// its epoch: a node that was reset or forgotten gives it.
  package static func choice(among views: [ClusterTopology]) -> Int? {
    var votes: [[String: SlotRanges]: Int] = [:]
    let maps = views.map(\.owners)
    for map in maps { votes[map, default: 0] += 1 }
    func rank(_ index: Int) -> (Int, UInt64, Int, Int, Int) {
      let covered = views[index].covered.count
      return (
        covered > 0 ? 1 : 0, views[index].epoch ?? 0, votes[maps[index]] ?? 0, covered, -index
      )
    }
    return views.indices.max { rank($0) < rank($1) }
  }

  /// Slots by the id of the primary that serves them.
  package var owners: [String: SlotRanges] {
    var owners: [String: SlotRanges] = [:]
    for shard in shards where !shard.slots.isEmpty {
      owners[shard.primary?.id ?? ""] = shard.slots
    }
    return owners
  }
}
