/// A primary with its replicas, and the slots that they hold.
package struct TopologyShard: Sendable, Hashable, Identifiable {
  /// The same in every snapshot, also after a failover: the server's shard id, the master's name of a
  /// Sentinel group, else what the collector keeps for it.
  package var id: String
  /// The master's name of a Sentinel group; empty: it has none.
  package var name: String
  /// As the server lists them; empty where there are no slots.
  package var ranges: [SlotRange]
  /// The primary first.
  package var members: [TopologyMember]

  package init(
    id: String, name: String = "", ranges: [SlotRange] = [], members: [TopologyMember] = []
  ) {
    self.id = id
    self.name = name
    self.ranges = ranges
    self.members = members
  }

  /// The primary that counts: after a failover the failed one may be listed too.
  package var primary: TopologyMember? {
    members.first { $0.role == .primary && $0.health != .failed }
      ?? members.first { $0.role == .primary }
  }

  /// A primary that was not given up.
  package var hasPrimary: Bool {
    members.contains { $0.role == .primary && $0.health != .failed }
  }
}

/// One server of a topology, as the others see it.
package struct TopologyMember: Sendable, Hashable {
  package enum Role: String, Sendable, Hashable, CaseIterable {
    case primary, replica, sentinel, unknown
  }

  /// What the other servers think of it.
  package enum Health: String, Sendable, Hashable, CaseIterable {
    case online
    /// It reads its data and answers nothing yet.
    case loading
    /// One server cannot reach it (`fail?`, `s_down`).
    case suspected
    /// Enough of them agree (`fail`, `o_down`).
    case failed
    case unknown
  }

  /// A replica's connection to its primary.
  package enum Link: String, Sendable, Hashable, CaseIterable { case up, down, unknown }

  /// The monitored server that it is; nil: the console does not ask it.
  package var node: NodeID?
  /// How it is known through restarts and failovers: a cluster's node id, else the run id or the address.
  package var serverID: String
  /// Where the console reaches it, without secrets: `10.0.0.11:6379`.
  package var address: String
  /// The address or name that it gives to others, where that is another one.
  package var announced: String?
  package var role: Role
  /// `serverID` of the primary that it follows.
  package var primaryID: String?
  package var link: Link
  /// Bytes of the primary's stream that it has not yet acknowledged.
  package var lagBytes: UInt64?
  /// Seconds since it last acknowledged.
  package var lagSeconds: UInt64?
  /// The zone that it announces, or that the configuration gives.
  package var zone: String?
  package var health: Health
  /// Other flags, as the server writes them: `handshake`, `noaddr`, `nofailover`.
  package var flags: [String]

  package init(
    node: NodeID? = nil, serverID: String, address: String, announced: String? = nil,
    role: Role, primaryID: String? = nil, link: Link = .unknown, lagBytes: UInt64? = nil,
    lagSeconds: UInt64? = nil, zone: String? = nil, health: Health = .unknown,
    flags: [String] = []
  ) {
    self.node = node
    self.serverID = serverID
    self.address = address
    self.announced = announced
    self.role = role
    self.primaryID = primaryID
    self.link = link
    self.lagBytes = lagBytes
    self.lagSeconds = lagSeconds
    self.zone = zone
    self.health = health
    self.flags = flags
  }

  /// The name in this console, else its address.
  package var title: String { node?.rawValue ?? (address.isEmpty ? serverID : address) }
}
