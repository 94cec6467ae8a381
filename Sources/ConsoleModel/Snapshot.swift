/// Everything that one look at the environment showed: immutable, published whole, latest wins.
package struct Snapshot: Sendable {
  package var environment: EnvironmentIdentity
  /// When it was put together.
  package var at: WallTime
  package var taken: MonotonicTime
  package var tiers: [TierStatus]
  package var nodes: [NodeStatus]
  /// Over all nodes, hottest first, bounded.
  package var hotKeys: HotKeyReport
  /// Over all nodes, newest first, bounded.
  package var slow: [SlowEntry]
  package var ownCost: OwnCost
  /// Announcements such as a changed server identity; newest last, bounded.
  package var notices: [Notice]
  /// One for each configured cluster, Sentinel group or replication group.
  package var topologies: [Topology]

  package init(
    environment: EnvironmentIdentity, at: WallTime, taken: MonotonicTime, tiers: [TierStatus] = [],
    nodes: [NodeStatus] = [], hotKeys: HotKeyReport = HotKeyReport(), slow: [SlowEntry] = [],
    ownCost: OwnCost = OwnCost(), notices: [Notice] = [], topologies: [Topology] = []
  ) {
    self.environment = environment
    self.at = at
    self.taken = taken
    self.tiers = tiers
    self.nodes = nodes
    self.hotKeys = hotKeys
    self.slow = slow
    self.ownCost = ownCost
    self.notices = notices
    self.topologies = topologies
  }
}

/// Something that the operator should be told once: drawable text, no secrets.
package struct Notice: Sendable, Hashable {
  package enum Weight: String, Sendable, Hashable { case information, warning, critical }

  /// Counts up, so that each is announced once.
  package var id: UInt64
  package var weight: Weight
  package var text: String
  package var at: WallTime

  package init(id: UInt64, weight: Weight, text: String, at: WallTime) {
    self.id = id
    self.weight = weight
    self.text = text
    self.at = at
  }
}

/// How current a tier's or a node's figures are.
package enum LiveState: String, Sendable, Hashable, CaseIterable {
  /// Answered within its schedule.
  case live
  /// Known, but older than its schedule allows.
  case stale
  /// The last attempt failed.
  case down
  /// No answer yet since the start.
  case connecting
  case unconfigured
}

/// The tiers of the platform, outermost last.
package enum TierID: String, Sendable, Hashable, CaseIterable {
  case l1, l2, l3, l4
  case apiGateway = "api_gateway"
}

/// One row of the overview.
package struct TierStatus: Sendable {
  package var id: TierID
  /// `L2 redis`
  package var title: String
  package var state: LiveState
  /// `6/6`, `3 nodes`; short, beside the state.
  package var stateDetail: String
  /// When its newest figures were measured.
  package var lastReply: MonotonicTime?
  /// Hits over lookups in the last window, without the console's own probes; nil if no lookups.
  package var hitRatio: Double?
  /// Lookups behind `hitRatio`.
  package var lookups: UInt64
  package var opsPerSecond: Double?
  /// Microseconds, over all commands of the last window.
  package var p95: Double?
  package var memoryUsed: UInt64?
  /// nil when the server has no limit.
  package var memoryLimit: UInt64?
  package var evictionsPerSecond: Double?
  /// What is missing or wrong, in one line.
  package var note: String?
  package var hitRatioHistory: Series
  package var opsHistory: Series

  package init(
    id: TierID, title: String, state: LiveState, stateDetail: String = "",
    lastReply: MonotonicTime? = nil, hitRatio: Double? = nil, lookups: UInt64 = 0,
    opsPerSecond: Double? = nil, p95: Double? = nil, memoryUsed: UInt64? = nil,
    memoryLimit: UInt64? = nil, evictionsPerSecond: Double? = nil, note: String? = nil,
    hitRatioHistory: Series = Series(levels: 1), opsHistory: Series = Series(levels: 1)
  ) {
    self.id = id
    self.title = title
    self.state = state
    self.stateDetail = stateDetail
    self.lastReply = lastReply
    self.hitRatio = hitRatio
    self.lookups = lookups
    self.opsPerSecond = opsPerSecond
    self.p95 = p95
    self.memoryUsed = memoryUsed
    self.memoryLimit = memoryLimit
    self.evictionsPerSecond = evictionsPerSecond
    self.note = note
    self.hitRatioHistory = hitRatioHistory
    self.opsHistory = opsHistory
  }
}

/// What the console itself costs the servers, over the last window.
package struct OwnCost: Sendable, Hashable {
  package var commandsPerSecond: Double
  /// Bytes per second, both directions.
  package var bytesPerSecond: Double
  /// Estimated server time: own calls × the server's mean for that command, in µs per second.
  package var serverMicrosecondsPerSecond: Double?
  /// Lookups per second that the console adds to keyspace_hits and keyspace_misses, and subtracts.
  package var lookupsPerSecond: Double

  package init(
    commandsPerSecond: Double = 0, bytesPerSecond: Double = 0,
    serverMicrosecondsPerSecond: Double? = nil, lookupsPerSecond: Double = 0
  ) {
    self.commandsPerSecond = commandsPerSecond
    self.bytesPerSecond = bytesPerSecond
    self.serverMicrosecondsPerSecond = serverMicrosecondsPerSecond
    self.lookupsPerSecond = lookupsPerSecond
  }
}
