import ConsoleModel
import Panels
import Terminal

/// A rich picture of a shop's cache at one moment, the same in every run.
enum Fixture {
  static let now = MonotonicTime(nanoseconds: 5_000_000_000_000)
  /// 2026-11-22T12:04:31Z
  static let wall = WallTime(seconds: 1_795_349_071)

  static let shop = EnvironmentIdentity(
    name: "shop-prod / eu-west-1", environmentClass: .production)
  static let staging = EnvironmentIdentity(name: "shop-staging", environmentClass: .staging)
  static let local = EnvironmentIdentity(name: "local", environmentClass: .development)

  static func context(
    _ columns: Int = 80, _ rows: Int = 24, isUnicode: Bool = true,
    environment: EnvironmentIdentity = shop,
    access: Access = Access(isReadOnly: false, reason: "", mayReveal: true),
    snapshot: Snapshot? = snapshot()
  ) -> Context {
    Context(
      environment: environment, access: access,
      capabilities: Capabilities(isUnicode: isUnicode, colorDepth: .indexed256),
      columns: columns, rows: rows, interval: 2, now: now, wall: wall, utcOffsetSeconds: 3600,
      zone: "CET", environments: [shop, staging, local], theme: "dark",
      themes: ["dark", "light", "high-contrast", "mono"], snapshot: snapshot)
  }

  static let viewer = Access(
    isReadOnly: true, reason: "started with --read-only", mayReveal: false)

  /// - Parameter environment: the name that the model checks; fixtures of other environments differ
  ///   in nothing else.
  static func snapshot(environment: EnvironmentIdentity = shop) -> Snapshot {
    var snapshot = Snapshot(environment: environment, at: wall, taken: now)
    snapshot.tiers = tiers
    snapshot.nodes = nodes
    snapshot.hotKeys = HotKeyReport(
      rows: [
        .init(
          node: redis2, key: KeyName("product:1181:de"), share: 0.312, source: "object-freq",
          frequency: 211),
        .init(
          node: redis1, key: KeyName("product:77:fr"), share: 0.04, source: "object-freq",
          frequency: 140),
        .init(
          node: redis3, key: KeyName("category:shoes:1"), share: nil, source: "object-freq",
          frequency: 90),
        .init(
          node: redis1, key: KeyName("search:12:0f8c22ab79d1"), share: 0.012,
          source: "object-freq", frequency: 77),
      ], sampled: 120_000, keys: 1_204_331)
    snapshot.slow = slow
    snapshot.topologies = [Topologies.failing(at: now), Topologies.pair()]
    snapshot.ownCost = OwnCost(
      commandsPerSecond: 3.1, bytesPerSecond: 2150, serverMicrosecondsPerSecond: 212,
      lookupsPerSecond: 0)
    snapshot.notices = [
      Notice(
        id: 1, weight: .warning, text: "redis-2 restarted: figures since 12:03:10",
        at: WallTime(microseconds: wall.microseconds - 81_000_000))
    ]
    return snapshot
  }

  static let redis1 = NodeID("redis-1")
  static let redis2 = NodeID("redis-2")
  static let redis3 = NodeID("redis-3")

  static func ago(_ seconds: Double) -> MonotonicTime { now.advanced(bySeconds: -seconds) }

  /// A wave, with a gap of ten points in the middle.
  static func series(_ low: Float, _ high: Float, levels: Int = 3, points: Int = 300) -> Series {
    var series = Series(levels: levels)
    for index in 0..<points {
      let phase = Float(index % 150) / 150
      let value = low + (high - low) * (phase < 0.5 ? phase * 2 : 2 - phase * 2)
      series.append(
        (140..<150).contains(index) ? nil : value, at: ago(Double(points - index) * 2))
    }
    return series
  }

  static var tiers: [TierStatus] {
    [
      TierStatus(
        id: .l1, title: "L1 memory", state: .live, stateDetail: "3 nodes", lastReply: ago(1),
        hitRatio: 0.814, lookups: 192_000, opsPerSecond: 96_100, p95: 41,
        memoryUsed: 182 << 20, memoryLimit: 256 << 20, evictionsPerSecond: 12,
        hitRatioHistory: series(0.7, 0.9), opsHistory: series(80_000, 99_000)),
      TierStatus(
        id: .l2, title: "L2 redis", state: .live, stateDetail: "3/3", lastReply: ago(1),
        hitRatio: 0.932, lookups: 36_800, opsPerSecond: 18_400, p95: 900,
        memoryUsed: 9_771_050_598, memoryLimit: 12 << 30, evictionsPerSecond: 0,
        hitRatioHistory: series(0.9, 0.99), opsHistory: series(15_000, 19_000)),
      TierStatus(
        id: .l3, title: "L3 query cache", state: .stale, stateDetail: "sqlite",
        lastReply: ago(34), hitRatio: 0.67, lookups: 2_400, opsPerSecond: 1_200, p95: 2_100,
        note: "127.0.0.1:6380: reading INFO: no answer for 34 s (is the server stopped?)",
        hitRatioHistory: series(0.5, 0.7), opsHistory: series(900, 1300)),
      TierStatus(
        id: .l4, title: "L4 cloudfront", state: .live, stateDetail: "4m old",
        lastReply: ago(240), hitRatio: 0.889, lookups: 82_000, opsPerSecond: 41_000,
        note: "CloudWatch delay", hitRatioHistory: series(0.88, 0.9)),
      TierStatus(
        id: .apiGateway, title: "API gateway", state: .unconfigured,
        note: "not configured: see :help aws"),
    ]
  }

