/// One command's share of a server over the last window, without the console's own calls.
package struct CommandFigures: Sendable, Hashable {
  /// Lower case, subcommand after a bar: `client|list`.
  package var name: String
  package var callsPerSecond: Double
  /// Share of the server's command time in the window, 0…1.
  package var timeShare: Double
  /// Mean microseconds per call in the window.
  package var meanMicroseconds: Double?
  /// Windowed percentiles in microseconds; upper bounds of power-of-two buckets; nil before 7.0.
  package var p50: Double?
  package var p95: Double?
  package var p99: Double?
  package var failedPerSecond: Double
  package var rejectedPerSecond: Double
  /// Since the server's start or reset.
  package var totalCalls: UInt64

  package init(
    name: String, callsPerSecond: Double, timeShare: Double, meanMicroseconds: Double? = nil,
    p50: Double? = nil, p95: Double? = nil, p99: Double? = nil, failedPerSecond: Double = 0,
    rejectedPerSecond: Double = 0, totalCalls: UInt64 = 0
  ) {
    self.name = name
    self.callsPerSecond = callsPerSecond
    self.timeShare = timeShare
    self.meanMicroseconds = meanMicroseconds
    self.p50 = p50
    self.p95 = p95
    self.p99 = p99
    self.failedPerSecond = failedPerSecond
    self.rejectedPerSecond = rejectedPerSecond
    self.totalCalls = totalCalls
  }
}

/// One error code of INFO errorstats.
package struct ErrorFigures: Sendable, Hashable {
  package var code: String
  package var perSecond: Double?
  package var total: UInt64

  package init(code: String, perSecond: Double?, total: UInt64) {
    self.code = code
    self.perSecond = perSecond
    self.total = total
  }
}

/// One row of LATENCY LATEST.
package struct LatencyEvent: Sendable, Hashable {
  package var name: String
  package var at: WallTime
  package var latestMilliseconds: UInt64
  package var worstMilliseconds: UInt64

  package init(name: String, at: WallTime, latestMilliseconds: UInt64, worstMilliseconds: UInt64) {
    self.name = name
    self.at = at
    self.latestMilliseconds = latestMilliseconds
    self.worstMilliseconds = worstMilliseconds
  }
}

/// One SLOWLOG entry; arguments are masked where they could hold personal data.
package struct SlowEntry: Sendable, Hashable {
  package var node: NodeID
  /// Identifies the entry within a server process: the server restarts counting at 0.
  package var runID: String
  package var id: UInt64
  package var at: WallTime
  package var microseconds: UInt64
  package var arguments: [Argument]
  package var client: String
  package var clientName: String

  /// One argument as shown: bytes, or the mark that it is masked.
  package enum Argument: Sendable, Hashable {
    case bytes([UInt8])
    /// Personal data, this many bytes long.
    case masked(length: Int)
  }

  package init(
    node: NodeID, runID: String, id: UInt64, at: WallTime, microseconds: UInt64,
    arguments: [Argument], client: String = "", clientName: String = ""
  ) {
    self.node = node
    self.runID = runID
    self.id = id
    self.at = at
    self.microseconds = microseconds
    self.arguments = arguments
    self.client = client
    self.clientName = clientName
  }
}

/// Connections of a server, grouped; rows are bounded whatever the number of clients.
package struct ClientReport: Sendable, Hashable {
  package struct Group: Sendable, Hashable {
    /// The address without its port, the client name, the user or the last command.
    package var name: String
    package var connections: Int
    package var idleSecondsMaximum: UInt64
    package var outputBytes: UInt64
    package var memoryBytes: UInt64

    package init(
      name: String, connections: Int, idleSecondsMaximum: UInt64 = 0, outputBytes: UInt64 = 0,
      memoryBytes: UInt64 = 0
    ) {
      self.name = name
      self.connections = connections
      self.idleSecondsMaximum = idleSecondsMaximum
      self.outputBytes = outputBytes
      self.memoryBytes = memoryBytes
    }
  }

  package enum Grouping: String, Sendable, Hashable, CaseIterable {
    case address, name, user, command
  }

  /// One connection, for the list under the groups.
  package struct Client: Sendable, Hashable {
    package var id: UInt64
    package var address: String
    package var name: String
    package var user: String
    package var database: UInt64
    package var command: String
    package var ageSeconds: UInt64
    package var idleSeconds: UInt64
    package var outputBytes: UInt64
    package var memoryBytes: UInt64
    package var flags: String
    /// True for the console's own connections.
    package var isOwn: Bool

    package init(
      id: UInt64, address: String, name: String = "", user: String = "", database: UInt64 = 0,
      command: String = "", ageSeconds: UInt64 = 0, idleSeconds: UInt64 = 0,
      outputBytes: UInt64 = 0, memoryBytes: UInt64 = 0, flags: String = "", isOwn: Bool = false
    ) {
      self.id = id
      self.address = address
      self.name = name
      self.user = user
      self.database = database
      self.command = command
      self.ageSeconds = ageSeconds
      self.idleSeconds = idleSeconds
      self.outputBytes = outputBytes
      self.memoryBytes = memoryBytes
      self.flags = flags
      self.isOwn = isOwn
    }
  }

  /// Connections seen in this listing.
  package var seen: Int = 0
  /// Connections that the server says it has.
  package var connected: UInt64?
  /// Largest groups first, bounded, per grouping; the rest is counted in `otherGroups`.
  package var groups: [Grouping: [Group]] = [:]
  package var otherGroups: [Grouping: Int] = [:]
  /// The connections with most memory and output first, bounded.
  package var clients: [Client] = []

  package init() {}
}

/// What the hot-key sampler found.
package struct HotKeyReport: Sendable, Hashable {
  package struct Row: Sendable, Hashable {
    package var node: NodeID
    package var key: KeyName
    /// Estimated share of lookups, 0…1; nil where only an order is known.
    package var share: Double?
    /// Where the figure comes from: `object-freq`.
    package var source: String
    /// The server's own counter (0…255) where the source has one.
    package var frequency: UInt64?

    package init(
      node: NodeID, key: KeyName, share: Double?, source: String, frequency: UInt64? = nil
    ) {
      self.node = node
      self.key = key
      self.share = share
      self.source = source
      self.frequency = frequency
    }
  }

  /// Hottest first, bounded.
  package var rows: [Row] = []
  /// Keys sampled so far in this pass, and the server's total.
  package var sampled: UInt64 = 0
  package var keys: UInt64?
  /// Why there are none and what would make it possible, in one line.
  package var unavailable: String?
  /// What limits the figures: keys at the counter's ceiling, an assumed setting.
  package var note: String?

  package init(
    rows: [Row] = [], sampled: UInt64 = 0, keys: UInt64? = nil, unavailable: String? = nil,
    note: String? = nil
  ) {
    self.rows = rows
    self.sampled = sampled
    self.keys = keys
    self.unavailable = unavailable
    self.note = note
  }
}
