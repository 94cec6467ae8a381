internal import Documents
package import ConsoleModel

/// The document of `--once --json`; its names are documented in docs/snapshot.md and stay stable.
package enum SnapshotJSON {
  package static let schema = "cacheconsole.snapshot"
  package static let version: UInt64 = 1

  package static func make(_ snapshot: Snapshot) -> String {
    var writer = JSONWriter()
    writer.object { json in
      json.field("schema", schema)
      json.field("version", version)
      json.field("at", CivilTime.rfc3339(snapshot.at))
      json.field("environment", snapshot.environment.name)
      json.field("class", snapshot.environment.environmentClass.rawValue)
      json.key("warnings")
      json.array { json in
        if snapshot.environment.isUnverified {
          json.value("TLS NOT VERIFIED: whoever answers is taken for the server")
        }
      }
      list(&json, "tiers", snapshot.tiers) { tier($1, snapshot.taken, &$0) }
      list(&json, "nodes", snapshot.nodes) { node($1, snapshot.taken, &$0) }
      list(&json, "topologies", snapshot.topologies) { topology($1, snapshot.taken, &$0) }
      list(&json, "hot_keys", snapshot.hotKeys.rows) { hotKey($1, &$0) }
      json.field("hot_keys_unavailable", snapshot.hotKeys.unavailable)
      list(&json, "slow", snapshot.slow) { slow($1, &$0) }
      json.key("own_cost")
      ownCost(snapshot.ownCost, &json)
    }
    return writer.text
  }

  static func list<Element>(
    _ json: inout JSONWriter, _ name: String, _ elements: [Element],
    _ body: (inout JSONWriter, Element) -> Void
  ) {
    json.key(name)
    json.array { json in
      for element in elements { json.object { body(&$0, element) } }
    }
  }

  static func age(_ at: MonotonicTime?, _ now: MonotonicTime) -> UInt64? {
    at.map { UInt64(max(0, now.seconds(since: $0)) * 1000) }
  }

  /// The document knows four states: a server that has not answered yet is down for its reader.
  private static func state(_ state: LiveState) -> String {
    state == .connecting ? LiveState.down.rawValue : state.rawValue
  }

  private static func tier(_ tier: TierStatus, _ now: MonotonicTime, _ json: inout JSONWriter) {
    json.field("id", tier.id.rawValue)
    json.field("state", state(tier.state))
    json.field("age_ms", age(tier.lastReply, now))
    json.field("hit_ratio", tier.hitRatio)
    json.field("lookups", tier.hitRatio == nil && tier.lookups == 0 ? 0 : tier.lookups)
    json.field("ops_per_second", tier.opsPerSecond, digits: 2)
    json.field("p95_us", tier.p95, digits: 1)
    json.field("memory_bytes", tier.memoryUsed)
    json.field("memory_limit_bytes", tier.memoryLimit)
    json.field("evictions_per_second", tier.evictionsPerSecond, digits: 2)
    json.field("note", tier.note)
  }

  private static func node(_ node: NodeStatus, _ now: MonotonicTime, _ json: inout JSONWriter) {
    let figures = node.figures
    json.field("id", node.id.rawValue)
    json.field("address", node.address)
    json.field("state", state(node.state))
    json.field("age_ms", age(node.lastReply, now))
    json.field("error", node.fault?.line)
    json.field("product", node.identity?.product)
    json.field("product_version", node.identity?.version)
    json.field("run_id", node.identity?.runID)
    json.field("uptime_seconds", figures.uptimeSeconds)
    json.field("role", figures.role)
    json.field("hit_ratio", figures.hitRatio)
    json.field("lookups", figures.lookups)
    json.field("hit_ratio_lifetime", figures.lifetimeHitRatio)
    json.field("ops_per_second", figures.opsPerSecond, digits: 2)
    json.field("p50_us", figures.p50, digits: 1)
    json.field("p95_us", figures.p95, digits: 1)
    json.field("p99_us", figures.p99, digits: 1)
    json.field("ping_us", figures.pingMicroseconds, digits: 1)
    json.field("cpu_share", figures.cpuShare, digits: 4)
    json.field("memory_bytes", figures.memoryUsed)
    json.field("memory_limit_bytes", figures.memoryLimit)
    json.field("memory_resident_bytes", figures.memoryResident)
    json.field("allocator_fragmentation_ratio", figures.allocatorFragmentationRatio, digits: 3)
    json.field("eviction_policy", figures.evictionPolicy)
    json.field("evictions_per_second", figures.evictionsPerSecond, digits: 2)
    json.field("expiries_per_second", figures.expiriesPerSecond, digits: 2)
    json.field("connected_clients", figures.connectedClients)
    json.field("blocked_clients", figures.blockedClients)
    json.field("replicas", figures.replicas)
    json.field("replica_lag_bytes", figures.replicaLagBytes)
    json.field("keys", figures.keys)
    list(&json, "commands", node.commands.value) { command($1, &$0) }
    list(&json, "errors", node.errors) { json, error in
      json.field("code", error.code)
      json.field("per_second", error.perSecond, digits: 2)
      json.field("total", error.total)
    }
    json.key("problems")
    json.object { json in
      let parts = [
        ("info", node.extras.infoProblem), ("commands", node.commands.problem),
        ("clients", node.clients.problem),
        ("slow", node.slow.problem), ("latency_events", node.latencyEvents.problem),
        ("hot_keys", node.hotKeys.problem ?? node.hotKeys.value.unavailable),
      ]
      for (name, problem) in parts { if let problem { json.field(name, problem) } }
    }
    extras(node.extras, &json)
  }

  private static func command(_ command: CommandFigures, _ json: inout JSONWriter) {
    json.field("name", command.name)
    json.field("calls_per_second", command.callsPerSecond, digits: 2)
    json.field("time_share", command.timeShare)
    json.field("mean_us", command.meanMicroseconds, digits: 2)
    json.field("p50_us", command.p50, digits: 1)
    json.field("p95_us", command.p95, digits: 1)
    json.field("p99_us", command.p99, digits: 1)
    json.field("failed_per_second", command.failedPerSecond, digits: 2)
    json.field("rejected_per_second", command.rejectedPerSecond, digits: 2)
  }

  private static func hotKey(_ row: HotKeyReport.Row, _ json: inout JSONWriter) {
    json.key("key")
    json.bytes(row.key.bytes)
    json.field("share", row.share, digits: 4)
    json.field("source", row.source)
    json.field("node", row.node.rawValue)
    json.field("frequency", row.frequency)
  }

  private static func slow(_ entry: SlowEntry, _ json: inout JSONWriter) {
    json.field("node", entry.node.rawValue)
    json.field("id", entry.id)
    json.field("at", CivilTime.rfc3339(entry.at))
    json.field("duration_us", entry.microseconds)
    json.key("arguments")
    arguments(entry.arguments, &json)
    json.field("client", entry.client)
    json.field("client_name", entry.clientName)
  }

  static func arguments(_ arguments: [SlowEntry.Argument], _ json: inout JSONWriter) {
    json.array { json in
      for argument in arguments {
        switch argument {
        case .bytes(let bytes): json.bytes(bytes)
        case .masked(let length): json.object { $0.field("masked_bytes", UInt64(max(0, length))) }
        }
      }
    }
  }

  private static func ownCost(_ cost: OwnCost, _ json: inout JSONWriter) {
    json.object { json in
      json.field("commands_per_second", cost.commandsPerSecond, digits: 2)
      json.field("bytes_per_second", cost.bytesPerSecond, digits: 0)
      json.field("server_us_per_second", cost.serverMicrosecondsPerSecond, digits: 1)
      json.field("lookups_per_second", cost.lookupsPerSecond, digits: 2)
    }
  }
}
