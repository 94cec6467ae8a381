/// What some servers offer and others do not; read of servers that are looked at only.
package struct NodeExtras: Sendable, Hashable {
  /// Why INFO is missing while the server answers; nil: it is there.
  package var infoProblem: String?
  /// Valkey's COMMANDLOG: requests and replies of many bytes, newest first, bounded.
  package var largeCommands: [LargeCommand] = []
  /// CLUSTER SLOT-STATS: the busiest slots first, bounded.
  package var busySlots: [SlotFigures] = []
  /// INFO keysizes (Redis 8.0), by database and type.
  package var keySizes: [KeySizeFigures] = []
  /// Why a part of these is missing where the server says that it has it, by part.
  package var problems: [String: String] = [:]

  package init() {}
}

/// A request or a reply that was larger than the server's threshold.
package struct LargeCommand: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable, CaseIterable { case request, reply }

  package var kind: Kind
  package var bytes: UInt64
  /// Who sent what and when; its microseconds are unknown and 0.
  package var entry: SlowEntry

  package init(kind: Kind, bytes: UInt64, entry: SlowEntry) {
    self.kind = kind
    self.bytes = bytes
    self.entry = entry
  }
}

/// One hash slot's share of its server.
package struct SlotFigures: Sendable, Hashable {
  /// 0…16,383.
  package var slot: UInt64
  package var keys: UInt64?
  /// Of the server's time since it started; nil where it does not count.
  package var microseconds: UInt64?
  /// Both directions.
  package var networkBytes: UInt64?

  package init(slot: UInt64, keys: UInt64?, microseconds: UInt64?, networkBytes: UInt64?) {
    self.slot = slot
    self.keys = keys
    self.microseconds = microseconds
    self.networkBytes = networkBytes
  }
}

/// How large the values of one type are: a histogram whose buckets double.
package struct KeySizeFigures: Sendable, Hashable {
  package var database: Int
  /// As the server writes it: `strings`, `lists`, `sets`, `zsets`, `hashes`.
  package var type: String
  /// Bytes for strings, elements for anything else.
  package var isBytes: Bool
  /// From the smallest: values of `atLeast` up to the next bucket.
  package var buckets: [Bucket]

  package struct Bucket: Sendable, Hashable {
    package var atLeast: UInt64
    package var keys: UInt64

    package init(atLeast: UInt64, keys: UInt64) {
      self.atLeast = atLeast
      self.keys = keys
    }
  }

  package init(database: Int, type: String, isBytes: Bool, buckets: [Bucket]) {
    self.database = database
    self.type = type
    self.isBytes = isBytes
    self.buckets = buckets
  }
}
