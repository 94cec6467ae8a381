import Redis

/// What one node says of its cluster (CLUSTER NODES), read by the tests' own few lines: nothing of the
/// client under test is in it.
struct ClusterView: Hashable {
  struct Member: Hashable {
    var id: String
    var isPrimary: Bool
    var primaryID: String
    /// Flagged `fail`: enough nodes agree.
    var isFailed: Bool
    /// Flagged `fail?`: the node that was asked has not heard of it for a while.
    var isSuspected: Bool
    var slots: SlotRanges
    var epoch: UInt64
  }

  var members: [Member] = []

  init(_ text: String) {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count >= 8 else { continue }
      let flags = words[2].split(separator: ",")
      if flags.contains("handshake") || flags.contains("noaddr") { continue }
      let slots = words[8...].compactMap { word -> ClosedRange<Int>? in
        let bounds = word.split(separator: "-").compactMap { Int($0) }
        guard let low = bounds.first, let high = bounds.last, !word.hasPrefix("[") else {
          return nil
        }
        return low...high
      }
      members.append(
        Member(
          id: String(words[0]), isPrimary: flags.contains("master"), primaryID: String(words[3]),
          isFailed: flags.contains("fail"), isSuspected: flags.contains("fail?"),
          slots: SlotRanges(slots), epoch: UInt64(words[6]) ?? 0))
    }
    members.sort { $0.id < $1.id }
  }

  var ids: Set<String> { Set(members.map(\.id)) }

  func slots(of id: String) -> SlotRanges {
    members.first { $0.id == id }?.slots ?? SlotRanges()
  }

  /// Slots of nobody, or of an owner that seems to be gone.
  func missing(_ dead: Set<String>) -> SlotRanges {
    let living = members.filter { !$0.isFailed && !$0.isSuspected && !dead.contains($0.id) }
    return SlotRanges(living.flatMap { $0.slots.ranges }).inverted
  }

  /// Who owns what and who follows whom; what the console must show.
  var summary: String {
    let living = members.filter { !$0.isFailed }
    let shards = living.filter(\.isPrimary).map { primary in
      let replicas = living.filter { !$0.isPrimary && $0.primaryID == primary.id }
        .map { $0.id.prefix(8) }
      return "\(primary.id.prefix(8)) \(primary.slots) [\(replicas.joined(separator: " "))]"
    }
    let failed = members.filter(\.isFailed).map { $0.id.prefix(8) }
    return (shards + ["failed: \(failed.joined(separator: " "))"]).joined(separator: "\n")
  }
}
