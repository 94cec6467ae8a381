import Collectors
import ConsoleModel
import EventLoop
import Redis
import TestKit
import Testing

/// Slow log, hot keys and clients of real servers.
@Suite(.blocking) struct LiveDetailTests {
  @Test func `no slow command is lost or shown twice, over a burst, a reset and a restart`()
    async throws
  {
    // Above what the console's own reads take, so that they do not push the others' out.
    let server = try RedisServer(
      arguments: ["--slowlog-log-slower-than", "1500", "--slowlog-max-len", "4096"]
        + Offered.debugCommand)
    func sleeps(_ count: Int) -> [[String]] {
      (0..<count).map { _ in ["DEBUG", "SLEEP", "0.002"] }
    }
    let watch = try Watch([server], interval: 0.1)
    watch.collector.start()
    try await watch.polls(1)
    func mine() -> [String] {
      watch.collector.snapshot().slow.compactMap { entry in
        guard entry.arguments.first == .bytes(Array("DEBUG".utf8)) else { return nil }
        return "\(entry.runID) \(entry.id)"
      }
    }
    var connection = try server.connect()
    // Far more than a page between two polls.
    try connection.pipeline(sleeps(200))
    #expect(try await Eventually.holds(within: 20) { mine().count == 200 })
    try connection.command(["SLOWLOG", "RESET"])
    try connection.pipeline(sleeps(20))
    #expect(try await Eventually.holds(within: 20) { mine().count == 220 })
    try server.restart()
    connection = try server.connect()
    try connection.pipeline(sleeps(20))
    #expect(try await Eventually.holds(within: 20) { mine().count == 240 })
    try await watch.polls(2)
    #expect(Set(mine()).count == mine().count)
    #expect(mine().count == 240)
    #expect(watch.node.slow.problem == nil)
  }

  @Test func `a slow log that wraps between two polls says how many were lost`() async throws {
    let server = try RedisServer(arguments: [
      "--slowlog-log-slower-than", "0", "--slowlog-max-len", "16",
    ])
    let watch = try Watch([server], interval: 0.1)
    watch.collector.start()
    try await watch.polls(2)
    try server.connect().pipeline((0..<500).map { ["ECHO", "a\($0)"] })
    #expect(try await watch.sees { $0.nodes[0].slow.problem?.contains("dropped") == true })
  }

  @Test func `slow commands are masked where they hold personal data`() async throws {
    let server = try RedisServer(arguments: ["--slowlog-log-slower-than", "0"])
    let connection = try server.connect()
    try connection.command(["SET", "session:1", "s3cret"])
    try connection.command(["EVAL", "return ARGV[1]", "1", "product:1", "s3cret"])
    try connection.command(["SET", "product:1", "plain"])
    let watch = try Watch([server])
    let snapshot = await watch.collector.collectOnce()
    let shown = snapshot.slow.flatMap(\.arguments)
    #expect(shown.contains(.bytes(Array("session:1".utf8))))
    #expect(shown.contains(.bytes(Array("plain".utf8))))
    #expect(!shown.contains(.bytes(Array("s3cret".utf8))))
    #expect(shown.contains(.masked(length: 6)))
  }

  @Test func `a key with 30 per cent of the traffic heads the list`() async throws {
    let server = try RedisServer(arguments: [
      "--maxmemory-policy", "allkeys-lfu", "--maxmemory", "256mb",
    ])
    let connection = try server.connect()
    for start in stride(from: 0, to: 20_000, by: 2_000) {
      try connection.pipeline((start..<(start + 2_000)).map { ["SET", "product:\($0)", "x"] })
    }
    let watch = try Watch([server], interval: 0.25) {
      $0.hotKeyBudget = .init(keysPerSecond: 10_000, serverShare: 1)
    }
    watch.collector.start()
    var random = SplitMix64(seed: 1)
    func headIsHot() -> Bool {
      guard let head = watch.collector.snapshot().hotKeys.rows.first else { return false }
      return head.key == KeyName("product:13131") && (head.share ?? 0) > 0.1
    }
    // Seconds on an idle machine; the ten of the promise are held by the simulated server.
    let found = try await Eventually.holds(within: 20) {
      // 30 per cent on one key, the rest over fifty others.
      try connection.pipeline(
        (0..<100).map { step in
          let key = step < 30 ? 13_131 : Int.random(in: 0..<50, using: &random) * 37
          return ["GET", "product:\(key)"]
        })
      return headIsHot()
    }
    #expect(found)
    let report = watch.latest.hotKeys
    #expect(report.keys == 20_000)
    #expect(report.unavailable == nil)
    #expect(report.rows.first?.source == "object-freq")
    #expect(report.note?.contains("assumed") != true)
  }

