import ConsoleModel
import Terminal
import Testing

@testable import Panels

@Suite("Old figures do not look new")
struct HonestyTests {
  /// The style of the first cell of `text` in the row that contains `row`.
  private func style(of text: String, in row: String, _ model: Model) -> Style? {
    let grid = render(model)
    for y in 0..<grid.rows {
      let line = grid.text(row: y)
      guard line.contains(row), let found = line.range(of: text) else { continue }
      let x = line.unicodeScalars.distance(from: line.startIndex, to: found.lowerBound)
      return grid[x, y].style
    }
    return nil
  }

  @Test("figures of a stale tier or node are drawn as stale, with their age")
  func stale() {
    var model = Model(context: Fixture.context(120, 40))
    model.toast = nil
    #expect(style(of: "93.2", in: "L2 redis", model)?.role == .normal)
    #expect(style(of: "67.0", in: "L3 query", model)?.role == .stale)
    #expect(style(of: "2.1ms", in: "L3 query", model)?.role == .stale)
    #expect(lines(model).contains { $0.contains("L3 query") && $0.contains("stale 34s") })
    press(&model, .character("2"))
    #expect(style(of: "93.2", in: "redis-2 ", model)?.role == .stale)
    #expect(lines(model).contains { $0.contains("redis-2") && $0.contains("stale 12s") })
    press(&model, .down, .enter)
    #expect(style(of: "900µs", in: "900µs", model)?.role == .stale)
    #expect(lines(model)[2].contains("stale 12s"))
    press(&model, .character("6"))
    #expect(style(of: "47.1", in: "hgetall", model)?.role != .normal)
    #expect(lines(model)[2].contains("redis-2 stale: 12s"))
  }

  @Test("ages grow with the clock, without any new snapshot")
  func agesGrow() {
    var model = Model(context: Fixture.context(120, 40))
    let later = Fixture.now.advanced(bySeconds: 100)
    _ = model.update(
      .tick(
        later, WallTime(microseconds: Fixture.wall.microseconds + 100_000_000),
        utcOffsetSeconds: 3600, zone: "CET"),
      now: later)
    #expect(lines(model).contains { $0.contains("L3 query") && $0.contains("stale 2m14s") })
    #expect(lines(model)[0].contains("13:06:11 CET"))
  }

  @Test("the header names the server that is down or hangs", arguments: [40, 80, 120, 200])
  func trouble(columns: Int) {
    var snapshot = Fixture.snapshot()
    snapshot.nodes[2].state = .live
    var model = Model(context: Fixture.context(columns, 24, snapshot: snapshot))
    #expect(lines(model)[0].contains("redis-2 hangs 12s"))
    snapshot.nodes[0].state = .down
    _ = model.update(.snapshot(snapshot), now: Fixture.now)
    #expect(lines(model)[0].contains("redis-1 down"))
    snapshot.nodes[0].state = .live
    snapshot.nodes[1].state = .live
    _ = model.update(.snapshot(snapshot), now: Fixture.now)
    #expect(!lines(model)[0].contains("redis"))
  }

  @Test(
    "TLS that nobody verifies is said at every width, whatever else is wrong",
    arguments: [40, 50, 60, 80, 120, 200])
  func unverified(columns: Int) {
    var environment = Fixture.shop
    environment.isUnverified = true
    var model = Model(
      context: Fixture.context(columns, 24, environment: environment, access: Fixture.viewer))
    let warning = columns < 50 ? "TLS UNVERIFIED" : "TLS NOT VERIFIED"
    #expect(lines(model)[0].contains(warning))
    #expect(lines(model)[0].contains("PRODUCTION"))
    #expect(style(of: warning, in: warning, model)?.role == .critical)
    press(&model, .character("p"))
    #expect(lines(model)[0].contains(warning), "\(lines(model)[0])")
    #expect(lines(model)[0].contains("PAUSED"))
    let verified = Model(context: Fixture.context(columns, 24))
    #expect(!lines(verified)[0].contains("TLS"))
  }

  @Test("a viewer is told so in the header", arguments: [60, 80, 120, 200])
  func badge(columns: Int) {
    var snapshot = Fixture.snapshot()
    snapshot.nodes = []
    let model = Model(
      context: Fixture.context(columns, 24, access: Fixture.viewer, snapshot: snapshot))
    #expect(lines(model)[0].contains("read-only"))
  }

  @Test("before the first answer it says whom it waits for")
  func connecting() {
    var model = Model(context: Fixture.context(snapshot: nil))
    #expect(lines(model)[2].contains("connecting to shop-prod / eu-west-1"))
    for panel in PanelID.allCases {
      _ = model.update(.action(panel.action), now: Fixture.now)
      #expect(lines(model).dropFirst(2).joined().contains { $0.isLetter })
    }
  }

  @Test("missing percentiles say why")
  func percentiles() {
    var snapshot = Fixture.snapshot()
    for node in snapshot.nodes.indices {
      for index in snapshot.nodes[node].commands.value.indices {
        snapshot.nodes[node].commands.value[index].p50 = nil
        snapshot.nodes[node].commands.value[index].p95 = nil
        snapshot.nodes[node].commands.value[index].p99 = nil
      }
    }
    var model = Model(context: Fixture.context(120, 40, snapshot: snapshot))
    press(&model, .character("6"))
    #expect(lines(model)[2].contains("no percentiles: LATENCY HISTOGRAM needs Redis 7.0"))
    snapshot.nodes[0].commands.problem = "not offered by this server: LATENCY HISTOGRAM is denied"
    _ = model.update(.snapshot(snapshot), now: Fixture.now)
    #expect(lines(model)[2].contains("LATENCY HISTOGRAM is denied"))
  }

  @Test("an empty slow list is not the same as one that may not be read")
  func slow() {
    var snapshot = Fixture.snapshot()
    snapshot.slow = []
    var model = Model(context: Fixture.context(120, 40, snapshot: snapshot))
    #expect(lines(model).contains { $0.contains("no slow command seen") })
    snapshot.nodes[0].slow.problem = "denied: this user has no permissions to run SLOWLOG"
    _ = model.update(.snapshot(snapshot), now: Fixture.now)
    #expect(lines(model).contains { $0.contains("no permissions to run SLOWLOG") })
  }

  @Test("commands of several servers add up, by their time")
  func merge() throws {
    var one = NodeStatus(id: NodeID("a"), address: "a", state: .live)
    one.commands.value = [
      CommandFigures(
        name: "get", callsPerSecond: 100, timeShare: 1, meanMicroseconds: 10, p95: 15,
        totalCalls: .max)
    ]
    var two = NodeStatus(id: NodeID("b"), address: "b", state: .live)
    two.commands.value = [
      CommandFigures(
        name: "get", callsPerSecond: 300, timeShare: 0.5, meanMicroseconds: 20, p95: 31,
        totalCalls: 7),
      CommandFigures(name: "set", callsPerSecond: 10, timeShare: 0.5, meanMicroseconds: 100),
    ]
    let rows = CommandMerge.rows([one, two])
    let get = try #require(rows.first { $0.figures.name == "get" }?.figures)
    #expect(get.callsPerSecond == 400)
    #expect(get.meanMicroseconds == 17.5)
    #expect(get.timeShare == 7000.0 / 8000)
    #expect(get.p95 == 31)
  }

  @Test("a memory history has the limit as its scale")
  func memoryScale() throws {
    let histories = NodeFacts.histories(Fixture.nodes[0])
    let memory = try #require(histories.first { $0.label == "memory" })
    // `map(Double.init)` took the number's bits for its value.
    #expect(memory.maximum == Double(4 << 30))
  }
}
