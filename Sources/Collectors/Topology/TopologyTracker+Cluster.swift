import ConsoleModel
import Redis

extension TopologyTracker {
  /// A cluster as one of its nodes told it, with what each member says of itself.
  func clusterTopology(
    _ reading: ClusterReading, id: String, _ known: [NodeID: Facts]
  ) -> Topology {
    let cluster = reading.topology
    var topology = Topology(
      id: id, kind: .cluster, readAt: reading.at, source: reading.source, epoch: cluster.epoch)
    topology.shards = cluster.shards.map { shard in
      let ranges = shard.slots.ranges.compactMap { SlotRange($0.lowerBound, $0.upperBound) }
      let primary = shard.primary
      var members: [TopologyMember] = []
      if let primary { members.append(member(primary, .primary, of: nil, known)) }
      for replica in shard.replicas {
        members.append(member(replica, .replica, of: primary, known))
      }
      // The slots stay with the shard whoever becomes its primary.
      let id = ranges.first.map { "slots-\($0.first)" } ?? primary?.id ?? "none"
      return TopologyShard(id: id, ranges: ranges, members: members)
    }
    // Slots of a primary that was given up are served by nobody, whoever owns them.
    topology.state = topology.coverage?.uncovered.isEmpty == false ? .fail : .ok
    topology.openSlots = cluster.openSlots.map {
      OpenSlot(slot: $0.slot, direction: .migrating, source: $0.from, target: $0.to)
    }
    if cluster.nodes.contains(where: { $0.address == nil }) {
      topology.notes.append("some nodes do not know their own address (cluster-announce-ip)")
    }
    return topology
  }

  private func member(
    _ server: ClusterTopology.Node, _ role: TopologyMember.Role,
    of primary: ClusterTopology.Node?, _ known: [NodeID: Facts]
  ) -> TopologyMember {
    let id = server.address.flatMap { node(at: $0) }
    let facts = id.flatMap { known[$0] }
    let announced = server.address?.description ?? ""
    var member = TopologyMember(
      node: id, serverID: server.id, address: facts?.address?.description ?? announced,
      announced: facts?.address?.description == announced ? nil : announced, role: role,
      primaryID: primary?.id, zone: server.availabilityZone ?? facts?.view?.zone,
      health: TopologyMember.Health(server.health))
    if role == .replica {
      let own = facts?.state == .live ? facts?.view : nil
      member.link = own?.isLinkUp.map { $0 ? .up : .down } ?? .unknown
      // The primary knows how far each replica is; the replica only what it has received.
      let feeder = primary?.address.flatMap { node(at: $0) }.flatMap { known[$0] }
      if let view = feeder?.view, feeder?.state == .live {
        let seen = view.replicas.first { replica in
          id != nil && node(at: replica.address) == id
        }
        member.lagBytes = Lag.bytes(view.offset, seen?.offset)
        member.lagSeconds = seen?.lagSeconds
      } else {
        member.lagBytes = Lag.bytes(primary?.replicationOffset, server.replicationOffset)
      }
    }
    return member
  }
}

/// Distances in a replication stream.
enum Lag {
  /// nil where one of them is not known; a replica that was asked a moment later is not ahead.
  static func bytes(_ primary: UInt64?, _ replica: UInt64?) -> UInt64? {
    guard let primary, let replica else { return nil }
    return primary > replica ? primary - replica : 0
  }
}

extension TopologyMember.Health {
  init(_ health: ClusterTopology.Health) {
    self =
      switch health {
      case .online: .online
      case .suspected: .suspected
      case .failed: .failed
      case .loading: .loading
      case .unknown: .unknown
      }
  }
}
