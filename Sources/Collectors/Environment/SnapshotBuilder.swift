package import ConsoleModel

/// Puts the nodes' reports together: tiers, merged hot keys and slow commands, what it all costs.
package struct SnapshotBuilder: Sendable {
  /// Rows of the merged lists.
  package static let hotKeyRows = 64
  package static let slowRows = 512
  private static let maximumNotices = 32

  package let environment: EnvironmentIdentity
  package let interval: Double
  private var histories = Histories(.full)
  /// The newest INFO that the histories hold.
  private var recorded: MonotonicTime?
  private var identities: [NodeID: ServerIdentity] = [:]
  private var roles: [NodeID: String] = [:]
  private var notices: [Notice] = []
  private var nextNotice: UInt64 = 1

  package init(environment: EnvironmentIdentity, interval: Double) {
    self.environment = environment
    self.interval = interval
  }

  package mutating func snapshot(
    of reports: [NodeReport], now: MonotonicTime, wall: WallTime
  ) -> Snapshot {
    var reports = reports
    for index in reports.indices {
      reports[index].status.state = reports[index].state(now: now, interval: interval)
      notice(reports[index].status, wall)
    }
    // Sentinels hold no data: what they do is nobody's cache.
    let servers = reports.filter { !$0.status.isSentinel }
    record(servers)
    var snapshot = Snapshot(environment: environment, at: wall, taken: now)
    snapshot.nodes = reports.map(\.status)
    snapshot.tiers = tiers(servers.isEmpty ? reports : servers, now: now)
    snapshot.hotKeys = Self.hotKeys(servers)
    snapshot.slow = Self.slow(snapshot.nodes)
    snapshot.ownCost = Self.ownCost(snapshot.nodes)
    snapshot.notices = notices
    return snapshot
  }

  // MARK: Notices

  private mutating func notice(_ node: NodeStatus, _ wall: WallTime) {
    if let identity = node.identity {
      if let known = identities[node.id], known.runID != identity.runID {
        let change =
          known.product == identity.product && known.version == identity.version
          ? "" : " (\(known.product) \(known.version) → \(identity.product) \(identity.version))"
        add(
          .warning,
          "\(node.id.rawValue) (\(node.address)): another server process answers, run_id"
            + " \(known.runID.prefix(8)) → \(identity.runID.prefix(8))\(change): restarted,"
            + " failed over or replaced", wall)
      }
      identities[node.id] = identity
    }
    if let role = node.figures.role {
      if let known = roles[node.id], known != role {
        add(.warning, "\(node.id.rawValue) (\(node.address)): role \(known) → \(role)", wall)
      }
      roles[node.id] = role
    }
  }

  private mutating func add(_ weight: Notice.Weight, _ text: String, _ wall: WallTime) {
    notices.append(Notice(id: nextNotice, weight: weight, text: Self.drawable(text), at: wall))
    nextNotice += 1
    if notices.count > Self.maximumNotices { notices.removeFirst() }
  }

  /// Parts of a notice come from the server.
  private static func drawable(_ text: String) -> String {
    String(
      text.unicodeScalars.prefix(400).map { scalar in
        scalar.isASCII && scalar.value >= 0x20 && scalar.value < 0x7F || scalar == "→"
          ? Character(scalar) : "?"
      })
  }

  // MARK: Sums over the nodes

  /// Lookups and hits over all nodes that are heard: never the mean of their ratios.
  private static func hitRatio(_ deltas: [CounterDelta]) -> (ratio: Double?, lookups: UInt64) {
    var hits: UInt64 = 0
    var lookups: UInt64 = 0
    for delta in deltas {
      hits = hits.addingOrMax(delta.count(.hits) ?? 0)
      lookups = lookups.addingOrMax(delta.lookups ?? 0)
    }
    return (lookups > 0 ? Double(hits) / Double(lookups) : nil, lookups)
  }

  private static func sum(_ rates: [Double?]) -> Double? {
    let known = rates.compactMap { $0 }
    return known.isEmpty ? nil : known.reduce(0, +)
  }

  private mutating func record(_ reports: [NodeReport]) {
    guard let newest = reports.compactMap(\.status.lastReply).max(),
      recorded.map({ newest > $0 }) ?? true
    else { return }
    // Nodes whose reply is of this beat.
    let fresh = reports.filter { report in
      report.status.lastReply.map { newest.seconds(since: $0) <= interval } ?? false
    }
    let intervals = fresh.compactMap(\.interval)
    let memory = fresh.compactMap(\.status.figures.memoryUsed).reduce(UInt64(0)) {
      $0.addingOrMax($1)
    }
    let ping = fresh.compactMap(\.status.figures.pingMicroseconds).max()
    let isSameBeat = recorded.map { newest.seconds(since: $0) < interval / 2 } ?? false
    recorded = newest
    // A second look at the same beat would count it twice in the slot's mean.
    if isSameBeat { return }
    histories.append(
      hitRatio: Self.hitRatio(intervals).ratio, ops: Self.sum(intervals.map { $0.rate(.commands) }),
      memory: memory, ping: ping, seconds: intervals.map(\.seconds).min(), at: newest)
  }

  private func tiers(_ reports: [NodeReport], now: MonotonicTime) -> [TierStatus] {
    func unconfigured(_ id: TierID, _ title: String, _ note: String) -> TierStatus {
      TierStatus(id: id, title: title, state: .unconfigured, note: note)
    }
    return [
      unconfigured(.l1, "L1 memory", "no application with the cache manager reports here"),
      redis(reports, now: now),
      unconfigured(.l3, "L3 query cache", "not configured: no database named"),
      unconfigured(.l4, "L4 cloudfront", "not configured: no distribution named"),
      unconfigured(.apiGateway, "API gateway", "not configured: no API stage named"),
    ]
  }

  private func redis(_ reports: [NodeReport], now: MonotonicTime) -> TierStatus {
    let live = reports.filter { $0.status.state == .live }
    // Stale nodes keep their last figures, as their rows do; those that are down count no more.
    let heard = reports.filter { $0.status.state == .live || $0.status.state == .stale }
    let windows = heard.compactMap(\.window)
    let ratio = Self.hitRatio(windows)
    let figures = heard.map(\.status.figures)
    var tier = TierStatus(
      id: .l2, title: title(reports), state: Self.state(reports.map(\.status.state)),
      stateDetail: "\(live.count)/\(reports.count)")
    tier.lastReply = reports.compactMap(\.status.lastReply).max()
    (tier.hitRatio, tier.lookups) = (ratio.ratio, ratio.lookups)
    tier.opsPerSecond = Self.sum(figures.map(\.opsPerSecond))
    tier.evictionsPerSecond = Self.sum(figures.map(\.evictionsPerSecond))
    var merged = LatencyHistogram()
    for latency in heard.compactMap(\.latency) { merged.add(latency) }
    tier.p95 = merged.quantile(0.95)
    let used = figures.compactMap(\.memoryUsed)
    tier.memoryUsed = used.isEmpty ? nil : used.reduce(UInt64(0)) { $0.addingOrMax($1) }
    let limits = figures.compactMap(\.memoryLimit)
    // One node without a limit leaves the tier without one.
    tier.memoryLimit =
      !limits.isEmpty && limits.count == figures.count
      ? limits.reduce(UInt64(0)) { $0.addingOrMax($1) } : nil
    tier.note = Self.note(reports)
    tier.hitRatioHistory = histories.hitRatio
    tier.opsHistory = histories.ops
    return tier
  }

  private func title(_ reports: [NodeReport]) -> String {
    let products = Set(reports.compactMap(\.status.identity?.product))
    return products == ["valkey"] ? "L2 valkey" : "L2 redis"
  }

  private static func state(_ states: [LiveState]) -> LiveState {
    if states.isEmpty { return .unconfigured }
    if states.allSatisfy({ $0 == .live }) { return .live }
    if states.allSatisfy({ $0 == .down }) { return .down }
    if states.allSatisfy({ $0 == .connecting }) { return .connecting }
    // Some answer: what the row adds up is not the whole.
    return .stale
  }

  private static func note(_ reports: [NodeReport]) -> String? {
    let silent = reports.filter { $0.status.state != .live && $0.status.state != .connecting }
    guard let worst = silent.first(where: { $0.status.state == .down }) ?? silent.first else {
      if reports.contains(where: { $0.status.figures.isLoading == true }) {
        return "loading its data"
      }
      return reports.lazy.compactMap { report in
        report.status.extras.infoProblem.map { "\(report.status.id.rawValue): INFO \($0)" }
      }.first
    }
    let more = silent.count > 1 ? " (and \(silent.count - 1) more)" : ""
    let name = worst.status.id.rawValue
    guard let fault = worst.status.fault else { return "\(name): no answer\(more)" }
    return "\(name): \(fault.action): \(fault.message)\(more)"
  }

  // MARK: Lists over the nodes

  private static func hotKeys(_ reports: [NodeReport]) -> HotKeyReport {
    let all = reports.map(\.status.hotKeys.value)
    let rates = reports.map { report in
      report.window.flatMap { $0.seconds > 0.001 ? Double($0.lookups ?? 0) / $0.seconds : nil } ?? 0
    }
    let total = rates.reduce(0, +)
    var rows: [HotKeyReport.Row] = []
    for (report, rate) in zip(all, rates) {
      // A share of all nodes' lookups, where there are several.
      let weight = all.count > 1 && total > 0 ? rate / total : 1
      rows += report.rows.map { row in
        var row = row
        row.share = row.share.map { $0 * weight }
        return row
      }
    }
    if all.count > 1 {
      rows.sort {
        ($1.share ?? -1, $1.frequency ?? 0, $0.key) < ($0.share ?? -1, $0.frequency ?? 0, $1.key)
      }
    }
    var merged = HotKeyReport(rows: Array(rows.prefix(hotKeyRows)))
    merged.sampled = all.reduce(UInt64(0)) { $0.addingOrMax($1.sampled) }
    let keys = all.compactMap(\.keys)
    merged.keys = keys.isEmpty ? nil : keys.reduce(UInt64(0)) { $0.addingOrMax($1) }
    let missing = reports.filter { $0.status.hotKeys.value.unavailable != nil }
    if let first = missing.first, let reason = first.status.hotKeys.value.unavailable {
      if missing.count == reports.count {
        merged.unavailable = reason
      } else {
        merged.note = "\(missing.count) of \(reports.count) nodes: \(reason)"
      }
    }
    merged.note = merged.note ?? all.compactMap(\.note).first
    return merged
  }

  private static func slow(_ nodes: [NodeStatus]) -> [SlowEntry] {
    if nodes.count == 1 { return nodes[0].slow.value }
    let all = nodes.flatMap(\.slow.value).sorted {
      ($1.at, $1.id, $0.node) < ($0.at, $0.id, $1.node)
    }
    return Array(all.prefix(slowRows))
  }

  private static func ownCost(_ nodes: [NodeStatus]) -> OwnCost {
    nodes.map(\.ownCost).reduce(into: OwnCost()) { sum, cost in
      sum.commandsPerSecond += cost.commandsPerSecond
      sum.bytesPerSecond += cost.bytesPerSecond
      sum.lookupsPerSecond += cost.lookupsPerSecond
      if let time = cost.serverMicrosecondsPerSecond {
        sum.serverMicrosecondsPerSecond = (sum.serverMicrosecondsPerSecond ?? 0) + time
      }
    }
  }
}
