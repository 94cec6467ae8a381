/// How many keys: a first figure with its interval, then the count.
package enum KeyCount: Sendable, Hashable {
  /// `low...high` holds the truth with 95 % confidence or more.
  case estimate(low: UInt64, value: UInt64, high: UInt64)
  case exact(UInt64)

  package var value: UInt64 {
    switch self {
    case .estimate(_, let value, _), .exact(let value): value
    }
  }

  /// What friction and limits are decided by: the most that it can be.
  package var upperBound: UInt64 {
    switch self {
    case .estimate(_, _, let high): high
    case .exact(let value): value
    }
  }

  package func contains(_ count: UInt64) -> Bool {
    switch self {
    case .estimate(let low, _, let high): low <= count && count <= high
    case .exact(let value): value == count
    }
  }
}

/// An operation's blast radius, as far as it is known.
package struct OperationPreview: Sendable, Hashable {
  package struct Share: Sendable, Hashable {
    /// `string`, `hash`, …; or a data type; or a range of lives.
    package var name: String
    /// Estimated keys.
    package var keys: UInt64

    package init(name: String, keys: UInt64) {
      self.name = name
      self.keys = keys
    }
  }

  package struct Shard: Sendable, Hashable {
    package var node: NodeID
    package var address: String
    package var runID: String
    /// Keys of the database.
    package var size: UInt64
    package var keys: KeyCount
    /// Estimated bytes of the target there; nil where MEMORY USAGE is not offered.
    package var bytes: UInt64?

    package init(
      node: NodeID, address: String, runID: String, size: UInt64, keys: KeyCount,
      bytes: UInt64? = nil
    ) {
      self.node = node
      self.address = address
      self.runID = runID
      self.size = size
      self.keys = keys
      self.bytes = bytes
    }
  }

  package struct LargeKey: Sendable, Hashable {
    package var key: KeyName
    package var bytes: UInt64

    package init(key: KeyName, bytes: UInt64) {
      self.key = key
      self.bytes = bytes
    }
  }

  package var keys: KeyCount = .exact(0)
  package var bytes: UInt64?
  package var shards: [Shard] = []
  /// By Redis type, by data type, by remaining life; estimated from a sample, largest first.
  package var types: [Share] = []
  package var dataTypes: [Share] = []
  package var lives: [Share] = []
  /// By seconds since the last use, where the server tells.
  package var idle: [Share] = []
  /// Users that lose their session.
  package var loggedOut: KeyCount = .exact(0)
  /// Sessions that match the pattern and are left out.
  package var sessionsLeftOut: UInt64 = 0
  /// Strings above 10 MB, which the server frees in line: it stands still meanwhile.
  package var largeStrings: [LargeKey] = []
  /// What hangs on these keys, one line each.
  package var dependents: [String] = []
  /// Some of the keys, at most 200.
  package var sample: [KeyName] = []
  /// What will be sent, as one would type it, one line each.
  package var commands: [String] = []
  /// An undo whose keys are there: they get their old lives back.
  package var restoresLives = false
  /// What to know before confirming: one line each.
  package var warnings: [String] = []
  /// False while the count is still going on.
  package var isComplete = false
  /// How far the count is, 0…1.
  package var progress: Double = 0
  /// Seconds until the count is over, by its pace so far; nil: over, or not known.
  package var secondsLeft: Double?

  package init() {}

  /// True if every key that was seen can be loaded again.
  package var isReloadable: Bool {
    dataTypes.allSatisfy { DataType(rawValue: $0.name)?.isReloadable ?? false }
  }
}

extension OperationPreview {
  /// Its servers are the shards of a cluster: their slots stand where others have a `run_id`.
  package var isOnCluster: Bool { !shards.isEmpty && shards.allSatisfy { $0.runID.contains("@") } }
}
