import ConsoleModel
import Terminal
import Testing

@testable import Panels

@Suite("Update")
struct UpdateTests {
  private static let now = Fixture.now

  @Test(
    "digits, Tab and commands choose the panel",
    arguments: [
      ([Key.character("2")], PanelID.nodes), ([.character("6")], .commands),
      ([.character("6"), .character("1")], .overview), ([.tab], .nodes),
      ([.backTab], .help), ([.character("?")], .help), ([.function(1)], .help),
      ([.character("5")], .slow), ([.character("7")], .clients),
      ([.character("8")], .operations), ([.character("9")], .history),
      ([.character("0")], .topology),
    ])
  func panels(keys: [Key], panel: PanelID) {
    var model = Model(context: Fixture.context())
    for key in keys { press(&model, key) }
    #expect(model.active == panel)
  }

  @Test(
    "commands do what their keys do",
    arguments: [
      (":nodes", PanelID.nodes), (":commands", .commands), (":overview", .overview),
      (":help", .help), (":help reset", .help), (":hot", .hotKeys), (":slow", .slow),
      (":keys", .keys), (":operations", .operations), (":history", .history),
      (":topology", .topology),
      (":shards", .topology),
      (":  nodes  ", .nodes), (":keys product:*", .keys),
    ])
  func commands(line: String, panel: PanelID) {
    var model = Model(context: Fixture.context())
    type(&model, line)
    #expect(model.input != nil)
    press(&model, .enter)
    #expect(model.input == nil)
    #expect(model.active == panel)
  }

  @Test("an unknown command is an error with a suggestion")
  func unknownCommand() throws {
    var model = Model(context: Fixture.context())
    type(&model, ":ndoes")
    #expect(press(&model, .enter).isEmpty)
    let text = try #require(model.toast?.message.text)
    #expect(text.contains("no command :ndoes"))
    #expect(text.contains("did you mean nodes?"))
    #expect(model.active == .overview)
  }

  @Test("arguments that are missing or too many are errors")
  func arguments() {
    var model = Model(context: Fixture.context())
    type(&model, ":env")
    press(&model, .enter)
    #expect(model.toast?.message.text == ":env needs NAME")
    type(&model, ":pause now")
    press(&model, .enter)
    #expect(model.toast?.message.text.contains("takes no argument") == true)
    #expect(!model.context.isPaused)
  }

  @Test("Tab completes commands and their arguments, and goes round")
  func completion() {
    var model = Model(context: Fixture.context())
    type(&model, ":the")
    press(&model, .tab)
    #expect(model.input?.field.text == "theme ")
    type(&model, "h")
    press(&model, .tab)
    #expect(model.input?.field.text == "theme high-contrast")
    #expect(press(&model, .enter) == [.setTheme("high-contrast")])
    #expect(model.context.theme == "high-contrast")

    type(&model, ":env shop")
    press(&model, .tab)
    #expect(model.input?.field.text == "env shop-prod / eu-west-1")
    press(&model, .tab)
    #expect(model.input?.field.text == "env shop-staging")
    #expect(press(&model, .enter) == [.switchEnvironment("shop-staging")])
  }

  @Test("up and down recall what was entered")
  func history() {
    var model = Model(context: Fixture.context())
    for line in [":nodes", ":commands"] {
      type(&model, line)
      press(&model, .enter)
    }
    press(&model, .character(":"))
    type(&model, "dra")
    press(&model, .up)
    #expect(model.input?.field.text == "commands")
    press(&model, .up, .up, .up)
    #expect(model.input?.field.text == "nodes")
    press(&model, .down, .down)
    #expect(model.input?.field.text == "dra")
  }

  @Test("Esc goes back: command line, filter, detail, overview")
  func escape() {
    var model = Model(context: Fixture.context())
    press(&model, .character("2"), .enter)
    #expect(model.scopes.contains(.nodeDetail))
    type(&model, "/keyspace")
    press(&model, .enter)
    #expect(model.activeFilter == "keyspace")
    press(&model, .character(":"), .escape)
    #expect(model.input == nil && model.activeFilter == "keyspace")
    press(&model, .escape)
    #expect(model.activeFilter.isEmpty && model.scopes.contains(.nodeDetail))
    press(&model, .escape)
    #expect(model.active == .nodes && model.scopes.contains(.table))
    press(&model, .escape)
    #expect(model.active == .overview)
    #expect(press(&model, .escape).isEmpty)
  }

