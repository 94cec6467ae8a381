import ConsoleModel
import Synchronization
import Terminal
import Testing

@testable import Panels

@Suite("Whatever the size and the server")
struct InvariantTests {
  /// Every width and height that could break a layout in a new way, without 10,000 combinations.
  static let sizes: [(Int, Int)] =
    [20, 21, 27, 33, 40, 41, 59, 79, 80, 81, 99, 100, 101, 119, 120, 160, 220].flatMap { columns in
      [5, 6, 8, 10, 13, 14, 15, 24, 25, 40, 60].map { (columns, $0) }
    }

  private static func model(
    _ panel: PanelID, _ columns: Int, _ rows: Int, isUnicode: Bool = true, opened: Bool,
    snapshot: Snapshot
  ) -> Model {
    var model = Model(
      context: Fixture.context(columns, rows, isUnicode: isUnicode, snapshot: snapshot))
    let isHostile = snapshot.ownCost.commandsPerSecond.isNaN
    _ = model.update(
      .operations(isHostile ? Plans.hostileReport : Plans.report), now: Fixture.now)
    _ = model.update(.action(panel.action), now: Fixture.now)
    if opened { press(&model, .enter) }
    model.toast = nil
    return model
  }

  @Test("no panel draws outside its rectangle", arguments: PanelID.allCases)
  func staysInside(panel: PanelID) {
    let hostile = Fixture.hostileSnapshot()
    let sentinel = UInt32(0x2603)
    for (columns, rows) in Self.sizes where columns <= 120 {
      for opened in [false, true] {
        let model = Self.model(panel, columns, rows, opened: opened, snapshot: hostile)
        let body = model.context.body
        var grid = CellGrid(columns: columns + 6, rows: rows + 6)
        for row in 0..<grid.rows {
          grid.put(
            String(repeating: "\u{2603}", count: grid.columns), x: 0, y: row, in: grid.bounds)
        }
        model.activePanel?.draw(model.context, in: body, into: &grid)
        var outside = 0
        for row in 0..<grid.rows {
          for column in 0..<grid.columns where !body.contains(x: column, y: row) {
            if grid[column, row].base != sentinel { outside += 1 }
          }
        }
        #expect(outside == 0, "\(panel) at \(columns)x\(rows), opened: \(opened)")
      }
    }
  }

  @Test("only drawable text reaches the grid, in ASCII only ASCII", arguments: PanelID.allCases)
  func drawableOnly(panel: PanelID) {
    let hostile = Fixture.hostileSnapshot()
    for (index, (columns, rows)) in Self.sizes.enumerated() {
      // 187 sizes in turn: each kind of locale meets every height and every width.
      let isUnicode = index % 2 == 0
      let model = Self.model(
        panel, columns, rows, isUnicode: isUnicode, opened: rows % 2 == 0, snapshot: hostile)
      let grid = render(model)
      #expect(grid.columns == columns && grid.rows == rows)
      for row in 0..<rows {
        for scalar in grid.text(row: row).unicodeScalars {
          let value = scalar.value
          let isFine =
            isUnicode
            ? value >= 0x20 && !(0x7F..<0xA0).contains(value) && !TextWidth.isHazard(value)
            : (0x20..<0x7F).contains(value)
          if !isFine {
            Issue.record("U+\(String(value, radix: 16)) in \(panel) at \(columns)x\(rows)")
            return
          }
        }
      }
    }
  }

  /// Words of a screen: letters only, with whether the cut mark follows.
  private static func words(_ text: String) -> [(word: String, isCut: Bool)] {
    var found: [(String, Bool)] = []
    var word = ""
    for scalar in (text + " ").unicodeScalars {
      if scalar.properties.isAlphabetic, scalar.value < 0x80 {
        word.unicodeScalars.append(scalar)
      } else {
        if word.utf8.count > 2 { found.append((word, scalar == "…" || scalar == "~")) }
        word = ""
      }
    }
    return found
  }

  @Test("no word is cut without a mark", arguments: PanelID.allCases)
  func cutsAreMarked(panel: PanelID) {
    let snapshot = Fixture.snapshot()
    for opened in [false, true] {
      // Every word that is ever whole: the widest screens, scrolled to the end.
      var vocabulary = Set(
        [
          "columns", "column", "hidden", "widen", "Right", "rows", "lines", "match", "hot", "keys",
          "slow", "shop", "have", "need", "quits",
          // Short titles of panels.
          "Over", "Hot", "Cmd", "Clnts", "Ops", "Hist", "Topo",
        ])
      for (columns, rows) in [(150, 60), (220, 60), (220, 24), (220, 13)] {
        var wide = Self.model(panel, columns, rows, opened: opened, snapshot: snapshot)
        for _ in 0..<6 {
          vocabulary.formUnion(
            lines(wide).flatMap { Self.words($0).filter { !$0.isCut }.map(\.word) })
          press(&wide, .pageDown)
        }
      }
      for row in snapshot.tiers { vocabulary.formUnion(Self.words(row.note ?? "").map(\.word)) }
      for node in snapshot.nodes {
        vocabulary.formUnion(Self.words(node.fault?.line ?? "").map(\.word))
      }
      for (columns, rows) in Self.sizes {
        let model = Self.model(panel, columns, rows, opened: opened, snapshot: snapshot)
        for line in lines(model) {
          for (word, isCut) in Self.words(line) where !isCut && !vocabulary.contains(word) {
            Issue.record("\"\(word)\" at \(columns)x\(rows) in \(panel): \(line)")
            return
          }
        }
      }
    }
  }

