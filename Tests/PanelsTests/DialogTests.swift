import ConsoleModel
import Terminal
import Testing

@testable import Panels

@Suite("A changing action asks first")
struct DialogTests {
  static let now = Fixture.now
  static func later(_ seconds: Double) -> MonotonicTime { now.advanced(bySeconds: seconds) }

  /// What is at stake, from nothing to everything.
  static let stakes: [(keys: UInt64, pattern: String)] = [
    (1, "product:1:de"), (10, "product:1:*"), (11, "product:*"), (10_000, "p*"), (10_001, "s*"),
    (1_000_000, "*"),
  ]
  static let environments = [Fixture.shop, Fixture.staging, Fixture.local]

  /// A dialog about a pattern, with its complete preview on screen for long enough.
  private func opened(
    _ environment: EnvironmentIdentity, keys: UInt64 = 1, pattern: String = "product:1:de",
    reason: Bool = true
  ) -> Model {
    var model = Model(
      context: Fixture.context(
        environment: environment, snapshot: Fixture.snapshot(environment: environment)))
    let effects = model.update(.action(.invalidatePattern, argument: pattern), now: Self.now)
    #expect(effects.count == 1)
    guard case .plan(let request)? = effects.first else {
      Issue.record("no plan was asked for: \(effects)")
      return model
    }
    #expect(request.target == .pattern(Array(pattern.utf8)))
    model.planned(keys: .exact(keys))
    #expect(model.dialog?.plan != nil)
    if reason, model.dialog?.needsReason == true {
      type(&model, "wrong prices", at: Self.later(2))
      press(&model, .enter, at: Self.later(2))
    }
    return model
  }

  private func runs(_ effects: [Effect]) -> [OperationPlan] {
    effects.compactMap { if case .run(let plan) = $0 { plan } else { nil } }
  }

  @Test("friction grows with class and radius, and nothing less than it confirms")
  func friction() throws {
    for environment in Self.environments {
      for (keys, pattern) in Self.stakes {
        var model = opened(environment, keys: keys, pattern: pattern)
        let plan = try #require(model.dialog?.plan)
        let expected: Friction =
          switch environment.environmentClass {
          case .development: .oneKey
          case .staging: .yes
          case .production: keys > 10_000 ? .nameAndCount : keys > 10 ? .name : .yes
          }
        #expect(plan.friction == expected)
        let early = press(&model, .character("y"), at: Self.later(4))
        guard let text = plan.confirmationText else {
          #expect(expected == .yes || expected == .oneKey)
          #expect(runs(early).count == 1)
          continue
        }
        #expect(early.isEmpty && model.dialog != nil)
        press(&model, .control("u"), at: Self.later(4))
        // A letter less, another letter, a blank more: none is the name.
        for wrong in [String(text.dropLast()), text + " ", "x" + text.dropFirst()] {
          type(&model, wrong, at: Self.later(5))
          #expect(press(&model, .character("y"), at: Self.later(6)).isEmpty)
          #expect(model.dialog != nil)
          press(&model, .control("u"), at: Self.later(6))
          // After a whole name a control key does not clear: one letter goes at a time.
          while model.dialog?.typed.isEmpty == false {
            press(&model, .backspace, at: Self.later(6))
          }
        }
        type(&model, text, at: Self.later(7))
        #expect(press(&model, .enter, at: Self.later(9)).isEmpty)
        let run = try #require(runs(press(&model, .character("y"), at: Self.later(9))).first)
        #expect(run.request.reason == "wrong prices")
        #expect(run.hash.isEmpty)
        #expect(model.dialog == nil)
      }
    }
  }

