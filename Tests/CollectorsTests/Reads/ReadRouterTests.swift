import Collectors
import ConsoleModel
import Testing

struct ReadRouterTests {
  private static let primary = NodeID("p")

  private static func member(
    _ name: String, _ role: TopologyMember.Role, seconds: UInt64? = 0, bytes: UInt64? = 0,
    link: TopologyMember.Link = .up, health: TopologyMember.Health = .online
  ) -> TopologyMember {
    TopologyMember(
      node: NodeID(name), serverID: name, address: name, role: role, link: link,
      lagBytes: role == .replica ? bytes : nil, lagSeconds: role == .replica ? seconds : nil,
      health: health)
  }

  private static func router(
    _ replicas: [TopologyMember], prefers: Bool = true, kind: Topology.Kind = .replication,
    states: [NodeID: LiveState]? = nil
  ) -> ReadRouter {
    let members = [member("p", .primary)] + replicas
    let all = Dictionary(
      members.compactMap(\.node).map { ($0, LiveState.live) },
      uniquingKeysWith: { first, _ in first })
    return ReadRouter(
      ReadPolicy(prefersReplica: prefers),
      topologies: [
        Topology(id: "other", kind: .replication, shards: []),
        Topology(id: "t", kind: kind, shards: [TopologyShard(id: "s", members: members)]),
      ], states: states ?? all)
  }

  @Test func `the replica that is least behind is read, and said`() {
    let router = Self.router([
      Self.member("a", .replica, seconds: 3, bytes: 10),
      Self.member("b", .replica, seconds: 1, bytes: 2048),
      Self.member("c", .replica, seconds: 1, bytes: 4096),
    ])
    let route = router.route(for: Self.primary)
    #expect(route.place == .node(NodeID("b")))
    #expect(route.origin == "replica b (2 KB, 1 s behind)")
    #expect(!route.needsReadOnly)
  }

  @Test func `of a cluster it needs READONLY`() {
    let router = Self.router([Self.member("a", .replica)], kind: .cluster)
    #expect(router.route(for: Self.primary).needsReadOnly)
    // The primary never does.
    #expect(!Self.router([], kind: .cluster).route(for: Self.primary).needsReadOnly)
  }

  @Test func `without the wish the server that was asked for is read, and nothing is said`() {
    let router = Self.router([Self.member("a", .replica)], prefers: false)
    #expect(router.route(for: Self.primary) == ReadRoute(.node(Self.primary)))
    let unknown = router.route(for: NodeID("elsewhere"))
    #expect(unknown == ReadRoute(.node(NodeID("elsewhere"))))
  }

  @Test func `a replica that somebody chose says that it may lag`() {
    for prefers in [true, false] {
      let router = Self.router(
        [Self.member("a", .replica, seconds: 90), Self.member("b", .replica)], prefers: prefers)
      let route = router.route(for: NodeID("a"))
      #expect(route.place == .node(NodeID("a")))
      #expect(route.origin?.contains("90 s behind") == true)
    }
  }

  @Test(arguments: [
    (member("a", .replica, seconds: 11), "is 11 s behind"),
    (member("a", .replica, bytes: 65 << 20), "is 65 MB behind"),
    (member("a", .replica, link: .down), "is not connected to its primary"),
    (member("a", .replica, link: .unknown), "is not connected to its primary"),
    (member("a", .replica, health: .failed), "has failed"),
    (member("a", .replica, health: .suspected), "is suspected"),
    (member("a", .replica, health: .loading), "is loading"),
    (member("a", .replica, seconds: nil), "does not tell how far"),
    (member("a", .replica, bytes: nil), "does not tell how far"),
  ])
  func `a replica that is not fit leaves it to the primary, with the reason`(
    _ replica: TopologyMember, _ reason: String
  ) {
    let route = Self.router([replica]).route(for: Self.primary)
    #expect(route.place == .node(Self.primary))
    #expect(route.origin?.hasPrefix("primary p: replica a \(reason)") == true, "\(route)")
    // A fit one beside it is read.
    let other = Self.router([replica, Self.member("b", .replica)]).route(for: Self.primary)
    #expect(other.place == .node(NodeID("b")))
  }

  @Test(arguments: [LiveState.stale, .down, .connecting])
  func `a replica that does not answer is not read`(_ state: LiveState) {
    let router = Self.router(
      [Self.member("a", .replica)], states: [NodeID("a"): state, Self.primary: .live])
    let route = router.route(for: Self.primary)
    #expect(route.place == .node(Self.primary))
    #expect(route.origin == "primary p: replica a does not answer")
  }

  @Test func `a primary without replicas says so`() {
    #expect(
      Self.router([]).route(for: Self.primary).origin == "primary p: it has no replica")
    #expect(Self.router([]).route(for: NodeID("x")).origin == "x: no replica is known")
  }

  @Test func `a reader endpoint is read while the slowest replica is fit`() {
    let router = Self.router([])
    var figures = NodeFigures()
    (figures.replicas, figures.replicaLagSeconds, figures.replicaLagBytes) = (2, 1, 100)
    let fit = router.reader(for: Self.primary, figures: figures, name: "ro", trouble: nil)
    #expect(fit.place == .reader && fit.needsReadOnly)
    #expect(fit.origin == "ro, a replica that may lag")
    // A serverless cache tells nothing of replicas.
    #expect(
      router.reader(for: Self.primary, figures: nil, name: "ro", trouble: nil).place == .reader)
    figures.replicaLagSeconds = 30
    let late = router.reader(for: Self.primary, figures: figures, name: "ro", trouble: nil)
    #expect(late.place == .node(Self.primary) && late.origin?.contains("30 s behind") == true)
    (figures.replicaLagSeconds, figures.replicaLagBytes) = (1, 1 << 30)
    #expect(
      router.reader(for: Self.primary, figures: figures, name: "ro", trouble: nil).place
        == .node(Self.primary))
    figures.replicas = 0
    #expect(
      router.reader(for: Self.primary, figures: figures, name: "ro", trouble: nil).origin
        == "p: ro has no replica")
    let down = router.reader(for: Self.primary, figures: nil, name: "ro", trouble: "refused")
    #expect(down.place == .node(Self.primary) && down.origin?.contains("refused") == true)
  }
}