  @Test("Help comes back to where it was asked for")
  func helpReturns() {
    var model = Model(context: Fixture.context())
    press(&model, .character("6"), .character("?"), .escape)
    #expect(model.active == .commands)
  }

  @Test("Enter in Help does nothing that changes something")
  func helpChangesNothing() {
    for action in Action.registry where action.reach == .change {
      var model = Model(context: Fixture.context())
      press(&model, .character("?"), .character("/"))
      type(&model, action.title)
      press(&model, .enter)
      #expect(press(&model, .enter, .enter).isEmpty, "\(action.title)")
      #expect(model.dialog == nil, "\(action.title)")
    }
  }

  @Test("a drill-down comes back to where it started")
  func drillDown() {
    var model = Model(context: Fixture.context())
    press(&model, .character("6"))
    _ = model.open(.node(Fixture.redis2))
    #expect(model.active == .nodes && model.scopes.contains(.nodeDetail))
    press(&model, .escape)
    #expect(model.active == .commands)
  }

  @Test("quits by q and Ctrl-C, but Ctrl-C first cancels what is typed")
  func quit() {
    var model = Model(context: Fixture.context())
    #expect(press(&model, .character("q")) == [.quit])
    #expect(press(&model, .control("c")) == [.quit])
    press(&model, .character(":"))
    #expect(press(&model, .control("c")).isEmpty)
    #expect(model.input == nil)
    press(&model, .character("/"))
    #expect(press(&model, .character("q")).isEmpty)
    #expect(press(&model, .control("c")).isEmpty)
    #expect(press(&model, .control("c")) == [.quit])
    #expect(press(&model, .control("z")) == [.suspend])
    #expect(press(&model, .control("l")) == [.redraw])
  }

  @Test("a paste is text, never keys, and goes into text inputs only")
  func paste() {
    var model = Model(context: Fixture.context())
    let hostile = Array("q:\u{1B}[31m\r\nnodes\u{7}\t!".utf8)
    #expect(model.update(.input(.paste(hostile)), now: Self.now).isEmpty)
    #expect(model.input == nil && model.active == .overview)
    press(&model, .character("/"))
    #expect(model.update(.input(.paste(hostile)), now: Self.now).isEmpty)
    #expect(model.input?.field.text == "q:[31m  nodes !")
    _ = model.update(
      .input(.paste(Array(repeating: UInt8(ascii: "x"), count: 1_000_000))), now: Self.now)
    #expect((model.input?.field.text.utf8.count ?? .max) <= TextField.maximum)
  }

  @Test("pause keeps the figures, tells the collectors, and catches up")
  func pause() {
    var model = Model(context: Fixture.context())
    let effects = press(&model, .character("p"))
    #expect(effects == [.demand(Demand(isPaused: true))])
    #expect(lines(model)[0].contains("PAUSED"))
    var next = Fixture.snapshot()
    next.tiers[1].hitRatio = 0.5
    _ = model.update(.snapshot(next), now: Self.now)
    #expect(model.context.snapshot?.tiers[1].hitRatio == 0.932)
    #expect(press(&model, .character("p")) == [.demand(Demand(isPaused: false))])
    #expect(model.context.snapshot?.tiers[1].hitRatio == 0.5)
  }

  @Test("the focused node and the clients panel are demanded while they are on screen")
  func demand() {
    var model = Model(context: Fixture.context())
    press(&model, .character("2"))
    #expect(press(&model, .enter) == [.demand(Demand(focus: Fixture.redis1))])
    #expect(press(&model, .escape) == [.demand(Demand())])
    let clients = press(&model, .character("7"))
    guard case .demand(let demand)? = clients.last else {
      Issue.record("no demand for clients: \(clients)")
      return
    }
    #expect(demand.wantsClients)
  }

  @Test("switching the environment drops filters, details, dialogs and figures")
  func environment() {
    var model = Model(context: Fixture.context())
    press(&model, .character("2"), .enter)
    type(&model, "/mem")
    press(&model, .enter)
    _ = model.update(.action(.slowlogReset, argument: "redis-1"), now: Self.now)
    #expect(model.dialog != nil)
    _ = model.update(.environmentSwitched(Fixture.staging), now: Self.now)
    #expect(model.dialog == nil && model.active == .overview && model.context.snapshot == nil)
    #expect(lines(model)[0].contains("shop-staging STAGING"))
    // A snapshot of the old environment that was on its way is not taken for the new one's.
    _ = model.update(.snapshot(Fixture.snapshot()), now: Self.now)
    #expect(model.context.snapshot == nil)
    press(&model, .character("2"))
    #expect(model.scopes.contains(.table) && model.activeFilter.isEmpty)
  }

