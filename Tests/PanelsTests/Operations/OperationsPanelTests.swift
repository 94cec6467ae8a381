import ConsoleModel
import Terminal
import Testing

@testable import Panels

@Suite("Operations and History")
struct OperationsPanelTests {
  private static let now = Fixture.now

  private func model(
    _ panel: ActionID = .showOperations, _ columns: Int = 160, _ rows: Int = 40,
    access: Access = Access(isReadOnly: false, reason: "", mayReveal: true),
    report: OperationsReport = Plans.report
  ) -> Model {
    var model = Model(context: Fixture.context(columns, rows, access: access))
    model.toast = nil
    _ = model.update(.operations(report), now: Self.now)
    _ = model.update(.action(panel), now: Self.now)
    return model
  }

  @Test("keys tell the runner of the selected operation, each only where it makes sense")
  func control() {
    var model = model()
    #expect(
      press(&model, .character("P")) == [.control(operation: "20261122T120331-aa", .pause)])
    #expect(press(&model, .character("T")).isEmpty)
    #expect(model.toast?.message.text.contains("its runner is alive") == true)
    press(&model, .down)
    #expect(press(&model, .character("P")).isEmpty)
    #expect(press(&model, .character("T")) == [.examine(operation: "20261122T120000-bb")])
    press(&model, .home)
    #expect(press(&model, .character("A"), at: Self.now.advanced(bySeconds: 4)).isEmpty)
    // The held key does not confirm, nor does Enter.
    #expect(press(&model, .character("A"), .enter, at: Self.now.advanced(bySeconds: 6)).isEmpty)
    #expect(
      press(&model, .character("y"), at: Self.now.advanced(bySeconds: 7))
        == [.control(operation: "20261122T120331-aa", .abort)])
    press(&model, .end)
    #expect(press(&model, .character("A"), at: Self.now.advanced(bySeconds: 8)).isEmpty)
    #expect(model.dialog == nil && model.toast?.message.text.contains("it is over") == true)
  }

  @Test("what was not done leaves the list only with a reason, and what is at work not at all")
  func dismiss() {
    var model = model()
    #expect(press(&model, .character("D")).isEmpty)
    #expect(model.toast?.message.text.contains("it is at work") == true)
    press(&model, .down)
    #expect(press(&model, .character("D")).isEmpty)
    #expect(model.toast?.message.text.contains(":dismiss REASON") == true)
    let id = "20261122T120000-bb"
    #expect(
      model.update(.action(.dismissOperation, argument: "gone for good"), now: Self.now)
        == [.dismiss(operation: id, reason: "gone for good")])
    #expect(model.update(.action(.dismissOperation, argument: "  "), now: Self.now).isEmpty)
    var report = Plans.report
    report.operations[0].state = .done
    var after = self.model(report: report)
    #expect(
      press(&after, .character("D"))
        == [.dismiss(operation: "20261122T120331-aa", reason: "")])
    // A viewer gives nothing up.
    var viewer = self.model(access: Fixture.viewer)
    press(&viewer, .down)
    #expect(
      viewer.update(.action(.dismissOperation, argument: "gone"), now: Self.now).isEmpty)
    #expect(Effect.dismiss(operation: id, reason: "gone").isChange)
  }

  private static func plan(_ request: OperationRequest) -> OperationPlan {
    var preview = OperationPreview()
    preview.keys = .exact(4711)
    preview.shards = [
      OperationPreview.Shard(
        node: Fixture.redis1, address: "192.0.2.1:6379", runID: "r", size: 5000, keys: .exact(4711))
    ]
    return OperationPlan(
      id: "20261122T120000-bb", request: request, environment: Fixture.shop,
      author: OperationAuthor(user: "mallory", uid: 1, role: .admin, host: "far"),
      preview: preview, created: Fixture.wall, hash: "abc")
  }

  @Test("a takeover is asked about by what its plan says, not by what its status says of itself")
  func takeOver() {
    var model = model()
    press(&model, .down)
    let plan = Self.plan(
      OperationRequest(
        .warm(.command(["/bin/sh", "-c", "rm -rf x"])), .server, nodes: [Fixture.redis1]))
    _ = model.update(.takeOverPlan(plan), now: Self.now)
    let text = lines(model).joined(separator: "\n")
    for words in [
      "take over warm on redis-1", "redis-1 (192.0.2.1:6379)", "mallory@far",
      "/bin/sh -c rm -rf x", "4,711 (4.7k) keys",
    ] { #expect(text.contains(words), "\(words): \(text)") }
    #expect(press(&model, .enter, at: Self.now.advanced(bySeconds: 2)).isEmpty)
    #expect(
      press(&model, .character("y"), at: Self.now.advanced(bySeconds: 3)) == [.takeOver(plan)])
  }

  @Test("a plan that comes late, or from elsewhere, asks nothing")
  func latePlan() {
    let plan = Self.plan(OperationRequest(.invalidate, .pattern([0x2A]), nodes: [Fixture.redis1]))
    var model = model(.showOverview)
    _ = model.update(.takeOverPlan(plan), now: Self.now)
    #expect(model.dialog == nil)
    _ = model.update(.action(.showOperations), now: Self.now)
    var other = plan
    other.environment = Fixture.staging
    _ = model.update(.takeOverPlan(other), now: Self.now)
    #expect(model.dialog == nil)
    _ = model.update(.takeOverPlan(plan), now: Self.now)
    #expect(model.dialog != nil)
  }

  @Test("what has failed can be taken over; what is done or aborted is over")
  func takeOverFailed() {
    var report = Plans.report
    report.operations[0].state = .failed
    report.operations[1].state = .aborted
    var model = model(report: report)
    #expect(press(&model, .character("T")) == [.examine(operation: "20261122T120331-aa")])
    press(&model, .down)
    for _ in 0..<2 {
      #expect(press(&model, .character("T")).isEmpty)
      #expect(model.toast?.message.text.contains("it is over") == true)
      press(&model, .down)
    }
  }

  @Test("a late report of the environment that was left is not shown in the new one")
  func lateReport() {
    var model = model()
    _ = model.update(.environmentSwitched(Fixture.staging), now: Self.now)
    _ = model.update(.operations(Plans.report), now: Self.now)
    #expect(model.context.operations == nil)
    var own = Plans.report
    own.environment = Fixture.staging.name
    _ = model.update(.operations(own), now: Self.now)
    #expect(model.context.operations == own)
  }

  @Test("a paused operation goes on by the same key, also from its details")
  func resume() {
    var report = Plans.report
    report.operations[0].state = .paused
    var model = model(report: report)
    press(&model, .enter)
    #expect(press(&model, .character("P")) == [.control(operation: "20261122T120331-aa", .run)])
  }

  @Test("undo is a plan of its own, refused where nothing was kept")
  func undo() throws {
    var model = model()
    #expect(press(&model, .character("u")).isEmpty)
    #expect(model.toast?.message.text.contains("kept no copies") == true)
    press(&model, .down, .down)
    #expect(
      press(&model, .character("u")) == [
        .plan(
          OperationRequest(
            .restore(operation: "20261122T115931-cc"), .server, nodes: [Fixture.redis1]))
      ])
    #expect(lines(model).contains { $0.contains("written since are left") })
    _ = press(&model, .escape, at: Self.now.advanced(bySeconds: 2))
    let effects = model.update(
      .action(.undo, argument: "20261122T115931-cc"), now: Self.now.advanced(bySeconds: 3))
    #expect(effects.count == 1)
  }

  @Test("details hold servers, verdict, note, reason, plan, and the commands confirmed here")
  func details() {
    var model = model()
    model.context.confirmedCommands["20261122T115931-cc"] = ["UNLINK product:1181:de"]
    press(&model, .down, .down, .enter)
    let text = lines(model).joined(separator: "\n")
    for words in [
      "12,345 gone, 2 reborn", "12,347 read again", "nothing born before the start",
      "wrong prices since 11:40", "9f86d081884c7d65", "UNLINK product:1181:de", "192.0.2.7",
      "redis-1 done", "u puts them back",
    ] { #expect(text.contains(words), "\(words)") }
    // The same operation, newer figures; then it is listed no more.
    var report = Plans.report
    report.operations[2].note = "seen again"
    _ = model.update(.operations(report), now: Self.now)
    #expect(lines(model).contains { $0.contains("seen again") })
    report.operations = []
    _ = model.update(.operations(report), now: Self.now)
    #expect(lines(model).contains { $0.contains("not listed any more") })
    press(&model, .escape)
    #expect(lines(model).contains { $0.contains("nothing has been operated on") })
  }

  @Test("the running operation is on every panel", arguments: PanelID.allCases)
  func statusLine(panel: PanelID) {
    var model = model(panel.action)
    #expect(lines(model).contains { $0.contains("▶ invalidate search:* 41% 18.4k/s ETA 12s +1") })
    _ = model.update(.input(.resize(columns: 40, rows: 10)), now: Self.now)
    #expect(lines(model).last?.contains("▶41%") == true)
  }

  @Test("the end of an operation of this console is announced once, others' are not")
  func announcement() throws {
    var model = Model(
      context: Fixture.context(
        environment: Fixture.local, snapshot: Fixture.snapshot(environment: Fixture.local)))
    press(&model, .character("4"), .character("v"))
    model.planned()
    let effects = press(&model, .character("y"), at: Self.now.advanced(bySeconds: 3))
    guard case .run(let plan)? = effects.first else {
      Issue.record("not run: \(effects)")
      return
    }
    var report = OperationsReport(environment: Fixture.local.name, at: Self.now)
    report.operations = [Plans.status(plan.id, "invalidate x", .running, secondsAgo: 1)]
    _ = model.update(.operations(report), now: Self.now.advanced(bySeconds: 4))
    #expect(model.toast?.message.text.contains("confirmed") == true)
    report.operations[0].state = .done
    var verdict = Verdict()
    verdict.gone = 1
    report.operations[0].verdict = verdict
    report.operations.append(Plans.status("other", "warm y", .done, secondsAgo: 1))
    _ = model.update(.operations(report), now: Self.now.advanced(bySeconds: 5))
    #expect(model.toast?.message.text == "invalidate x done: 1 gone")
    model.toast = nil
    _ = model.update(.operations(report), now: Self.now.advanced(bySeconds: 6))
    #expect(model.toast == nil)
  }

  @Test(
    "a broken chain is the first thing on both panels",
    arguments: [ActionID.showOperations, .showHistory])
  func problems(panel: ActionID) {
    var report = Plans.report
    report.problems = [
      "the audit's chain is broken at entry 17", "b", "c", "syslog does not answer",
    ]
    let model = model(panel, report: report)
    let grid = render(model)
    #expect(grid.text(row: 2).contains("✖ the audit's chain is broken at entry 17"))
    #expect(grid[2, 2].style.role == .critical)
    #expect(grid.text(row: 4).contains("+1"))
  }

  @Test("History filters and opens an entry with its hash")
  func history() {
    var model = model(.showHistory)
    #expect(lines(model)[3].contains("verified"))
    type(&model, "/break")
    press(&model, .enter)
    #expect(!lines(model).contains { $0.contains("verified") })
    press(&model, .escape, .home, .enter)
    let text = lines(model).joined(separator: "\n")
    #expect(text.contains("5d41402abc4b2a76") && text.contains("12,345 gone, 2 reborn"))
  }

  @Test(":stop tells every console, at once")
  func stop() {
    var model = model(.showOverview)
    type(&model, ":stop")
    #expect(press(&model, .enter) == [.stopAll])
    #expect(!model.context.isPaused)
  }

  @Test("K closes the selected connection by its id, but not our own")
  func kill() {
    var desk = Desk.filled(.showClients)
    desk.press(.character("K"))
    #expect(desk.effects.isEmpty && desk.toast.contains("choose a connection"))
    desk.press(.character("o"), .home, .character("K"))
    #expect(
      desk.effects == [
        .plan(OperationRequest(.clientKill(id: 72), .server, nodes: [Reports.redis1]))
      ])
    #expect(desk.shows("CLIENT KILL ID 72 on redis-1") && desk.shows("10.0.0.40:40023"))
    desk.wait(2)
    desk.press(.escape, .end, .character("K"))
    #expect(desk.model.dialog == nil && desk.toast.contains("console's own"))
    desk.type(":kill 71")
    desk.press(.enter)
    #expect(desk.shows("CLIENT KILL ID 71 on redis-1"))
  }

  @Test("the header tells role and what the ACL says, as far as there is room")
  func badge() {
    var access = Access(isReadOnly: false, reason: "", mayReveal: true, role: .operatorRole)
    access.badge = "acl: console may not UNLINK"
    let wide = model(.showOverview, 200, 40, access: access)
    #expect(lines(wide)[0].contains("operator") && lines(wide)[0].contains("may not UNLINK"))
    let narrow = model(.showOverview, 60, 24, access: access)
    #expect(lines(narrow)[0].contains("PRODUCTION") && !lines(narrow)[0].contains("operator"))
  }
}

