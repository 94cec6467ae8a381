import ConsoleModel
import Terminal
import Testing

@testable import Panels

@Suite struct KeySearchTests {
  private func keys(_ count: Int) -> [KeyName] { (0..<count).map { KeyName("key:\($0)") } }

  private func searches(_ effects: [Effect]) -> [KeySearch] {
    effects.compactMap { if case .search(let search) = $0 { search } else { nil } }
  }

  @Test func fAsksForAPatternAndEnterSearchesForEverything() {
    var desk = Desk(.showKeys)
    desk.press(.character("f"))
    #expect(desk.effects.isEmpty)
    #expect(desk.shows("find keys matching"))
    desk.press(.enter)
    #expect(searches(desk.effects).map(\.pattern) == [Array("*".utf8)])
    #expect(searches(desk.effects).first?.node == NodeID("redis-1"))
  }

  @Test func aTypedPatternAndTheCommandLineBothSearch() {
    var desk = Desk(.showKeys)
    desk.find("product:*", [])
    #expect(desk.shows("product:*"))
    desk.type(":keys cart:*")
    desk.press(.enter)
    #expect(searches(desk.effects).map(\.pattern) == [Array("cart:*".utf8)])
  }

  @Test func withoutAServerTheSearchSaysWhyNot() {
    var desk = Desk(.showKeys, nodes: [])
    desk.press(.character("f"), .enter)
    #expect(desk.effects.isEmpty)
    #expect(desk.toast.contains("no server has answered yet"))
  }

  @Test func theProgressLineTellsShareSpeedAndTimeLeft() {
    var desk = Desk(.showKeys)
    desk.press(.character("f"), .enter)
    desk.wait(2)
    desk.progress(keys(3), state: .running, visited: 20_000, of: 80_000)
    let row = desk.row("searching")
    for part in ["searching 25%", "found 3", "visited 20,000/80,000", "10k keys/s", "ETA 6s"] {
      #expect(row.contains(part), "\(part) in \(row)")
    }
    desk.wait(5)
    desk.send(.tick(desk.now, Desk.wall, utcOffsetSeconds: 0, zone: "UTC"))
    #expect(desk.shows("no answer for 5s"))
  }

  struct End: Sendable {
    var state: KeySearchProgress.State
    var line: String
  }

  @Test(
    "each end of a search says what it means",
    arguments: [
      End(state: .complete, line: "complete"),
      End(state: .limited, line: "stopped at 10,000 matches"),
      End(state: .cancelled, line: "ended early at 25%"),
      End(
        state: .failed(
          Fault(
            kind: .timeout, endpoint: "10.0.0.1:6379", action: "scanning", message: "no answer")),
        line: "failed: 10.0.0.1:6379: scanning: no answer"),
    ])
  func ends(_ end: End) {
    var desk = Desk(.showKeys)
    desk.find("*", keys(2), state: end.state, visited: 250)
    #expect(desk.shows(end.line))
    #expect(desk.shows("key:1"))
    // Nothing runs any more: Esc leaves the panel instead of cancelling.
    desk.press(.escape)
    #expect(desk.effects.isEmpty)
  }

  @Test func escEndsARunningSearchAndKeepsWhatWasFound() {
    var desk = Desk(.showKeys)
    desk.find("*", keys(2), state: .running, visited: 10)
    let id = desk.searchID ?? 0
    desk.press(.escape)
    #expect(desk.effects == [.cancelSearch(id)])
    desk.progress([], state: .cancelled, visited: 20, of: 1000)
    #expect(desk.shows("key:0"))
  }

  @Test func filtersAreTypedBehindThePattern() {
    var desk = Desk(.showKeys)
    desk.find("cart:* type:hash ttl:<60 size:>1mb idle:>1h", [])
    let search =
      searches(desk.effects).first ?? (desk.model.activePanel as? KeysPanel)?.search?.search
    #expect(search?.pattern == Array("cart:*".utf8))
    #expect(search?.filter.types == ["hash"] && search?.filter.life == .within(0...59_999))
    #expect(search?.filter.idleSeconds == 3_601...UInt64.max)
    #expect(desk.shows("cart:* type:hash ttl:<60"))
    desk.press(.character("f"), .control("u"))
    desk.type("cart:* size:big")
    desk.press(.enter)
    #expect(desk.effects.isEmpty && desk.toast.contains("size:>1mb"))
  }

  @Test func aFilteredSearchIsNotInvalidatedByItsPattern() {
    var desk = Desk(.showKeys)
    desk.find("cart:* type:hash", keys(1))
    desk.press(.character("V"))
    #expect(desk.effects.isEmpty && desk.toast.contains("has filters"))
  }

