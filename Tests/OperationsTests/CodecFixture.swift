import ConsoleModel

/// One of everything, with what is awkward: bytes that are no text, controls, counts above 2^53.
enum CodecFixture {
  static let author = OperationAuthor(
    user: "maja", uid: 1000, role: .operatorRole, host: "ops-1", terminal: "pts/3",
    from: "10.0.0.7", version: "0.3")

  static let hostileKeys = [
    KeyName(""), KeyName("product:1:de"), KeyName([0, 1, 0x1B, 0x5B, 0x32, 0x4A]),
    KeyName([0xFF, 0xFE, 0x80]), KeyName("\u{202E}rtl"), KeyName("a\"b\\c\r\n\u{2028}"),
    KeyName("{\"base64\":\"QQ==\"}"), KeyName("日本語 😀"), KeyName([0xED, 0xA0, 0x80]),
  ]

  static let requests: [OperationRequest] = [
    OperationRequest(.invalidate, .keys(hostileKeys), nodes: [NodeID("a"), NodeID("b")]),
    OperationRequest(
      .invalidate, .pattern([0x2A, 0xFF]), nodes: [NodeID("a")], includesSessions: true,
      keepsCopy: false, pace: Pace(keysPerSecond: 7, isFull: true, concurrency: 3), reason: "Why\n"),
    OperationRequest(.shorten(seconds: .max), .pattern(Array("p:*".utf8)), nodes: []),
    OperationRequest(.adjust(seconds: 0), .keys([]), nodes: [NodeID("")]),
    OperationRequest(.adjust(seconds: nil), .keys([KeyName("k")]), nodes: [NodeID("a")]),
    OperationRequest(.warm(.dump(path: "/tmp/x y")), .keys([]), nodes: [NodeID("a")]),
    OperationRequest(.warm(.command(["sh", "-c", "echo"])), .keys([]), nodes: [NodeID("a")]),
    OperationRequest(.restore(operation: "20261125T165512-3f9a0c"), .keys([]), nodes: []),
    OperationRequest(.slowlogReset, .server, nodes: [NodeID("a")]),
    OperationRequest(.clientKill(id: 1 << 60), .server, nodes: [NodeID("a")]),
  ]

  static let plan: OperationPlan = {
    var preview = OperationPreview()
    preview.keys = .estimate(low: 900, value: 1000, high: 1100)
    preview.bytes = 123_456
    preview.shards = [
      .init(
        node: NodeID("a"), address: "[::1]:6379", runID: "0af", size: .max, keys: .exact(12),
        bytes: 1)
    ]
    preview.types = [.init(name: "string", keys: 990)]
    preview.dataTypes = [.init(name: "product", keys: 1000)]
    preview.lives = [.init(name: "< 1 min", keys: 3)]
    preview.idle = [.init(name: "≥ 1 d", keys: 4)]
    preview.loggedOut = .exact(2)
    preview.sessionsLeftOut = 7
    preview.largeStrings = [.init(key: KeyName([0xFF]), bytes: 12 << 20)]
    preview.dependents = ["search pages"]
    preview.sample = [KeyName("product:1"), KeyName([0x00, 0xFF])]
    preview.commands = ["UNLINK product:1"]
    preview.warnings = ["one"]
    preview.isComplete = false
    preview.progress = 0.25
    return OperationPlan(
      id: "20261125T165512-3f9a0c",
      request: OperationRequest(
        .invalidate, .pattern(Array("product:*".utf8)), nodes: [NodeID("a")], reason: "INC-7"),
      environment: EnvironmentIdentity(name: "shop", environmentClass: .production),
      author: author, preview: preview, created: WallTime(microseconds: 1_795_625_712_000_001))
  }()

  static let status: OperationStatus = {
    var status = OperationStatus(
      id: "20261125T165512-3f9a0c", title: "invalidate \u{1B}[2J", environment: "shop",
      author: author, reason: "INC-7", planHash: "ab", state: .verifying,
      started: WallTime(microseconds: 1_795_625_712_000_001),
      updated: WallTime(microseconds: 1_795_625_713_500_000), expected: 1 << 60, note: "slower",
      copies: 3, fence: 2, runner: "ops-1:77")
    var shard = ShardStatus(node: NodeID("a"))
    shard.state = .paused
    shard.size = .max
    (shard.visited, shard.changed, shard.skipped, shard.failed) = (1, 2, 3, 4)
    (shard.indeterminate, shard.bytes, shard.fault) = (5, 6, "gone")
    status.shards = [shard]
    status.finished = WallTime(microseconds: 1_795_625_714_000_000)
    status.rate = 1234.5
    status.etaSeconds = 0.25
    var verdict = Verdict()
    (verdict.gone, verdict.reborn, verdict.stillThere) = (1, 2, 3)
    (verdict.asAsked, verdict.checked, verdict.isFresh, verdict.text) = (5, 6, true, "fresh")
    verdict.at = WallTime(microseconds: 1_795_625_714_000_000)
    status.verdict = verdict
    return status
  }()
}
