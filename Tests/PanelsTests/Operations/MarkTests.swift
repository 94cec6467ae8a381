import ConsoleModel
import Terminal
import Testing

@testable import Panels

@Suite("Marks and the requests made of them")
struct MarkTests {
  private static let names = (0..<9).map { KeyName("product:\($0):de") }

  private func desk(_ keys: [KeyName] = names) -> Desk {
    var desk = Desk.filled(.showKeys)
    desk.find("product:*", keys)
    return desk
  }

  private func request(_ desk: Desk) -> OperationRequest? {
    for case .plan(let request) in desk.effects { return request }
    return nil
  }

  @Test("v acts on the row without marks, and on the marks without the row")
  func invalidate() throws {
    var desk = desk()
    desk.press(.down, .character("v"))
    #expect(
      request(desk)
        == OperationRequest(.invalidate, .keys([Self.names[1]]), nodes: [Reports.redis1]))
    desk.wait(2)
    desk.press(.escape)
    desk.press(.home, .character(" "), .character(" "), .down, .down)
    #expect(desk.model.context.marks.all.map(\.key) == [Self.names[0], Self.names[1]])
    #expect(desk.row("▌").contains("product:4"))
    desk.press(.character("v"))
    #expect(
      request(desk)
        == OperationRequest(
          .invalidate, .keys([Self.names[0], Self.names[1]]), nodes: [Reports.redis1]))
  }

  @Test("V acts on the searched pattern and its server, marks or not")
  func pattern() {
    var desk = desk()
    desk.press(.character(" "), .character("V"))
    #expect(
      request(desk)
        == OperationRequest(
          .invalidate, .pattern(Array("product:*".utf8)),
          nodes: [Reports.redis1, Reports.redis2]))
  }

  @Test("marks show a sign and a tray, follow their key, and say which are not in the list")
  func tray() {
    var desk = desk()
    desk.press(.character(" "), .down, .character(" "))
    #expect(desk.row("product:0:de").hasPrefix("◆"))
    #expect(desk.row("product:1:de").hasPrefix(" "))
    // The selected and marked row has a sign of its own.
    desk.press(.home)
    #expect(desk.row("product:0:de").hasPrefix("◈"))
    #expect(desk.shows("2 marked: product:0:de, product:2:de  U clears"))
    desk.type("/product:2")
    desk.press(.enter)
    #expect(desk.shows("2 marked: product:0:de, product:2:de (1 not in this list)"))
    desk.press(.escape)
    desk.find("cart:*", [KeyName("cart:1")])
    #expect(desk.shows("(2 not in this list)"))
    // Other panels keep showing them; one without keys says nothing about its list.
    desk.press(.character("4"))
    #expect(desk.shows("2 marked: product:0:de, product:2:de (2 not in this list)"))
    desk.press(.character("6"))
    #expect(desk.shows("2 marked: product:0:de, product:2:de  U clears"))
    desk.press(.character("U"))
    #expect(desk.model.context.marks.isEmpty && desk.toast.contains("no key is marked"))
  }

  @Test("marks stay in sight beside messages and on low screens")
  func trayWithoutRoom() {
    var desk = desk()
    desk.press(.character(" "))
    desk.send(.notice(Toast(.warning, String(repeating: "long ", count: 100))))
    #expect(desk.shows("1 marked"))
    for size in [(40, 10), (20, 5), (80, 13)] {
      desk.send(.input(.resize(columns: size.0, rows: size.1)))
      desk.wait(10)
      desk.send(.tick(desk.now, Desk.wall, utcOffsetSeconds: 0, zone: "UTC"))
      #expect(desk.shows("1 marked"), "\(size)")
    }
  }

  @Test("a mark names a key of a server: the same name elsewhere is not marked")
  func identity() throws {
    var desk = Desk.filled(.showHotKeys) { snapshot in
      snapshot.hotKeys.rows = [Reports.redis1, Reports.redis2].map {
        .init(node: $0, key: KeyName("product:1181"), share: 0.3, source: "")
      }
    }
    desk.press(.character(" "))
    #expect(
      desk.model.context.marks.all == [KeyMark(node: Reports.redis1, key: KeyName("product:1181"))])
    desk.press(.character(" "))
    #expect(desk.model.context.marks.count == 2)
    // Keys of two servers are two operations.
    desk.press(.character("v"))
    #expect(desk.effects.isEmpty && desk.toast.contains("marks are on 2 servers"))
    desk.type(":node redis-2")
    desk.press(.enter, .character("v"))
    #expect(
      request(desk)
        == OperationRequest(
          .invalidate, .keys([KeyName("product:1181")]), nodes: [Reports.redis2]))
  }

  @Test("space marks and unmarks from every row that names a key")
  func everywhere() {
    var inspector = Desk.filled(.showKeys)
    inspector.inspect(KeyName("product:7"), .string([65]))
    inspector.press(.character(" "))
    #expect(inspector.model.context.marks.all.map(\.key) == [KeyName("product:7")])
    inspector.press(.character("v"))
    #expect(request(inspector)?.target == .keys([KeyName("product:7")]))
    var slow = Desk.filled(.showSlow)
    slow.press(.character(" "))
    #expect(slow.model.context.marks.all.map(\.key) == [KeyName("product:99120")])
    slow.press(.home, .character(" "))
    #expect(slow.model.context.marks.isEmpty)
    slow.press(.home, .enter, .character("4"), .character("5"))
  }

  @Test("the key of a slow command is taken only where it is known exactly")
  func slowKeys() {
    func key(_ arguments: [SlowEntry.Argument]) -> String? {
      SlowKey.key(of: Reports.slow(1, 1, arguments)).map {
        String(decoding: $0.bytes, as: UTF8.self)
      }
    }
    #expect(key(Reports.words("hgetall cart:1")) == "cart:1")
    #expect(key(Reports.words("OBJECT FREQ cart:1")) == "cart:1")
    #expect(key(Reports.words("EVAL return 1 cart:1")) == "cart:1")
    #expect(key(Reports.words("EVAL return 0 cart:1")) == nil)
    for line in ["KEYS *", "SCAN 0", "CONFIG GET x", "INFO", "GET", "FLUSHALL", "PUBLISH a b"] {
      #expect(key(Reports.words(line)) == nil, "\(line)")
    }
    #expect(key([.bytes(Array("GET".utf8)), .masked(length: 12)]) == nil)
    let cut = String(repeating: "k", count: 110) + "... (12 more bytes)"
    #expect(key([.bytes(Array("GET".utf8)), .bytes(Array(cut.utf8))]) == nil)
    #expect(key([]) == nil)
  }

  @Test("warm needs a loader, which it hands on")
  func warm() {
    var desk = desk()
    desk.press(.character("w"))
    #expect(desk.effects.isEmpty)
    #expect(desk.toast.contains("no loader is configured: set loader in the environment's"))
    desk.model.context.loader = ["/usr/bin/load", "--from", "db"]
    desk.press(.character("w"))
    #expect(
      request(desk)
        == OperationRequest(
          .warm(.command(["/usr/bin/load", "--from", "db"])), .keys([Self.names[0]]),
          nodes: [Reports.redis1]))
  }

  @Test(
    "commands take seconds, none, patterns and nothing else",
    arguments: [
      (":soft 30", OperationRequest.Action.shorten(seconds: 30), nil),
      (":soft 30 product:* x", .shorten(seconds: 30), "product:* x"),
      (":ttl 600", .adjust(seconds: 600), nil), (":ttl none", .adjust(seconds: nil), nil),
      (":invalidate product:1:*", .invalidate, "product:1:*"),
    ] as [(String, OperationRequest.Action, String?)])
  func commands(line: String, action: OperationRequest.Action, pattern: String?) {
    var desk = desk()
    desk.type(line)
    desk.press(.enter)
    let request = request(desk)
    #expect(request?.action == action)
    #expect(
      request?.target == pattern.map { .pattern(Array($0.utf8)) } ?? .keys([Self.names[0]]))
    #expect(
      request?.nodes == (pattern == nil ? [Reports.redis1] : [Reports.redis1, Reports.redis2]))
  }

  @Test(
    "what is no life is refused in words",
    arguments: [
      ":soft", ":soft 0", ":soft -1", ":soft x", ":soft 99999999999999999999", ":soft 315360001 p",
      ":ttl", ":ttl 0", ":ttl nan", ":ttl 1.5", ":kill 0", ":kill x", ":undo nothing",
    ])
  func badArguments(line: String) {
    var desk = desk()
    desk.type(line)
    desk.press(.enter)
    #expect(desk.effects.isEmpty && desk.model.dialog == nil)
    #expect(desk.toast.contains("needs") || desk.toast.contains("no operation"), "\(desk.toast)")
  }

  @Test("replicas take no pattern; the chosen server alone does")
  func writableNodes() {
    var desk = Desk.filled(.showKeys) { $0.nodes[1].figures.role = "slave" }
    desk.type(":invalidate a:*")
    desk.press(.enter)
    #expect(request(desk)?.nodes == [Reports.redis1])
    var none = Desk(.showKeys, nodes: [])
    none.type(":invalidate a:*")
    none.press(.enter)
    #expect(none.effects.isEmpty && none.toast.contains("no server has answered yet"))
  }

  @Test("a role that may not take a whole tier is told so at once")
  func limits() {
    var access = Desk.operator_
    access.limits.wholeTier = false
    var desk = Desk.filled(.showKeys, access: access)
    for (pattern, isRefused) in [("*", true), ("**", true), ("a*", false)] {
      desk.type(":invalidate \(pattern)")
      desk.press(.enter)
      #expect(desk.effects.isEmpty == isRefused)
      #expect(desk.toast.contains("may not change every key"))
      #expect((desk.model.dialog == nil) == isRefused)
    }
  }

  @Test("a dialog lists what is off screen first")
  func offScreen() {
    var desk = desk((0..<200).map { KeyName("k:\($0)") })
    desk.press(.character(" "))
    desk.press(.end, .character(" "), .character("v"))
    #expect(request(desk)?.target == .keys([KeyName("k:0"), KeyName("k:199")]))
    #expect(desk.shows("1 not on screen"))
    #expect(desk.row("k:0").contains("off screen"))
    let rows = desk.rows
    let first = rows.firstIndex { $0.contains("  k:0") } ?? .max
    let second = rows.firstIndex { $0.contains("  k:199 ") && !$0.contains("1 marked") } ?? -1
    #expect(first < second)
  }

  @Test("invalidated keys lose their marks, warmed ones keep them, another environment has none")
  func marksEnd() throws {
    var desk = desk()
    desk.model.context.loader = ["load"]
    desk.press(.character(" "))
    for (key, left) in [(Key.character("w"), 1), (.character("v"), 0)] {
      desk.press(.home, key)
      desk.model.planned(at: desk.now)
      desk.wait(2)
      if desk.model.dialog?.reason.isEmpty == true { desk.type("because") }
      desk.press(.enter)
      desk.wait(2)
      desk.press(.character("y"))
      #expect(desk.model.dialog == nil)
      // Not before it has begun: what is refused can be tried again.
      #expect(desk.model.context.marks.count == 1)
      let plans = desk.effects.compactMap { if case .run(let plan) = $0 { plan } else { nil } }
      let plan = try #require(plans.first)
      var report = OperationsReport(environment: Desk.environment.name, at: desk.now)
      report.operations = [Plans.status(plan.id, "it", .running, secondsAgo: 0)]
      desk.send(.operations(report))
      #expect(desk.model.context.marks.count == left)
    }
    desk.press(.character(" "))
    #expect(desk.model.context.marks.count == 1)
    desk.send(.environmentSwitched(Desk.environment))
    #expect(desk.model.context.marks.isEmpty)
  }

  @Test("marks are bounded")
  func bounded() {
    func mark(_ name: String) -> KeyMark { KeyMark(node: Reports.redis1, key: KeyName(name)) }
    var marks = Marks()
    var results: Set<Bool> = []
    for index in 0..<Marks.maximum { results.insert(marks.toggle(mark("\(index)"))) }
    #expect(results == [true])
    let isOneMore = marks.toggle(mark("more"))
    #expect(!isOneMore)
    let isRemoved = marks.toggle(mark("7"))
    #expect(isRemoved && marks.count == Marks.maximum - 1)
  }
}