  @Test func severalServersAreSearchedAndEachRowSaysWhoseItIs() {
    var desk = Desk(.showKeys, nodes: [Desk.node("redis-1"), Desk.node("redis-2")])
    desk.press(.character("f"), .enter)
    #expect(searches(desk.effects).map(\.nodes) == [[NodeID("redis-1"), NodeID("redis-2")]])
    #expect(desk.shows("on 2 servers"))
    var progress = KeySearchProgress(
      id: desk.searchID ?? 0, state: .complete,
      found: ["redis-1", "redis-2"].map { .init(node: NodeID($0), key: KeyName("same")) },
      foundTotal: 2, visited: 10, keys: 10)
    progress.waitingFor = []
    desk.send(.keySearch(progress))
    #expect(desk.rows.count { $0.contains("same") } == 2)
    #expect(
      desk.effects == [
        .describe(NodeID("redis-1"), [KeyName("same")]),
        .describe(NodeID("redis-2"), [KeyName("same")]),
      ])
    desk.send(.described([KeySummary(key: KeyName("same"), type: "hash")], on: NodeID("redis-2")))
    #expect(desk.row("redis-2").contains("hash") && !desk.row(" same").contains("hash redis-1"))
    desk.press(.down, .enter)
    #expect(desk.request?.node == NodeID("redis-2"))
    // One server may be chosen.
    desk.press(.escape, .character("n"), .character("f"), .enter)
    #expect(searches(desk.effects).map(\.nodes) == [[NodeID("redis-1")]])
  }

  @Test func aSearchThatEndedEarlyGoesOnByC() {
    var desk = Desk(.showKeys)
    desk.find("*", keys(2), state: .running, visited: 10)
    desk.press(.character("c"))
    #expect(desk.effects.isEmpty && desk.toast.contains("no search to go on with"))
    let first = desk.searchID ?? 0
    var progress = KeySearchProgress(
      id: first, state: .cancelled, found: [], foundTotal: 2, visited: 20, keys: 1000)
    progress.canContinue = true
    desk.send(.keySearch(progress))
    #expect(desk.shows("c goes on"))
    desk.press(.character("c"))
    #expect(searches(desk.effects).map(\.continues) == [first])
    #expect(desk.shows("key:1"))
    desk.progress([KeyName("new")], state: .complete, visited: 1000, of: 1000)
    #expect(desk.shows("new") && desk.shows("key:1") && desk.shows("found 3"))
  }

  @Test func aNewSearchEndsTheOldOneAndIgnoresItsLateAnswers() {
    var desk = Desk(.showKeys)
    desk.find("*", keys(2), state: .running, visited: 10)
    let old = desk.searchID ?? 0
    desk.press(.character("f"), .enter)
    #expect(desk.effects.first == .cancelSearch(old))
    #expect(searches(desk.effects).first.map { $0.id > old } == true)
    desk.progress(keys(5), state: .complete, visited: 1000, of: 1000, id: old)
    #expect(!desk.shows("key:4"))
    #expect(desk.shows("searching"))
  }

  @Test func anotherEnvironmentForgetsKeysAndLateAnswers() {
    var desk = Desk(.showKeys)
    desk.find("*", keys(2), state: .running, visited: 10)
    let old = desk.searchID ?? 0
    desk.send(.environmentSwitched(Desk.environment))
    desk.send(.action(.showKeys))
    desk.progress(keys(3), state: .running, visited: 10, of: 10, id: old)
    #expect(!desk.shows("key:"))
  }

  @Test func aKeyThatScanGivesTwiceIsListedOnce() {
    var desk = Desk(.showKeys)
    desk.find("*", keys(3) + keys(3), state: .complete)
    #expect(desk.rows.count { $0.contains("key:1 ") } == 1)
    #expect(desk.shows("found 3"))
  }

  @Test func aServerThatFindsMoreThanTheLimitCannotFillTheMemory() {
    var desk = Desk(.showKeys)
    desk.find("*", keys(30_000), state: .running)
    #expect(desk.shows("found 10,000"))
  }

  // MARK: Descriptions

  @Test func onlyRowsOnScreenAreDescribedAndEachOnce() {
    var desk = Desk(.showKeys, columns: 80, rows: 24)
    desk.find("*", keys(500), state: .running)
    #expect(!desk.described.isEmpty)
    #expect(desk.described.count <= 24)
    let first = Set(desk.described)
    desk.press(.down)
    #expect(desk.described.isEmpty)
    desk.press(.end)
    let last = Set(desk.described)
    #expect(last.contains(KeyName("key:499")))
    #expect(last.isDisjoint(with: first))
    desk.press(.home, .end)
    #expect(desk.described.isEmpty)
  }

  @Test func aHigherScreenAsksForWhatItNowShows() {
    var desk = Desk(.showKeys, columns: 80, rows: 24)
    desk.find("*", keys(500))
    desk.send(.input(.resize(columns: 80, rows: 40)))
    #expect(desk.described.count == 16)
  }

  @Test func descriptionsFillTheirRowsAndMarkPersonalData() {
    var desk = Desk(.showKeys)
    desk.find("*", [KeyName("product:1"), KeyName("cart:7"), KeyName("old")])
    desk.send(
      .described([
        KeySummary(
          key: KeyName("product:1"), type: "hash", timeToLive: .milliseconds(252_000),
          memoryBytes: 1_240, encoding: "listpack", frequency: 9),
        KeySummary(
          key: KeyName("cart:7"), type: "string", timeToLive: .persistent, idleSeconds: 75,
          isPersonal: true),
        KeySummary(key: KeyName("old"), type: "none", timeToLive: .gone),
        KeySummary(key: KeyName("never found"), type: "set"),
      ]))
    let product = desk.row("product:1")
    for part in ["hash", "4m12s", "1.2K", "listpack", "freq 9"] { #expect(product.contains(part)) }
    let cart = desk.row("cart:7")
    for part in ["string", "masked", "none", "idle 1m15s"] { #expect(cart.contains(part)) }
    #expect(desk.row("old ").contains("gone"))
    #expect(!desk.shows("never found"))
  }

  @Test func aTimeToLiveRunsDownOnTheScreen() {
    var desk = Desk(.showKeys)
    desk.find("*", [KeyName("a")])
    desk.send(
      .described([
        KeySummary(key: KeyName("a"), type: "string", timeToLive: .milliseconds(9_000))
      ]))
    #expect(desk.row("▌a ").contains("9s"))
    desk.wait(4)
    desk.press(.down)
    #expect(desk.row("▌a ").contains("5s"))
    desk.wait(6)
    desk.press(.down)
    #expect(desk.shows("expired"))
  }

  @Test func rAsksAgainForWhatIsOnScreen() {
    var desk = Desk(.showKeys)
    desk.find("*", keys(3))
    desk.press(.character("r"))
    #expect(desk.described.count == 3)
  }

  // MARK: List

  @Test func theListFiltersAndSorts() {
    var desk = Desk(.showKeys)
    desk.find("*", [KeyName("b"), KeyName("c"), KeyName("a")])
    desk.press(.character("s"))
    let order = desk.rows.compactMap { row in
      ["a", "b", "c"].first { row.hasPrefix(" \($0) ") || row.hasPrefix("▌\($0) ") }
    }
    #expect(order == ["a", "b", "c"])
    desk.type("/c")
    desk.press(.enter)
    #expect(desk.shows("1 of 3 match"))
  }

  @Test func sortingByFiguresSaysHowManyAreKnown() {
    var desk = Desk(.showKeys)
    desk.find("*", keys(3))
    desk.send(.described([KeySummary(key: KeyName("key:1"), type: "hash", memoryBytes: 9)]))
    desk.press(.character("s"))
    #expect(!desk.shows("sorted by what is known"))
    desk.press(.character("s"))
    #expect(desk.shows("sorted by what is known of 1 of 3"))
  }

  @Test func aSecondEscLeavesAServerThatHangs() {
    var desk = Desk(.showKeys)
    desk.find("*", keys(2), state: .running, visited: 10)
    desk.press(.escape)
    #expect(desk.shows("ending"))
    desk.press(.escape)
    #expect(desk.effects.isEmpty)
    #expect(desk.model.active == .overview)
  }

  struct Copy: Sendable {
    var key: KeyName
    var copied: String
    var toast: String
  }

  @Test(
    "y copies the key exactly and shows it escaped",
    arguments: [
      Copy(key: KeyName("product:1"), copied: "product:1", toast: "copied product:1"),
      Copy(
        key: KeyName("a\u{1b}[2J\n\u{202e}"), copied: "a\u{1b}[2J\n\u{202e}",
        toast: #"copied a\x1b[2J\n\u{202e}"#),
      Copy(
        key: KeyName([0x61, 0xFF, 0x22, 0x5C]), copied: #""a\xff\"\\""#, toast: #"a\xff"\\"#),
    ])
  func copies(_ copy: Copy) {
    var desk = Desk(.showKeys)
    desk.find("*", [copy.key])
    desk.press(.character("y"))
    #expect(desk.effects == [.copy(copy.copied)])
    #expect(desk.toast.contains(copy.toast))
    desk.press(.enter, .character("y"))
    #expect(desk.effects == [.copy(copy.copied)])
  }

  @Test func withSeveralServersTheNextIsChosenByN() {
    var desk = Desk(.showKeys, nodes: [Desk.node("redis-1"), Desk.node("redis-2")])
    desk.find("*", keys(1))
    desk.press(.character("n"), .character("n"))
    #expect(desk.shows("(next: redis-2)"))
    desk.press(.character("f"), .enter)
    #expect(searches(desk.effects).first?.node == NodeID("redis-2"))
    // A key is read where it was found, whatever was chosen since.
    desk.progress(keys(1), state: .complete, visited: 1, of: 1)
    desk.press(.character("n"), .enter)
    #expect(desk.request?.node == NodeID("redis-2"))
  }
}