  @Test(
    "what has to be typed is the target, or the environment and the count on screen",
    arguments: [
      (Self.stakes[1].keys, "product:1:*", nil), (11, "product:*", "product:*"),
      (10_001, "s*", "shop-prod / eu-west-1 10k"),
      (1_000_000, "*", "shop-prod / eu-west-1 1.0M"), (12_345, "p:*", "shop-prod / eu-west-1 12k"),
      (50, "k\u{1B}é", #"k\x1b\xc3\xa9"#),
      (50, String(repeating: "k", count: 65), "shop-prod / eu-west-1"),
    ] as [(UInt64, String, String?)])
  func whatIsTyped(keys: UInt64, pattern: String, text: String?) throws {
    let model = opened(Fixture.shop, keys: keys, pattern: pattern)
    let plan = try #require(model.dialog?.plan)
    #expect(plan.confirmationText == text)
    if let text { #expect(lines(model).contains { $0.contains("Type \(text), then y") }) }
    let many = Plans.plan(
      OperationRequest(
        .invalidate, .keys((0..<20).map { KeyName("k\($0)") }), nodes: [Fixture.redis1]),
      Fixture.shop, keys: .exact(20))
    #expect(many.confirmationText == "20 keys")
    let server = Plans.plan(
      OperationRequest(.slowlogReset, .server, nodes: [Fixture.redis1]), Fixture.shop)
    #expect(server.confirmationText == "redis-1")
  }

  @Test(
    "Enter never confirms, in no field, class or friction", arguments: Self.environments)
  func enterNeverConfirms(environment: EnvironmentIdentity) throws {
    for (keys, pattern) in Self.stakes {
      var model = opened(environment, keys: keys, pattern: pattern, reason: false)
      let text = lines(model).joined(separator: "\n")
      #expect(text.contains(environment.environmentClass.rawValue.uppercased()))
      for step in 0..<6 {
        #expect(press(&model, .enter, at: Self.later(5 + Double(step))).isEmpty)
        if step == 1, model.dialog?.needsReason == true {
          type(&model, "because", at: Self.later(6))
        }
        if step == 3, let text = model.dialog?.confirmationText {
          type(&model, text, at: Self.later(8))
        }
      }
      #expect(model.dialog != nil)
      #expect(press(&model, .escape, at: Self.later(20)) == [.cancelPlan])
      #expect(model.dialog == nil)
    }
  }

  @Test("a paste confirms nothing and types nothing", arguments: Self.environments)
  func paste(environment: EnvironmentIdentity) {
    for (keys, pattern) in Self.stakes {
      var model = opened(environment, keys: keys, pattern: pattern)
      let text = model.dialog?.confirmationText ?? ""
      for paste in ["y", "y\n", "\(text)\ny", text] {
        #expect(model.update(.input(.paste(Array(paste.utf8))), now: Self.later(10)).isEmpty)
      }
      #expect(model.dialog != nil && model.dialog?.typed.isEmpty == true)
    }
  }

  @Test("keys that come while it opens and held keys confirm nothing", arguments: Self.environments)
  func heldKeys(environment: EnvironmentIdentity) {
    for key in [Key.character("y"), .character("v"), .enter, .character(" ")] {
      var model = Model(
        context: Fixture.context(
          environment: environment, snapshot: Fixture.snapshot(environment: environment)))
      press(&model, .character("4"), .character("v"))
      #expect(model.dialog != nil)
      model.planned()
      // Held from before: 30 Hz for three seconds.
      for index in 0..<90 {
        #expect(press(&model, key, at: Self.later(Double(index) / 30)).isEmpty)
      }
      #expect(model.dialog != nil)
    }
  }

  @Test("a preview that becomes complete under the finger is not confirmed by it")
  func completion() {
    var model = Model(
      context: Fixture.context(
        environment: Fixture.local, snapshot: Fixture.snapshot(environment: Fixture.local)))
    press(&model, .character("4"), .character("v"))
    #expect(press(&model, .character("y"), at: Self.later(2)).isEmpty)
    model.planned(
      keys: .estimate(low: 0, value: 1, high: 2), isComplete: false, at: Self.later(3))
    #expect(press(&model, .character("y"), at: Self.later(5)).isEmpty)
    #expect(lines(model).contains { $0.contains("counting: y when it is done") })
    model.planned(at: Self.later(6))
    #expect(press(&model, .character("y"), at: Self.later(6.2)).isEmpty)
    #expect(runs(press(&model, .character("y"), at: Self.later(8))).count == 1)
  }

  @Test("in development the key that asked confirms too, elsewhere it does not")
  func askingKey() {
    for (environment, confirms) in [(Fixture.local, true), (Fixture.staging, false)] {
      var model = Model(
        context: Fixture.context(
          environment: environment, snapshot: Fixture.snapshot(environment: environment)))
      press(&model, .character("4"), .character("v"))
      model.planned()
      #expect(runs(press(&model, .character("w"), at: Self.later(3))).isEmpty)
      #expect(runs(press(&model, .character("v"), at: Self.later(4))).count == (confirms ? 1 : 0))
    }
  }

  @Test("an expired plan refuses and is planned again", arguments: Self.environments)
  func expiry(environment: EnvironmentIdentity) throws {
    var model = opened(environment)
    let request = try #require(model.dialog?.request)
    let old = WallTime(
      microseconds: Fixture.wall.microseconds + OperationPlan.lifeSeconds * 1_000_000)
    _ = model.update(
      .tick(Self.later(600), old, utcOffsetSeconds: 0, zone: "UTC"), now: Self.later(600))
    #expect(press(&model, .character("y"), at: Self.later(601)).isEmpty)
    #expect(model.dialog != nil)
    #expect(lines(model).contains { $0.contains("r plans again") })
    #expect(
      press(&model, .character("r"), at: Self.later(602)) == [.cancelPlan, .plan(request)])
    #expect(model.dialog?.plan == nil)
    #expect(press(&model, .character("y"), at: Self.later(604)).isEmpty)
    model.planned(created: old, at: Self.later(605))
    #expect(runs(press(&model, .character("y"), at: Self.later(608))).count == 1)
  }

  @Test("what is still being counted is not void, however long that takes")
  func longCount() {
    var model = opened(Fixture.local)
    model.planned(isComplete: false, at: Self.later(1))
    let old = WallTime(
      microseconds: Fixture.wall.microseconds + 2 * OperationPlan.lifeSeconds * 1_000_000)
    _ = model.update(
      .tick(Self.later(1200), old, utcOffsetSeconds: 0, zone: "UTC"), now: Self.later(1200))
    #expect(!lines(model).contains { $0.contains("r plans again") || $0.contains("void in") })
  }

  @Test("production wants a reason, keeps it for the incident, and forgets it with the environment")
  func reason() throws {
    var model = opened(Fixture.shop, reason: false)
    for key in ["y", "n", "2", "3"] as [Unicode.Scalar] {
      #expect(press(&model, .character(key), at: Self.later(3)).isEmpty)
    }
    // Two letters and two digits are no reason.
    press(&model, .enter, at: Self.later(3))
    #expect(press(&model, .character("y"), at: Self.later(5)).isEmpty)
    #expect(model.dialog?.reason.text == "yn23y")
    press(&model, .enter, at: Self.later(5))
    let first = try #require(runs(press(&model, .character("y"), at: Self.later(6))).first)
    #expect(first.request.reason == "yn23y")
    _ = model.update(.action(.invalidatePattern, argument: "q"), now: Self.later(7))
    model.planned(at: Self.later(7))
    #expect(model.dialog?.reason.text == "yn23y")
    // It can be changed: Tab leads there.
    press(&model, .tab, .character("!"), .enter, at: Self.later(9))
    let second = try #require(runs(press(&model, .character("y"), at: Self.later(10))).first)
    #expect(second.request.reason == "yn23y!")
    _ = model.update(.environmentSwitched(Fixture.staging), now: Self.later(11))
    #expect(model.context.incidentReason.isEmpty)
  }

  @Test("another request's preview, or another environment's, is not taken")
  func foreignPlans() throws {
    var model = Model(context: Fixture.context())
    _ = model.update(.action(.invalidatePattern, argument: "a:*"), now: Self.now)
    let request = try #require(model.dialog?.request)
    var other = request
    other.target = .pattern(Array("b:*".utf8))
    _ = model.update(.planned(Plans.plan(other, Fixture.shop)), now: Self.now)
    _ = model.update(.planned(Plans.plan(request, Fixture.staging)), now: Self.now)
    #expect(model.dialog?.plan == nil)
    _ = model.update(.planned(Plans.plan(request, Fixture.shop)), now: Self.now)
    #expect(model.dialog?.plan != nil)
  }

  @Test("a text that expiry or a failure ends is not read as answers")
  func endedText() throws {
    var model = opened(Fixture.shop, reason: false)
    let request = try #require(model.dialog?.request)
    type(&model, "wro", at: Self.later(3))
    _ = model.update(
      .effectFailed(
        Fault(
          kind: .timeout, endpoint: "redis-1", action: "counting", message: "no answer",
          nextStep: "")), now: Self.later(3.1))
    // Another's failure: nothing stands in the way.
    #expect(model.dialog?.trouble == nil)
    type(&model, "ng", at: Self.later(3.2))
    #expect(model.dialog?.reason.text == "wrong")
    let old = WallTime(
      microseconds: Fixture.wall.microseconds + OperationPlan.lifeSeconds * 1_000_000)
    _ = model.update(
      .tick(Self.later(3.3), old, utcOffsetSeconds: 0, zone: "UTC"), now: Self.later(3.3))
    #expect(type(&model, " prices n q r c y", at: Self.later(3.4)).isEmpty)
    #expect(model.dialog != nil && model.dialog?.reason.text == "wrong")
    #expect(
      press(&model, .character("r"), at: Self.later(5)) == [.cancelPlan, .plan(request)])
  }

