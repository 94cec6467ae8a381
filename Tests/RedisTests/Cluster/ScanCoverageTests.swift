import Testing

@testable import Redis

/// Which slots a walk vouches for.
struct ScanCoverageTests {
  private typealias Description = ScanCoverage.Description

  private static func node(
    _ id: String, _ slots: ClosedRange<Int>?, run: String = "1", leaving: [Int: String] = [:],
    coming: [Int: String] = [:], isPrimary: Bool = true, epoch: UInt64? = 3
  ) -> ScanCoverage.Description {
    Description(
      id: id, runID: run, isPrimary: isPrimary, configEpoch: epoch,
      slots: SlotRanges(slots.map { [$0] } ?? []), leaving: leaving, coming: coming)
  }

  private static func topology(_ owners: [(String, ClosedRange<Int>?)]) -> ClusterTopology {
    ClusterTopology(
      source: .shards,
      shards: owners.map { id, slots in
        var shard = ClusterTopology.Shard()
        shard.slots = SlotRanges(slots.map { [$0] } ?? [])
        shard.primary = ClusterTopology.Node(id: id, address: nil)
        return shard
      })
  }

  @Test func `a whole walk covers what its node owned from begin to end, and no more`() {
    var coverage = ScanCoverage()
    var time = coverage.begin()
    coverage.finish(
      time, from: Self.node("a", 0...10), to: Self.node("a", 5...20), owned: .all)
    #expect(coverage.covered.description == "5-10")
    time = coverage.begin()
    // The others' topology saw it elsewhere meanwhile.
    coverage.finish(
      time, from: Self.node("a", 30...40), to: Self.node("a", 30...40),
      owned: SlotRanges([0...34]))
    #expect(coverage.covered.description == "5-10 30-34")
    #expect(
      coverage.missing(Self.topology([("a", 0...10), ("b", 30...34)])).map(\.id) == ["a"])
    #expect(coverage.missing(Self.topology([("a", 5...10), ("b", 30...34)])).isEmpty)
  }

  @Test(arguments: [
    ("another process", node("a", 0...9, run: "2")), ("another node", node("b", 0...9)),
    ("a replica by now", node("a", 0...9, isPrimary: false)),
    ("the same slots, but some were away", node("a", 0...9, epoch: 4)),
  ]) func `a walk that ends elsewhere than it began covers nothing`(
    why: String, last: ScanCoverage.Description
  ) {
    var coverage = ScanCoverage()
    let time = coverage.begin()
    coverage.finish(time, from: Self.node("a", 0...9), to: last, owned: .all)
    #expect(coverage.covered.isEmpty, "\(why)")
  }

  @Test func `an open slot takes its owner's walk and a later one of its target`() {
    let (old, new) = (
      Self.node("a", 0...9, leaving: [7: "b"]), Self.node("b", 10...19, coming: [7: "a"])
    )
    let topology = Self.topology([("a", 0...9), ("b", 10...19)])
    var coverage = ScanCoverage()
    let early = coverage.begin()
    let owner = coverage.begin()
    coverage.finish(owner, from: Self.node("a", 0...9), to: old, owned: .all)
    #expect(coverage.covered.description == "0-6 8-9")
    // Began before the owner's walk was over: keys may have come behind its cursor.
    coverage.finish(early, from: new, to: new, owned: .all)
    #expect(coverage.covered.description == "0-6 8-19")
    #expect(coverage.missing(topology).map(\.id) == ["b"])
    let late = coverage.begin()
    coverage.finish(late, from: new, to: Self.node("b", 7...19), owned: .all)
    #expect(coverage.covered.description == "0-19")
    #expect(coverage.missing(topology).isEmpty)
  }

  @Test func `a slot whose way was changed is walked from its owner again`() {
    var coverage = ScanCoverage()
    let owner = coverage.begin()
    let leaving = Self.node("a", 0...9, leaving: [7: "b"])
    coverage.finish(owner, from: leaving, to: leaving, owned: .all)
    let target = coverage.begin()
    coverage.finish(
      target, from: Self.node("b", nil, coming: [7: "a"]), to: Self.node("b", nil), owned: .all)
    #expect(coverage.covered.description == "0-6 8-9")
    let topology = Self.topology([("a", 0...9), ("b", nil)])
    #expect(coverage.missing(topology).map(\.id) == ["a"])
    // Left for one target, then for another: neither walk vouches for it.
    let again = coverage.begin()
    coverage.finish(
      again, from: leaving, to: Self.node("a", 0...9, leaving: [7: "c"]), owned: .all)
    #expect(coverage.missing(topology).map(\.id) == ["a"])
  }
}
