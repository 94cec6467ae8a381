import Collectors
import ConsoleModel
import Redis
import Testing

@Suite struct TopologyTrackerTests {
  static func address(_ text: String) throws -> NodeAddress {
    try #require(NodeAddress(parsing: text))
  }

  static func view(_ lines: String...) throws -> ReplicationView {
    let text = "# Replication\r\n" + lines.joined(separator: "\r\n") + "\r\n"
    return try #require(ReplicationView(InfoReply(Array(text.utf8))))
  }

  static func facts(
    _ id: String, _ at: String, _ view: ReplicationView?, runID: String? = nil,
    _ state: LiveState = .live
  ) throws -> TopologyTracker.Facts {
    TopologyTracker.Facts(
      id: NodeID(id), address: try address(at), runID: runID ?? id, view: view, state: state)
  }

  static func at(_ seconds: Double) -> MonotonicTime {
    MonotonicTime(nanoseconds: 0).advanced(bySeconds: seconds)
  }

  @Test func `INFO's words become a view`() throws {
    let primary = try Self.view(
      "role:master", "connected_slaves:2",
      "slave0:ip=10.0.0.2,port=6379,state=online,offset=90,lag=1",
      "slave1:ip=fd00::2,port=6380,state=wait_bgsave,offset=0,lag=0",
      "slave2:ip=10.0.0.4,port=99999,state=online,offset=1,lag=0", "slavery:ip=x,port=1",
      "master_repl_offset:100")
    #expect(primary.role == .primary)
    #expect(primary.replicas.map(\.address.description) == ["10.0.0.2:6379", "[fd00::2]:6380"])
    #expect(primary.replicas.map(\.isOnline) == [true, false])
    #expect(primary.offset == 100)
    let replica = try Self.view(
      "role:slave", "master_host:10.0.0.1", "master_port:6379", "master_link_status:down",
      "slave_repl_offset:90", "cluster_enabled:1")
    #expect(replica.role == .replica && replica.isLinkUp == false && replica.offset == 90)
    #expect(replica.primary?.description == "10.0.0.1:6379")
    #expect(replica.isClusterNode)
    #expect(ReplicationView(InfoReply(Array("role:sentinel".utf8))) == nil)
  }

  @Test func `from a replica its primary is found, and from that the other replica`() throws {
    var tracker = TopologyTracker(configured: [NodeID("b")])
    let b = try Self.view(
      "role:slave", "master_host:10.0.0.1", "master_port:1", "slave_repl_offset:70")
    var outcome = tracker.observe(
      [try Self.facts("b", "10.0.0.2:1", b)], clusters: [], now: Self.at(0))
    #expect(outcome.topologies.isEmpty)
    #expect(outcome.joins.map(\.id.rawValue) == ["10.0.0.1:1"])
    #expect(outcome.joins.map(\.via.rawValue) == ["b"])
    let a = try Self.view(
      "role:master", "slave0:ip=10.0.0.2,port=1,state=online,offset=70,lag=1",
      "slave1:ip=10.0.0.3,port=1,state=online,offset=100,lag=0", "master_repl_offset:100")
    let all = [
      try Self.facts("b", "10.0.0.2:1", b), try Self.facts("10.0.0.1:1", "10.0.0.1:1", a),
    ]
    outcome = tracker.observe(all, clusters: [], now: Self.at(1))
    #expect(outcome.joins.map(\.id.rawValue) == ["10.0.0.3:1"])
    let shard = try #require(outcome.topologies.first?.shards.first)
    #expect(shard.members.map(\.serverID) == ["10.0.0.1:1", "b"])
    #expect(shard.members.map(\.role) == [.primary, .replica])
    #expect(shard.members[1].lagBytes == 30 && shard.members[1].lagSeconds == 1)
    #expect(shard.members[1].primaryID == "10.0.0.1:1")
    #expect(tracker.observe(all, clusters: [], now: Self.at(2)).joins.isEmpty)
  }