  static var nodes: [NodeStatus] {
    var figures = NodeFigures()
    figures.hitRatio = 0.932
    figures.lookups = 12_000
    figures.lifetimeHitRatio = 0.911
    figures.opsPerSecond = 6_133
    figures.inputBytesPerSecond = 1_200_000
    figures.outputBytesPerSecond = 18_400_000
    figures.errorsPerSecond = 0.4
    figures.cpuShare = 0.34
    figures.p50 = 31
    figures.p95 = 900
    figures.p99 = 2_400
    figures.pingMicroseconds = 180
    figures.memoryUsed = 3 << 30
    figures.memoryLimit = 4 << 30
    figures.memoryResident = 3_500_000_000
    figures.memoryPeak = 3_900_000_000
    figures.allocatorFragmentationRatio = 1.08
    figures.allocatorFragmentationBytes = 280_000_000
    figures.evictionPolicy = "allkeys-lfu"
    figures.evictionsPerSecond = 0
    figures.expiriesPerSecond = 41
    figures.connectedClients = 412
    figures.blockedClients = 3
    figures.maximumClients = 65_000
    figures.connectionsPerSecond = 2.4
    figures.rejectedConnectionsPerSecond = 0
    figures.role = "master"
    figures.replicas = 1
    figures.replicaLagBytes = 1_204
    figures.replicaLagSeconds = 0
    figures.lastSaveOK = true
    figures.appendOnlyEnabled = false
    figures.changesSinceSave = 120_443
    figures.databases = [
      DatabaseFigures(index: 0, keys: 1_204_331, expires: 1_100_000, averageTTL: 240_000)
    ]
    figures.keys = 1_204_331
    figures.uptimeSeconds = 1_004_000
    let identity = ServerIdentity(
      runID: "5c1a6f0e6c", product: "redis", version: "7.0.15", processID: 812)

    var first = NodeStatus(
      id: redis1, address: "10.0.0.11:6379", state: .live, lastReply: ago(1), identity: identity,
      figures: figures)
    first.info = info
    first.commands = Reading(value: commands, at: ago(1))
    first.errors = [
      ErrorFigures(code: "WRONGTYPE", perSecond: 0.4, total: 812),
      ErrorFigures(code: "NOSCRIPT", perSecond: 0, total: 3),
    ]
    first.latencyEvents = Reading(
      value: [
        LatencyEvent(
          name: "fork", at: WallTime(microseconds: wall.microseconds - 600_000_000),
          latestMilliseconds: 12, worstMilliseconds: 40)
      ], at: ago(2))
    first.clients = Reading(value: clients, at: ago(2))
    first.slow = Reading(value: slow.filter { $0.node == redis1 }, at: ago(1))
    first.ownCost = OwnCost(commandsPerSecond: 1.1, bytesPerSecond: 700)
    first.hitRatioHistory = series(0.9, 0.99)
    first.opsHistory = series(5_000, 7_000)
    first.memoryHistory = series(2.5e9, 3.2e9)
    first.pingHistory = series(120, 400)

    var second = first
    second.id = redis2
    second.address = "10.0.0.12:6379"
    second.state = .stale
    second.lastReply = ago(12)
    second.fault = Fault(
      kind: .timeout, endpoint: "10.0.0.12:6379", action: "reading INFO",
      message: "no answer for 12 s", nextStep: "is the server stopped?")
    second.slow = Reading(value: slow.filter { $0.node == redis2 }, at: ago(12))
    second.info = nil
    second.commands.at = ago(12)

    let third = NodeStatus(
      id: redis3, address: "[fd00::13]:6379", state: .down,
      fault: Fault(
        kind: .unreachable, endpoint: "[fd00::13]:6379", action: "connect",
        message: "connection refused", nextStep: "is the server running?"))
    return [first, second, third]
  }

