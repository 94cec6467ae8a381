import ConsoleModel
import Terminal
import Testing

@testable import Panels

@Suite struct HotKeysPanelTests {
  @Test func ranksSharesAndCoverageAreShown() {
    let desk = Desk.filled(.showHotKeys)
    let first = desk.row("product:1181")
    for part in ["1", "31.2%", "211", "redis-1", "object-freq", "█"] {
      #expect(first.contains(part), "\(part)")
    }
    #expect(desk.shows("sampled 120,000 of 1,204,331"))
    #expect(desk.shows("10.0%"))
    #expect(desk.row("category:shoes:1").contains(" - "))
    #expect(desk.shows(#"\x1b[2J\xff\xc3"#))
  }

  @Test func barsCompareTheRows() {
    let desk = Desk.filled(.showHotKeys)
    func bar(_ key: String) -> Int { desk.row(key).count { $0 == "█" } }
    #expect(bar("product:1181") >= 20)
    #expect((1...4).contains(bar(#"\xff"#)))
    #expect(bar("category") == 0)
  }

  @Test func enterInspectsTheKeyWhereItIsHotAndEscComesBack() {
    var desk = Desk.filled(.showHotKeys)
    desk.press(.down, .enter)
    #expect(desk.request?.key == Hostile.key)
    #expect(desk.request?.node == NodeID("redis-2"))
    desk.answer(.string(Array("hot value".utf8)))
    #expect(desk.shows("hot value"))
    desk.press(.escape)
    #expect(desk.shows("sampled 120,000"))
  }

  @Test func whenTheServerCannotSayTheReasonAndTheWayOutAreShown() {
    let reason =
      "maxmemory-policy is noeviction: hot keys need an LFU policy (CONFIG SET maxmemory-policy"
      + " allkeys-lfu)"
    let desk = Desk.filled(.showHotKeys) {
      $0.hotKeys = HotKeyReport(unavailable: reason)
      for index in $0.nodes.indices {
        $0.nodes[index].hotKeys = Reading(
          value: HotKeyReport(unavailable: reason), at: Desk.start)
      }
    }
    #expect(desk.shows("redis-1: maxmemory-policy is noeviction"))
    #expect(desk.shows("redis-2: maxmemory-policy is noeviction"))
  }

  @Test func aLongReasonIsWrappedNotCut() {
    let desk = Desk(.showHotKeys, columns: 40, rows: 24) {
      $0.hotKeys = HotKeyReport(unavailable: (0..<30).map { "word\($0)" }.joined(separator: " "))
    }
    #expect(desk.rows.joined().contains("word29"))
  }

  @Test func beforeTheFirstSampleItSaysSo() {
    #expect(Desk(.showHotKeys).shows("no sample yet"))
    var desk = Desk.filled(.showHotKeys) {
      $0.hotKeys.rows = []
    }
    #expect(desk.shows("no key stands out yet"))
    desk.press(.enter)
    #expect(desk.effects.isEmpty)
  }

  @Test func yCopiesTheHotKey() {
    var desk = Desk.filled(.showHotKeys)
    desk.press(.character("y"))
    #expect(desk.effects == [.copy("product:1181")])
  }

  @Test func aNodeShowsItsOwnKeysOnly() {
    var desk = Desk.filled(.showHotKeys)
    desk.press(.character("n"), .character("n"))
    #expect(desk.shows("on redis-2"))
    #expect(!desk.shows("product:1181"))
  }

  @Test func sharesThatAreNotNumbersDrawNothing() {
    let desk = Desk.filled(.showHotKeys) {
      $0.hotKeys.rows = [Double.nan, .infinity, -1, 9].map { (share: Double) in
        .init(node: Reports.redis1, key: KeyName("k\(share)"), share: share, source: "")
      }
    }
    #expect(desk.shows("knan"))
  }
}