  @Test("nothing that matches is nothing to confirm; a failure says why and can be tried again")
  func emptyAndFailed() throws {
    var model = opened(Fixture.local, keys: 0)
    #expect(press(&model, .character("y"), at: Self.later(3)).isEmpty)
    #expect(lines(model).contains { $0.contains("nothing to do: no key matches") })
    press(&model, .escape, at: Self.later(4))
    _ = model.update(.action(.invalidatePattern, argument: "a:*"), now: Self.later(5))
    let request = try #require(model.dialog?.request)
    _ = model.update(
      .planFailed(
        request,
        Fault(
          kind: .timeout, endpoint: "redis-1", action: "previewing", message: "no answer",
          nextStep: "")), now: Self.later(6))
    #expect(lines(model).contains { $0.contains("no answer") })
    #expect(model.dialog?.trouble?.contains("no answer") == true)
    #expect(
      press(&model, .character("r"), at: Self.later(8)) == [.cancelPlan, .plan(request)])
  }

  @Test(
    "n, q, Esc and Ctrl-C cancel",
    arguments: [Key.character("n"), .character("q"), .escape, .control("c")])
  func cancel(key: Key) {
    var model = opened(Fixture.staging)
    #expect(press(&model, key, at: Self.later(2)) == [.cancelPlan])
    #expect(model.dialog == nil)
    #expect(model.toast?.message.text.contains("nothing was changed") == true)
  }

  @Test("a process that became read-only confirms nothing")
  func accessLost() {
    var model = opened(Fixture.staging)
    _ = model.update(.accessChanged(Fixture.viewer), now: Self.later(2))
    let effects = press(&model, .character("y"), at: Self.later(3))
    #expect(!effects.contains { $0.isChange })
    #expect(model.toast?.message.text.contains("read-only") == true)
  }

  @Test("says what it asks at every size, and cannot be answered where it cannot be seen")
  func everySize() {
    for (columns, rows) in InvariantTests.sizes {
      var model = Model(context: Fixture.context())
      _ = model.update(.action(.slowlogReset, argument: "redis-1"), now: Self.now)
      model.planned()
      type(&model, "full", at: Self.later(2))
      press(&model, .enter, at: Self.later(2))
      model.toast = nil
      _ = model.update(.input(.resize(columns: columns, rows: rows)), now: Self.now)
      let text = lines(model).joined(separator: "\n")
      for words in ["PRODUCTION", "SLOWLOG RESET on", "Type redis-1", "Esc Cancel"] {
        #expect(text.contains(words), "\(words) at \(columns)x\(rows)")
      }
    }
    var model = opened(Fixture.local)
    _ = model.update(.input(.resize(columns: 19, rows: 4)), now: Self.now)
    #expect(press(&model, .character("y"), at: Self.later(5)).isEmpty)
    #expect(press(&model, .control("z"), at: Self.later(5)) == [.suspend])
    #expect(press(&model, .character("q"), at: Self.later(5)) == [.quit])
  }

  @Test("every line of the preview can be scrolled to, and what is not on screen is counted")
  func scrolling() {
    for (columns, rows) in [(120, 40), (80, 24), (40, 10)] {
      var model = Model(context: Fixture.context(columns, rows))
      _ = model.update(.action(.invalidatePattern, argument: "search:*"), now: Self.now)
      model.planned(keys: .exact(1_000_000), edit: Plans.large)
      #expect(lines(model).contains { $0.contains("below") })
      var seen = ""
      for _ in 0..<200 {
        seen += lines(model).joined(separator: "\n")
        press(&model, .down, at: Self.later(3))
      }
      for words in [
        "1,000,000", "logged", "reloadable", "12,345 sessions", "last save failed", "20M",
        "search pages", "redis-2", "string 990k", "60 s", "UNLINK", "search:12:59",
        "999,938 more",
      ] { #expect(seen.contains(words), "\(words) at \(columns)x\(rows)") }
      #expect(!lines(model).contains { $0.contains("below") })
      #expect(
        press(&model, .control("y"), at: Self.later(4))
          == [.copy("SCAN 0 MATCH search:* COUNT 1000\nUNLINK search:… (up to 500 keys)")])
    }
  }

  @Test("without a node it asks which one")
  func whichNode() {
    var model = Model(context: Fixture.context())
    _ = model.update(.action(.slowlogReset), now: Self.now)
    #expect(model.dialog == nil)
    #expect(model.toast?.message.text.contains("which node?") == true)
    type(&model, ":slowlog reset redis-9")
    press(&model, .enter)
    #expect(model.toast?.message.text.contains("did you mean") == true)
  }
}
