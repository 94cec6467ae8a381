import ConsoleModel
import Terminal
import Testing

@testable import Panels

@Suite struct ClientsPanelTests {
  @Test func coverageGroupsAndHeaviestClientsAreShown() {
    let desk = Desk.filled(.showClients)
    let text = desk.rows.joined()
    for part in [
      "61,204 of 65,000 seen", "by address", "+12 smaller groups", "10.0.0.41", "61,000", "2h00m",
      "858M", "10.0.0.40:40023", "lrange", "8.7M",
    ] { #expect(text.contains(part), "\(part)") }
    #expect(desk.row("50000").contains("(console)"))
  }

  @Test func theHeaviestClientIsFirst() {
    let desk = Desk.filled(.showClients)
    let rows = desk.rows
    let heavy = rows.firstIndex { $0.contains("10.0.0.40:40023") } ?? 0
    let light = rows.firstIndex { $0.contains("10.0.0.41:40022") } ?? 0
    #expect(heavy < light)
  }

  @Test func bGoesThroughTheGroupings() {
    var desk = Desk.filled(.showClients)
    for (name, group) in [
      ("name", "web"), ("user", "default"), ("command", "get"), ("address", "10.0.0.41"),
    ] {
      desk.press(.character("b"))
      #expect(desk.shows("by \(name)"))
      #expect(desk.shows(" \(group) ") || desk.shows("▌\(group) "))
    }
  }

  @Test func aGroupWithoutANameIsNamed() {
    var desk = Desk.filled(.showClients)
    desk.press(.character("b"))
    #expect(desk.shows("(none)"))
  }

  @Test func enterOnAGroupListsItsClientsOnly() {
    var desk = Desk.filled(.showClients)
    desk.press(.down, .enter)
    #expect(desk.shows("only 10.0.0.40"))
    #expect(desk.shows("10.0.0.40:40023"))
    #expect(!desk.shows("10.0.0.41:40022"))
    desk.press(.escape)
    #expect(desk.shows("10.0.0.41:40022"))
  }

  @Test func aClientOpensWithEverythingExact() {
    var desk = Desk.filled(.showClients)
    desk.press(.character("o"), .down, .enter)
    let text = desk.rows.joined()
    for part in ["10.0.0.41:40022", "40,000 bytes", "86,400 s", "another client's", "default"] {
      #expect(text.contains(part), "\(part)")
    }
    desk.press(.down, .enter)
    #expect(desk.shows(#"\x1b[31mred\x1b]0;t\x07\n"#))
    desk.press(.escape, .escape)
    #expect(desk.shows("heaviest clients"))
  }

  @Test func onALowScreenTheOtherListIsNamedAndReached() {
    var desk = Desk.filled(.showClients, columns: 80, rows: 12)
    #expect(desk.shows("group "))
    #expect(!desk.shows("heaviest clients▼") && desk.shows("shows the heaviest clients"))
    desk.press(.character("o"))
    #expect(desk.shows("shows the groups"))
    #expect(desk.shows("10.0.0.40:40023"))
  }

  @Test func theListIsAskedForOnlyWhileThePanelIsOpen() {
    var model = Desk.filled(.showOverview).model
    func demand(_ effects: [Effect]) -> Bool? {
      for case .demand(let demand) in effects { return demand.wantsClients }
      return nil
    }
    #expect(demand(model.update(.action(.showClients), now: Desk.start)) == true)
    #expect(demand(model.update(.action(.showOverview), now: Desk.start)) == false)
  }

  @Test func whyItIsMissingIsSaid() {
    let waiting = Desk(.showClients)
    #expect(waiting.shows("no answer yet"))
    let refused = Desk.filled(.showClients) {
      $0.nodes[0].clients = Reading(
        value: ClientReport(), at: nil,
        problem: "10.0.0.1:6379: CLIENT LIST: NOPERM this user has no permissions")
    }
    #expect(refused.shows("NOPERM this user has no permissions"))
    #expect(Desk(.showClients, nodes: []).shows("no server has answered yet"))
  }

  @Test func eachServerHasItsOwnClients() {
    var desk = Desk.filled(.showClients) {
      $0.nodes[1].clients.value.seen = 7
      $0.nodes[1].clients.value.connected = nil
    }
    #expect(desk.shows("on redis-1"))
    desk.press(.character("n"), .character("n"))
    #expect(desk.shows("on redis-2"))
    #expect(desk.shows("7 seen"))
  }

  @Test(arguments: [
    ("10.0.0.1:500", "10.0.0.1"), ("[::1]:6379", "[::1]"), ("/run/redis.sock:0", "/run/redis.sock"),
    ("nowhere", "nowhere"), ("", ""),
  ])
  func aClientIsCountedUnderItsAddressWithoutThePort(_ address: String, _ group: String) {
    #expect(ClientColumns.groupName(.init(id: 1, address: address), by: .address) == group)
  }
}
