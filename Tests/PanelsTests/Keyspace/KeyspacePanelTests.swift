import ConsoleModel
import Terminal
import Testing

@testable import Panels

/// Reports as an analysis gives them.
enum KeyspaceReports {
  static func group(_ keys: UInt64, _ bytes: UInt64) -> KeyspaceReport.Group {
    KeyspaceReport.Group(keys: keys, bytes: bytes)
  }

  static func prefix(
    _ name: String, _ keys: UInt64, _ bytes: UInt64, _ children: [KeyspaceReport.Prefix] = []
  ) -> KeyspaceReport.Prefix {
    KeyspaceReport.Prefix(
      name: Array(name.utf8), group: group(keys, bytes), children: children)
  }

  static func report(_ state: KeyspaceReport.State = .complete) -> KeyspaceReport {
    var report = KeyspaceReport()
    report.state = state
    report.databaseSize = 1_204_331
    report.progress.size = 1_204_331
    report.progress.visited = state == .complete ? 1_204_331 : 301_082
    report.progress.fraction = state == .complete ? 1 : 0.25
    if state == .running {
      report.progress.keysPerSecond = 19_800
      report.progress.etaSeconds = 45
    }
    report.root = prefix(
      "", 1_204_331, 1_900_000_000,
      [
        prefix(
          "product:", 400_000, 1_200_000_000,
          [
            prefix("product:de:", 250_000, 800_000_000),
            prefix("product:fr:", 100_000, 300_000_000),
          ]),
        prefix("session:", 600_000, 500_000_000), prefix("cart:", 150_000, 150_000_000),
        KeyspaceReport.Prefix(name: Hostile.bytes + [0x3A], group: group(9, 4_096)),
      ])
    report.root.children[2].mayLackBytes = 40_000_000
    report.bigKeys = [
      .init(node: Fixture.redis2, key: KeyName("orders:all"), type: "zset", bytes: 92_000_000),
      .init(node: Fixture.redis1, key: Hostile.key, type: "hash", bytes: 4_100_000),
    ]
    report.types = [
      .init(name: "string", group: group(1_100_000, 1_300_000_000)),
      .init(name: "hash", group: group(104_331, 600_000_000)),
    ]
    report.lives = [
      .init(name: "up to 1 min", group: group(4_331, 1_000_000)),
      .init(name: "up to 1 h", group: group(900_000, 1_500_000_000)),
      .init(name: "up to 1 d", group: group(0, 0)),
      .init(name: "none", group: group(300_000, 399_000_000)),
    ]
    return report
  }

  static func sample() -> KeyspaceReport {
    var report = report()
    report.isSample = true
    report.estimatedKeys = 1_180_000...1_228_000
    report.estimatedBytes = 1_700_000_000...2_100_000_000
    for index in report.root.children.indices {
      let share =
        Double(report.root.children[index].group.bytes) / Double(report.root.group.bytes)
      report.root.children[index].group.byteShare = max(0, share - 0.02)...min(1, share + 0.02)
      report.root.children[index].group.keyShare = 0.1...0.2
    }
    return report
  }
}

@Suite struct KeyspacePanelTests {
  private func requests(_ effects: [Effect]) -> [KeyspaceRequest] {
    effects.compactMap { if case .analyze(let request) = $0 { request } else { nil } }
  }

  private func id(_ desk: Desk) -> UInt64 {
    (desk.model.panels.first { $0 is KeyspacePanel } as? KeyspacePanel)?.request?.id ?? 0
  }

  private func measured(
    _ report: KeyspaceReport = KeyspaceReports.report(), columns: Int = 120,
    access: Access = Desk.viewer
  ) -> Desk {
    var desk = Desk(.showKeyspace, access: access, columns: columns)
    desk.press(.character("a"))
    desk.send(.keyspace(id(desk), report))
    return desk
  }

  @Test func `nothing is read until somebody asks, and a viewer may`() {
    var desk = Desk(.showKeyspace, access: Desk.viewer)
    #expect(desk.effects.isEmpty && desk.shows("nothing is read until you ask"))
    desk.press(.character("a"))
    let request = requests(desk.effects).first
    #expect(request?.nodes == [NodeID("redis-1")] && request?.sample == nil)
    #expect(request?.query.pattern == Array("*".utf8))
    desk.press(.character("e"))
    #expect(desk.effects.first == .cancelAnalysis((request?.id ?? 0)))
    #expect(requests(desk.effects).first?.sample == 20_000)
  }

  @Test func `a pattern and filters are measured by f and by the command line`() {
    var desk = Desk(.showKeyspace)
    desk.press(.character("f"))
    #expect(desk.shows("measure keys matching"))
    desk.type("cart:* type:hash ttl:<1m")
    desk.press(.enter)
    let request = requests(desk.effects).first
    #expect(request?.query.pattern == Array("cart:*".utf8))
    #expect(request?.query.filter.types == ["hash"])
    desk.press(.character("f"), .control("u"))
    desk.type("cart:* ttl:soon")
    desk.press(.enter)
    #expect(requests(desk.effects).isEmpty && desk.toast.contains("ttl:<60"))
    desk.send(.action(.showOverview))
    desk.type(":measure product:*")
    desk.press(.enter)
    #expect(requests(desk.effects).map(\.query.pattern) == [Array("product:*".utf8)])
    #expect(desk.model.active == .keyspace)
  }