  @Test func `a single look walks all keys for the hot ones`() async throws {
    let server = try RedisServer(arguments: ["--maxmemory-policy", "allkeys-lfu"])
    let connection = try server.connect()
    try connection.pipeline((0..<4_000).map { ["SET", "product:\($0)", "x"] })
    try connection.pipeline((0..<2_000).map { _ in ["GET", "product:3210"] })
    let watch = try Watch([server], interval: 0.2)
    let report = await watch.collector.collectOnce().hotKeys
    #expect(report.rows.first?.key == KeyName("product:3210"))
    #expect(report.keys == 4_000)
    #expect(report.sampled == 4_000)
  }

  @Test(.enabled(if: Offered.isSevenOrLater))
  func `a refused OBJECT FREQ is said, and the rest goes on`() async throws {
    let server = try RedisServer(arguments: ["--maxmemory-policy", "allkeys-lfu"])
    let admin = try server.connect()
    try admin.command(["SET", "k", "x"])
    try admin.command(["ACL", "SETUSER", "w", "on", ">p", "~*", "+@all", "-object|freq"])
    let watch = try Watch([server], interval: 0.1, user: "w", password: "p")
    watch.collector.start()
    #expect(
      try await watch.sees {
        $0.nodes[0].hotKeys.value.unavailable?.contains("not permitted") == true
      })
    #expect(watch.node.state == .live)
  }

  @Test func `a few clients are listed at once, our own flagged`() async throws {
    let server = try RedisServer()
    let others = try (0..<5).map { index in
      let connection = try server.connect()
      try connection.command(["CLIENT", "SETNAME", "app-\(index % 2)"])
      return connection
    }
    let watch = try Watch([server], interval: 0.1)
    watch.collector.setDemand(Demand(focus: NodeID("n0"), wantsClients: true))
    watch.collector.start()
    #expect(try await watch.sees { $0.nodes[0].clients.value.seen >= 6 })
    let report = watch.node.clients.value
    #expect(report.clients.filter(\.isOwn).count == 1)
    let names = report.groups[.name] ?? []
    #expect(names.first { $0.name == "app-0" }?.connections == 3)
    #expect(names.first { $0.name == "app-1" }?.connections == 2)
    watch.collector.setDemand(Demand(focus: NodeID("n0")))
    #expect(try await watch.sees { $0.nodes[0].clients.at == nil })
    _ = others.count
  }

  @Test func `thousands of clients are listed in pages`() async throws {
    let server = try RedisServer(arguments: ["--maxclients", "5000"])
    var others: [RedisConnection] = []
    for _ in 0..<2600 { others.append(try server.connect()) }
    let watch = try Watch([server], interval: 0.1)
    watch.collector.setDemand(Demand(focus: NodeID("n0"), wantsClients: true))
    watch.collector.start()
    #expect(try await watch.sees { $0.nodes[0].clients.value.seen >= 2600 })
    let report = watch.node.clients.value
    #expect(report.connected.map { $0 >= 2600 } == true)
    #expect(report.clients.count == ClientRegistry.maximumRows)
    // No reply was the whole list.
    #expect(watch.probes[0].ledger.calls["client|list"].map { $0 > 5 } == true)
    others.removeLast(300)
    #expect(try await watch.sees { $0.nodes[0].clients.value.seen < 2400 })
  }
}
