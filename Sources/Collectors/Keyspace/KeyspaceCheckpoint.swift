package import ConsoleModel
package import Redis

/// All that an analysis needs to go on later, in another process too: where each walk stands, and what
/// was counted until there. Of a whole analysis only: a sample takes seconds.
package struct KeyspaceCheckpoint: Sendable, Hashable {
  package struct Walk: Sendable, Hashable {
    package var node: NodeID
    /// Keys of the server at the start.
    package var size: UInt64
    package var isDone: Bool
    /// nil: it had not begun.
    package var point: Scanner.Point?

    package init(node: NodeID, size: UInt64, isDone: Bool, point: Scanner.Point?) {
      self.node = node
      self.size = size
      self.isDone = isDone
      self.point = point
    }
  }

  /// A node of the prefix tree.
  package struct Prefix: Sendable, Hashable {
    /// The parent's place in the list, before its own; the root's own.
    package var parent: Int
    /// The segment with its separator; empty for the root.
    package var name: [UInt8]
    package var keys: UInt64
    package var bytes: UInt64
    package var otherKeys: UInt64
    package var otherBytes: UInt64

    package init(
      parent: Int, name: [UInt8], keys: UInt64, bytes: UInt64, otherKeys: UInt64,
      otherBytes: UInt64
    ) {
      self.parent = parent
      self.name = name
      self.keys = keys
      self.bytes = bytes
      self.otherKeys = otherKeys
      self.otherBytes = otherBytes
    }
  }

  package struct Count: Sendable, Hashable {
    package var name: String
    package var keys: UInt64
    package var bytes: UInt64

    package init(name: String, keys: UInt64, bytes: UInt64) {
      self.name = name
      self.keys = keys
      self.bytes = bytes
    }
  }

  package struct Tally: Sendable, Hashable {
    package var prefixes: [Prefix]
    package var bigKeys: [KeyspaceReport.BigKey]
    package var types: [Count]
    /// In the order of the histogram.
    package var lives: [Count]

    package init(
      prefixes: [Prefix], bigKeys: [KeyspaceReport.BigKey], types: [Count], lives: [Count]
    ) {
      self.prefixes = prefixes
      self.bigKeys = bigKeys
      self.types = types
      self.lives = lives
    }
  }

  package var walks: [Walk]
  package var tally: Tally

  package init(walks: [Walk], tally: Tally) {
    self.walks = walks
    self.tally = tally
  }
}
