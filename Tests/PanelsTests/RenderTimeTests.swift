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

  @Test("500 servers in 250 shards are drawn within 2 ms, folded or not", arguments: [true, false])
  func topology(isFolded: Bool) {
    let large = Topologies.large(shards: 250)
    var desk = Desk(topologies: [large.topology], nodes: large.nodes, columns: 200, rows: 50)
    if !isFolded { desk.press(.character("z"), .end) }
    desk.press(.character("s"), .character("s"), .character("s"))
    let clock = SuspendingClock()
    var drawing = Duration.seconds(1)
    var taking = Duration.seconds(1)
    for _ in 0..<20 {
      taking = min(taking, clock.measure { desk.take([large.topology], nodes: large.nodes) })
      drawing = min(drawing, clock.measure { _ = render(desk.model) })
    }
    #if DEBUG
      let (most, mostTaking) = (Duration.milliseconds(20), Duration.milliseconds(200))
    #else
      let (most, mostTaking) = (Duration.milliseconds(2), Duration.milliseconds(10))
    #endif
    #expect(drawing < most, "\(drawing)")
    // Once for each snapshot: less than one frame of 60 a second.
    #expect(taking < mostTaking, "\(taking)")
    print("render topology of 500 200x50: \(drawing), snapshot taken in \(taking)")
  }
}
