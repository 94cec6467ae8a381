package import ConsoleModel

/// What an undo would put back: the keys that each server's copies hold, which no other server has, and
/// whether it is they or only their lives that are missing.
package struct UndoTarget: Sendable, Hashable {
  package struct Copy: Sendable, Hashable {
    package var key: KeyName
    /// When the key was to expire, in milliseconds since 1970; nil: never.
    package var end: Int64?

    package init(key: KeyName, end: Int64?) {
      self.key = key
      self.end = end
    }
  }

  /// A server's copies, each key once.
  package struct Shard: Sendable, Hashable {
    package var node: NodeID
    package var copies: [Copy]

    package init(node: NodeID, copies: [Copy]) {
      self.node = node
      self.copies = copies
    }
  }

  package var shards: [Shard]
  /// True if the operation changed lives: its keys are there, and get their old lives back.
  package var restoresLives: Bool

  /// The copies are of a cluster: each key goes to whoever has its slot now.
  package var isOnCluster: Bool

  package init(shards: [Shard], restoresLives: Bool, isOnCluster: Bool = false) {
    self.shards = shards
    self.restoresLives = restoresLives
    self.isOnCluster = isOnCluster
  }

  /// Keys of all servers, each name once.
  var keys: [KeyName] {
    var seen: Set<KeyName> = []
    return shards.flatMap(\.copies).map(\.key).filter { seen.insert($0).inserted }
  }

  func keys(on node: NodeID) -> [KeyName] {
    shards.first { $0.node == node }?.copies.map(\.key) ?? []
  }
}
