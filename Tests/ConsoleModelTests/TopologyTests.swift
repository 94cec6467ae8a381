import ConsoleModel
import Testing

@Suite struct TopologyTests {
  @Test(
    arguments: [(0, 0), (0, 16_383), (16_383, 16_383)] as [(Int, Int)])
  func `a slot range holds what a cluster has`(first: Int, last: Int) {
    #expect(SlotRange(first, last)?.count == last - first + 1)
  }

  @Test(
    arguments: [(-1, 0), (1, 0), (0, 16_384), (Int.min, Int.max), (Int.max, Int.min)]
      as [(Int, Int)])
  func `and nothing else`(first: Int, last: Int) {
    #expect(SlotRange(first, last) == nil)
  }

  @Test(
    arguments: [
      ([], [], ["0-16383"]),
      (["0-16383"], ["0-16383"], []),
      (["5461-10922", "0-5460"], ["0-10922"], ["10923-16383"]),
      (["0-10", "5-7", "10-12"], ["0-12"], ["13-16383"]),
      (["3", "1", "16383"], ["1", "3", "16383"], ["0", "2", "4-16382"]),
    ] as [([String], [String], [String])])
  func `ranges are merged, and what is between them is found`(
    given: [String], merged: [String], gaps: [String]
  ) {
    let ranges = given.map { text in
      let ends = text.split(separator: "-").compactMap { Int($0) }
      return SlotRange(ends[0], ends[ends.count - 1]) ?? ranges0
    }
    #expect(ranges.merged.map(\.text) == merged)
    #expect(ranges.gaps.map(\.text) == gaps)
    #expect(ranges.merged.slots + ranges.gaps.slots == SlotRange.slotCount)
  }

  private var ranges0: SlotRange { [SlotRange].all[0] }

  private func member(
    _ id: String, _ role: TopologyMember.Role, _ health: TopologyMember.Health = .online
  ) -> TopologyMember {
    TopologyMember(serverID: id, address: id, role: role, health: health)
  }

  private func cluster(_ second: [TopologyMember]) -> Topology {
    Topology(
      id: "c", kind: .cluster,
      shards: [
        TopologyShard(
          id: "1", ranges: [SlotRange(0, 99)].compactMap(\.self), members: [member("a", .primary)]),
        TopologyShard(id: "2", ranges: [SlotRange(100, 199)].compactMap(\.self), members: second),
      ])
  }

  @Test func `slots without a serving primary are uncovered, though they belong to a shard`() {
    let whole = cluster([member("b", .primary, .suspected)]).coverage
    #expect(whole?.served == 200 && whole?.assigned == 200)
    #expect(whole?.uncovered.map(\.text) == ["200-16383"])
    for members in [
      [member("b", .primary, .failed), member("d", .replica)], [], [member("d", .replica)],
    ] {
      let coverage = cluster(members).coverage
      #expect(coverage?.served == 100 && coverage?.assigned == 200)
      #expect(coverage?.uncovered.map(\.text) == ["100-16383"])
    }
    // Both are listed while the old primary has not come back.
    #expect(
      cluster([member("b", .primary, .failed), member("d", .primary)]).coverage?.served == 200)
    #expect(Topology(id: "r", kind: .replication).coverage == nil)
  }

  @Test func `coverage follows the shards`() {
    var topology = cluster([member("b", .primary)])
    topology.shards[1].members[0].health = .failed
    #expect(topology.coverage?.served == 100)
    #expect(topology.shards[1].primary?.serverID == "b" && !topology.shards[1].hasPrimary)
  }

  // MARK: Changes of role

  private func time(_ seconds: Int64) -> MonotonicTime {
    MonotonicTime(nanoseconds: seconds * 1_000_000_000)
  }

  @Test func `a change of role is remembered with the time of the reading that showed it`() {
    var changes = RoleChanges()
    var topology = cluster([member("b", .primary), member("d", .replica)])
    changes.observe([topology], at: time(10))
    #expect(changes.last(of: "b", in: "c") == nil)
    topology.shards[1].members = [member("b", .unknown), member("d", .unknown)]
    changes.observe([topology], at: time(12))
    topology.shards[1].members = [member("d", .primary), member("b", .replica)]
    topology.readAt = time(13)
    changes.observe([topology], at: time(14))
    let change = changes.last(of: "d", in: "c")
    #expect(change?.from == .replica && change?.to == .primary && change?.at == time(13))
    #expect(changes.last(of: "b", in: "c")?.to == .replica)
    #expect(changes.last(of: "a", in: "c") == nil && changes.last(of: "d", in: "other") == nil)
    // Seen again in the same role: the time stays.
    topology.readAt = time(30)
    changes.observe([topology], at: time(31))
    #expect(changes.last(of: "d", in: "c")?.at == time(13))
  }

  @Test func `a topology that is missing for a while has forgotten nothing, after ten minutes all`()
  {
    var changes = RoleChanges()
    let before = cluster([member("b", .primary)])
    let after = cluster([member("b", .replica)])
    changes.observe([before], at: time(0))
    changes.observe([], at: time(300))
    changes.observe([after], at: time(500))
    #expect(changes.last(of: "b", in: "c")?.from == .primary)
    changes.observe([], at: time(1101))
    #expect(changes.last(of: "b", in: "c") == nil)
  }

  @Test func `ids that are made up anew each time do not pile up`() {
    var changes = RoleChanges()
    for round in 0..<20 {
      let members = (0..<1000).map { member("\(round)-\($0)", .primary) }
      changes.observe([cluster(members)], at: time(Int64(round)))
      #expect(changes.count <= RoleChanges.maximumMembers)
    }
    // What is listed now is still known.
    var members = (0..<1000).map { member("19-\($0)", .primary) }
    members[7].role = .replica
    changes.observe([cluster(members)], at: time(20))
    #expect(changes.last(of: "19-7", in: "c")?.to == .replica)
  }
}
