import TestKit
import Testing

@testable import Redis

/// Replies as servers of several versions give them, and as none should.
struct TopologyParsingTests {
  static let asked = ClusterTopology.Asked(host: "seed.shop")

  static func text(_ text: String) -> RESPValue { .bulk(Array(text.utf8)) }

  static func map(_ fields: [(String, RESPValue)]) -> RESPValue {
    .array(fields.flatMap { [text($0.0), $0.1] })
  }

  static func member(
    _ id: String, _ role: String, endpoint: RESPValue, health: String = "online",
    more: [(String, RESPValue)] = [("port", .integer(6379))]
  ) -> RESPValue {
    map(
      [
        ("id", text(id)), ("endpoint", endpoint), ("role", text(role)), ("health", text(health)),
        ("replication-offset", .integer(72_156)), ("of-the-future", .array([.null])),
      ] + more)
  }

  static let shards: RESPValue = .array([
    map([
      ("slots", .array([.integer(8192), .integer(16_383), .integer(5), .integer(5)])),
      ("nodes", .array([member("b", "master", endpoint: .null)])),
    ]),
    map([
      ("slots", .array([.integer(0), .integer(4)])),
      (
        "nodes",
        .array([
          member("old", "master", endpoint: text("10.0.0.9"), health: "fail"),
          member(
            "a", "master", endpoint: text("a.shop"),
            more: [
              ("port", .integer(6379)), ("tls-port", .integer(6380)), ("ip", text("10.0.0.1")),
              ("hostname", text("a.shop")), ("availability-zone", text("eu-west-1a")),
            ]),
          member("c", "replica", endpoint: text("?"), health: "loading"),
          member("d", "replica", endpoint: text("fd00::4")),
        ])
      ),
    ]),
  ])

