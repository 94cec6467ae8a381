internal import Documents
internal import ConsoleModel

extension SnapshotJSON {
  static func topology(_ topology: Topology, _ now: MonotonicTime, _ json: inout JSONWriter) {
    json.field("id", topology.id)
    json.field("name", topology.name)
    json.field("kind", topology.kind.rawValue)
    json.field("state", topology.state.rawValue)
    json.field("age_ms", age(topology.readAt, now))
    json.field("read_from", topology.source?.rawValue)
    json.field("epoch", topology.epoch)
    json.field("error", topology.fault?.line)
    json.key("notes")
    json.array { json in topology.notes.forEach { json.value($0) } }
    json.field("slots_served", topology.coverage.map { UInt64($0.served) })
    json.field("slots_assigned", topology.coverage.map { UInt64($0.assigned) })
    json.key("uncovered")
    ranges(topology.coverage?.uncovered ?? [], &json)
    list(&json, "open_slots", topology.openSlots) { json, slot in
      json.field("slot", UInt64(max(0, slot.slot)))
      json.field("state", slot.direction.rawValue)
      json.field("source", slot.source)
      json.field("target", slot.target)
    }
    list(&json, "shards", topology.shards) { json, shard in
      json.field("id", shard.id)
      json.field("name", shard.name)
      json.field("slots", UInt64(shard.ranges.merged.slots))
      json.key("ranges")
      ranges(shard.ranges, &json)
      list(&json, "members", shard.members) { member($1, &$0) }
    }
    list(&json, "sentinels", topology.sentinels) { member($1, &$0) }
  }

  private static func ranges(_ ranges: [SlotRange], _ json: inout JSONWriter) {
    json.array { json in
      for range in ranges {
        json.array { json in
          json.value(UInt64(range.first))
          json.value(UInt64(range.last))
        }
      }
    }
  }

  private static func member(_ member: TopologyMember, _ json: inout JSONWriter) {
    json.field("server_id", member.serverID)
    json.field("node", member.node?.rawValue)
    json.field("address", member.address)
    json.field("announced", member.announced)
    json.field("role", member.role.rawValue)
    json.field("primary_id", member.primaryID)
    json.field("health", member.health.rawValue)
    json.field("link", member.link.rawValue)
    json.field("lag_bytes", member.lagBytes)
    json.field("lag_seconds", member.lagSeconds)
    json.field("zone", member.zone)
    json.key("flags")
    json.array { json in member.flags.forEach { json.value($0) } }
  }
}
