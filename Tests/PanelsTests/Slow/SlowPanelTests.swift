import ConsoleModel
import Terminal
import Testing

@testable import Panels

@Suite struct SlowPanelTests {
  /// The order of entries on screen, by their durations.
  private func order(_ desk: Desk) -> [String] {
    desk.rows.compactMap { row in
      ["18.2ms", "240ms", "9.0ms"].first { row.contains(" \($0) ") }
    }
  }

  @Test func theNewestIsFirstAndEverythingIsDrawable() {
    let desk = Desk.filled(.showSlow)
    #expect(order(desk) == ["18.2ms", "240ms", "9.0ms"])
    let first = desk.row("18.2ms")
    for part in ["12:04:12", "redis-1", "checkout", "HGETALL product:99120"] {
      #expect(first.contains(part), "\(part)")
    }
    #expect(desk.row("240ms").contains(#"SET \x1b[2J\xff\xc3"#))
    // Another day: the date says so.
    #expect(desk.row("9.0ms").contains("26-11-20"))
  }

  @Test func maskedArgumentsAreMarkedWithTheirLength() {
    var desk = Desk.filled(.showSlow) {
      $0.slow = [Reports.slow(1, 500, Reports.words("SET cart:7") + [.masked(length: 123)])]
    }
    #expect(desk.shows("SET cart:7 ‹masked 123 B›"))
    desk.press(.enter)
    #expect(desk.shows("‹masked 123 B›"))
    desk.press(.down, .down, .enter)
    // There is nothing behind it to open.
    #expect(desk.shows("argument"))
  }

  @Test func sortsByDurationAndBackwards() {
    var desk = Desk.filled(.showSlow)
    desk.press(.character("s"))
    #expect(order(desk) == ["240ms", "18.2ms", "9.0ms"])
    desk.press(.character("S"))
    #expect(order(desk) == ["9.0ms", "18.2ms", "240ms"])
  }

  @Test(
    "a filter looks at command, key, client and node",
    arguments: [
      ("hgetall", "18.2ms"), ("shoes", "9.0ms"), ("checkout", "18.2ms"), ("redis-2", "240ms"),
    ])
  func filters(_ text: String, _ found: String) {
    var desk = Desk.filled(.showSlow)
    desk.type("/" + text)
    desk.press(.enter)
    #expect(order(desk) == [found])
  }

  @Test func enterOpensTheWholeEntryAndEachArgumentExactly() {
    var desk = Desk.filled(.showSlow)
    desk.press(.down, .enter)
    let text = desk.rows.joined()
    for part in [
      "2026-11-22 12:03:31 UTC", "240ms", "(240,000 µs)", "node redis-2", "entry 2",
      "3 arguments", "‹masked 2,048 B›", "web",
    ] { #expect(text.contains(part), "\(part)") }
    desk.press(.down, .enter, .character("x"))
    if !desk.shows("[hex]") { desk.press(.character("x")) }
    #expect(desk.shows("1b 5b 32 4a ff c3"))
    desk.press(.escape)
    #expect(desk.shows("3 arguments"))
    desk.press(.escape)
    #expect(order(desk).count == 3)
  }

  @Test func inADetailTheKeysBelongToTheDetail() {
    var desk = Desk.filled(.showSlow)
    desk.press(.enter, .character("R"))
    #expect(desk.model.dialog == nil)
    desk.press(.down, .enter, .character("n"))
    #expect(desk.model.context.node == nil)
  }

  @Test func aNodeShowsItsOwnEntriesOnly() {
    var desk = Desk.filled(.showSlow)
    desk.press(.character("n"), .character("n"))
    #expect(desk.shows("on redis-2"))
    #expect(order(desk) == ["240ms"])
  }

  @Test func theSelectionStaysWithItsEntryWhenNewOnesArrive() {
    var desk = Desk.filled(.showSlow)
    desk.press(.down)
    #expect(desk.row("▌").contains("240ms"))
    var snapshot = desk.model.context.snapshot
    snapshot?.slow.insert(Reports.slow(9, 77_000, Reports.words("KEYS")), at: 0)
    if let snapshot { desk.send(.snapshot(snapshot)) }
    #expect(desk.shows("77.0ms"))
    #expect(desk.row("▌").contains("240ms"))
  }

  @Test func resetAsksForTheSelectedEntrysServer() {
    var desk = Desk.filled(.showSlow)
    desk.press(.down, .character("R"))
    #expect(
      desk.effects == [.plan(OperationRequest(.slowlogReset, .server, nodes: [NodeID("redis-2")]))])
    #expect(desk.shows("SLOWLOG RESET on redis-2"))
    var viewer = Desk.filled(.showSlow, access: Desk.viewer)
    viewer.press(.character("R"))
    #expect(viewer.model.dialog == nil)
    #expect(viewer.toast.contains("started with --read-only"))
  }

  @Test func anEmptyLogAndAMissingAnswerAreToldApart() {
    let empty = Desk.filled(.showSlow) {
      $0.slow = []
    }
    #expect(empty.shows("the slow log is empty"))
    #expect(Desk(.showSlow).shows("no answer yet"))
    let refused = Desk.filled(.showSlow) {
      $0.nodes[1].slow.problem = "not allowed: NOPERM slowlog"
    }
    #expect(refused.shows("redis-2: not allowed: NOPERM slowlog"))
  }
}
