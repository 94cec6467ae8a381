import ConsoleModel
import Terminal
import Testing

@testable import Panels

@Suite("Time of a frame")
struct RenderTimeTests {
  /// The least of many runs: what the code needs, not what the machine's other work adds.
  @Test("200×50 is drawn within 2 ms in a release build", arguments: PanelID.allCases)
  func render200x50(panel: PanelID) {
    var model = Model(context: Fixture.context(200, 50))
    _ = model.update(.action(panel.action), now: Fixture.now)
    let clock = SuspendingClock()
    var least = Duration.seconds(1)
    for _ in 0..<30 { least = min(least, clock.measure { _ = render(model) }) }
    #if DEBUG
      let limit = Duration.milliseconds(20)
    #else
      let limit = Duration.milliseconds(2)
    #endif
    #expect(least < limit, "\(panel): \(least)")
    print("render \(panel.rawValue) 200x50: \(least)")
  }
}