@Suite("Operations are marked on graphs")
struct GraphMarkTests {
  private func context(_ secondsAgo: [Int64], isUnicode: Bool = true) -> Context {
    var context = Fixture.context(isUnicode: isUnicode)
    var report = OperationsReport(environment: Fixture.shop.name, at: Fixture.now)
    report.operations = secondsAgo.map { Plans.status("\($0)", "x", .done, secondsAgo: $0) }
    context.operations = report
    return context
  }

  @Test("the column is that of the point at the operation's start")
  func columns() {
    // Points each two seconds, the newest of two seconds ago; one column each in ASCII.
    let series = Fixture.series(1, 2)
    let ascii = context([2, 4, 20, 61, 0, -30, 700], isUnicode: false)
    #expect(ascii.operationMarks(series, .fine, width: 40) == [9, 30, 38, 39])
    // Braille has two points a column.
    let braille = context([2, 4, 6, 20])
    #expect(braille.operationMarks(series, .fine, width: 40) == [35, 38, 39])
    #expect(braille.operationMarks(series, .fine, width: 0) == [])
    #expect(braille.operationMarks(Series(), .fine, width: 40) == [])
  }

  @Test("a point keeps its mark while the graph moves on")
  func moves() {
    var series = Fixture.series(1, 2)
    var context = context([20], isUnicode: false)
    let before = context.operationMarks(series, .fine, width: 40)
    for step in 1...5 {
      let later = Fixture.now.advanced(bySeconds: Double(step) * 2 - 2)
      series.append(1, at: later)
      context.now = later
      #expect(context.operationMarks(series, .fine, width: 40) == before.map { $0 - step })
    }
  }

