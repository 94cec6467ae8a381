import ConsoleModel
import Terminal
import Testing

@testable import Panels

@Suite("Operations where Sentinels say which server is the primary")
struct SentinelOperationTests {
  private static let master = NodeID("carts")
  private static let names = [KeyName("product:1"), KeyName("product:2")]

  /// The old primary still says that it is one, and is listed first, after a Sentinel.
  private func desk(primary: String = "redis-2", hasPrimary: Bool = true) -> Desk {
    var sentinel = Desk.node("sentinel-1")
    sentinel.figures.role = NodeFigures.sentinelRole
    let servers = ["redis-1", "redis-2"].map { name in
      var node = Desk.node(name)
      node.figures.role = "master"
      return node
    }
    return Desk(.showKeys, nodes: [sentinel] + servers) { snapshot in
      let members = servers.map { node in
        TopologyMember(
          node: node.id, serverID: node.id.rawValue, address: node.address,
          role: node.id.rawValue == primary && hasPrimary ? .primary : .replica)
      }
      snapshot.topologies = [
        Topology(
          id: "sentinel", kind: .sentinel,
          shards: [TopologyShard(id: "carts", name: "carts", members: members)])
      ]
    }
  }

  private func request(_ desk: Desk) -> OperationRequest? {
    for case .plan(let request) in desk.effects { return request }
    return nil
  }

  @Test("a pattern goes to the present primary alone, by the master's name")
  func pattern() {
    var desk = desk()
    desk.type(":invalidate a:*")
    desk.press(.enter)
    #expect(request(desk)?.nodes == [Self.master])
  }

  @Test("keys are looked for on the present primary, and their marks go when they are gone")
  func keys() throws {
    var desk = desk()
    desk.find("product:*", Self.names)
    let searched = desk.model.panels.flatMap { ($0 as? KeysPanel)?.search?.search.nodes ?? [] }
    #expect(searched == [NodeID("redis-2")])
    desk.press(.character(" "), .character("v"))
    let asked = try #require(self.request(desk))
    #expect(asked.nodes == [Self.master] && asked.target == .keys([Self.names[0]]))
    #expect(desk.model.context.marks.nodes == [NodeID("redis-2")])
    #expect(desk.model.context.server(of: Self.master) == NodeID("redis-2"))
  }

  @Test("another server is called by its own name")
  func replica() {
    var desk = desk()
    desk.type(":slowlog reset redis-1")
    desk.press(.enter)
    #expect(request(desk)?.nodes == [NodeID("redis-1")])
    desk.press(.escape)
    desk.type(":slowlog reset redis-2")
    desk.press(.enter)
    #expect(request(desk)?.nodes == [Self.master])
  }

  @Test("a Sentinel is none of the servers that take writes")
  func noPrimary() {
    let desk = desk(hasPrimary: false)
    #expect(desk.model.writableNodes == [NodeID("redis-1"), NodeID("redis-2")])
    #expect(desk.model.context.targetNode == NodeID("redis-1"))
  }
}
