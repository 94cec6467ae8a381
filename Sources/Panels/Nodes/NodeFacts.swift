import ConsoleModel
import Terminal

/// A server's figures, grouped as people look for them.
enum NodeFacts {
  struct Fact: Sendable {
    var label: String
    var value: String
    var role: StyleRole

    init(_ label: String, _ value: String, _ role: StyleRole = .normal) {
      self.label = label
      self.value = value
      self.role = role
    }
  }

  struct Group: Sendable {
    var title: String
    var facts: [Fact]
  }

  struct History: Sendable {
    var label: String
    var series: Series
    var isRatio = false
    /// The value of a full column; nil: the largest one shown.
    var maximum: Double?
    var text: @Sendable (Context) -> String
  }

  static func groups(_ node: NodeStatus, _ context: Context) -> [Group] {
    [
      lookups(node.figures), traffic(node.figures, context), memory(node.figures),
      clients(node.figures), replication(node.figures), persistence(node.figures),
      keyspace(node.figures), server(node),
    ]
  }

  private static func lookups(_ figures: NodeFigures) -> Group {
    Group(
      title: "lookups",
      facts: [
        Fact("hit ratio", "\(Format.percent(figures.hitRatio)) %"),
        Fact("lookups in window", Format.grouped(figures.lookups)),
        Fact("lifetime", "\(Format.percent(figures.lifetimeHitRatio)) %"),
        Fact(
          "evictions/s", Format.rate(figures.evictionsPerSecond),
          (figures.evictionsPerSecond ?? 0) > 0 ? .warning : .normal),
        Fact("expiries/s", Format.rate(figures.expiriesPerSecond)),
      ])
  }

  private static func traffic(_ figures: NodeFigures, _ context: Context) -> Group {
    Group(
      title: "traffic and latency",
      facts: [
        Fact("ops/s", Format.rate(figures.opsPerSecond)),
        Fact("in", Format.byteRate(figures.inputBytesPerSecond)),
        Fact("out", Format.byteRate(figures.outputBytesPerSecond)),
        Fact(
          "errors/s", Format.rate(figures.errorsPerSecond),
          (figures.errorsPerSecond ?? 0) > 0 ? .warning : .normal),
        Fact(
          "main thread", "\(Format.percent(figures.cpuShare)) %",
          (figures.cpuShare ?? 0) > 0.8 ? .critical : .normal),
        Fact("p50", context.latency(figures.p50)), Fact("p95", context.latency(figures.p95)),
        Fact("p99", context.latency(figures.p99)),
        Fact("ping", context.latency(figures.pingMicroseconds)),
      ])
  }

  private static func memory(_ figures: NodeFigures) -> Group {
    let fragmentation = figures.allocatorFragmentationRatio
    return Group(
      title: "memory",
      facts: [
        Fact("used", Format.bytes(figures.memoryUsed)),
        Fact("limit", figures.memoryLimit.map { Format.bytes($0) } ?? "none"),
        Fact("resident", Format.bytes(figures.memoryResident)),
        Fact("peak", Format.bytes(figures.memoryPeak)),
        Fact("policy", figures.evictionPolicy ?? Format.missing),
        Fact(
          "fragmentation", fragmentation.map { Format.fixed($0, 2) } ?? Format.missing,
          (fragmentation ?? 1) > 1.5 ? .warning : .normal),
        Fact("fragmented", Format.bytes(figures.allocatorFragmentationBytes)),
        Fact("lazy free pending", Format.count(figures.lazyFreePending)),
      ])
  }

  private static func clients(_ figures: NodeFigures) -> Group {
    Group(
      title: "clients",
      facts: [
        Fact("connected", Format.grouped(figures.connectedClients)),
        Fact("maximum", Format.grouped(figures.maximumClients)),
        Fact("blocked", Format.grouped(figures.blockedClients)),
        Fact("connections/s", Format.rate(figures.connectionsPerSecond)),
        Fact(
          "rejected/s", Format.rate(figures.rejectedConnectionsPerSecond),
          (figures.rejectedConnectionsPerSecond ?? 0) > 0 ? .critical : .normal),
      ])
  }

  private static func replication(_ figures: NodeFigures) -> Group {
    Group(
      title: "replication",
      facts: [
        Fact("role", figures.role ?? Format.missing),
        Fact("replicas", Format.grouped(figures.replicas)),
        Fact(
          "link to primary", figures.primaryLinkUp.map { $0 ? "up" : "down" } ?? Format.missing,
          figures.primaryLinkUp == false ? .critical : .normal),
        Fact("lag", Format.bytes(figures.replicaLagBytes)),
        Fact("last acknowledged", age(figures.replicaLagSeconds)),
      ])
  }

  private static func age(_ seconds: UInt64?) -> String {
    seconds.map { "\(Format.duration($0)) ago" } ?? Format.missing
  }

  private static func persistence(_ figures: NodeFigures) -> Group {
    func word(_ value: Bool?, _ yes: String, _ no: String) -> String {
      value.map { $0 ? yes : no } ?? Format.missing
    }
    return Group(
      title: "persistence",
      facts: [
        Fact(
          "loading",
          figures.isLoading == true
            ? "\(Format.percent(figures.loadingShare)) %" : word(figures.isLoading, "yes", "no"),
          figures.isLoading == true ? .warning : .normal),
        Fact(
          "last save", word(figures.lastSaveOK, "ok", "failed"),
          figures.lastSaveOK == false ? .critical : .normal),
        Fact("changes since", Format.grouped(figures.changesSinceSave)),
        Fact("append only", word(figures.appendOnlyEnabled, "on", "off")),
        Fact(
          "append write", word(figures.lastAppendOnlyWriteOK, "ok", "failed"),
          figures.lastAppendOnlyWriteOK == false ? .critical : .normal),
      ])
  }

  private static func keyspace(_ figures: NodeFigures) -> Group {
    var facts = [Fact("keys", Format.grouped(figures.keys))]
    // Redis has 16 databases by default; a server may claim any number.
    for database in figures.databases.prefix(64) {
      facts += [
        Fact("db\(database.index) keys", Format.grouped(database.keys)),
        Fact("db\(database.index) expiring", Format.grouped(database.expires)),
        Fact(
          "db\(database.index) mean TTL",
          database.averageTTL.map { Format.duration(seconds: Double($0) / 1000) } ?? Format.missing),
      ]
    }
    if figures.databases.count > 64 {
      facts.append(Fact("more databases", "\(figures.databases.count - 64)"))
    }
    return Group(title: "keyspace", facts: facts)
  }

  private static func server(_ node: NodeStatus) -> Group {
    Group(
      title: "server",
      facts: [
        Fact("uptime", Format.duration(node.figures.uptimeSeconds)),
        Fact("process", node.identity?.processID.map { String($0) } ?? Format.missing),
        Fact("run id", node.identity?.runID ?? Format.missing),
        Fact("console", "\(Format.rate(node.ownCost.commandsPerSecond)) cmd/s"),
      ])
  }

  static func histories(_ node: NodeStatus) -> [History] {
    let figures = node.figures
    return [
      History(label: "hit ratio", series: node.hitRatioHistory, isRatio: true) { _ in
        "\(Format.percent(figures.hitRatio)) %"
      },
      History(label: "ops/s", series: node.opsHistory) { _ in Format.rate(figures.opsPerSecond) },
      History(
        label: "memory", series: node.memoryHistory, maximum: figures.memoryLimit.map { Double($0) }
      ) { _ in Format.bytes(figures.memoryUsed) },
      History(label: "ping", series: node.pingHistory) { context in
        context.latency(figures.pingMicroseconds)
      },
    ]
  }
}