  static var commands: [CommandFigures] {
    [
      CommandFigures(
        name: "get", callsPerSecond: 4_100, timeShare: 0.42, meanMicroseconds: 9.1, p50: 8,
        p95: 31, p99: 63, totalCalls: 9_981_233),
      CommandFigures(
        name: "hgetall", callsPerSecond: 611, timeShare: 0.31, meanMicroseconds: 44, p50: 31,
        p95: 255, p99: 2_047, failedPerSecond: 0.4, totalCalls: 1_223_345),
      CommandFigures(
        name: "set", callsPerSecond: 902, timeShare: 0.14, meanMicroseconds: 13, p50: 15, p95: 31,
        p99: 127, totalCalls: 2_000_111),
      CommandFigures(
        name: "smembers", callsPerSecond: 0.3, timeShare: 0.12, meanMicroseconds: 11_040,
        p50: 8_191, p95: 16_383, p99: 16_383, rejectedPerSecond: 0.1, totalCalls: 991),
      CommandFigures(
        name: "client|setname", callsPerSecond: 0.02, timeShare: 0.000_1, meanMicroseconds: 2,
        totalCalls: 12),
    ]
  }

  static var slow: [SlowEntry] {
    [
      SlowEntry(
        node: redis2, runID: "b1", id: 4411,
        at: WallTime(microseconds: wall.microseconds - 19_000_000), microseconds: 18_200,
        arguments: [.bytes(Array("HGETALL".utf8)), .bytes(Array("cart:99120".utf8))],
        client: "10.0.0.40:51234", clientName: "checkout"),
      SlowEntry(
        node: redis1, runID: "a1", id: 902,
        at: WallTime(microseconds: wall.microseconds - 51_000_000), microseconds: 11_040,
        arguments: [
          .bytes(Array("SMEMBERS".utf8)), .bytes(Array("category:shoes:ids".utf8)),
        ], client: "10.0.0.41:40022"),
      SlowEntry(
        node: redis1, runID: "a1", id: 901,
        at: WallTime(microseconds: wall.microseconds - 71_000_000), microseconds: 10_100,
        arguments: [
          .bytes(Array("SET".utf8)), .bytes(Array("session:4711".utf8)), .masked(length: 2_048),
        ], client: "10.0.0.41:40022", clientName: "web"),
    ]
  }

  static var clients: ClientReport {
    var report = ClientReport()
    report.seen = 412
    report.connected = 412
    report.groups = [
      .address: [
        .init(
          name: "10.0.0.41", connections: 220, idleSecondsMaximum: 90, outputBytes: 4_096,
          memoryBytes: 9_000_000),
        .init(name: "10.0.0.40", connections: 190, idleSecondsMaximum: 12),
      ],
      .name: [.init(name: "web", connections: 400)],
      .user: [.init(name: "default", connections: 412)],
      .command: [.init(name: "get", connections: 300)],
    ]
    report.clients = [
      .init(
        id: 71, address: "10.0.0.41:40022", name: "web", user: "default", command: "get",
        ageSeconds: 86_400, idleSeconds: 1, outputBytes: 1_024, memoryBytes: 40_000, flags: "N"),
      .init(
        id: 9, address: "10.0.0.2:50000", name: "cacheconsole", user: "default",
        command: "client|list", isOwn: true),
    ]
    return report
  }

  static var info: InfoDocument {
    InfoDocument(sections: [
      .init(
        name: "Server",
        fields: [
          .init(name: "redis_version", value: "7.0.15"), .init(name: "tcp_port", value: "6379"),
          .init(name: "os", value: "Linux 6.1.0-18-amd64 x86_64"),
        ]),
      .init(
        name: "Memory",
        fields: (0..<40).map { .init(name: "mem_figure_\($0)", value: "\($0 * 1_048_576)") }),
      .init(
        name: "Stats",
        fields: [
          .init(name: "keyspace_hits", value: "123456"),
          .init(name: "keyspace_misses", value: "9876"),
        ]),
    ])
  }

  // MARK: Hostile

  static let hostileText =
    "\u{1B}[31mred\u{1B}]0;t\u{7}\n\r\t\u{202E}evil\u{2066}\u{200D}\u{FEFF}e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}漢字👩‍👧"
  static let hostileKey =
    KeyName([0x1B, 0x5B, 0x32, 0x4A, 0xFF, 0xFE, 0x0A] + Array(hostileText.utf8))
  static let longKey = KeyName(String(repeating: "k漢", count: 5_000))

