/// A search for keys by pattern and filter, on one server or several.
package struct KeySearch: Sendable, Hashable {
  /// Counts up; answers to an older search are dropped.
  package var id: UInt64
  /// Walked at the same time.
  package var nodes: [NodeID]
  /// A Redis glob.
  package var pattern: [UInt8]
  package var filter: KeyFilter
  /// Stop after this many matches.
  package var limit: Int
  /// At most this many keys visited per second, of each server.
  package var keysPerSecond: Int
  /// The search that ended early and that this one goes on with.
  package var continues: UInt64?

  package init(
    id: UInt64, nodes: [NodeID], pattern: [UInt8], filter: KeyFilter = KeyFilter(),
    limit: Int = 10_000, keysPerSecond: Int = 50_000
  ) {
    self.id = id
    self.nodes = nodes
    self.pattern = pattern
    self.filter = filter
    self.limit = limit
    self.keysPerSecond = keysPerSecond
  }

  package init(
    id: UInt64, node: NodeID, pattern: [UInt8], limit: Int = 10_000, keysPerSecond: Int = 50_000
  ) {
    self.init(
      id: id, nodes: [node], pattern: pattern, limit: limit, keysPerSecond: keysPerSecond)
  }

  /// The only server that is searched; nil: there are several.
  package var node: NodeID? { nodes.count == 1 ? nodes[0] : nil }
}

/// How far a search is; `found` holds what is new since the last message.
package struct KeySearchProgress: Sendable {
  package enum State: Sendable, Hashable {
    case running
    case complete
    /// Stopped at `limit`.
    case limited
    case cancelled
    /// One server could not be walked to its end; the others were.
    case failed(Fault)
  }

  package struct Found: Sendable, Hashable {
    package var node: NodeID
    package var key: KeyName

    package init(node: NodeID, key: KeyName) {
      self.node = node
      self.key = key
    }
  }

  package var id: UInt64
  package var state: State
  package var found: [Found]
  package var foundTotal: Int
  package var visited: UInt64
  /// Keys in the databases at the start, where known.
  package var keys: UInt64?
  /// Servers that do not answer just now.
  package var waitingFor: [NodeID] = []
  /// It ended early, and a new search may go on where it was.
  package var canContinue = false
  /// Which servers answer, where those are not simply the ones that were named; nil: not said in this message.
  package var origin: String?

  package init(
    id: UInt64, state: State, found: [Found], foundTotal: Int, visited: UInt64, keys: UInt64?
  ) {
    self.id = id
    self.state = state
    self.found = found
    self.foundTotal = foundTotal
    self.visited = visited
    self.keys = keys
  }
}

/// What a row of the key list shows; nil: not asked yet or not offered.
package struct KeySummary: Sendable, Hashable {
  package var key: KeyName
  /// `string`, `hash`, …; `none` when it is gone.
  package var type: String?
  package var timeToLive: TimeToLive?
  package var memoryBytes: UInt64?
  package var encoding: String?
  package var idleSeconds: UInt64?
  package var frequency: UInt64?
  /// True when its value is masked.
  package var isPersonal: Bool
  /// Why a figure is missing that the server does not offer: the same for all keys of one answer.
  package var notOffered: [Figure: String] = [:]

  package enum Figure: String, Sendable, Hashable, CaseIterable {
    case type, memory, encoding, use
    case timeToLive = "ttl"
  }

  package enum TimeToLive: Sendable, Hashable {
    case persistent
    case milliseconds(UInt64)
    case gone
  }

  package init(
    key: KeyName, type: String? = nil, timeToLive: TimeToLive? = nil, memoryBytes: UInt64? = nil,
    encoding: String? = nil, idleSeconds: UInt64? = nil, frequency: UInt64? = nil,
    isPersonal: Bool = false
  ) {
    self.key = key
    self.type = type
    self.timeToLive = timeToLive
    self.memoryBytes = memoryBytes
    self.encoding = encoding
    self.idleSeconds = idleSeconds
    self.frequency = frequency
    self.isPersonal = isPersonal
  }
}

/// A request for one page of one key's value.
package struct KeyInspectionRequest: Sendable, Hashable {
  package var id: UInt64
  package var node: NodeID
  package var key: KeyName
  package var page: PagePosition
  /// Ask for the clear value of personal data; refused where the right is missing.
  package var reveal: Bool

  package init(
    id: UInt64, node: NodeID, key: KeyName, page: PagePosition = .start, reveal: Bool = false
  ) {
    self.id = id
    self.node = node
    self.key = key
    self.page = page
    self.reveal = reveal
  }
}

/// Where a page of a value begins.
package enum PagePosition: Sendable, Hashable {
  case start
  /// Byte offset of a string, index of a list or sorted set.
  case offset(UInt64)
  /// Cursor of HSCAN or SSCAN.
  case cursor([UInt8])
  /// Exclusive start of a stream range.
  case streamID([UInt8])
}

/// One page of a key's value, with all that is known of the key.
package struct KeyInspection: Sendable {
  package enum Value: Sendable, Hashable {
    case string([UInt8])
    case hash([Pair])
    case list([[UInt8]])
    case set([[UInt8]])
    case sortedSet([Scored])
    case stream([StreamEntry])
    /// A type that the console cannot read, such as a module's.
    case opaque(type: String)
    /// Personal data: only its shape is known.
    case masked
    /// The key does not exist (any more).
    case gone
  }

  package struct Pair: Sendable, Hashable {
    package var field: [UInt8]
    package var value: [UInt8]

    package init(field: [UInt8], value: [UInt8]) {
      self.field = field
      self.value = value
    }
  }

  package struct Scored: Sendable, Hashable {
    package var member: [UInt8]
    /// As the server prints it.
    package var score: [UInt8]

    package init(member: [UInt8], score: [UInt8]) {
      self.member = member
      self.score = score
    }
  }

  package struct StreamEntry: Sendable, Hashable {
    package var id: [UInt8]
    package var fields: [Pair]

    package init(id: [UInt8], fields: [Pair]) {
      self.id = id
      self.fields = fields
    }
  }

  package var id: UInt64
  package var summary: KeySummary
  package var value: Value
  /// Bytes of a string, elements of anything else.
  package var length: UInt64?
  package var page: PagePosition
  /// nil on the last page.
  package var nextPage: PagePosition?
  package var fault: Fault?
  /// Which server answered, where that is not simply the one that was named: `replica redis-2 (1 s behind)`.
  package var origin: String?

  package init(
    id: UInt64, summary: KeySummary, value: Value, length: UInt64?, page: PagePosition,
    nextPage: PagePosition?, fault: Fault? = nil
  ) {
    self.id = id
    self.summary = summary
    self.value = value
    self.length = length
    self.page = page
    self.nextPage = nextPage
    self.fault = fault
  }
}
