/// Which servers became primary or replica, and when: what one reading of a topology cannot tell.
package struct RoleChanges: Sendable, Hashable {
  package struct Change: Sendable, Hashable {
    package var from: TopologyMember.Role
    package var to: TopologyMember.Role
    /// When the new role was first read.
    package var at: MonotonicTime
  }

  private struct Member: Hashable, Sendable {
    var topology: String
    var server: String
  }

  private struct Known: Hashable, Sendable {
    var role: TopologyMember.Role
    var seen: MonotonicTime
  }

  /// A server that was not listed for so many seconds is a new one when it comes back.
  package static let memorySeconds = 600.0
  /// More servers than any supported topology has; a server that makes up new ids cannot fill memory.
  package static let maximumMembers = 8192

  private var known: [Member: Known] = [:]
  private var changes: [Member: Change] = [:]

  package init() {}

  /// Servers that are remembered; at most `maximumMembers`.
  package var count: Int { known.count }

  /// Compares the next snapshot's topologies with what was known.
  package mutating func observe(_ topologies: [Topology], at taken: MonotonicTime) {
    for topology in topologies {
      let at = topology.readAt ?? taken
      for shard in topology.shards {
        for member in shard.members { observe(member, of: topology.id, at: at, taken) }
      }
    }
    known = known.filter { taken.seconds(since: $0.value.seen) <= Self.memorySeconds }
    if known.count > Self.maximumMembers { known = known.filter { $0.value.seen == taken } }
    if known.count > Self.maximumMembers { known = [:] }
    let listed = known
    changes = changes.filter { listed[$0.key] != nil }
  }

  private mutating func observe(
    _ member: TopologyMember, of topology: String, at: MonotonicTime, _ taken: MonotonicTime
  ) {
    let key = Member(topology: topology, server: member.serverID)
    guard member.role != .unknown else {
      // Nobody knows for the moment: what it was before still counts.
      known[key]?.seen = taken
      return
    }
    if let before = known[key], before.role != member.role {
      changes[key] = Change(from: before.role, to: member.role, at: at)
    }
    known[key] = Known(role: member.role, seen: taken)
  }

  /// The server's last change of role; nil: none seen.
  package func last(of server: String, in topology: String) -> Change? {
    changes[Member(topology: topology, server: server)]
  }
}
