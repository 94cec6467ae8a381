import ConsoleModel
import Terminal
import Testing

@testable import Panels

@Suite("The Topology panel")
struct TopologyPanelTests {
  private static let nodes = Topologies.nodes

  private func selected(_ desk: Desk) -> String {
    desk.rows.first { $0.hasPrefix("▌") || $0.hasPrefix("◈") } ?? ""
  }

  /// The names of the tree, top down.
  private func tree(_ desk: Desk) -> [String] {
    desk.rows.dropFirst(3).compactMap { line in
      let words = line.dropFirst().split(separator: " ")
      guard let first = words.first, ["▾", "▸", "├─", "└─"].contains(first) else { return nil }
      return words.dropFirst().prefix(first == "▾" || first == "▸" ? 2 : 1)
        .joined(separator: " ")
    }
  }

  // MARK: What it says

  @Test("sums up a healthy cluster in one line")
  func summary() {
    let desk = Desk(topologies: [Topologies.cluster()], columns: 160)
    #expect(
      desk.rows[2].hasPrefix(
        " cluster ok  16,384/16,384 slots  3 shards  6 nodes  skew shard 2 ×1.7 ops  epoch 7  read from redis-1 now"
      ))
  }

  @Test("names what nobody serves, at every size", arguments: Desk.sizes)
  func uncovered(columns: Int, rows: Int) {
    let desk = Desk(topologies: [Topologies.failing()], columns: columns, rows: rows)
    #expect(desk.shows("cluster FAILED  10,922/16,384 slots"))
    #expect(desk.shows("uncovered slots 5461-10922"))
    if rows > 10 { #expect(desk.row("▾ shard 2").contains("✖ no primary")) }
  }

  @Test("names slots that move, with both ends")
  func openSlots() {
    let desk = Desk(topologies: [Topologies.migrating()])
    #expect(desk.shows("slot 5460 migrating redis-1 → redis-2"))
    #expect(desk.shows("slot 5460 importing redis-1 → redis-2"))
    #expect(desk.shows("ffff0000… → redis-3"))
    // In the bar of the shard that has it open, at its place.
    let row = desk.rows.first { $0.contains("▾ shard 1") } ?? ""
    #expect(row.contains("│"))
  }

  @Test("marks a shard that does a third more than the mean, and only that")
  func skew() {
    let desk = Desk(topologies: [Topologies.cluster()])
    #expect(desk.row("▾ shard 2").contains("×1.7!"))
    #expect(desk.row("▾ shard 1").contains("×0.8 "))
    #expect(desk.row("▾ shard 3").contains("×0.8 "))
  }

  @Test("a shard of one has nothing to be compared with")
  func noSkew() {
    let desk = Desk(topologies: [Topologies.pair()])
    #expect(!desk.row("group 1").contains("×"))
  }

  @Test("a role that changed is marked for a minute, also if it changed unseen")
  func newPrimary() {
    var desk = Desk(topologies: [Topologies.failing()])
    desk.press(.character("1"))
    desk.wait(2)
    desk.take([Topologies.failedOver(at: desk.now)])
    desk.wait(4)
    desk.press(.character("0"))
    #expect(desk.row("redis-5 ").contains("● new primary 4s"))
    #expect(desk.row("redis-2 ").contains("● new replica 4s"))
    #expect(desk.row("▾ shard 2").contains("● new primary 4s"))
    #expect(!desk.row("redis-1 ").contains("new"))
    desk.wait(55)
    desk.send(.tick(desk.now, Desk.wall, utcOffsetSeconds: 0, zone: "UTC"))
    #expect(desk.row("redis-5 ").contains("new primary 59s"))
    desk.wait(2)
    desk.send(.tick(desk.now, Desk.wall, utcOffsetSeconds: 0, zone: "UTC"))
    #expect(desk.row("redis-5 ").contains("● primary "))
    #expect(desk.row("▾ shard 2").contains("● 2 nodes"))
  }

  @Test(
    "a member's worst news comes first",
    arguments: [
      (TopologyMember.Health.failed, TopologyMember.Link.down, LiveState.down, "✖ replica failed"),
      (.suspected, .down, .down, "◐ replica suspect "),
      (.loading, .up, .live, "◐ replica loading"),
      (.online, .up, .down, "✖ replica down 12s"), (.online, .down, .live, "✖ replica link down"),
      (.online, .up, .stale, "◐ replica stale 12s"), (.online, .up, .live, "● replica "),
      (.unknown, .unknown, .connecting, "◌ replica "),
    ])
  func memberState(
    health: TopologyMember.Health, link: TopologyMember.Link, state: LiveState, text: String
  ) {
    var topology = Topologies.cluster()
    topology.shards[0].members[1] = Topologies.member(
      4, .replica, of: 1, health: health, link: link)
    var nodes = Self.nodes
    nodes[3] = Topologies.node("redis-4", state: state)
    let desk = Desk(topologies: [topology], nodes: nodes)
    #expect(desk.row("─ redis-4 ").contains(text))
  }

  @Test("figures of a server that hangs are drawn as stale")
  func stale() {
    var nodes = Self.nodes
    nodes[0] = Topologies.node("redis-1", ops: 4_100, state: .stale)
    let desk = Desk(topologies: [Topologies.cluster()], nodes: nodes)
    let grid = render(desk.model)
    let y = desk.rows.firstIndex { $0.contains("─ redis-1 ") } ?? 0
    let x =
      desk.rows[y].unicodeScalars.count
      - (desk.rows[y].split(separator: "4.1k").last ?? "")
      .unicodeScalars.count - 1
    #expect(grid[x, y].style.role == .stale)
  }

  @Test("without a topology it says what would be here and how to get it")
  func empty() {
    let desk = Desk(topologies: [])
    #expect(desk.shows("no cluster, Sentinel group or replicas"))
    #expect(desk.shows("docs/config.example.json5"))
  }

  // MARK: Going through it

  @Test("Enter folds a shard and opens a node; Esc comes back")
  func openAndFold() {
    var desk = Desk(topologies: [Topologies.cluster()])
    #expect(tree(desk).count == 9)
    desk.press(.enter)
    #expect(desk.row("shard 1").contains("▸ shard 1"))
    #expect(!desk.shows("─ redis-4 "))
    #expect(tree(desk).count == 7)
    desk.press(.enter, .down, .enter)
    #expect(desk.model.active == .nodes && desk.model.scopes.contains(.nodeDetail))
    #expect(desk.rows[2].contains("redis-1"))
    desk.press(.escape)
    #expect(desk.model.active == .topology)
    #expect(selected(desk).contains("─ redis-1 "))
  }

  @Test("a server that is not asked has no detail, and it says so")
  func notMonitored() {
    var desk = Desk(topologies: [Topologies.sentinel()])
    desk.press(.end, .enter)
    #expect(desk.model.active == .topology)
    #expect(desk.toast.contains("10.0.1.13:26379 is not among the servers"))
  }

  @Test("z folds all, and the selection goes to its shard")
  func foldAll() {
    var desk = Desk(topologies: [Topologies.cluster()])
    desk.press(.down, .down, .down, .down, .down)
    #expect(selected(desk).contains("redis-5"))
    desk.press(.character("z"))
    #expect(tree(desk).map { $0.prefix(7) } == ["shard 1", "shard 2", "shard 3"])
    #expect(selected(desk).contains("shard 2"))
    desk.press(.character("z"))
    #expect(tree(desk).count == 9)
  }

  @Test("many shards begin folded, with their primaries beside their names where there is room")
  func beginFolded() {
    let large = Topologies.large(shards: 250)
    let desk = Desk(topologies: [large.topology], nodes: large.nodes, columns: 200)
    #expect(desk.shows("▸ shard 1 · redis-1"))
    #expect(!desk.shows("─ redis-1 "))
    #expect(desk.shows("250 shards  500 nodes"))
  }

  @Test("sorting moves shards and takes their members along")
  func sort() {
    var desk = Desk(topologies: [Topologies.cluster()])
    // Name, state, ops/s.
    desk.press(.character("s"), .character("s"), .character("s"))
    #expect(desk.shows("ops/s▼"))
    #expect(
      tree(desk).map { String($0.split(separator: " ●")[0].split(separator: " ✖")[0]) } == [
        "shard 2", "redis-2", "redis-5", "shard 3", "redis-3", "redis-6", "shard 1", "redis-1",
        "redis-4",
      ])
    desk.press(.character("S"))
    #expect(tree(desk).first == "shard 1")
    #expect(tree(desk)[1] == "redis-1")
  }

  @Test(
    "names with numbers sort by the number", arguments: [("a2", "a10"), ("2", "10"), ("a", "b")])
  func natural(first: String, second: String) {
    #expect(TopologyColumns.natural(first) < TopologyColumns.natural(second))
  }

  @Test("a filter finds members of folded shards, and keeps their shard above them")
  func filter() {
    var desk = Desk(topologies: [Topologies.cluster()])
    desk.press(.character("z"), .character("/"))
    desk.type("eu-west-1c replica")
    desk.press(.enter)
    #expect(tree(desk) == ["shard 2", "redis-5"])
    desk.press(.escape)
    #expect(tree(desk).count == 3)
    desk.press(.character("/"))
    desk.type("shard 3")
    desk.press(.enter)
    #expect(tree(desk) == ["shard 3", "redis-3", "redis-6"])
  }

  @Test("n goes through several, and begins at the top of each")
  func several() {
    var desk = Desk(topologies: [Topologies.cluster(), Topologies.pair()])
    #expect(desk.shows("1 of 2"))
    desk.press(.end, .character("n"))
    #expect(desk.shows("replication sessions") && desk.shows("2 of 2"))
    #expect(selected(desk).contains("group 1"))
    // The next snapshot keeps the choice, wherever it stands then.
    desk.take([Topologies.pair(), Topologies.cluster()])
    #expect(desk.shows("replication sessions") && desk.shows("1 of 2"))
    desk.press(.character("n"))
    #expect(desk.shows("cluster ok"))
  }

  // MARK: Following

  @Test("f stays with a node through a failover, whatever sorts and folds")
  func follow() {
    var desk = Desk(topologies: [Topologies.cluster()])
    desk.press(.down, .down, .down, .down, .down, .character("f"))
    #expect(desk.toast.contains("follows redis-5"))
    #expect(desk.shows("follows redis-5 replica"))
    desk.press(.character("z"))
    // Its shard stays open for it.
    #expect(tree(desk).count == 5)
    #expect(selected(desk).contains("─ redis-5 "))
    desk.take([Topologies.failing()])
    #expect(selected(desk).contains("─ redis-5 "))
    desk.take([Topologies.failedOver()])
    #expect(selected(desk).contains("─ redis-5 "))
    #expect(desk.toast == "redis-5 is primary now (was replica)")
    #expect(desk.shows("follows redis-5 primary"))
    // It is another shard's, under another name: the identity counts.
    var moved = Topologies.failedOver()
    var server = moved.shards[1].members.removeFirst()
    server.node = nil
    server.address = "10.9.9.9:7000"
    server.role = .replica
    moved.shards[2].members.append(server)
    desk.take([moved])
    #expect(selected(desk).contains(".9.9:7000"))
    desk.take([Topologies.pair()])
    #expect(desk.toast.contains("is not in the topology any more"))
    #expect(desk.shows(" gone"))
    desk.press(.escape)
    #expect(desk.model.active == .topology && !desk.shows("follows 10"))
  }

  @Test("moving on, f again and Esc end it; a shard cannot be followed")
  func followEnds() {
    var desk = Desk(topologies: [Topologies.cluster()])
    desk.press(.character("f"))
    #expect(desk.toast.contains("choose a node, not a shard"))
    for end in [Key.down, .character("f"), .escape] {
      desk.press(.home, .down, .character("f"))
      #expect(desk.shows("follows redis-1 primary"))
      desk.press(end)
      #expect(!desk.shows("follows redis-1 primary"))
      #expect(desk.model.active == .topology)
    }
  }

  @Test("another environment knows nothing of it")
  func reset() {
    var desk = Desk(topologies: [Topologies.cluster()])
    desk.press(.down, .character("f"), .character("z"))
    desk.send(.environmentSwitched(Fixture.staging))
    desk.press(.character("0"))
    #expect(!desk.shows("redis-1"))
  }

  // MARK: Whatever comes

  @Test("random topologies never trap, and nothing undrawable reaches the grid")
  func random() {
    var random = SplitMix(state: 20_261_125)
    let nodes = Self.nodes.map(\.id)
    let keys: [Key] = [
      .up, .down, .enter, .escape, .home, .end, .pageDown, .left, .right, .character("f"),
      .character("z"), .character("n"), .character("s"), .character("S"),
    ]
    for round in 0..<300 {
      let (columns, rows) = InvariantTests.sizes[Int(random.next() % 187)]
      var desk = Desk(
        topologies: [], columns: columns, rows: rows, isUnicode: round % 2 == 0)
      for _ in 0..<4 {
        desk.wait(3)
        desk.take(
          (0..<(random.next() % 4)).map { _ in Topologies.random(&random, nodes: nodes) })
        for _ in 0..<6 { desk.press(keys[Int(random.next() % UInt64(keys.count))]) }
        desk.press(.character("0"))
        let grid = render(desk.model)
        #expect(grid.hazards.isEmpty, "round \(round)")
        if round % 2 == 1 {
          let isASCII = (0..<grid.rows).allSatisfy {
            grid.text(row: $0).utf8.allSatisfy { $0 < 0x7F }
          }
          #expect(isASCII, "round \(round)")
        }
      }
    }
  }

  @Test("the bar is full only where every slot is, and empty only where none is")
  func bar() {
    var random = SplitMix(state: 7)
    for _ in 0..<300 {
      var held = [Bool](repeating: false, count: SlotRange.slotCount)
      var ranges: [SlotRange] = []
      for _ in 0..<(random.next() % 6) {
        let first = Int(random.next() % 16_384)
        guard let range = SlotRange(first, min(16_383, first + Int(random.next() % 3_000))) else {
          continue
        }
        ranges.append(range)
        for slot in range.first...range.last { held[slot] = true }
      }
      let width = 1 + Int(random.next() % 200)
      let shares = SlotBar.shares(ranges.merged, buckets: width)
      #expect(shares.count == width)
      var sums = [Int](repeating: 0, count: width)
      var sizes = sums
      for slot in held.indices {
        let bucket = SlotBar.column(of: slot, width: width)
        sizes[bucket] += 1
        if held[slot] { sums[bucket] += 1 }
      }
      #expect(shares == zip(sums, sizes).map { Double($0) / Double($1) })
      for level in GlyphLevel.allCases {
        let text = SlotBar.text(ranges.merged, glyphs: Glyphs(level: level), width: width)
        #expect(text.unicodeScalars.count == width)
      }
    }
  }

  @Test(
    "the bar at every level of glyphs",
    arguments: [
      (GlyphLevel.ascii, "..+#"), (.console, "··▒█"), (.block, "··▄█"), (.braille, "··⣾⣿"),
    ])
  func levels(level: GlyphLevel, text: String) {
    let ranges = [SlotRange(8_200, 16_383)].compactMap(\.self)
    #expect(SlotBar.text(ranges, glyphs: Glyphs(level: level), width: 4) == text)
  }
}