  @Test func `a promotion: the silent primary stays in sight until nobody names it`() throws {
    var tracker = TopologyTracker(configured: [NodeID("b")])
    let b = try Self.view("role:slave", "master_host:10.0.0.1", "master_port:1")
    let a = try Self.view("role:master", "slave0:ip=10.0.0.2,port=1,state=online,offset=1,lag=0")
    _ = tracker.observe([try Self.facts("b", "10.0.0.2:1", b)], clusters: [], now: Self.at(0))
    _ = tracker.observe(
      [try Self.facts("b", "10.0.0.2:1", b), try Self.facts("10.0.0.1:1", "10.0.0.1:1", a)],
      clusters: [], now: Self.at(1))
    let promoted = [
      try Self.facts("b", "10.0.0.2:1", try Self.view("role:master")),
      try Self.facts("10.0.0.1:1", "10.0.0.1:1", a, .down),
    ]
    var outcome = tracker.observe(promoted, clusters: [], now: Self.at(2))
    let members = try #require(outcome.topologies.first?.shards.first).members
    #expect(members.first { $0.role == .primary && $0.health == .online }?.serverID == "b")
    #expect(members.first { $0.serverID == "10.0.0.1:1" }?.health == .failed)
    #expect(outcome.leaves.isEmpty)
    outcome = tracker.observe(promoted, clusters: [], now: Self.at(70))
    #expect(outcome.leaves.map(\.rawValue) == ["10.0.0.1:1"])
  }

  @Test func `one process under two names is one server`() throws {
    var tracker = TopologyTracker(configured: [NodeID("main")])
    let main = try Self.facts(
      "main", "localhost:1",
      try Self.view("role:master", "slave0:ip=127.0.0.1,port=2,state=online,offset=1,lag=0"),
      runID: "r1")
    let replica = try Self.facts(
      "127.0.0.1:2", "127.0.0.1:2",
      try Self.view("role:slave", "master_host:127.0.0.1", "master_port:1"), runID: "r2")
    #expect(tracker.observe([main], clusters: [], now: Self.at(0)).joins.count == 1)
    let joins = tracker.observe([main, replica], clusters: [], now: Self.at(1)).joins
    #expect(joins.map(\.id.rawValue) == ["127.0.0.1:1"])
    let double = try Self.facts("127.0.0.1:1", "127.0.0.1:1", main.view, runID: "r1")
    let outcome = tracker.observe([main, replica, double], clusters: [], now: Self.at(2))
    #expect(outcome.leaves.map(\.rawValue) == ["127.0.0.1:1"])
    let members = try #require(outcome.topologies.first?.shards.first).members
    #expect(members.map(\.serverID) == ["main", "127.0.0.1:2"])
    #expect(members[1].primaryID == "main")
    let later = tracker.observe([main, replica], clusters: [], now: Self.at(3))
    #expect(later.joins.isEmpty && later.leaves.isEmpty)
  }

