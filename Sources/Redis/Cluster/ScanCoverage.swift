/// Which slots a scan of a cluster has walked, and which node must be walked next.
///
/// A whole walk of a node covers the slots that it owned from the walk's begin to its end: whatever was
/// there all the time has been seen. A slot that was open meanwhile (its keys on their way to another
/// node) is covered by the walk of its owner followed by a whole walk of that other node which began
/// later: a key that the first walk missed had moved before, and keys move in one direction only.
struct ScanCoverage {
  /// A node as it described itself at the begin or the end of a walk.
  struct Description: Sendable, Hashable {
    var id: String
    /// Of the server process: a cursor is worth nothing in another.
    var runID: String
    var isPrimary: Bool
    /// Of the node itself. A slot that left and came back has raised it: whoever takes a slot takes an
    /// epoch above all others, unless its own is that already, and after the slot had left it was not.
    var configEpoch: UInt64?
    var slots: SlotRanges
    /// Slots that leave it, and the node that they go to.
    var leaving: [Int: String] = [:]
    /// Slots that it takes over but does not own yet, and the node that they come from.
    var coming: [Int: String] = [:]
  }

  /// A slot whose owner was walked while its keys were leaving for another node.
  private struct Half {
    var owner: String
    var target: String
    /// When the owner's walk ended.
    var time: Int
  }

  private(set) var covered = SlotRanges()
  private var halves: [Int: Half] = [:]
  private var clock = 0

  /// Says that a walk begins; what it returns is for `finish`.
  mutating func begin() -> Int {
    clock += 1
    return clock
  }

  /// A walk has ended.
  ///
  /// - Parameters:
  ///   - time: what `begin` returned for it.
  ///   - owned: the node's slots in every topology that was read since it began.
  mutating func finish(
    _ time: Int, from first: Description, to last: Description, owned: SlotRanges
  ) {
    clock += 1
    guard last.isPrimary, first.id == last.id, first.runID == last.runID,
      first.configEpoch == last.configEpoch
    else { return }
    let steady = first.slots.intersection(last.slots).intersection(owned)
    let open = SlotRanges(Set(first.leaving.keys).union(last.leaving.keys).map { $0...$0 })
    covered = covered.union(steady.subtracting(open))
    for (slot, half) in halves where half.target == last.id && half.time < time {
      let wasComing = first.coming[slot] == half.owner || first.slots.contains(slot)
      let isComing = last.coming[slot] == half.owner || last.slots.contains(slot)
      if wasComing, isComing { covered = covered.union(SlotRanges(slot)) }
      // Else it went another way: its owner is walked again.
      halves[slot] = nil
    }
    for (slot, target) in last.leaving where steady.contains(slot) && !covered.contains(slot) {
      // It left for another node before: its keys may be anywhere.
      guard first.leaving[slot, default: target] == target else { continue }
      halves[slot] = Half(owner: last.id, target: target, time: clock)
    }
  }

  /// The nodes that must still be walked, by this topology.
  func missing(_ topology: ClusterTopology) -> [ClusterTopology.Node] {
    var ids: Set<String> = []
    for shard in topology.shards {
      guard let primary = shard.primary else { continue }
      for slot in shard.slots.subtracting(covered).ranges.joined() {
        // Its owner has been walked: now the node that it goes to.
        let half = halves[slot].flatMap { $0.owner == primary.id ? $0 : nil }
        ids.insert(half?.target ?? primary.id)
      }
    }
    return topology.primaries.filter { ids.contains($0.id) }
  }
}
