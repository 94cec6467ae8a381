import ConsoleModel
import Terminal
import Testing

@testable import Panels

@Suite("The topology looks as recorded")
struct TopologySnapshotTests {
  enum Scene: String, CaseIterable {
    case healthy, failing, failedOver = "failed-over", migrating, pair, sentinel, folded, empty

    func desk(_ columns: Int, _ rows: Int, isUnicode: Bool) -> Desk {
      func desk(_ topologies: [Topology], nodes: [NodeStatus] = Topologies.nodes) -> Desk {
        Desk(
          topologies: topologies, nodes: nodes, columns: columns, rows: rows, isUnicode: isUnicode)
      }
      switch self {
      case .healthy: return desk([Topologies.cluster()])
      case .failing:
        var nodes = Topologies.nodes
        nodes[1].state = .down
        nodes[1].lastReply = Desk.start.advanced(bySeconds: -12)
        return desk([Topologies.failing()], nodes: nodes)
      case .failedOver:
        var desk = desk([Topologies.failing()])
        desk.wait(2)
        desk.take([Topologies.failedOver(at: desk.now)])
        desk.wait(4)
        desk.send(.tick(desk.now, Desk.wall, utcOffsetSeconds: 0, zone: "UTC"))
        return desk
      case .migrating: return desk([Topologies.migrating()])
      case .pair: return desk([Topologies.pair(), Topologies.cluster()])
      case .sentinel: return desk([Topologies.sentinel()])
      case .folded:
        let large = Topologies.large(shards: 250)
        return desk([large.topology], nodes: large.nodes)
      case .empty: return desk([])
      }
    }
  }

  @Test("every scene, at four sizes, in Unicode and ASCII", arguments: Scene.allCases)
  func looksAsRecorded(scene: Scene) throws {
    for (columns, rows) in Desk.sizes {
      for isUnicode in [true, false] {
        let grid = render(scene.desk(columns, rows, isUnicode: isUnicode).model)
        if !isUnicode {
          #expect((0..<rows).allSatisfy { grid.text(row: $0).utf8.allSatisfy { $0 < 0x7F } })
        }
        try expectSnapshot(
          grid,
          "topology-\(scene.rawValue)-\(columns)x\(rows)-\(isUnicode ? "unicode" : "ascii")")
      }
    }
  }
}
