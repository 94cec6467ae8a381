import ConsoleModel

@testable import Panels

/// Topologies of a shop's cache, before, during and after a failover; and as hostile as a server's
/// answer can be.
enum Topologies {
  static let now = Desk.start

  static func node(
    _ name: String, ops: Double = 6_133, memory: UInt64 = 3 << 30, state: LiveState = .live
  ) -> NodeStatus {
    var node = NodeStatus(
      id: NodeID(name), address: "10.0.0.1:6379", state: state,
      lastReply: now.advanced(bySeconds: state == .live ? -1 : -12))
    node.figures.opsPerSecond = ops
    node.figures.memoryUsed = memory
    node.figures.hitRatio = 0.932
    node.figures.p95 = 900
    node.figures.keys = 401_443
    return node
  }

  /// Six servers: redis-1 to 3 are the primaries, 4 to 6 their replicas; the second does too much.
  static let nodes = [
    node("redis-1", ops: 4_100), node("redis-2", ops: 11_800, memory: 5 << 30),
    node("redis-3", ops: 4_400), node("redis-4", ops: 210), node("redis-5", ops: 640),
    node("redis-6", ops: 190),
  ]

  /// A node id is 40 hexadecimal digits.
  static func id(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 8 - min(8, digits.count)) + digits
      + String(repeating: "c", count: 32)
  }

  static func member(
    _ number: Int, _ role: TopologyMember.Role, of primary: Int? = nil,
    health: TopologyMember.Health = .online, lag: UInt64? = nil, link: TopologyMember.Link = .up
  ) -> TopologyMember {
    TopologyMember(
      node: NodeID("redis-\(number)"), serverID: id(number), address: "10.0.0.1\(number):6379",
      role: role, primaryID: primary.map(id), link: role == .replica ? link : .unknown,
      lagBytes: role == .replica ? lag ?? 120 : nil, lagSeconds: role == .replica ? 0 : nil,
      zone: ["eu-west-1a", "eu-west-1b", "eu-west-1c"][(number > 3 ? number : number - 1) % 3],
      health: health)
  }

  static func range(_ first: Int, _ last: Int) -> SlotRange {
    SlotRange(first, last) ?? whole
  }

  static let whole: SlotRange = [SlotRange].all[0]

  static func shard(
    _ number: Int, _ first: Int, _ last: Int, _ members: [TopologyMember]
  ) -> TopologyShard {
    TopologyShard(id: "shard-\(number)", ranges: [range(first, last)], members: members)
  }

  static func cluster(at time: MonotonicTime = now) -> Topology {
    Topology(
      id: "shop", kind: .cluster, state: .ok, readAt: time, source: NodeID("redis-1"), epoch: 7,
      shards: [
        shard(1, 0, 5460, [member(1, .primary), member(4, .replica, of: 1)]),
        shard(2, 5461, 10_922, [member(2, .primary), member(5, .replica, of: 2, lag: 40_960)]),
        shard(3, 10_923, 16_383, [member(3, .primary), member(6, .replica, of: 3)]),
      ])
  }

  /// The second primary failed and nobody has taken over yet.
  static func failing(at time: MonotonicTime = now) -> Topology {
    var topology = cluster(at: time)
    topology.state = .fail
    topology.shards[1].members = [
      member(2, .primary, health: .failed), member(5, .replica, of: 2, link: .down),
    ]
    return topology
  }

  /// redis-5 took over; redis-2 came back as its replica.
  static func failedOver(at time: MonotonicTime = now) -> Topology {
    var topology = cluster(at: time)
    topology.epoch = 8
    topology.shards[1].members = [member(5, .primary), member(2, .replica, of: 5)]
    return topology
  }

  static func migrating() -> Topology {
    var topology = cluster()
    topology.openSlots = [
      OpenSlot(slot: 5460, direction: .migrating, source: id(1), target: id(2)),
      OpenSlot(slot: 5460, direction: .importing, source: id(1), target: id(2)),
      OpenSlot(slot: 16_000, direction: .importing, source: "ffff0000aaaa", target: id(3)),
    ]
    return topology
  }

  static func pair() -> Topology {
    var replica = member(2, .replica, of: 1, lag: 1_204, link: .down)
    replica.lagSeconds = 14
    replica.announced = "cache-2.internal:6379"
    return Topology(
      id: "pair", name: "sessions", kind: .replication, readAt: now.advanced(bySeconds: -40),
      source: NodeID("redis-1"),
      shards: [TopologyShard(id: "m", members: [member(1, .primary), replica])],
      notes: ["redis-2 announces an address that the console cannot reach"])
  }

  static func sentinel() -> Topology {
    Topology(
      id: "watched", name: "carts", kind: .sentinel, state: .ok, readAt: now, epoch: 3,
      shards: [
        TopologyShard(
          id: "cart-master", name: "cart-master",
          members: [member(1, .primary), member(4, .replica, of: 1, health: .suspected)])
      ],
      sentinels: (1...3).map {
        TopologyMember(
          serverID: "sentinel-\($0)", address: "10.0.1.1\($0):26379", role: .sentinel,
          health: $0 == 3 ? .suspected : .online)
      })
  }

  /// As many shards of two as are wanted, all monitored.
  static func large(shards count: Int) -> (topology: Topology, nodes: [NodeStatus]) {
    let width = SlotRange.slotCount / count
    let shards = (0..<count).map { index -> TopologyShard in
      let (first, number) = (index * width, 2 * index + 1)
      let last = index == count - 1 ? SlotRange.slotCount - 1 : first + width - 1
      let lag = UInt64(index * 977 % 10_000)
      return shard(
        index + 1, first, last,
        [member(number, .primary), member(number + 1, .replica, of: number, lag: lag)])
    }
    let nodes = (1...(2 * count)).map { number -> NodeStatus in
      let memory = UInt64(number * 104_729 % 9_000) << 20
      return node("redis-\(number)", ops: Double(number * 7_919 % 9_000), memory: memory)
    }
    let topology = Topology(
      id: "large", kind: .cluster, state: .ok, readAt: now, source: NodeID("redis-1"), epoch: 99,
      shards: shards)
    return (topology, nodes)
  }

  // MARK: Hostile

  static func hostile(_ text: String, nodes: [NodeID]) -> [Topology] {
    let long = text + String(repeating: "y", count: 5_000)
    let members = TopologyMember.Role.allCases.flatMap { role in
      TopologyMember.Health.allCases.map { health in
        TopologyMember(
          node: nodes.first, serverID: text, address: long, announced: long, role: role,
          primaryID: text, link: .down, lagBytes: .max, lagSeconds: .max, zone: long,
          health: health, flags: Array(repeating: long, count: 100))
      }
    }
    let alternate = stride(from: 0, to: SlotRange.slotCount, by: 2).map { range($0, $0) }
    let fault = Fault(
      kind: .protocol, endpoint: text, action: text, message: long, nextStep: text)
    return [
      Topology(
        id: text, name: long, kind: .cluster, state: .fail,
        readAt: MonotonicTime(nanoseconds: .min), source: NodeID(long), epoch: .max,
        shards: [
          TopologyShard(id: text, name: long, ranges: alternate, members: members),
          TopologyShard(id: text, ranges: [whole, whole], members: []),
          TopologyShard(id: ""),
        ], sentinels: members,
        openSlots: [Int.min, .max, -1, 16_384, 0].map {
          OpenSlot(slot: $0, direction: .migrating, source: text, target: nil)
        }, fault: fault, notes: Array(repeating: long, count: 50)),
      Topology(id: text, kind: .sentinel, readAt: MonotonicTime(nanoseconds: .max)),
      Topology(id: "", name: "", kind: .standalone, shards: [TopologyShard(id: "", name: text)]),
    ]
  }

  /// Any topology that the types can hold, from a seed.
  static func random(_ random: inout SplitMix, nodes: [NodeID]) -> Topology {
    func any<Element>(_ all: [Element], _ random: inout SplitMix) -> Element {
      all[Int(random.next() % UInt64(all.count))]
    }
    let ids = ["", "a", "b", "c", "d", "e"]
    var members: [TopologyMember] = []
    for _ in 0..<24 {
      members.append(
        TopologyMember(
          node: random.next() % 3 == 0 ? nil : any(nodes, &random), serverID: any(ids, &random),
          address: any(["", "10.0.0.1:1", Fixture.hostileText], &random),
          role: any(TopologyMember.Role.allCases, &random),
          link: any(TopologyMember.Link.allCases, &random),
          lagBytes: any([nil, 0, .max, 77], &random), lagSeconds: any([nil, 0, .max, 11], &random),
          zone: any([nil, "", "z", Fixture.hostileText], &random),
          health: any(TopologyMember.Health.allCases, &random),
          flags: any([[], ["handshake"], [Fixture.hostileText]], &random)))
    }
    var shards: [TopologyShard] = []
    for _ in 0..<(random.next() % 20) {
      var ranges: [SlotRange] = []
      for _ in 0..<(random.next() % 4) {
        let first = Int(random.next() % 17_000)
        if let range = SlotRange(first, first + Int(random.next() % 4_000)) { ranges.append(range) }
      }
      shards.append(
        TopologyShard(
          id: any(ids, &random), name: any(["", "m", Fixture.hostileText], &random),
          ranges: ranges, members: (0..<(random.next() % 5)).map { _ in any(members, &random) }))
    }
    return Topology(
      id: any(ids, &random), name: any(ids, &random), kind: any(Topology.Kind.allCases, &random),
      state: any(Topology.State.allCases, &random),
      readAt: any([nil, now, MonotonicTime(nanoseconds: .max)], &random),
      shards: shards, sentinels: Array(members.prefix(Int(random.next() % 4))),
      openSlots: (0..<(random.next() % 20)).map { _ in
        OpenSlot(
          slot: Int(truncatingIfNeeded: random.next()), direction: .importing,
          source: any(ids, &random),
          target: any(ids, &random))
      })
  }
}

extension Desk {
  /// On the Topology panel, with these topologies.
  init(
    topologies: [Topology], nodes: [NodeStatus] = Topologies.nodes, columns: Int = 120,
    rows: Int = 40, isUnicode: Bool = true
  ) {
    self.init(
      .showTopology, nodes: nodes, columns: columns, rows: rows, isUnicode: isUnicode
    ) { $0.topologies = topologies }
  }

  /// The next snapshot, at the desk's time.
  mutating func take(_ topologies: [Topology], nodes: [NodeStatus] = Topologies.nodes) {
    var snapshot = Snapshot(environment: Self.environment, at: Self.wall, taken: now)
    snapshot.nodes = nodes
    snapshot.topologies = topologies
    send(.snapshot(snapshot))
  }
}
