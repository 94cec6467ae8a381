import ConsoleModel
import Terminal
import Testing

@testable import Panels

@Suite("A changing action asks first")
struct DialogTests {
  private static let now = Fixture.now
  private static func later(_ seconds: Double) -> MonotonicTime {
    now.advanced(bySeconds: seconds)
  }

  private func opened(_ environment: EnvironmentIdentity) -> Model {
    var model = Model(
      context: Fixture.context(
        environment: environment, snapshot: Fixture.snapshot(environment: environment)))
    let effects = model.update(.action(.slowlogReset, argument: "redis-1"), now: Self.now)
    #expect(effects.isEmpty)
    #expect(model.dialog != nil)
    return model
  }

  @Test(
    "names the environment and its class, and Enter never confirms",
    arguments: [Fixture.shop, Fixture.staging, Fixture.local])
  func enterNeverConfirms(environment: EnvironmentIdentity) {
    var model = opened(environment)
    let text = lines(model).joined(separator: "\n")
    #expect(text.contains(environment.environmentClass.rawValue.uppercased()))
    for _ in 0..<5 { #expect(press(&model, .enter, at: Self.later(5)).isEmpty) }
    #expect(model.dialog != nil)
    #expect(press(&model, .escape, at: Self.later(6)).isEmpty)
    #expect(model.dialog == nil)
  }

  @Test("y confirms where it is not production", arguments: [Fixture.staging, Fixture.local])
  func yConfirms(environment: EnvironmentIdentity) {
    var model = opened(environment)
    #expect(
      press(&model, .character("y"), at: Self.later(2)) == [.slowlogReset(Fixture.redis1)])
    #expect(model.dialog == nil)
  }

  @Test("production wants the server's name, exactly, and then y")
  func production() {
    var model = opened(Fixture.shop)
    #expect(press(&model, .character("y"), at: Self.later(2)).isEmpty)
    #expect(press(&model, .backspace, at: Self.later(2)).isEmpty)
    #expect(type(&model, "redis-", at: Self.later(3)).isEmpty)
    #expect(press(&model, .character("2"), at: Self.later(3)).isEmpty)
    #expect(press(&model, .character("y"), at: Self.later(4)).isEmpty)
    #expect(press(&model, .backspace, .backspace, at: Self.later(5)).isEmpty)
    #expect(press(&model, .character("1"), at: Self.later(5)).isEmpty)
    #expect(press(&model, .enter, at: Self.later(7)).isEmpty)
    #expect(
      press(&model, .character("y"), at: Self.later(8)) == [.slowlogReset(Fixture.redis1)])
  }

  @Test("keys that come while it opens, held keys and pastes confirm nothing")
  func opening() {
    var model = opened(Fixture.local)
    // A key held from before: 30 Hz for three seconds.
    for index in 0..<90 {
      #expect(press(&model, .character("y"), at: Self.later(Double(index) / 30)).isEmpty)
    }
    #expect(model.dialog != nil)
    #expect(
      model.update(.input(.paste(Array("y\nredis-1\ny".utf8))), now: Self.later(10)).isEmpty)
    #expect(model.dialog != nil)
    #expect(press(&model, .character("y"), at: Self.later(11)) == [.slowlogReset(Fixture.redis1)])
  }

  @Test(
    "n, q, Esc and Ctrl-C cancel",
    arguments: [Key.character("n"), .character("q"), .escape, .control("c")])
  func cancel(key: Key) {
    var model = opened(Fixture.staging)
    #expect(press(&model, key, at: Self.later(2)).isEmpty)
    #expect(model.dialog == nil)
    #expect(model.toast?.message.text.contains("nothing was changed") == true)
  }

  @Test("says what it asks at every size, and cannot be answered where it cannot be seen")
  func everySize() {
    for (columns, rows) in InvariantTests.sizes {
      var model = opened(Fixture.shop)
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
