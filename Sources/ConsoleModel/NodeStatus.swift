/// A server's name in this console: the configured name, or its address.
package struct NodeID: Sendable, Hashable, Comparable {
  package var rawValue: String

  package init(_ rawValue: String) { self.rawValue = rawValue }

  package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Which process answers behind an address.
package struct ServerIdentity: Sendable, Hashable {
  package var runID: String
  /// `redis` or `valkey`
  package var product: String
  package var version: String
  package var processID: UInt64?

  package init(runID: String, product: String, version: String, processID: UInt64? = nil) {
    self.runID = runID
    self.product = product
    self.version = version
    self.processID = processID
  }
}

/// One server and what its collectors last learned; each part has its own age.
package struct NodeStatus: Sendable {
  package var id: NodeID
  /// Without secrets: `127.0.0.1:6379`, `[::1]:6379`, `/run/redis.sock`.
  package var address: String
  package var state: LiveState
  /// When INFO was last answered.
  package var lastReply: MonotonicTime?
  /// Why it is stale or down.
  package var fault: Fault?
  package var identity: ServerIdentity?
  package var figures: NodeFigures
  /// Every INFO section as the server sent it; only for nodes that are looked at.
  package var info: InfoDocument?
  package var commands: Reading<[CommandFigures]>
  package var errors: [ErrorFigures]
  package var latencyEvents: Reading<[LatencyEvent]>
  package var clients: Reading<ClientReport>
  /// Newest first, bounded.
  package var slow: Reading<[SlowEntry]>
  package var hotKeys: Reading<HotKeyReport>
  package var ownCost: OwnCost
  package var hitRatioHistory: Series
  package var opsHistory: Series
  package var memoryHistory: Series
  package var pingHistory: Series
  /// What not every server offers.
  package var extras = NodeExtras()

  package init(
    id: NodeID, address: String, state: LiveState = .connecting,
    lastReply: MonotonicTime? = nil, fault: Fault? = nil, identity: ServerIdentity? = nil,
    figures: NodeFigures = NodeFigures(), info: InfoDocument? = nil,
    commands: Reading<[CommandFigures]> = .pending([]), errors: [ErrorFigures] = [],
    latencyEvents: Reading<[LatencyEvent]> = .pending([]),
    clients: Reading<ClientReport> = .pending(ClientReport()),
    slow: Reading<[SlowEntry]> = .pending([]),
    hotKeys: Reading<HotKeyReport> = .pending(HotKeyReport()), ownCost: OwnCost = OwnCost(),
    hitRatioHistory: Series = Series(levels: 1), opsHistory: Series = Series(levels: 1),
    memoryHistory: Series = Series(levels: 1), pingHistory: Series = Series(levels: 1)
  ) {
    self.id = id
    self.address = address
    self.state = state
    self.lastReply = lastReply
    self.fault = fault
    self.identity = identity
    self.figures = figures
    self.info = info
    self.commands = commands
    self.errors = errors
    self.latencyEvents = latencyEvents
    self.clients = clients
    self.slow = slow
    self.hotKeys = hotKeys
    self.ownCost = ownCost
    self.hitRatioHistory = hitRatioHistory
    self.opsHistory = opsHistory
    self.memoryHistory = memoryHistory
    self.pingHistory = pingHistory
  }
}

/// A value, when it was measured, and why it is missing.
package struct Reading<Value: Sendable>: Sendable {
  package var value: Value
  /// When the server last answered for it; nil if never.
  package var at: MonotonicTime?
  /// Why there is none, or why it is old: "not offered by this server: …", or a fault's line.
  package var problem: String?

  package init(value: Value, at: MonotonicTime?, problem: String? = nil) {
    self.value = value
    self.at = at
    self.problem = problem
  }

  /// Nothing was asked yet.
  package static func pending(_ value: Value) -> Self { Self(value: value, at: nil) }
}

/// Gauges and windowed rates of one server. `nil`: not offered, not yet known, or a gap.
package struct NodeFigures: Sendable, Hashable {
  // Lookups, without the console's own probes.
  package var hitRatio: Double?
  package var lookups: UInt64 = 0
  /// Since the server started or its statistics were reset.
  package var lifetimeHitRatio: Double?

  // Throughput per second.
  package var opsPerSecond: Double?
  package var inputBytesPerSecond: Double?
  package var outputBytesPerSecond: Double?
  package var errorsPerSecond: Double?
  /// Main-thread busy share, 0…1.
  package var cpuShare: Double?

  // Latency in microseconds over the last window, all commands.
  package var p50: Double?
  package var p95: Double?
  package var p99: Double?
  /// Round trip of the console's own PING, microseconds.
  package var pingMicroseconds: Double?

  // Memory in bytes.
  package var memoryUsed: UInt64?
  package var memoryLimit: UInt64?
  package var memoryResident: UInt64?
  package var memoryPeak: UInt64?
  package var allocatorFragmentationRatio: Double?
  package var allocatorFragmentationBytes: UInt64?
  package var evictionPolicy: String?
  package var evictionsPerSecond: Double?
  package var expiriesPerSecond: Double?
  package var lazyFreePending: UInt64?

  // Clients.
  package var connectedClients: UInt64?
  package var blockedClients: UInt64?
  package var maximumClients: UInt64?
  package var connectionsPerSecond: Double?
  package var rejectedConnectionsPerSecond: Double?

  // Replication.
  /// `master`, `slave` as the server says; `sentinel`.
  package var role: String?
  package var replicas: UInt64?
  package var primaryLinkUp: Bool?
  /// Bytes that the slowest replica is behind.
  package var replicaLagBytes: UInt64?
  /// Seconds since that replica last acknowledged.
  package var replicaLagSeconds: UInt64?

  // Persistence.
  package var isLoading: Bool?
  package var loadingShare: Double?
  package var lastSaveOK: Bool?
  package var changesSinceSave: UInt64?
  package var appendOnlyEnabled: Bool?
  package var lastAppendOnlyWriteOK: Bool?

  // Keyspace.
  package var databases: [DatabaseFigures] = []
  package var keys: UInt64?

  package var uptimeSeconds: UInt64?

  package init() {}
}

/// One row of INFO keyspace.
package struct DatabaseFigures: Sendable, Hashable {
  package var index: Int
  package var keys: UInt64
  package var expires: UInt64
  /// Milliseconds; nil where the server has none.
  package var averageTTL: UInt64?

  package init(index: Int, keys: UInt64, expires: UInt64, averageTTL: UInt64?) {
    self.index = index
    self.keys = keys
    self.expires = expires
    self.averageTTL = averageTTL
  }
}

/// INFO as sections of fields, in the server's order; text is lossy UTF-8, not yet made drawable.
package struct InfoDocument: Sendable, Hashable {
  package struct Section: Sendable, Hashable {
    package var name: String
    package var fields: [Field]

    package init(name: String, fields: [Field]) {
      self.name = name
      self.fields = fields
    }
  }

  package struct Field: Sendable, Hashable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  package var sections: [Section]

  package init(sections: [Section]) { self.sections = sections }
}

extension NodeStatus {
  /// It holds no data: it watches those that do.
  package var isSentinel: Bool { figures.role == NodeFigures.sentinelRole }
}

extension NodeFigures {
  package static let sentinelRole = "sentinel"
}
