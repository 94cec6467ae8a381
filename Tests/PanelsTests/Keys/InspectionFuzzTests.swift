import ConsoleModel
import Synchronization
import Terminal
import Testing

@testable import Panels

@Suite struct InspectionFuzzTests {
  private static func value(_ random: inout SplitMix) -> KeyInspection.Value {
    func bytes(_ random: inout SplitMix) -> [UInt8] {
      switch random.next() % 4 {
      case 0: Hostile.bytes
      case 1: InspectionSnapshotTests.json
      case 2: Array(repeating: UInt8(truncatingIfNeeded: random.next()), count: 70_000)
      default: (0..<(random.next() % 60)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      }
    }
    switch random.next() % 9 {
    case 0, 1, 2: return .string(bytes(&random))
    case 3: return .hash([.init(field: bytes(&random), value: bytes(&random))])
    case 4: return .list((0..<(random.next() % 40)).map { _ in bytes(&random) })
    case 5: return .sortedSet([.init(member: bytes(&random), score: bytes(&random))])
    case 6:
      return .stream([
        .init(id: bytes(&random), fields: [.init(field: bytes(&random), value: bytes(&random))]),
        .init(id: [], fields: []),
      ])
    case 7: return .masked
    default: return [.gone, .opaque(type: Hostile.text), .set([])][Int(random.next() % 3)]
    }
  }

  @Test func noValueKeyOrSizeTrapsOrReachesTheTerminalRaw() {
    var random = SplitMix(state: 42)
    var desk = Desk.filled(.showKeys)
    for step in 0..<3_000 {
      desk.wait(Double(random.next() % 2_000) / 1000)
      switch random.next() % 12 {
      case 0:
        desk.send(.action(.showKeys, argument: nil))
        desk.find("*", [Hostile.key, Hostile.long, KeyName("cart:7"), KeyName([])])
        desk.press(.down, .enter)
      case 1:
        desk.send(.input(.resize(columns: Int(random.next() % 130), rows: Int(random.next() % 45))))
      case 2: desk.press(.character("n"))
      case 3: desk.press(.enter)
      default: desk.send(random.event())
      }
      if desk.request != nil {
        let next: PagePosition? = random.next() % 2 == 0 ? .offset(random.next()) : nil
        desk.answer(
          Self.value(&random), length: random.next(), next: next,
          personal: random.next() % 3 == 0)
      }
      if step % 3 == 0 {
        let hazards = render(desk.model).hazards
        #expect(hazards.isEmpty, "step \(step)")
      }
    }
  }

  @Test func onlyPartsOnScreenAreAskedFor() {
    let asked = Counter()
    var list = ElementList(count: 100_000, labelTitle: "field", contentTitle: "value") { index in
      asked.value.add(1, ordering: .relaxed)
      return ElementRow("field \(index)", "value")
    }
    let desk = Desk(.showKeys, columns: 80, rows: 24)
    var grid = CellGrid(columns: 80, rows: 24)
    _ = list.perform(.bottom, isUnicode: true, in: grid.bounds)
    list.draw(desk.model.context, in: grid.bounds, into: &grid, empty: "")
    #expect(grid.text(row: 22).contains("field 99999"))
    // A row has three cells.
    #expect(asked.value.load(ordering: .relaxed) <= 3 * 24)
  }

  private final class Counter: Sendable {
    let value = Atomic<Int>(0)
  }
}