  @Test("a short series is marked only where it has points, other servers' operations are not")
  func bounds() {
    let series = Fixture.series(1, 2, points: 5)
    let context = context([2, 20], isUnicode: false)
    #expect(context.operationMarks(series, .fine, width: 40) == [39])
    #expect(context.operationMarks(series, .fine, width: 40, node: Fixture.redis2) == [])
    #expect(context.operationMarks(series, .fine, width: 40, node: Fixture.redis1) == [39])
  }

  @Test("marks are drawn by a sign of their own, in Unicode and ASCII", arguments: [true, false])
  func drawn(isUnicode: Bool) {
    var model = Model(context: Fixture.context(120, 40, isUnicode: isUnicode))
    let without = lines(model)
    var report = OperationsReport(environment: Fixture.shop.name, at: Fixture.now)
    report.operations = [Plans.status("a", "invalidate x", .done, secondsAgo: 60)]
    _ = model.update(.operations(report), now: Fixture.now)
    let sign: Character = isUnicode ? "│" : "|"
    #expect(!without[3].contains(sign) && lines(model)[3].contains(sign))
    press(&model, .character("2"), .enter)
    type(&model, "/history")
    press(&model, .enter)
    #expect(lines(model).count { $0.contains(sign) } >= 3)
  }
}