  @Test func `CLUSTER SHARDS: fields, endpoints that are missing, two primaries of one shard`()
    throws
  {
    let topology = try #require(ClusterTopology(shards: Self.shards, Self.asked))
    #expect(topology.shards.map(\.slots.description) == ["0-4", "5 8192-16383"])
    let first = topology.shards[0]
    #expect(first.primary?.id == "a")
    #expect(first.primary?.address?.description == "a.shop:6379")
    #expect(first.primary?.replicationOffset == 72_156)
    #expect(first.primary?.availabilityZone == "eu-west-1a")
    #expect(first.replicas.map(\.id) == ["old", "c", "d"])
    #expect(first.replicas.map(\.health) == [.failed, .loading, .online])
    // "?": it does not know its name. Null: the host that was asked.
    #expect(
      first.replicas.map { $0.address?.description } == ["10.0.0.9:6379", nil, "[fd00::4]:6379"])
    #expect(topology.shards[1].primary?.address?.description == "seed.shop:6379")
    #expect(topology.uncovered.description == "6-8191")
    #expect(topology.isTroubled)
  }

  @Test func `the TLS port is taken where TLS is used`() throws {
    let asked = ClusterTopology.Asked(host: "seed", usesTLS: true)
    let topology = try #require(ClusterTopology(shards: Self.shards, asked))
    #expect(topology.node(id: "a")?.address?.port == 6380)
    #expect(topology.node(id: "b")?.address?.port == 6379)
  }

  @Test func `CLUSTER SLOTS: one virtual node, ranges of one primary, metadata`() throws {
    let serverless: RESPValue = .array([
      .array([
        .integer(0), .integer(16_383),
        .array([Self.text("shop.serverless.cache"), .integer(6379), Self.text("v"), .array([])]),
        .array([Self.text("shop.serverless.cache"), .integer(6380), Self.text("r"), .array([])]),
      ])
    ])
    let one = try #require(ClusterTopology(slots: serverless, Self.asked))
    #expect(one.uncovered.isEmpty)
    #expect(one.primaries.map { $0.address?.description } == ["shop.serverless.cache:6379"])
    #expect(one.replicas.map { $0.address?.port } == [6380])

    func entry(_ low: Int64, _ high: Int64, _ node: [RESPValue]) -> RESPValue {
      .array([.integer(low), .integer(high), .array(node)])
    }
    let mixed: RESPValue = .array([
      entry(10, 20, [.null, .integer(7000), Self.text("a")]),
      entry(0, 4, [Self.text("10.0.0.2"), .integer(7001)]),
      entry(
        30, 30,
        [
          Self.text(""), .integer(7000), Self.text("a"),
          .array([Self.text("hostname"), Self.text("h"), Self.text("odd")]),
        ]),
      entry(9, 1, [Self.text("x"), .integer(1)]), .integer(7), .array([]),
    ])
    let two = try #require(ClusterTopology(slots: mixed, Self.asked))
    #expect(two.shards.map(\.slots.description) == ["0-4", "10-20 30"])
    // Before Redis 4 there are no ids.
    #expect(two.shards.map { $0.primary?.id } == ["10.0.0.2:7001", "a"])
    #expect(two.shards[1].primary?.address?.description == "seed.shop:7000")
  }

  static let nodes = """
    aaa 10.0.0.1:6379@16379,a.shop myself,master - 0 0 7 connected 0-99 300 [400->-bbb] [77-<-bbb]
    bbb fd00::2:6380@16380,,shard-id=x master - 0 1426238316232 9 connected 100-200
    ccc :6381@16381 slave,fail? aaa 0 0 7 connected
    ddd 10.0.0.4:6379@16379 master,fail - 1 1 3 disconnected
    eee 10.0.0.5:6379@16379 handshake - 0 0 0 disconnected
    fff :0@0 master,noaddr - 0 0 0 disconnected 500
    ggg 10.0.0.7:6379 slave zzz 0 0 1 connected
    not a node at all
    """

  @Test func `CLUSTER NODES: last colon, host names, suspicions, slots on their way`() throws {
    let topology = try #require(
      ClusterTopology(nodes: Array(Self.nodes.utf8), Self.asked))
    #expect(topology.shards.prefix(2).map(\.slots.description) == ["0-99 300", "100-200"])
    #expect(topology.node(id: "aaa")?.hostname == "a.shop")
    #expect(topology.node(id: "bbb")?.address?.description == "[fd00::2]:6380")
    #expect(topology.node(id: "bbb")?.hostname == nil)
    #expect(topology.node(id: "ccc")?.address?.description == "seed.shop:6381")
    #expect(topology.node(id: "ccc")?.health == .suspected)
    #expect(topology.node(id: "ddd")?.health == .failed)
    #expect(topology.node(id: "eee") == nil)
    #expect(topology.node(id: "fff") == nil)
    #expect(topology.node(id: "ggg")?.address?.description == "10.0.0.7:6379")
    #expect(topology.epoch == 9)
    #expect(
      topology.openSlots == [
        .init(slot: 400, from: "aaa", to: "bbb"), .init(slot: 77, from: "bbb", to: "aaa"),
      ])
  }

  @Test func `what NODES knows beyond SHARDS is added`() throws {
    var topology = try #require(ClusterTopology(shards: Self.shards, Self.asked))
    let text = """
      a 10.0.0.1:6379@1 myself,master - 0 0 12 connected 0-4 [4->-b]
      d 10.0.0.4:6379@1 slave,fail? a 0 0 12 connected
      n 10.0.0.5:6379@1 master - 0 0 0 connected
      """
    let nodes = try #require(ClusterTopology(nodes: Array(text.utf8), Self.asked))
    topology.annotate(with: nodes)
    #expect(topology.epoch == 12)
    #expect(topology.node(id: "d")?.health == .suspected)
    #expect(topology.openSlots.map(\.slot) == [4])
    #expect(topology.node(id: "n") != nil)
  }

  private static func view(
    _ owners: [(String, ClosedRange<Int>)], epochs: [String: UInt64] = [:]
  ) -> ClusterTopology {
    ClusterTopology(
      source: .shards,
      shards: owners.map { id, slots in
        var shard = ClusterTopology.Shard()
        shard.slots = SlotRanges([slots])
        shard.primary = ClusterTopology.Node(id: id, address: nil)
        shard.primary?.configEpoch = epochs[id]
        return shard
      })
  }

  @Test func `of views that disagree the newest is taken, then the most common, then the fullest`()
  {
    let old = Self.view([("a", 0...16_383)], epochs: ["a": 4])
    let new = Self.view([("b", 0...16_383)], epochs: ["b": 5])
    let reset = ClusterTopology(source: .nodes, shards: [])
    #expect(ClusterTopology.choice(among: [old, old, new, reset]) == 2)
    let plain = Self.view([("a", 0...16_383)])
    let other = Self.view([("c", 0...16_383)])
    let part = Self.view([("c", 0...10)])
    #expect(ClusterTopology.choice(among: [other, plain, plain]) == 1)
    #expect(ClusterTopology.choice(among: [part, other]) == 1)
    #expect(ClusterTopology.choice(among: [reset, part]) == 1)
    #expect(ClusterTopology.choice(among: []) == nil)
  }

  @Test func `replies that were tampered with never trap`() {
    var generator = SplitMix64(seed: 3)
    let odd: [RESPValue] = [
      .null, .integer(-1), .integer(.max), .integer(16_384), .array([]), .bulk([]), .bulk([0xFF]),
      .error("ERR"), .simple(Array("99999999999999999999".utf8)), Self.text("?"),
      Self.text(String(repeating: "x", count: 5000)), .array([.array([.array([.null])])]),
    ]
    func spoiled(_ value: RESPValue) -> RESPValue {
      if Int.random(in: 0..<12, using: &generator) == 0 {
        return odd.randomElement(using: &generator) ?? .null
      }
      guard case .array(var items) = value else { return value }
      if !items.isEmpty, Int.random(in: 0..<10, using: &generator) == 0 {
        items.remove(at: Int.random(in: items.indices, using: &generator))
      }
      return .array(items.map(spoiled))
    }
    var parsed = 0
    for _ in 0..<3000 {
      let reply = spoiled(Self.shards)
      for topology in [
        ClusterTopology(shards: reply, Self.asked), ClusterTopology(slots: reply, Self.asked),
      ] {
        guard let topology else { continue }
        parsed += 1
        #expect(topology.covered.count + topology.uncovered.count == HashSlot.count)
        _ = SlotOwners(topology)[100]
      }
      var bytes = Array(Self.nodes.utf8)
      for _ in 0..<Int.random(in: 1...20, using: &generator) {
        bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      }
      if let topology = ClusterTopology(nodes: bytes, Self.asked) { _ = SlotOwners(topology) }
    }
    #expect(parsed > 1000)
  }
}

