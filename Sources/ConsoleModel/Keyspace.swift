/// An analysis of the keys of some servers: where the memory goes.
package struct KeyspaceRequest: Sendable, Hashable {
  /// Counts up; answers to an older request are dropped.
  package var id: UInt64
  /// Each holds keys of its own: primaries, not their replicas.
  package var nodes: [NodeID]
  package var query: KeyQuery
  /// Levels of prefixes, 1…8.
  package var depth: Int
  /// Keys to visit, from all over; nil: every key.
  package var sample: Int?
  /// Of each server at most.
  package var keysPerSecond: Int
  /// The analysis that ended early and that this one goes on with, as it was asked for then.
  package var continues: UInt64?

  package init(
    id: UInt64, nodes: [NodeID], query: KeyQuery, depth: Int = 3, sample: Int? = nil,
    keysPerSecond: Int = 20_000
  ) {
    self.id = id
    self.nodes = nodes
    self.query = query
    self.depth = depth
    self.sample = sample
    self.keysPerSecond = keysPerSecond
  }
}

/// What an analysis of a keyspace found so far.
package struct KeyspaceReport: Sendable, Hashable {
  package enum State: Sendable, Hashable {
    case running
    case complete
    /// Stopped: what is told is true of the part that was visited.
    case cancelled
    /// One server or more could not be walked to its end.
    case failed
  }

  /// Keys and bytes of a group of keys, as counted; with their shares where it was a sample.
  package struct Group: Sendable, Hashable {
    package var keys: UInt64
    /// By MEMORY USAGE: the key's name, value and overhead.
    package var bytes: UInt64
    /// 0…1, the 95 % interval; nil: counted, not estimated.
    package var keyShare: ClosedRange<Double>?
    package var byteShare: ClosedRange<Double>?

    package init(
      keys: UInt64 = 0, bytes: UInt64 = 0, keyShare: ClosedRange<Double>? = nil,
      byteShare: ClosedRange<Double>? = nil
    ) {
      self.keys = keys
      self.bytes = bytes
      self.keyShare = keyShare
      self.byteShare = byteShare
    }
  }

  package struct Prefix: Sendable, Hashable {
    /// With its separator at the end.
    package var name: [UInt8]
    package var group: Group
    /// What it may have beyond `group`, because small prefixes were folded together to save memory.
    package var mayLackKeys: UInt64
    package var mayLackBytes: UInt64
    /// Keys in small prefixes below it that are not told apart any more.
    package var other: Group
    /// The largest first.
    package var children: [Prefix]

    package init(
      name: [UInt8], group: Group, mayLackKeys: UInt64 = 0, mayLackBytes: UInt64 = 0,
      other: Group = Group(), children: [Prefix] = []
    ) {
      self.name = name
      self.group = group
      self.mayLackKeys = mayLackKeys
      self.mayLackBytes = mayLackBytes
      self.other = other
      self.children = children
    }
  }

  package struct BigKey: Sendable, Hashable {
    package var node: NodeID
    package var key: KeyName
    package var type: String
    package var bytes: UInt64

    package init(node: NodeID, key: KeyName, type: String, bytes: UInt64) {
      self.node = node
      self.key = key
      self.type = type
      self.bytes = bytes
    }
  }

  package struct Named: Sendable, Hashable {
    package var name: String
    package var group: Group

    package init(name: String, group: Group) {
      self.name = name
      self.group = group
    }
  }

  /// How far it is.
  package struct Progress: Sendable, Hashable {
    package var visited: UInt64 = 0
    /// Keys of the servers, or of the sample.
    package var size: UInt64 = 0
    /// 0…1.
    package var fraction = 0.0
    package var etaSeconds: Double?
    package var keysPerSecond: Double?
    /// Servers that do not answer just now.
    package var waitingFor: [NodeID] = []

    package init() {}
  }

  package var state: State = .running
  package var isSample = false
  package var progress = Progress()
  /// Keys of the servers at the start.
  package var databaseSize: UInt64 = 0
  /// All keys that were measured, and below it the prefixes.
  package var root = Prefix(name: [], group: Group())
  package var bigKeys: [BigKey] = []
  package var types: [Named] = []
  /// By time to live, the shortest first; `none` last.
  package var lives: [Named] = []
  package var faults: [Fault] = []
  /// Keys of the servers that are meant, the 95 % interval; nil: nothing was estimated.
  package var estimatedKeys: ClosedRange<Double>?
  /// Their bytes.
  package var estimatedBytes: ClosedRange<Double>?
  /// What makes it less exact than it looks, one sentence each.
  package var notes: [String] = []
  /// It ended early and can go on from where it was.
  package var canContinue = false

  package init() {}
}
