import ConsoleModel

/// One line of the tree: a shard, one of its servers, the heading of the Sentinels, or a Sentinel.
struct TopologyRow: Sendable {
  enum ID: Sendable, Hashable {
    case shard(String)
    case sentinels
    /// By the server's own identity: it is the same row wherever a failover puts it.
    case member(String)
  }

  /// What a shard's line says of all its members.
  struct Shard: Sendable {
    var ranges: [SlotRange] = []
    var slots = 0
    var openSlots: [Int] = []
    var members = 0
    /// Failed, suspected, cut off from their primary, or down for the console.
    var troubled = 0
    var hasPrimary = true
    var primary: String?
    var zones: [String] = []
    /// This shard's figure over the mean of all shards that have one; nil: nothing to compare with.
    var opsSkew: Double?
    var memorySkew: Double?

    var skew: Double? { [opsSkew, memorySkew].compactMap(\.self).max() }
  }

  struct Figures: Sendable {
    var ops: Double?
    var memory: UInt64?
    var hitRatio: Double?
    var p95: Double?
    var keys: UInt64?
    /// Of the server that they come from; nil: the console does not ask it.
    var state: LiveState?
    var lastReply: MonotonicTime?
    var fault: Fault?
  }

  var id: ID
  /// The shard that it is or belongs to; Sentinels: none.
  var shardID: String?
  var name: String
  /// Of a shard or of the Sentinels; members: nil.
  var isOpen: Bool?
  /// The last of its shard's members.
  var isLast = false
  var shard: Shard?
  var member: TopologyMember?
  var figures = Figures()
  var lagBytes: UInt64?
  var lagSeconds: UInt64?
  /// The last change of role, of a shard: that of the server that became its primary.
  var change: RoleChanges.Change?
  var isFollowed = false

  /// From here on a shard stands out: a third more than the mean shard.
  static let skewLimit = 1.3
  /// Seconds for which a change of role is marked.
  static let changeSeconds = 60.0

  var filterText: String {
    if let member {
      let words =
        [
          name, member.address, member.announced ?? "", member.role.rawValue,
          member.health.rawValue, member.zone ?? "",
          member.link == .down ? "link down" : "", figures.state.map(\.rawValue) ?? "",
        ] + member.flags.prefix(16)
      return words.joined(separator: " ")
    }
    return name
  }
}

/// What is open: a default, and the shards that differ from it.
struct TopologyFolds: Sendable, Hashable {
  var isOpen: Bool
  var exceptions: Set<String> = []

  /// Up to so many shards their members are shown at first.
  static let openShards = 12
  /// A server may name new shards again and again.
  static let maximumExceptions = 4096

  init(shards: Int) { isOpen = shards <= Self.openShards }

  func isOpen(_ shard: String) -> Bool { isOpen != exceptions.contains(shard) }

  mutating func toggle(_ shard: String) {
    if exceptions.remove(shard) == nil {
      if exceptions.count >= Self.maximumExceptions { exceptions = [] }
      exceptions.insert(shard)
    }
  }

  mutating func toggleAll() {
    isOpen.toggle()
    exceptions = []
  }
}