struct RedirectionTests {
  @Test(arguments: [
    ("MOVED 3999 127.0.0.1:6381", "moved 3999 127.0.0.1:6381"),
    ("MOVED 3999 :6381", "moved 3999 asked:6381"), ("ASK 1 fd00::1:7000", "ask 1 [fd00::1]:7000"),
    ("MOVED 3999 ?:6381", "moved 3999 -"), ("ASK 16384 h:1", "-"), ("MOVED x h:1", "-"),
    ("MOVED", "-"), ("MOVED 1 h:99999", "moved 1 -"), ("TRYAGAIN Multiple keys", "tryAgain"),
    ("CLUSTERDOWN Hash slot not served", "notNow"), ("LOADING Redis is", "notNow"),
    ("MASTERDOWN Link", "notNow"), ("READONLY You can't", "readOnly"), ("ERR x", "-"), ("", "-"),
  ]) func `an error reply says where to go`(text: String, meaning: String) {
    let found: String
    switch Redirection(text, askedHost: "asked") {
    case .moved(let slot, let address): found = "moved \(slot) \(address?.description ?? "-")"
    case .ask(let slot, let address): found = "ask \(slot) \(address?.description ?? "-")"
    case .tryAgain: found = "tryAgain"
    case .notNow: found = "notNow"
    case .readOnly: found = "readOnly"
    case nil: found = "-"
    }
    #expect(found == meaning)
  }
}
