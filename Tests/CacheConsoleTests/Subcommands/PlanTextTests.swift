import CacheConsole
import ConsoleModel
import Testing

@Suite struct PlanTextTests {
  private static let author = OperationAuthor(
    user: "ann", uid: 7, role: .admin, host: "bastion", terminal: "pts/1", from: "192.0.2.7")

  private func plan(
    _ request: OperationRequest, _ change: (inout OperationPreview) -> Void = { _ in }
  ) -> OperationPlan {
    var preview = OperationPreview()
    preview.isComplete = true
    change(&preview)
    return OperationPlan(
      id: SubcommandTests.operation, request: request,
      environment: EnvironmentIdentity(name: "shop-prod", environmentClass: .production),
      author: Self.author, preview: preview, created: WallTime(seconds: 1_795_000_000))
  }

  @Test func `everything that a preview knows is printed`() {
    let node = NodeID("redis-1")
    let plan = plan(
      OperationRequest(
        .invalidate, .pattern(Array("search:*".utf8)), nodes: [node], keepsCopy: false,
        pace: Pace(keysPerSecond: 500))
    ) { preview in
      preview.keys = .estimate(low: 950_000, value: 1_000_000, high: 1_050_000)
      preview.bytes = 200 << 20
      preview.shards = [
        .init(
          node: node, address: "10.0.0.1:6379", runID: "r", size: 2_000_000,
          keys: .exact(1_000_123),
          bytes: 3 << 20)
      ]
      preview.types = [.init(name: "string", keys: 999), .init(name: "hash", keys: 1)]
      preview.dataTypes = [.init(name: "session", keys: 12)]
      preview.lives = [.init(name: "under 1 m", keys: 44)]
      preview.idle = [.init(name: "over 1 h", keys: 55)]
      preview.loggedOut = .exact(1234)
      preview.sessionsLeftOut = 77
      preview.largeStrings = [.init(key: KeyName("big\u{1B}"), bytes: 11 << 20)]
      preview.dependents = ["search pages are built again"]
      preview.warnings = [#"a "\x00" in a name"#]
      preview.sample = [KeyName("search:1"), KeyName([0xFF, 0x0A])]
      preview.commands = ["redis-cli SCAN 0 MATCH search:* COUNT 1000", #"UNLINK "a\x00b""#]
      preview.isComplete = false
      preview.progress = 0.999
      preview.secondsLeft = 12.2
    }
    let text = PlanText.lines(plan).joined(separator: "\n")
    for expected in [
      "invalidate search:*", "shop-prod (production)", "ann@bastion from 192.0.2.7",
      "at most 500 keys/s", "about 1,000,000 (950,000 to 1,050,000)", "still counting: 99 %",
      "about 13 s to go", "about 200M",
      "redis-1 (10.0.0.1:6379): 1,000,123 of 2,000,000 keys, about 3M",
      "string 999, hash 1", "session 12", "under 1 m 44", "over 1 h 55", "1,234 users",
      "77 sessions", "no copy is kept", #"big\x1b: 11M"#, "search pages are built again",
      #"warning     a "\x00" in a name"#, "keys, 2 of 1,000,000:", "  search:1", #"  \xff\n"#,
      "  redis-cli SCAN 0 MATCH search:* COUNT 1000", #"  UNLINK "a\x00b""#,
      "--yes --confirm 'shop-prod 1.0M' --reason TEXT", "2026-11-18T11:06:40.000Z",
      "2026-11-18T11:16:40.000Z", SubcommandTests.operation,
    ] { #expect(text.contains(expected), "\(expected)") }
  }

  @Test(arguments: [
    (10_000 as UInt64, 1 as UInt64, "copies are kept for a day"),
    (10_001, 1, "too many keys for copies: it cannot be undone"),
    (1, 257 << 20, "too many bytes for copies: it cannot be undone"),
  ])
  func `copies are promised where they are kept`(keys: UInt64, bytes: UInt64, text: String) {
    let plan = plan(
      OperationRequest(.invalidate, .pattern(Array("search:*".utf8)), nodes: [NodeID("redis-1")])
    ) { preview in
      preview.keys = .exact(keys)
      preview.bytes = bytes
    }
    #expect(PlanText.lines(plan).joined(separator: "\n").contains(text))
  }

  @Test func `what a server or a person wrote cannot move the terminal`() {
    let evil = "\u{1B}[2J\u{202E}\n\u{9B}x"
    let plan = plan(
      OperationRequest(
        .warm(.command([evil])), .keys([KeyName(evil), KeyName("b")]), nodes: [NodeID(evil)],
        reason: evil)
    ) { preview in
      preview.warnings = [evil]
      preview.dependents = [evil]
      preview.commands = [evil]
      preview.shards = [
        .init(node: NodeID(evil), address: evil, runID: evil, size: .max, keys: .exact(.max))
      ]
      preview.types = [.init(name: evil, keys: .max)]
      preview.progress = .nan
      preview.secondsLeft = .infinity
      preview.isComplete = false
    }
    var status = OperationStatus(
      id: evil, title: evil, environment: evil, author: Self.author, reason: evil,
      state: .running, started: WallTime(seconds: 0), updated: WallTime(seconds: 0),
      shards: [ShardStatus(node: NodeID(evil)), ShardStatus(node: NodeID("b"))], note: evil,
      runner: evil)
    status.shards[0].fault = evil
    status.etaSeconds = .nan
    status.rate = .infinity
    status.copies = 1
    status.verdict = Verdict()
    status.verdict?.text = evil
    for isUnicode in [false, true] {
      let lines =
        PlanText.lines(plan, isUnicode: isUnicode) + StatusText.lines(status, isUnicode: isUnicode)
        + [StatusText.row(status, isUnicode: isUnicode)]
      for line in lines {
        let isSafe = line.unicodeScalars.allSatisfy {
          ![.control, .format, .lineSeparator].contains($0.properties.generalCategory)
            && (isUnicode || $0.isASCII || $0 == "\u{FFFD}")
        }
        #expect(isSafe, "\(line.debugDescription)")
      }
    }
  }

  @Test func `what has to be typed is ready for the shell`() {
    func last(_ request: OperationRequest) -> String? {
      PlanText.lines(plan(request) { $0.keys = .exact(20) }).last
    }
    let node = NodeID("redis-1")
    #expect(
      last(OperationRequest(.invalidate, .pattern(Array("it's*".utf8)), nodes: [node], reason: "r"))
        == #"confirm     --yes --confirm 'it'\''s*'"#)
    #expect(
      last(OperationRequest(.slowlogReset, .server, nodes: [node], reason: "r"))
        == "confirm     --yes --confirm redis-1")
  }

  @Test func `a run and its end are printed`() {
    var status = OperationStatus(
      id: SubcommandTests.operation, title: "invalidate product:*", environment: "shop-prod",
      author: Self.author, reason: "ticket 7", state: .running,
      started: WallTime(seconds: 1_795_000_000), updated: WallTime(seconds: 1_795_000_001),
      expected: 12_345, shards: [ShardStatus(node: NodeID("redis-1"))], note: "paced",
      runner: "bastion:77")
    status.shards[0].size = 1000
    status.shards[0].visited = 420
    status.shards[0].changed = 5000
    status.shards[0].skipped = 3
    status.shards[0].indeterminate = 2
    status.shards[0].fault = "redis-1: timed out"
    status.rate = 4321
    status.etaSeconds = 7.5
    var text = StatusText.lines(status).joined(separator: "\n")
    for expected in [
      "running 42 %", "5,000 changed of 12,345 expected, 3 skipped, 2 unanswered", "4.3k keys/s",
      "about 8 s", "paced", "bastion:77", "error       redis-1: timed out", "ticket 7",
    ] { #expect(text.contains(expected), "\(expected)") }
    status.state = .done
    status.finished = WallTime(seconds: 1_795_000_060)
    status.copies = 5000
    status.verdict = Verdict()
    status.verdict?.gone = 4998
    status.verdict?.reborn = 2
    status.verdict?.checked = 5000
    status.verdict?.isFresh = true
    status.verdict?.text = "nothing born before 11:07:40 UTC is served"
    text = StatusText.lines(status).joined(separator: "\n")
    for expected in [
      "state       done", "2026-11-18T11:07:40.000Z", "4,998 gone, 2 reborn; 5,000 looked at",
      "verdict     nothing born before 11:07:40 UTC is served", "undo \(SubcommandTests.operation)",
    ] { #expect(text.contains(expected), "\(expected)") }
    #expect(!text.contains("keys/s"))
    #expect(StatusText.row(status).hasPrefix("\(SubcommandTests.operation)  done "))
  }
}
