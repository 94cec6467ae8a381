import EventLoop
import Redis
import TestKit
import Testing

/// The cluster that the tests of a suite share, one after the other; each leaves it whole.
struct ClusterTrait: SuiteTrait, TestScoping {
  @TaskLocal static var cluster: RedisCluster?

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    let cluster = try RedisCluster()
    try await Self.$cluster.withValue(cluster) { try await function() }
  }
}

extension Trait where Self == ClusterTrait {
  /// Six nodes: three primaries and a replica of each.
  static var cluster: Self { ClusterTrait() }
}

@Suite(.serialized, .blocking, .cluster) struct ClusterClientTests {
  private func cluster() throws -> RedisCluster { try #require(ClusterTrait.cluster) }

  @Test func `the topology names the nodes with their slots and replicas`() async throws {
    let cluster = try cluster()
    let client = ClusterFixture.client(cluster)
    let topology = try await client.topology()
    #expect(topology.uncovered.isEmpty)
    #expect(Set(topology.primaries.map(\.id)) == Set(cluster.primaries.map(\.id)))
    #expect(topology.shards.map(\.replicas.count) == [1, 1, 1])
    for node in cluster.nodes {
      #expect(
        topology.node(id: node.id)?.address == NodeAddress(host: "127.0.0.1", port: node.port))
    }
    // A new replica counts as loading until the others have heard how far it is.
    #expect(
      try await Eventually.holds {
        try await client.freshTopology().nodes.allSatisfy { $0.health == .online }
      })
    #expect(topology.shard(of: 0)?.primary?.id == cluster[0].id)
    #expect(topology.shard(of: 16_383)?.primary?.id == cluster[2].id)
    #expect(topology.epoch ?? 0 >= 3)
  }

  @Test func `a pipeline of 1,000 mixed commands comes back in order`() async throws {
    let cluster = try cluster()
    let client = ClusterFixture.client(cluster)
    var commands: [RedisCommand] = []
    var expected: [RESPValue] = []
    for number in 0..<250 {
      let key = "order:\(number)"
      commands.append(RedisCommand("SET", key, "\(number)"))
      commands.append(RedisCommand("INCRBY", key, "1"))
      commands.append(RedisCommand("GET", key))
      commands.append(RedisCommand("LPUSH", key, "x"))
      expected.append(.simple(Array("OK".utf8)))
      expected.append(.integer(Int64(number + 1)))
      expected.append(.bulk(Array("\(number + 1)".utf8)))
      expected.append(.error("WRONGTYPE Operation against a key holding the wrong kind of value"))
    }
    let answers = await client.pipeline(commands, action: "testing")
    #expect(answers == expected.map { .success($0) })
  }
}