  @Test func `it tells how far it is, ends by Esc, and goes on by c`() {
    var desk = measured(KeyspaceReports.report(.running))
    for part in ["measuring 25%", "visited 301,082/1,204,331", "19.8k keys/s", "ETA 45s"] {
      #expect(desk.shows(part), "\(part)\(desk)")
    }
    let first = id(desk)
    desk.press(.escape)
    #expect(desk.effects == [.cancelAnalysis(first)])
    #expect(desk.shows("ending"))
    var report = KeyspaceReports.report(.cancelled)
    report.canContinue = true
    desk.send(.keyspace(first, report))
    #expect(desk.shows("ended early at 25%") && desk.shows("c goes on"))
    desk.press(.character("c"))
    #expect(requests(desk.effects).first?.continues == first)
    #expect(desk.shows("measuring 25%"))
    // What the ended one still tells is late.
    desk.send(.keyspace(first, KeyspaceReports.report()))
    #expect(desk.shows("measuring 25%"))
    desk.send(.keyspace(id(desk), KeyspaceReports.report()))
    #expect(desk.shows("complete"))
    desk.press(.character("c"))
    #expect(desk.effects.isEmpty && desk.toast.contains("no analysis to go on with"))
  }

  @Test func `a second Esc leaves a server that hangs`() {
    var desk = measured(KeyspaceReports.report(.running))
    desk.press(.escape, .escape)
    #expect(desk.model.active == .overview)
  }

  @Test func `prefixes open down to their parts, and Esc comes back`() {
    var desk = measured()
    #expect(desk.row("product:").contains("63.2%") && desk.row("product:").contains("▸"))
    // What was folded away is told where it matters.
    #expect(desk.row("cart:").contains("+38.1M"))
    // Keys that are in none of the prefixes.
    #expect(desk.row("(all other keys)").contains("54.3k"))
    desk.press(.enter)
    #expect(desk.shows("prefixes of product:") && desk.shows("product:de:"))
    #expect(!desk.shows("session:"))
    // A newer report does not lead back up.
    desk.press(.enter)
    #expect(desk.toast.contains("F lists its keys"))
    desk.press(.escape)
    #expect(desk.shows("session:"))
  }

  @Test func `F lists the keys of the prefix, whatever signs it has`() {
    var desk = measured()
    desk.press(.character("F"))
    let searches = desk.effects.compactMap {
      if case .search(let search) = $0 { search } else { nil }
    }
    #expect(searches.map(\.pattern) == [Array("product:*".utf8)])
    #expect(
      KeyspacePanel.glob(Array("a[1]*?^\\:".utf8))
        == Array("a\\[1\\]\\*\\?\\^\\\\:*".utf8))
  }

  @Test func `the other lists: biggest keys, times to live, types`() {
    var desk = measured()
    desk.press(.character("o"))
    #expect(desk.shows("biggest keys") && desk.row("orders:all").contains("87.7M"))
    desk.press(.enter)
    #expect(desk.request?.key == KeyName("orders:all") && desk.request?.node == Fixture.redis2)
    desk.press(.escape)
    desk.press(.character("o"))
    #expect(desk.row("up to 1 h").contains("78.9%") && !desk.shows("up to 1 d"))
    desk.press(.character("o"))
    #expect(desk.row("string").contains("1.1M"))
  }

  @Test func `estimates carry their bounds`() {
    var desk = measured(KeyspaceReports.sample())
    #expect(desk.shows("estimate from a sample"))
    #expect(desk.shows("~1.2M ±24k keys"))
    #expect(desk.row("product:").contains("±2.0") && desk.row("product:").contains("~1.1G"))
    desk.send(.input(.resize(columns: 80, rows: 24)))
    #expect(desk.row("product:").contains("±2.0"))
  }

  @Test func `another environment forgets it and its late answers`() {
    var desk = measured(KeyspaceReports.report(.running))
    let old = id(desk)
    desk.send(.environmentSwitched(Desk.environment))
    desk.send(.action(.showKeyspace))
    desk.send(.keyspace(old, KeyspaceReports.report()))
    #expect(desk.shows("no server has answered yet"))
  }

  struct Screen: Sendable, CustomTestStringConvertible {
    var name: String
    var report: KeyspaceReport?
    var keys: [Key] = []
    var testDescription: String { name }
  }

  @Test(
    "it looks as recorded",
    arguments: [
      Screen(name: "keyspace-start"),
      Screen(name: "keyspace-running", report: KeyspaceReports.report(.running)),
      Screen(name: "keyspace-complete", report: KeyspaceReports.report()),
      Screen(name: "keyspace-sample", report: KeyspaceReports.sample()),
      Screen(name: "keyspace-below", report: KeyspaceReports.report(), keys: [.enter]),
      Screen(name: "keyspace-big", report: KeyspaceReports.report(), keys: [.character("o")]),
      Screen(
        name: "keyspace-lives", report: KeyspaceReports.report(),
        keys: [.character("o"), .character("o")]),
    ])
  func looks(_ screen: Screen) throws {
    for (columns, rows) in Desk.sizes {
      for isUnicode in [true, false] {
        var desk = Desk(
          .showKeyspace, nodes: [Desk.node("redis-1"), Desk.node("redis-2")], columns: columns,
          rows: rows, isUnicode: isUnicode)
        if let report = screen.report {
          desk.press(.character("a"))
          desk.send(.keyspace(id(desk), report))
        }
        for key in screen.keys { desk.press(key) }
        let grid = render(desk.model)
        #expect(grid.hazards.isEmpty)
        try expectSnapshot(
          grid, "\(screen.name)-\(columns)x\(rows)-\(isUnicode ? "unicode" : "ascii")")
      }
    }
  }
}