  @Test("each notice of the collectors is announced once")
  func notices() {
    var model = Model(context: Fixture.context())
    #expect(model.toast?.message.text.contains("redis-2 restarted") == true)
    _ = model.update(
      .tick(Self.now, Fixture.wall, utcOffsetSeconds: 0, zone: "UTC"),
      now: Self.now.advanced(bySeconds: 60))
    #expect(model.toast == nil)
    _ = model.update(.snapshot(Fixture.snapshot()), now: Self.now.advanced(bySeconds: 61))
    #expect(model.toast == nil)
  }

  @Test("a click chooses tab and row, the wheel scrolls, a double click opens")
  func mouse() {
    var model = Model(context: Fixture.context())
    let tabs = lines(model)[1]
    let x = tabs.unicodeScalars.distance(
      from: tabs.startIndex,
      to: tabs.range(of: "Nodes")?.lowerBound ?? tabs.startIndex)
    func send(_ kind: MouseEvent.Kind, _ x: Int, _ y: Int) {
      _ = model.update(.input(.mouse(MouseEvent(kind: kind, x: x, y: y))), now: Self.now)
    }
    send(.press, x, 1)
    #expect(model.active == .nodes)
    send(.press, 5, 4)
    #expect(lines(model)[4].hasPrefix("▌redis-2"))
    send(.scrollUp, 5, 4)
    #expect(lines(model)[3].hasPrefix("▌redis-1"))
    send(.doublePress, 5, 4)
    #expect(lines(model)[2].contains("redis-2"))
    #expect(model.scopes.contains(.nodeDetail))
  }

  @Test("the selection stays on its row when figures change the order")
  func selectionByIdentity() {
    var model = Model(context: Fixture.context())
    press(&model, .character("6"), .down)
    let before = lines(model).first { $0.hasPrefix("▌") } ?? ""
    #expect(before.contains("hgetall"))
    var next = Fixture.snapshot()
    for node in next.nodes.indices {
      next.nodes[node].commands.value.reverse()
      for index in next.nodes[node].commands.value.indices {
        let figures = next.nodes[node].commands.value[index]
        next.nodes[node].commands.value[index].callsPerSecond = 1 / (figures.callsPerSecond + 1)
      }
    }
    _ = model.update(.snapshot(next), now: Self.now)
    #expect(lines(model).first { $0.hasPrefix("▌") }?.contains("hgetall") == true)
  }

  @Test("until the user moves, and after Home, the first row is selected whatever its name")
  func selectionStaysFirst() {
    var model = Model(context: Fixture.context())
    press(&model, .character("6"))
    #expect(lines(model)[4].hasPrefix("▌get"))
    press(&model, .character("S"))
    #expect(lines(model)[4].hasPrefix("▌client|setname"))
    press(&model, .down, .home, .character("S"))
    #expect(lines(model)[4].hasPrefix("▌get"))
  }

  @Test("sorts by the next column, and in reverse")
  func sorting() {
    var model = Model(context: Fixture.context(120, 40))
    press(&model, .character("6"))
    #expect(lines(model)[3].contains("time%▼"))
    press(&model, .character("s"))
    #expect(lines(model)[3].contains("calls/s▼"))
    press(&model, .character("S"))
    #expect(lines(model)[3].contains("calls/s▲"))
    #expect(lines(model)[4].contains("client|setname"))
    let title = lines(model)[3].unicodeScalars
    let x = lines(model)[3].range(of: "failed").map {
      title.distance(from: title.startIndex, to: $0.lowerBound)
    }
    for mark in ["failed/s▼", "failed/s▲"] {
      _ = model.update(
        .input(.mouse(MouseEvent(kind: .press, x: x ?? 0, y: 3))), now: Self.now)
      #expect(lines(model)[3].contains(mark))
    }
  }

  @Test("hidden columns come into view by the right arrow")
  func columns() {
    var model = Model(context: Fixture.context(40, 14))
    press(&model, .character("6"))
    #expect(!lines(model)[3].contains("p99"))
    var seen = lines(model)[3]
    for _ in 0..<12 {
      press(&model, .right)
      seen += lines(model)[3]
    }
    for title in ["calls/s", "mean", "p50", "p95", "p99", "failed/s", "rejected/s"] {
      #expect(seen.contains(title), "\(title) cannot be reached")
    }
  }
}

extension String {
  /// The first occurrence of `text`, without Foundation.
  func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