  /// Everything that a server can put into a snapshot, at its worst.
  static func hostileSnapshot() -> Snapshot {
    var snapshot = Self.snapshot()
    let long = String(repeating: "x", count: 10_000)
    for index in snapshot.tiers.indices {
      snapshot.tiers[index].title = hostileText + long
      snapshot.tiers[index].stateDetail = hostileText
      snapshot.tiers[index].note = hostileText + long
      snapshot.tiers[index].hitRatio = [.nan, .infinity, -1, 7, 0][index % 5]
      snapshot.tiers[index].opsPerSecond = [.infinity, -5, .nan, 1e300, 0][index % 5]
      snapshot.tiers[index].p95 = [-1, .nan, 1e300, .infinity, 5][index % 5]
      snapshot.tiers[index].memoryUsed = .max
      snapshot.tiers[index].memoryLimit = index % 2 == 0 ? 0 : 1
    }
    for index in snapshot.nodes.indices {
      snapshot.nodes[index].id = NodeID("\(index)" + hostileText)
      snapshot.nodes[index].address = hostileText + long
      snapshot.nodes[index].state = LiveState.allCases[index % LiveState.allCases.count]
      snapshot.nodes[index].fault = Fault(
        kind: .protocol, endpoint: hostileText, action: hostileText, message: long,
        nextStep: hostileText)
      snapshot.nodes[index].identity = ServerIdentity(
        runID: long, product: hostileText, version: long, processID: .max)
      snapshot.nodes[index].figures.role = hostileText
      snapshot.nodes[index].figures.evictionPolicy = hostileText
      snapshot.nodes[index].figures.cpuShare = .infinity
      snapshot.nodes[index].figures.memoryUsed = .max
      snapshot.nodes[index].figures.memoryLimit = .max
      snapshot.nodes[index].figures.uptimeSeconds = .max
      snapshot.nodes[index].figures.pingMicroseconds = .nan
      snapshot.nodes[index].figures.replicaLagBytes = .max
      snapshot.nodes[index].figures.databases = (0..<300).map {
        DatabaseFigures(index: $0, keys: .max, expires: .max, averageTTL: .max)
      }
      snapshot.nodes[index].lastReply = MonotonicTime(nanoseconds: index == 0 ? .min : .max)
      snapshot.nodes[index].info = InfoDocument(sections: [
        .init(name: hostileText, fields: [.init(name: hostileText, value: long + hostileText)]),
        .init(name: long, fields: [.init(name: long, value: "")]),
      ])
      snapshot.nodes[index].commands = Reading(
        value: [
          CommandFigures(
            name: hostileText, callsPerSecond: .infinity, timeShare: .nan, meanMicroseconds: -1,
            p50: .nan, p95: .infinity, p99: 1e300, failedPerSecond: .nan, rejectedPerSecond: -1,
            totalCalls: .max),
          CommandFigures(
            name: long, callsPerSecond: -1, timeShare: 1e300, meanMicroseconds: .infinity,
            totalCalls: .max),
        ], at: MonotonicTime(nanoseconds: .max), problem: index == 1 ? hostileText + long : nil)
      snapshot.nodes[index].errors = [
        ErrorFigures(code: hostileText, perSecond: .nan, total: .max)
      ]
      snapshot.nodes[index].latencyEvents = Reading(
        value: [
          LatencyEvent(
            name: hostileText, at: WallTime(microseconds: .max), latestMilliseconds: .max,
            worstMilliseconds: .max)
        ], at: nil, problem: hostileText)
    }
    let node = snapshot.nodes[0].id
    snapshot.hotKeys.rows = [
      .init(node: node, key: hostileKey, share: .nan, source: hostileText, frequency: .max),
      .init(node: node, key: longKey, share: 9, source: "", frequency: nil),
      .init(node: NodeID("nobody"), key: KeyName([]), share: -1, source: ""),
    ]
    snapshot.slow = [
      SlowEntry(
        node: node, runID: "", id: .max, at: WallTime(microseconds: .min), microseconds: .max,
        arguments: [
          .bytes(hostileKey.bytes), .masked(length: -1), .bytes(longKey.bytes), .bytes([]),
        ], client: hostileText, clientName: long),
      SlowEntry(
        node: node, runID: "", id: 0, at: WallTime(microseconds: .max), microseconds: 0,
        arguments: []),
    ]
    snapshot.topologies = Topologies.hostile(hostileText, nodes: snapshot.nodes.map(\.id))
    snapshot.ownCost = OwnCost(
      commandsPerSecond: .nan, bytesPerSecond: .infinity, serverMicrosecondsPerSecond: 1e300)
    snapshot.notices = [
      Notice(id: .max, weight: .critical, text: hostileText + long, at: WallTime(microseconds: 0))
    ]
    return snapshot
  }
}