  @Test("the class of the environment and the panel are on every screen")
  func classIsAlwaysShown() {
    let snapshot = Fixture.snapshot()
    for panel in PanelID.allCases {
      for (columns, rows) in Self.sizes where rows == 5 || rows == 24 {
        let model = Self.model(
          panel, columns, rows, opened: false, snapshot: snapshot)
        let text = lines(model)
        #expect(text[0].contains("PRODUCTION"), "\(columns)x\(rows)")
        #expect(text[1].contains("]\(panel.title)"), "\(panel) \(columns)x\(rows): \(text[1])")
      }
    }
  }

  @Test("too small a screen says what it needs", arguments: [(1, 1), (10, 3), (19, 24), (80, 4)])
  func tooSmall(columns: Int, rows: Int) {
    let model = Model(context: Fixture.context(columns, rows))
    let text = lines(model).joined(separator: "\n")
    if columns >= 9 { #expect(text.contains("need 20x5")) }
  }

  @Test("10,000 random events as a viewer never trap and never change anything")
  func randomEvents() {
    var random = SplitMix(state: 20_261_122)
    for (round, snapshot) in [Fixture.snapshot(), Fixture.hostileSnapshot()].enumerated() {
      var model = Model(
        context: Fixture.context(80, 24, access: Fixture.viewer, snapshot: snapshot))
      var now = Fixture.now
      for step in 0..<10_000 {
        now = now.advanced(bySeconds: Double(random.next() % 3_000) / 1000)
        let effects = model.update(random.event(), now: now)
        #expect(!effects.contains { $0.isChange }, "step \(step)")
        #expect(!model.context.isRevealed)
        if step % 97 == 0 {
          _ = render(model)
          _ = model.update(.snapshot(snapshot), now: now)
          _ = model.update(
            .tick(now, Fixture.wall, utcOffsetSeconds: round * 3600, zone: "X"), now: now)
        }
      }
    }
  }

  @Test("only visible rows are formatted, whatever the server has")
  func onlyVisibleRows() {
    let formatted = Counter()
    var table = Table<Int, Int>(
      columns: [
        Column("n", minimum: 8) { row, _, _ in
          formatted.value.add(1, ordering: .relaxed)
          return TableCell(String(row))
        }
      ], identify: { $0 }, filterText: { String($0) })
    table.setRows(Array(0..<200_000))
    let context = Fixture.context()
    var grid = CellGrid(columns: 80, rows: 24)
    _ = table.perform(.bottom, in: grid.bounds)
    table.draw(context, in: grid.bounds, into: &grid, empty: "")
    #expect(formatted.value.load(ordering: .relaxed) <= 24)
    #expect(grid.text(row: 22).contains("199999"))
    #expect(grid.text(row: 23).contains("199979-200000 of 200000"))
  }

  private final class Counter: Sendable {
    let value = Atomic<Int>(0)
  }
}

/// Reproducible randomness.
struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  mutating func event() -> Message {
    switch next() % 40 {
    case 0:
      return .input(.resize(columns: Int(next() % 240), rows: Int(next() % 70)))
    case 1:
      return .input(.paste((0..<(next() % 30)).map { _ in UInt8(truncatingIfNeeded: next()) }))
    case 2, 3:
      let kinds: [MouseEvent.Kind] = [.press, .doublePress, .scrollUp, .scrollDown]
      return .input(
        .mouse(
          MouseEvent(
            kind: kinds[Int(next() % 4)], x: Int(next() % 240), y: Int(next() % 70))))
    case 4: return .action(ActionID.allCases[Int(next() % UInt64(ActionID.allCases.count))])
    case 5:
      return .environmentSwitched([Fixture.shop, Fixture.shop, Fixture.staging][Int(next() % 3)])
    default: return .input(.key(key()))
    }
  }

  private mutating func key() -> Key {
    let special: [Key] = [
      .enter, .escape, .tab, .backTab, .backspace, .delete, .insert, .up, .down, .left, .right,
      .home, .end, .pageUp, .pageDown, .function(1), .function(5), .control("l"), .control("w"),
      .control("u"),
    ]
    switch next() % 3 {
    case 0: return special[Int(next() % UInt64(special.count))]
    case 1:
      // Keys that mean something, more often.
      let keys = Action.registry.flatMap(\.keys)
      return keys[Int(next() % UInt64(keys.count))]
    default: return .character(Unicode.Scalar(UInt8(0x20 + next() % 0x5F)))
    }
  }
}
