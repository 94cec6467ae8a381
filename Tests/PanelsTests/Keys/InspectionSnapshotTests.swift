import ConsoleModel
import Terminal
import Testing

@testable import Panels

/// Keys, values, slow log, clients and hot keys as they look, hostile data included.
@Suite("Inspection looks as recorded")
struct InspectionSnapshotTests {
  struct Screen: Sendable, CustomTestStringConvertible {
    var name: String
    var panel: ActionID
    var steps: @Sendable (inout Desk) -> Void
    var testDescription: String { name }

    init(
      _ name: String, _ panel: ActionID = .showKeys,
      _ steps: @escaping @Sendable (inout Desk) -> Void = { _ in }
    ) {
      self.name = name
      self.panel = panel
      self.steps = steps
    }
  }

  static let json =
    Array(
      #"{"id":1181,"price":1.50e+02,"name":"Shoe \u00e9 漢字","tags":["a","b",{}],"big":98765432109876543210,"raw":""#
        .utf8) + [0x1B, 0x5B, 0x6D, 0xE2, 0x80, 0xAE] + Array(#""}"#.utf8)

  static let screens = [
    Screen("keys-start"),
    Screen("keys-search") { desk in
      desk.press(.character("f"), .control("u"))
      desk.type("product:*")
      desk.press(.enter)
      desk.wait(2)
      desk.progress(
        [Hostile.key, Hostile.long, KeyName("cart:7")] + (0..<60).map { KeyName("product:\($0)") },
        state: .running, visited: 62_000, of: 200_000)
      desk.send(
        .described([
          KeySummary(
            key: Hostile.key, type: "hash", timeToLive: .milliseconds(252_000),
            memoryBytes: 1_240, encoding: "listpack", frequency: 211),
          KeySummary(
            key: KeyName("cart:7"), type: "string", timeToLive: .persistent, memoryBytes: 9,
            encoding: "embstr", idleSeconds: 75, isPersonal: true),
          KeySummary(key: KeyName("product:0"), type: "none", timeToLive: .gone),
        ]))
    },
    Screen("keys-marked") { desk in
      desk.find("product:*", (0..<60).map { KeyName("product:\($0)") } + [Hostile.key])
      desk.press(.character(" "), .down, .character(" "), .end, .character(" "), .home)
    },
    Screen("keys-asked") { desk in
      desk.find("product:*", (0..<60).map { KeyName("product:\($0)") } + [Hostile.key])
      desk.press(.character(" "), .down, .character(" "), .end, .character(" "), .character("v"))
      desk.model.planned(keys: .exact(3), at: desk.now)
    },
    Screen("value-json") { $0.inspect(KeyName("product:1181"), .string(json)) },
    Screen("value-hex") { desk in
      desk.inspect(KeyName("product:1181"), .string(json))
      desk.press(.character("x"), .character("x"))
    },
    Screen("value-page") { desk in
      desk.inspect(
        Hostile.key, .string(Array(repeating: Hostile.bytes, count: 600).flatMap { $0 }),
        length: 12_345_678, next: .offset(65_536))
    },
    Screen("value-hash") { desk in
      desk.inspect(
        Hostile.long,
        .hash(
          [.init(field: Hostile.bytes, value: Hostile.bytes)]
            + (0..<60).map { .init(field: Array("field\($0)".utf8), value: json) }),
        length: 5_000, next: .cursor([0x31]))
    },
    Screen("value-stream") { desk in
      desk.inspect(
        KeyName("orders"),
        .stream(
          (1..<9).map {
            .init(
              id: Array("152691903047\($0)-0".utf8),
              fields: [.init(field: Array("sku".utf8), value: Hostile.bytes)])
          }), length: 8)
    },
    Screen("value-masked") {
      $0.inspect(KeyName("cart:7"), .masked, length: 2_048, personal: true)
    },
    Screen("value-fault") { desk in
      desk.find("*", [KeyName("a")])
      desk.press(.enter)
      desk.answer(
        .gone,
        fault: Fault(
          kind: .timeout, endpoint: "10.0.0.1:6379", action: "reading a",
          message: "no answer within 2 s", nextStep: "r reads again"))
    },
    Screen("key-exact") { desk in
      desk.inspect(Hostile.key, .string([]))
      desk.press(.character("e"))
      if !desk.shows("[text]") { desk.press(.character("x")) }
    },
    Screen("slow", .showSlow),
    Screen("slow-entry", .showSlow) { $0.press(.down, .enter) },
    Screen("clients", .showClients),
    Screen("client", .showClients) { $0.press(.character("o"), .down, .enter) },
    Screen("hot-keys", .showHotKeys),
  ]

  @Test("every screen, at four sizes, in Unicode and ASCII", arguments: screens)
  func looksAsRecorded(_ screen: Screen) throws {
    for (columns, rows) in Desk.sizes {
      for isUnicode in [true, false] {
        var desk = Desk.filled(
          screen.panel, columns: columns, rows: rows, isUnicode: isUnicode)
        screen.steps(&desk)
        let grid = render(desk.model)
        #expect(grid.hazards.isEmpty)
        if !isUnicode {
          #expect((0..<rows).allSatisfy { grid.text(row: $0).utf8.allSatisfy { $0 < 0x7F } })
        }
        try expectSnapshot(
          grid, "\(screen.name)-\(columns)x\(rows)-\(isUnicode ? "unicode" : "ascii")")
      }
    }
  }

  /// The secret never reaches a cell, whatever the size, unless it was revealed.
  @Test(arguments: Desk.sizes)
  func maskedDataIsNowhereOnTheGrid(_ columns: Int, _ rows: Int) {
    let secret = "4111-1111-1111-1111"
    for isRevealed in [false, true] {
      var desk = Desk.filled(.showKeys, columns: columns, rows: rows)
      desk.inspect(KeyName("cart:7"), .masked, length: 19, personal: true)
      if isRevealed { desk.press(.character("R")) }
      // A server side that sends too much must not matter.
      if !isRevealed { desk.press(.character("r")) }
      desk.answer(.string(Array(secret.utf8)), personal: true)
      #expect(desk.shows(secret) == isRevealed)
    }
  }
}