@Suite("Rows do not move under a question")
struct FrozenOrderTests {
  @Test("snapshots and search answers wait until the dialog is gone")
  func frozen() {
    var desk = Desk.filled(.showHotKeys)
    desk.press(.character("v"))
    #expect(desk.model.dialog != nil)
    let before = desk.model.activePanel?.visibleKeys(in: desk.model.context)
    let rows = desk.rows
    var next = desk.model.context.snapshot ?? Fixture.snapshot()
    next.hotKeys.rows = [.init(node: Reports.redis2, key: KeyName("new"), share: 0.9, source: "")]
    desk.send(.snapshot(next))
    #expect(desk.rows == rows)
    #expect(desk.model.activePanel?.visibleKeys(in: desk.model.context) == before)
    desk.wait(2)
    desk.press(.escape)
    #expect(desk.model.dialog == nil && desk.shows("new"))
  }

  @Test("a list that a search fills keeps its order while its key is asked about")
  func search() {
    var desk = Desk(.showKeys)
    desk.find("*", (5..<9).map { KeyName("k:\($0)") }, state: .running)
    desk.press(.character("s"), .down)
    let row = desk.row("▌")
    desk.press(.character("v"))
    desk.progress(
      (0..<5).map { KeyName("k:\($0)") }, state: .complete, visited: 9, of: 9)
    #expect(desk.model.activePanel?.visibleKeys(in: desk.model.context).count == 4)
    desk.wait(2)
    desk.press(.escape)
    #expect(desk.model.activePanel?.visibleKeys(in: desk.model.context).count == 9)
    #expect(desk.row("▌") == row)
  }

  @Test("what arrives while paused and asked about stays paused")
  func paused() {
    var desk = Desk.filled(.showHotKeys)
    desk.press(.character("p"), .character("v"))
    var next = desk.model.context.snapshot ?? Fixture.snapshot()
    next.hotKeys.rows = []
    desk.send(.snapshot(next))
    desk.wait(2)
    desk.press(.escape)
    #expect(desk.model.context.snapshot?.hotKeys.rows.isEmpty == false)
    desk.press(.character("p"))
    #expect(desk.model.context.snapshot?.hotKeys.rows.isEmpty == true)
  }
}
