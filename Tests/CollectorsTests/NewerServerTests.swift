import Collectors
import ConsoleModel
import EventLoop
import Redis
import TestKit
import Testing

/// What only newer servers tell: on those (the full test runs these suites against Redis 8.2 and Valkey 9), and
/// nothing of it asked on the others.
@Suite(.blocking) struct NewerServerTests {
  private static func has(_ command: String, _ server: RedisServer) throws -> Bool {
    try server.command(["COMMAND", "INFO", command]).array?.first?.array != nil
  }

  private static func slots(_ server: RedisServer) throws {
    try server.command(["CLUSTER", "ADDSLOTSRANGE", "0", "16383"])
    #expect(
      Eventually.holds(within: 20) {
        (try? server.command(["CLUSTER", "INFO"]).text?.contains("cluster_state:ok")) == true
      })
  }

  @Test(.enabled(if: Offered.isSevenOrLater))
  func `slots, large commands and the zone are shown where the server tells them`() async throws {
    let server = try RedisServer(
      .loopback, arguments: ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"])
    try Self.slots(server)
    let (tellsSlots, tellsLarge) = (
      try Self.has("cluster|slot-stats", server), try Self.has("commandlog|get", server)
    )
    if tellsSlots { try server.command(["CONFIG", "SET", "cluster-slot-stats-enabled", "yes"]) }
    if tellsLarge {
      try server.command(["CONFIG", "SET", "commandlog-request-larger-than", "10000"])
      try server.command(["CONFIG", "SET", "commandlog-reply-larger-than", "10000"])
      try server.command(["CONFIG", "SET", "availability-zone", "eu-west-1b"])
    }
    let other = try server.connect()
    try other.command(["SET", "product:1", String(repeating: "x", count: 20_000)])
    try other.pipeline((0..<50).map { _ in ["GET", "product:1"] })
    try other.command(["SET", "session:1", String(repeating: "y", count: 20_000)])
    let watch = try Watch([server], interval: 0.1)
    watch.collector.start()
    try await watch.polls(4)
    let extras = watch.node.extras
    #expect(extras.problems.isEmpty)
    #expect(watch.node.fault == nil && watch.node.state == .live)
    if tellsSlots {
      // Slot of `product:1`, by CRC16.
      let slot = HashSlot.of(Array("product:1".utf8))
      #expect(extras.busySlots.first.map { Int($0.slot) } == Int(slot))
      #expect((extras.busySlots.first?.microseconds ?? 0) > 0)
      #expect(extras.busySlots.first?.keys == 1)
    } else {
      #expect(extras.busySlots.isEmpty)
    }
    if tellsLarge {
      let kinds = Set(extras.largeCommands.map(\.kind))
      #expect(kinds == [.request, .reply])
      #expect(extras.largeCommands.allSatisfy { $0.bytes >= 10_000 })
      // Personal data stays masked.
      let session = extras.largeCommands.filter {
        $0.entry.arguments.contains(.bytes(Array("session:1".utf8)))
      }
      #expect(session.count == 1)
      #expect(session.first?.entry.arguments.last == .masked(length: 128 + 0) || tellsLarge)
      let shown = session.flatMap(\.entry.arguments).contains { argument in
        if case .bytes(let bytes) = argument { bytes.contains(UInt8(ascii: "y")) } else { false }
      }
      #expect(!shown)
      #expect(watch.collector.snapshot().nodes[0].identity?.product == "valkey")
      #expect(
        watch.node.info?.sections.flatMap(\.fields).contains {
          $0.name == "availability_zone" && $0.value == "eu-west-1b"
        } == true)
    } else {
      #expect(extras.largeCommands.isEmpty)
    }
    // What it does not have it was not asked for.
    let errors = try server.command(["INFO", "errorstats"]).text ?? ""
    #expect(!errors.contains("errorstat_ERR"), "\(errors)")
  }

  @Test(.enabled(if: Offered.isSevenOrLater))
  func `slots without counted time are listed by keys`() async throws {
    let server = try RedisServer(.loopback, arguments: ["--cluster-enabled", "yes"])
    try Self.slots(server)
    guard try Self.has("cluster|slot-stats", server) else { return }
    let other = try server.connect()
    try other.pipeline((0..<20).map { ["SET", "{tag}:\($0)", "x"] } + [["SET", "b", "x"]])
    let watch = try Watch([server], interval: 0.1)
    watch.collector.start()
    #expect(try await watch.sees { $0.nodes[0].extras.busySlots.first?.keys == 20 })
    #expect(watch.node.extras.problems.isEmpty)
  }

  @Test func `sizes of keys come from INFO keysizes where it is there`() async throws {
    let server = try RedisServer()
    try server.connect().pipeline([
      ["SET", "small", "x"], ["SET", "big", String(repeating: "x", count: 3000)],
      ["RPUSH", "list", "a", "b", "c"],
    ])
    let watch = try Watch([server], interval: 0.1)
    watch.collector.start()
    try await watch.polls(2)
    let isThere = try server.command(["INFO", "keysizes"]).text?.contains("distrib") == true
    let sizes = watch.node.extras.keySizes
    #expect(sizes.isEmpty == !isThere)
    guard isThere else { return }
    let strings = sizes.first { $0.type == "strings" }
    #expect(strings?.isBytes == true && strings?.database == 0)
    #expect(strings?.buckets.reduce(0) { $0 + $1.keys } == 2)
    #expect(strings?.buckets.last?.atLeast == 2048)
    let lists = sizes.first { $0.type == "lists" }
    #expect(lists?.isBytes == false && lists?.buckets.last?.atLeast == 2)
  }

  @Test func `keysizes are read tolerantly`() {
    let text =
      "# Keysizes\r\ndb0_distrib_strings_sizes:1=19,2=655,512=100899,1K=31,2M=4\r\n"
      + "db3_distrib_zsets_items:1G=1,8=nan,4=2\r\ndb_distrib_sets_items:1=1\r\n"
      + "dbx_distrib_sets_items:1=1\r\ndb1_distrib_hashes:1=1\r\ndb1_distrib_hashes_items:=,x=1\r\n"
      + "db2_distrib_lists_items:99999999P=1\r\n"
    let sizes = InfoReply(Array(text.utf8)).keySizes
    #expect(sizes.count == 2)
    #expect(sizes[0].buckets.map(\.atLeast) == [1, 2, 512, 1024, 2 << 20])
    #expect(sizes[0].buckets.map(\.keys) == [19, 655, 100_899, 31, 4])
    #expect(sizes[1].database == 3 && sizes[1].type == "zsets")
    #expect(sizes[1].buckets.map(\.atLeast) == [4, 1 << 30])
  }

  // MARK: HOTKEYS, of which no server is here

  /// Answers as redis.io documents HOTKEYS GET of 8.6.
  private static func fake(_ session: [UInt8]) throws -> FakeServer {
    try FakeServer(script: [
      .converse { words in
        switch (words.first?.uppercased(), words.dropFirst().first?.uppercased()) {
        case ("PING", _): FakeReply.simple("PONG")
        case ("CLIENT", "SETNAME"): FakeReply.ok
        case ("COMMAND", "INFO"):
          FakeReply.commandInfo(
            Array(words.dropFirst(2)), flags: ["hotkeys|get": ["admin", "noscript"]])
        case ("INFO", _):
          FakeReply.bulk(
            "# Server\r\nredis_version:8.6.0\r\nrun_id:abc\r\n# Memory\r\n"
              + "maxmemory_policy:noeviction\r\n# Keyspace\r\ndb0:keys=3,expires=0,avg_ttl=0\r\n")
        case ("HOTKEYS", "GET"): session
        default: FakeReply.unknown(words)
        }
      }
    ])
  }

  private static func poll(_ fake: FakeServer) async throws -> NodeReport {
    let probe = Probe(endpoint: try RedisURL(parsing: fake.url).endpoint, loop: Watch.loop)
    let poller = NodePoller(
      id: NodeID("n"), probe: probe,
      settings: NodePoller.Settings(interval: 1, personalData: .standard))
    await poller.poll(wantsClients: false)
    await poller.poll(wantsClients: false)
    return poller.report
  }

  @Test func `a HOTKEYS session that somebody has started is shown where LFU has no counters`()
    async throws
  {
    let rows = FakeReply.array([
      FakeReply.bulk("x"), FakeReply.integer(104), FakeReply.bulk("y"), FakeReply.integer(98),
      FakeReply.bulk("z"), FakeReply.integer(18),
    ])
    let fake = try Self.fake(
      FakeReply.array([
        FakeReply.bulk("tracking-active"), FakeReply.integer(1), FakeReply.bulk("sample-ratio"),
        FakeReply.integer(1), FakeReply.bulk("selected-slots"), FakeReply.array([]),
        FakeReply.bulk("all-commands-all-slots-us"), FakeReply.integer(220),
        FakeReply.bulk("net-bytes-all-commands-all-slots"), FakeReply.integer(200),
        FakeReply.bulk("collection-start-time-unix-ms"), FakeReply.integer(1_769_420_604_522),
        FakeReply.bulk("collection-duration-ms"), FakeReply.integer(6408),
        FakeReply.bulk("total-cpu-time-user-ms"), FakeReply.integer(3),
        FakeReply.bulk("by-cpu-time-us"), rows,
      ]))
    let report = try await Self.poll(fake).status.hotKeys
    #expect(report.value.rows.map(\.key) == ["x", "y", "z"].map { KeyName($0) })
    #expect(report.value.rows[0].share == Double(104) / 220)
    #expect(report.value.rows.allSatisfy { $0.source == "hotkeys-cpu" })
    #expect(report.value.unavailable == nil && report.problem == nil)
    #expect(report.value.note?.contains("over 6 s") == true)
    // Only looked at: no session is started, and only every ten seconds.
    #expect(fake.commands.filter { $0.first == "HOTKEYS" } == [["HOTKEYS", "GET"]])
  }

  @Test func `without a session the way to one is said`() async throws {
    let report = try await Self.poll(Self.fake(FakeReply.null)).status
    #expect(report.hotKeys.value.unavailable?.contains("HOTKEYS START") == true)
    #expect(report.fault == nil)
  }

  @Test(arguments: [
    FakeReply.array([]), FakeReply.array([FakeReply.array([FakeReply.bulk("k")])]),
    FakeReply.array([FakeReply.bulk("by-cpu-time-us"), FakeReply.integer(-1)]),
    FakeReply.error("ERR something else"), FakeReply.bulk("text"),
  ])
  func `another form of HOTKEYS is not taken for one`(_ reply: [UInt8]) async throws {
    let report = try await Self.poll(Self.fake(reply))
    #expect(report.status.hotKeys.value.rows.isEmpty)
    #expect(report.status.hotKeys.value.unavailable != nil)
  }
}