  @Test func `Sentinels lead to the primary of each master, and say where they differ`() throws {
    func sentinel(_ id: String, _ port: Int, _ at: String, _ status: String) throws
      -> TopologyTracker.Facts
    {
      let text =
        "# Server\r\nredis_mode:sentinel\r\n# Sentinel\r\nsentinel_masters:1\r\n"
        + "master0:name=shop,status=\(status),address=\(at),slaves=1,sentinels=2\r\n"
      return TopologyTracker.Facts(
        id: NodeID(id), address: try Self.address("10.0.1.1:\(port)"), runID: id,
        sentinel: SentinelView(InfoReply(Array(text.utf8))), state: .live)
    }
    var tracker = TopologyTracker(configured: [NodeID("s1"), NodeID("s2")])
    var facts = [
      try sentinel("s1", 1, "10.0.0.1:1", "ok"), try sentinel("s2", 2, "10.0.0.1:1", "ok"),
    ]
    var outcome = tracker.observe(facts, clusters: [], now: Self.at(0))
    #expect(outcome.joins.map(\.id.rawValue) == ["10.0.0.1:1"])
    let a = try Self.view("role:master", "slave0:ip=10.0.0.2,port=1,state=online,offset=1,lag=0")
    facts.append(try Self.facts("10.0.0.1:1", "10.0.0.1:1", a))
    outcome = tracker.observe(facts, clusters: [], now: Self.at(1))
    #expect(outcome.joins.map(\.id.rawValue) == ["10.0.0.2:1"])
    facts.append(
      try Self.facts(
        "10.0.0.2:1", "10.0.0.2:1",
        try Self.view("role:slave", "master_host:10.0.0.1", "master_port:1")))
    outcome = tracker.observe(facts, clusters: [], now: Self.at(2))
    let topology = try #require(outcome.topologies.first)
    #expect(outcome.topologies.count == 1 && topology.kind == .sentinel && topology.state == .ok)
    #expect(topology.sentinels.map(\.serverID) == ["s1", "s2"])
    #expect(topology.shards.map(\.name) == ["shop"])
    #expect(topology.shards[0].members.map(\.role) == [.primary, .replica])
    facts[1] = try sentinel("s2", 2, "10.0.0.2:1", "odown")
    let later = try #require(
      tracker.observe(facts, clusters: [], now: Self.at(3)).topologies.first)
    #expect(later.state == .fail)
    #expect(later.notes.contains { $0.contains("do not agree where shop is") })
  }

  @Test func `the old primary stays in sight while it follows nobody, and is no primary`() throws {
    func sentinel(_ at: String) throws -> TopologyTracker.Facts {
      let text =
        "# Server\r\nredis_mode:sentinel\r\n# Sentinel\r\nsentinel_masters:1\r\n"
        + "master0:name=shop,status=ok,address=\(at),slaves=1,sentinels=1\r\n"
      return TopologyTracker.Facts(
        id: NodeID("s1"), address: try Self.address("10.0.1.1:1"), runID: "s1",
        sentinel: SentinelView(InfoReply(Array(text.utf8))), state: .live)
    }
    func server(_ at: String, _ lines: String...) throws -> TopologyTracker.Facts {
      let text = "# Replication\r\n" + lines.joined(separator: "\r\n")
      return TopologyTracker.Facts(
        id: NodeID(at), address: try Self.address(at), runID: at,
        view: ReplicationView(InfoReply(Array(text.utf8))), state: .live)
    }
    func news(_ at: String, _ epoch: UInt64) throws -> TopologyTracker.SentinelNews {
      .init(
        via: NodeID("s1"), primaries: ["shop": .init(address: try Self.address(at), epoch: epoch)])
    }
    var tracker = TopologyTracker(configured: [NodeID("s1")])
    let (a, b) = ("10.0.0.1:1", "10.0.0.2:1")
    let joins = tracker.observe(
      [try sentinel(a)], clusters: [], sentinels: try news(a, 1), now: Self.at(0)
    ).joins
    #expect(joins.map(\.id.rawValue) == [a] && joins[0].master == "shop")
    let before = [
      try sentinel(a),
      try server(a, "role:master", "slave0:ip=10.0.0.2,port=1,state=online,offset=1,lag=0"),
      try server(b, "role:slave", "master_host:10.0.0.1", "master_port:1"),
    ]
    for second in [1.0, 2.0] {
      _ = tracker.observe(before, clusters: [], sentinels: try news(a, 1), now: Self.at(second))
    }
    // It has lost its replica and has not been told yet; nor has the Sentinel that is asked.
    let after = [try sentinel(a), try server(a, "role:master"), try server(b, "role:master")]
    let topology = try #require(
      tracker.observe(after, clusters: [], sentinels: try news(b, 2), now: Self.at(3)).topologies
        .first)
    let members = try #require(topology.shards.first).members
    #expect(members.map(\.address) == [b, a] && members.map(\.role) == [.primary, .replica])
    #expect(members[1].primaryID == b && topology.epoch == 2)
  }

  @Test func `behind a tunnel the announced address leads to the reachable one`() throws {
    let map = try AddressMap([("10.0.0.2:6379", "127.0.0.1:7002")])
    var tracker = TopologyTracker(configured: [NodeID("main")], map: map)
    let main = try Self.facts(
      "main", "127.0.0.1:7001",
      try Self.view("role:master", "slave0:ip=10.0.0.2,port=6379,state=online,offset=1,lag=0"))
    let found = try #require(tracker.observe([main], clusters: [], now: Self.at(0)).joins.first)
    #expect(found.address.description == "127.0.0.1:7002")
    #expect(found.announced.description == "10.0.0.2:6379")
  }

  @Test func `a server that names thousands is believed a thousand`() throws {
    var tracker = TopologyTracker(configured: [NodeID("main")])
    var count = 0
    for round in 0..<8 {
      var lines = ["role:master"]
      for number in 0..<256 {
        lines.append("slave\(number):ip=10.\(round).0.\(number),port=1,state=online,offset=1,lag=0")
      }
      let view = try #require(
        ReplicationView(InfoReply(Array(("# Replication\n" + lines.joined(separator: "\n")).utf8))))
      count +=
        tracker.observe(
          [try Self.facts("main", "10.9.9.9:1", view)], clusters: [], now: Self.at(Double(round))
        ).joins.count
    }
    #expect(count == TopologyTracker.maximumFound)
  }
}
