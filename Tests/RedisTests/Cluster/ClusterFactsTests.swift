import TestKit
import Testing

@testable import Redis

/// What a probe learns of keys from a node of a cluster that is a replica, or that no longer has them.
@Suite(.serialized, .blocking, .cluster) struct ClusterFactsTests {
  private static let wanted: KeyFacts = [.type, .timeToLive, .memory, .idleTime]

  private static func key(_ slot: Int, _ name: String) -> String {
    ClusterFixture.tag(of: slot) + name
  }

  @Test func `a replica measures its shard's keys`() async throws {
    let cluster = try ClusterTrait.shared()
    let (primary, replica) = (cluster[0], cluster[3])
    let key = Self.key(1, "facts")
    let connection = try primary.connect()
    _ = try connection.command(["SET", key, "value", "PX", "500000"])
    #expect(try connection.command(["WAIT", "1", "10000"]).integer == 1)
    let probe = Probe(endpoint: ClusterFixture.seed(replica), loop: Fixture.loop)
    defer { probe.close() }
    for _ in 0..<2 {
      let facts = try #require(try await probe.facts(of: [Array(key.utf8)], Self.wanted).first)
      #expect(facts.type == "string")
      #expect(facts.memoryBytes ?? 0 > 0)
      #expect(facts.idleSeconds != nil)
      guard case .milliseconds(1...500_000) = facts.timeToLive else {
        Issue.record("\(String(describing: facts.timeToLive))")
        return
      }
    }
    // READONLY is asked for once, not for every page of keys.
    #expect(try replica.info("cmdstat_readonly")?.hasPrefix("calls=1,") == true)
  }

  @Test func `a key of another node counts as gone, and the others of its page are measured`()
    async throws
  {
    let cluster = try ClusterTrait.shared()
    let here = Self.key(2, "here")
    let elsewhere = Self.key(16_000, "elsewhere")
    _ = try cluster[0].run(["SET", here, "value"])
    _ = try cluster[2].run(["SET", elsewhere, "value"])
    let probe = Probe(endpoint: ClusterFixture.seed(cluster[0]), loop: Fixture.loop)
    defer { probe.close() }
    let before = try Self.hits(cluster[0])
    let keys = [elsewhere, here].map { Array($0.utf8) }
    let facts = try await probe.facts(of: keys, Self.wanted)
    #expect(facts.map(\.key) == keys)
    #expect(facts.map(\.type) == ["none", "string"])
    #expect(facts.map(\.timeToLive) == [.gone, .persistent])
    #expect(facts.map { ($0.memoryBytes ?? 0) > 0 } == [false, true])
    // What the node did not look up is no lookup in the ledger either.
    #expect(probe.ledger.misses == 0)
    #expect(try Self.hits(cluster[0]) - before == probe.ledger.hits)
  }

  @Test func `a key that is on its way to another node counts as gone`() async throws {
    let cluster = try ClusterTrait.shared()
    let slot = 5
    let key = Self.key(slot, "moving")
    _ = try cluster[0].run(["SET", key, "value"])
    _ = try cluster[1].run(["CLUSTER", "SETSLOT", "\(slot)", "IMPORTING", cluster[0].id])
    _ = try cluster[0].run(["CLUSTER", "SETSLOT", "\(slot)", "MIGRATING", cluster[1].id])
    defer {
      for node in [cluster[0], cluster[1]] {
        _ = try? node.run(["CLUSTER", "SETSLOT", "\(slot)", "STABLE"])
      }
    }
    _ = try cluster[0].run(["MIGRATE", "127.0.0.1", "\(cluster[1].port)", key, "0", "5000"])
    let probe = Probe(endpoint: ClusterFixture.seed(cluster[0]), loop: Fixture.loop)
    defer { probe.close() }
    let facts = try await probe.facts(of: [Array(key.utf8)], Self.wanted)
    #expect(facts.map(\.type) == ["none"])
    #expect(facts.map(\.timeToLive) == [.gone])
    _ = try cluster[1].run(["CLUSTER", "SETSLOT", "\(slot)", "NODE", cluster[1].id])
    _ = try cluster[0].run(["CLUSTER", "SETSLOT", "\(slot)", "NODE", cluster[1].id])
  }

  private static func hits(_ node: RedisCluster.Node) throws -> UInt64 {
    try #require(UInt64(node.info("keyspace_hits") ?? ""))
  }
}
