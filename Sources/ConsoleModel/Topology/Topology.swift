/// How servers belong together, as one of them told it at one moment: a cluster, the masters of a
/// Sentinel group, a primary with its replicas, or one server alone.
package struct Topology: Sendable, Hashable, Identifiable {
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    case standalone, replication, sentinel, cluster
  }

  /// What the servers say of the whole (`cluster_state`).
  package enum State: String, Sendable, Hashable, CaseIterable { case ok, fail, unknown }

  /// Which one of the environment's: the same in every snapshot.
  package var id: String
  /// The configured name; empty: it has none.
  package var name: String
  package var kind: Kind
  package var state: State
  /// When it was read; nil: never.
  package var readAt: MonotonicTime?
  /// The server that told it.
  package var source: NodeID?
  /// Counts up with every change of the configuration; nil where there is none.
  package var epoch: UInt64?
  /// In the order of their slots, or of their names. Each change computes `coverage` anew.
  package var shards: [TopologyShard] {
    didSet { coverage = SlotCoverage(kind: kind, shards: shards) }
  }
  /// Sentinels, which belong to no shard.
  package var sentinels: [TopologyMember]
  /// Slots on their way from one shard to another, in their order.
  package var openSlots: [OpenSlot]
  /// Why it is old or missing.
  package var fault: Fault?
  /// What people should know about it, one sentence each: two views that differ, a node that only
  /// announces a private address.
  package var notes: [String]
  /// Which slots somebody serves; nil where there are no slots.
  package private(set) var coverage: SlotCoverage?

  package init(
    id: String, name: String = "", kind: Kind, state: State = .unknown,
    readAt: MonotonicTime? = nil, source: NodeID? = nil, epoch: UInt64? = nil,
    shards: [TopologyShard] = [], sentinels: [TopologyMember] = [], openSlots: [OpenSlot] = [],
    fault: Fault? = nil, notes: [String] = []
  ) {
    self.id = id
    self.name = name
    self.kind = kind
    self.state = state
    self.readAt = readAt
    self.source = source
    self.epoch = epoch
    self.shards = shards
    self.sentinels = sentinels
    self.openSlots = openSlots
    self.fault = fault
    self.notes = notes
    coverage = SlotCoverage(kind: kind, shards: shards)
  }

  /// Servers that hold data.
  package var memberCount: Int { shards.reduce(0) { $0 + $1.members.count } }
}

/// Which of a cluster's slots are served.
package struct SlotCoverage: Sendable, Hashable {
  /// Slots of shards with a primary that was not given up, merged.
  package let covered: [SlotRange]
  /// Slots that no such shard has.
  package let uncovered: [SlotRange]
  /// Those among them that belong to a shard: its primary failed. The others belong to nobody.
  package let assigned: Int

  /// How many are served; 0…16,384.
  package var served: Int { SlotRange.slotCount - uncovered.slots }

  init?(kind: Topology.Kind, shards: [TopologyShard]) {
    guard kind == .cluster else { return nil }
    covered = shards.filter(\.hasPrimary).flatMap(\.ranges).merged
    uncovered = covered.gaps
    assigned = shards.flatMap(\.ranges).merged.slots
  }
}

/// A slot that moves: the source answers for keys it still has, the target for the others.
package struct OpenSlot: Sendable, Hashable {
  package enum Direction: String, Sendable, Hashable, CaseIterable { case migrating, importing }

  /// 0…16,383.
  package var slot: Int
  /// Whose word it is: `migrating` is told by the source, `importing` by the target. A slot that
  /// only one of them has open was left behind by a broken migration.
  package var direction: Direction
  /// `TopologyMember.serverID` of both; nil: not known.
  package var source: String?
  package var target: String?

  package init(slot: Int, direction: Direction, source: String?, target: String?) {
    self.slot = slot
    self.direction = direction
    self.source = source
    self.target = target
  }
}
