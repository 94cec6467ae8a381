import ConsoleModel
import Testing

@Suite struct KeyspaceNodesTests {
  private func member(
    _ name: String, _ role: TopologyMember.Role, health: TopologyMember.Health = .online
  ) -> TopologyMember {
    TopologyMember(
      node: NodeID(name), serverID: name, address: name, role: role, health: health)
  }

  private func walked(_ names: [String], _ topologies: [Topology]) -> [String] {
    var snapshot = Snapshot(
      environment: EnvironmentIdentity(name: "e", environmentClass: .development),
      at: WallTime(seconds: 0), taken: MonotonicTime(nanoseconds: 0))
    snapshot.nodes = names.map { NodeStatus(id: NodeID($0), address: $0, state: .live) }
    snapshot.topologies = topologies
    return snapshot.keyspaceNodes.map(\.rawValue)
  }

  @Test func `servers alone are all walked`() {
    #expect(walked(["a", "b"], []) == ["a", "b"])
    #expect(walked(["a", "b"], [Topology(id: "x", kind: .standalone)]) == ["a", "b"])
  }

  @Test func `of a cluster its primaries with slots, after a failover the new one`() throws {
    let slots = try #require(SlotRange(0, 8191))
    let others = try #require(SlotRange(8192, 16383))
    let cluster = Topology(
      id: "cluster", kind: .cluster,
      shards: [
        TopologyShard(
          id: "1", ranges: [slots],
          members: [
            member("p1", .primary, health: .failed), member("r1", .primary), member("q1", .replica),
          ]),
        TopologyShard(
          id: "2", ranges: [others], members: [member("p2", .primary), member("r2", .replica)]),
        TopologyShard(id: "3", members: [member("empty", .primary)]),
      ])
    #expect(
      walked(["p1", "r1", "q1", "p2", "r2", "empty", "other"], [cluster]) == ["r1", "p2", "other"])
  }

  @Test func `of replicas one, where their primary is not reached; of sentinels none`() {
    let pair = Topology(
      id: "r", kind: .replication,
      shards: [
        TopologyShard(
          id: "1",
          members: [
            TopologyMember(serverID: "x", address: "x", role: .primary), member("r1", .replica),
            member("r2", .replica),
          ])
      ])
    let group = Topology(
      id: "s", kind: .sentinel,
      shards: [TopologyShard(id: "1", members: [member("m", .primary), member("n", .replica)])],
      sentinels: [member("s1", .sentinel)])
    #expect(walked(["r1", "r2", "m", "n", "s1"], [pair, group]) == ["r1", "m"])
  }
}
