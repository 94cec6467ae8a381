package import ConsoleModel
package import Redis

/// Finds out how the servers of an environment belong together, and which others belong to them: from
/// what each says in INFO, and what a cluster's nodes say of the cluster.
///
/// Pure: fed once each beat. A server goes by the name under which it was configured; one that was
/// only heard of goes by its address, until it turns out (by its run_id) to be one that is known.
package struct TopologyTracker: Sendable {
  /// A monitored server, as it is now.
  package struct Facts: Sendable {
    package var id: NodeID
    /// Where it is asked; nil: over a Unix socket.
    package var address: NodeAddress?
    package var runID: String?
    package var view: ReplicationView?
    package var sentinel: SentinelView?
    package var state: LiveState

    package init(
      id: NodeID, address: NodeAddress?, runID: String? = nil, view: ReplicationView? = nil,
      sentinel: SentinelView? = nil, state: LiveState
    ) {
      self.id = id
      self.address = address
      self.runID = runID
      self.view = view
      self.sentinel = sentinel
      self.state = state
    }
  }

  /// A server to be monitored from now on.
  package struct Found: Sendable, Hashable {
    package var id: NodeID
    /// As it was told.
    package var announced: NodeAddress
    /// Where it is reached from here.
    package var address: NodeAddress
    /// Who told of it: it is reached in the same way, with the same credentials.
    package var via: NodeID
    /// The name of the master that a Sentinel told of; nil: it was told by a server of its own kind.
    package var master: String?
  }

  package struct Outcome: Sendable {
    package var topologies: [Topology] = []
    package var joins: [Found] = []
    package var leaves: [NodeID] = []
  }

  /// What a watcher of Sentinels knows beside what these say in INFO.
  package struct SentinelNews: Sendable {
    /// Sentinels that another one told of.
    package var others: [NodeAddress] = []
    /// The one that the others are reached like.
    package var via: NodeID
    /// Where the primaries are, by their master's name: the servers there say so themselves.
    package var primaries: [String: SentinelClient.Told] = [:]

    package init(
      others: [NodeAddress] = [], via: NodeID, primaries: [String: SentinelClient.Told] = [:]
    ) {
      self.others = others
      self.via = via
      self.primaries = primaries
    }
  }

  /// What a cluster's node said of the cluster, and when.
  package struct ClusterReading: Sendable {
    package var source: NodeID
    package var topology: ClusterTopology
    package var at: MonotonicTime

    package init(source: NodeID, topology: ClusterTopology, at: MonotonicTime) {
      self.source = source
      self.topology = topology
      self.at = at
    }
  }

  /// Servers that are watched beside those of the configuration; a hostile answer may name any number.
  package static let maximumFound = 1000
  /// A server that nobody names any more is let go after so many seconds: a failover forgets for a while.
  static let patience = 60.0

  private let configured: Set<NodeID>
  private let map: AddressMap
  /// By the announced address.
  private var names: [NodeAddress: NodeID] = [:]
  private var found: [NodeID: Found] = [:]
  /// Which Sentinels' master a server was last seen with.
  var masters: [NodeID: String] = [:]
  /// When somebody last named it.
  private var named: [NodeID: MonotonicTime] = [:]

  package init(configured: [NodeID], map: AddressMap = AddressMap()) {
    self.configured = Set(configured)
    self.map = map
  }

  package mutating func observe(
    _ facts: [Facts], clusters: [ClusterReading], sentinels: SentinelNews? = nil,
    now: MonotonicTime
  ) -> Outcome {
    var outcome = Outcome()
    learnNames(of: facts)
    outcome.leaves = dropDoubles(facts)
    let facts = facts.filter { !outcome.leaves.contains($0.id) }
    for reading in clusters {
      for node in reading.topology.nodes {
        guard let address = node.address else { continue }
        meet(address, via: reading.source, now, &outcome)
      }
    }
    for fact in facts {
      guard let view = fact.view, !view.isClusterNode else { continue }
      for address in view.replicas.map(\.address) + (view.primary.map { [$0] } ?? []) {
        meet(address, via: fact.id, now, &outcome)
      }
    }
    for fact in facts {
      for master in fact.sentinel?.masters ?? [] {
        meet(master.address, via: fact.id, master: master.name, now, &outcome)
      }
    }
    if let sentinels {
      for (name, told) in sentinels.primaries {
        meet(told.address, via: sentinels.via, master: name, now, &outcome)
      }
      for address in sentinels.others { meet(address, via: sentinels.via, now, &outcome) }
    }
    outcome.leaves += dropForgotten(facts, now)
    let gone = Set(outcome.leaves)
    let known = Dictionary(facts.map { ($0.id, $0) }) { first, _ in first }
    outcome.topologies =
      clusters.enumerated().map { number, reading in
        clusterTopology(reading, id: number == 0 ? "cluster" : "cluster \(number + 1)", known)
      }
    let present = facts.filter { !gone.contains($0.id) }
    let (sentinel, groups) = sentinelTopology(
      present, replicationTopologies(present.filter { $0.sentinel == nil }, now),
      primaries: sentinels?.primaries ?? [:], now)
    learnMasters(sentinel, groups, of: present)
    outcome.topologies += (sentinel.map { [$0] } ?? []) + groups
    return outcome
  }

  /// Who goes by this address; nil: nobody that is monitored.
  package func node(at announced: NodeAddress) -> NodeID? { names[Self.folded(announced)] }

  // MARK: Names

  private static func folded(_ address: NodeAddress) -> NodeAddress {
    NodeAddress(host: address.host.lowercased(), port: address.port)
  }

  private mutating func learnNames(of facts: [Facts]) {
    for fact in facts where configured.contains(fact.id) {
      if let address = fact.address, names[Self.folded(address)] == nil {
        names[Self.folded(address)] = fact.id
      }
    }
  }

  /// The same process under two names: `localhost` was configured and `127.0.0.1` announced.
  private mutating func dropDoubles(_ facts: [Facts]) -> [NodeID] {
    var first: [String: NodeID] = [:]
    let ordered = facts.filter { configured.contains($0.id) } + facts.filter { found[$0.id] != nil }
    var doubles: [NodeID] = []
    for fact in ordered {
      guard let runID = fact.runID, !runID.isEmpty else { continue }
      guard let known = first[runID] else {
        first[runID] = fact.id
        continue
      }
      guard found[fact.id] != nil else { continue }
      for (address, id) in names where id == fact.id { names[address] = known }
      found[fact.id] = nil
      named[fact.id] = nil
      doubles.append(fact.id)
    }
    return doubles
  }

  private mutating func meet(
    _ announced: NodeAddress, via: NodeID, master: String? = nil, _ now: MonotonicTime,
    _ outcome: inout Outcome
  ) {
    let folded = Self.folded(announced)
    if let id = names[folded] {
      if found[id] != nil { named[id] = now }
      return
    }
    let reachable = map.reachable(announced)
    if let id = names[Self.folded(reachable)] {
      names[folded] = id
      if found[id] != nil { named[id] = now }
      return
    }
    guard found.count < Self.maximumFound else { return }
    let server = Found(
      id: unusedID(reachable.description), announced: announced, address: reachable, via: via,
      master: master)
    names[folded] = server.id
    names[Self.folded(reachable)] = server.id
    found[server.id] = server
    named[server.id] = now
    outcome.joins.append(server)
  }

  private func unusedID(_ name: String) -> NodeID {
    var id = NodeID(name)
    var number = 2
    while configured.contains(id) || found[id] != nil {
      id = NodeID("\(name) #\(number)")
      number += 1
    }
    return id
  }

  /// Those that nobody has named for a while, and that do not answer either.
  private mutating func dropForgotten(_ facts: [Facts], _ now: MonotonicTime) -> [NodeID] {
    let live = Set(facts.filter { $0.state == .live && $0.view != nil }.map(\.id))
    var gone: [NodeID] = []
    for (id, time) in named where now.seconds(since: time) > Self.patience && !live.contains(id) {
      gone.append(id)
    }
    for id in gone {
      found[id] = nil
      named[id] = nil
      names = names.filter { $0.value != id }
    }
    return gone
  }
}
