import ConsoleModel
import Terminal
import Testing

@testable import Panels

@Suite("Dialogs under hostile data and random hands")
struct DialogFuzzTests {
  private static let now = Fixture.now

  /// Everything that a preview can hold, at its worst.
  private static func hostile(_ preview: inout OperationPreview) {
    let text = Fixture.hostileText + String(repeating: "x ", count: 3_000)
    preview.bytes = .max
    preview.shards = (0..<200).map { _ in
      .init(
        node: NodeID(text), address: text, runID: text, size: .max,
        keys: .estimate(low: .max, value: 0, high: 0), bytes: .max)
    }
    let shares = (0..<40).map { _ in OperationPreview.Share(name: text, keys: .max) }
    (preview.types, preview.dataTypes, preview.lives, preview.idle) = (
      shares, shares, shares, shares
    )
    preview.loggedOut = .exact(.max)
    preview.sessionsLeftOut = .max
    preview.largeStrings = (0..<100).map { _ in .init(key: Fixture.longKey, bytes: .max) }
    preview.dependents = [text, ""]
    preview.warnings = [text, ""]
    preview.commands = (0..<300).map { _ in text }
    preview.sample = [Fixture.hostileKey, Fixture.longKey, KeyName([])]
    preview.progress = .nan
  }

  @Test("whatever a preview holds stays drawable and inside its box", arguments: [true, false])
  func drawable(isUnicode: Bool) {
    let environment = EnvironmentIdentity(
      name: Fixture.hostileText, environmentClass: .production)
    // Every fifth of the sizes, which meets each width and each height.
    for (index, (columns, rows)) in InvariantTests.sizes.enumerated() where index % 5 == 0 {
      var model = Model(
        context: Fixture.context(
          columns, rows, isUnicode: isUnicode, environment: environment,
          snapshot: Fixture.snapshot(environment: environment)))
      _ = model.update(.action(.invalidatePattern, argument: Fixture.hostileText), now: Self.now)
      model.planned(
        keys: .estimate(low: 0, value: .max, high: .max), isComplete: rows % 2 == 0,
        edit: Self.hostile)
      type(&model, "because", at: Self.now.advanced(bySeconds: 2))
      press(&model, .enter, .pageDown, at: Self.now.advanced(bySeconds: 3))
      if columns % 2 == 0, let request = model.dialog?.request {
        _ = model.update(
          .planFailed(
            request,
            Fault(
              kind: .protocol, endpoint: Fixture.hostileText, action: Fixture.hostileText,
              message: Fixture.hostileText, nextStep: Fixture.hostileText)),
          now: Self.now.advanced(bySeconds: 4))
      }
      let grid = render(model)
      #expect(grid.hazards.isEmpty, "\(columns)x\(rows)")
      if !isUnicode {
        #expect((0..<rows).allSatisfy { grid.text(row: $0).utf8.allSatisfy { $0 < 0x7F } })
      }
      #expect(lines(model).contains { $0.contains("Esc Cancel") })
    }
  }

  @Test("10,000 random events run nothing but what y or the asking key confirmed")
  func randomHands() {
    var random = SplitMix(state: 20_261_126)
    let environments = [Fixture.shop, Fixture.staging, Fixture.local]
    var confirmed = 0
    for environment in environments {
      var model = Model(
        context: Fixture.context(
          environment: environment, snapshot: Fixture.snapshot(environment: environment)))
      model.context.loader = ["load"]
      var now = Self.now
      for step in 0..<10_000 {
        now = now.advanced(bySeconds: Double(random.next() % 2_000) / 1000)
        let wasOpen = model.dialog
        let message =
          step % 9 == 0 ? Message.action(.invalidatePattern, argument: "p:*") : random.event()
        if case .environmentSwitched = message { continue }
        for effect in model.update(message, now: now) {
          guard case .run(let plan) = effect else { continue }
          confirmed += 1
          guard case .input(.key(let key)) = message, let wasOpen else {
            Issue.record("\(plan.request) ran by \(message)")
            continue
          }
          #expect(key != .enter)
          let isYes = key == .character("y") || key == .character("Y")
          #expect(isYes || (plan.friction == .oneKey && environment == Fixture.local))
          #expect(wasOpen.plan?.preview.isComplete == true)
          #expect(wasOpen.textMatches)
          #expect(!wasOpen.needsReason || wasOpen.hasReason)
        }
        if step % 5 == 0 {
          let keys: UInt64 = [1, 9, 50, 20_000][Int(random.next() % 4)]
          model.planned(keys: .exact(keys), isComplete: random.next() % 4 != 0, at: now)
        }
        if step % 211 == 0 {
          _ = render(model)
          _ = model.update(.operations(Plans.hostileReport), now: now)
        }
      }
    }
    // Development's one key is hit by chance; else this would test nothing.
    #expect(confirmed > 0)
  }
}
