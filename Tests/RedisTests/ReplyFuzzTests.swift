import Glibc
import TestKit
import Testing

@testable import Redis

/// Spoiled replies: no trap, no hang, no growth, and the client is well again afterwards.
///
/// Some seconds by default; a minute for each with `CACHECONSOLE_FULL=1` (`script/test --full`, there under
/// the address sanitizer). A failure names its seed.
@Suite(.blocking) struct ReplyFuzzTests {
  private static let seconds: Double = unsafe getenv("CACHECONSOLE_FULL") == nil ? 2 : 60

  /// Bytes of the process that are in memory and its own; nil under a sanitizer, whose they are, too.
  private static var memory: Int? {
    guard unsafe dlsym(nil, "__asan_init") == nil else { return nil }
    return ChildProcess.readText("/proc/self/status")?.split(separator: "\n")
      .first { $0.hasPrefix("RssAnon:") }
      .flatMap { Int($0.filter(\.isNumber)) }.map { $0 << 10 }
  }

  private static func encoded(_ values: [RESPValue]) -> [UInt8] {
    var bytes: [UInt8] = []
    for value in values { ReplyParserTests.encode(value, into: &bytes) }
    return bytes
  }

  /// What the readers above the parser take apart.
  private static let samples: [RESPValue] = [
    TopologyParsingTests.shards,
    .array([
      .array([
        .integer(0), .integer(8191),
        .array([
          text("10.0.0.1"), .integer(6379), text("a"), .array([text("hostname"), text("h")]),
        ]),
        .array([text("10.0.0.2"), .integer(6379), text("b"), .array([])]),
      ])
    ]),
    text(
      "a1 10.0.0.1:6379@16379,h1 myself,master - 0 0 1 connected 0-8191 [5->-b2]\n"
        + "b2 10.0.0.2:6379@16379 slave a1 0 1 1 connected\n"),
    .array([
      .array([
        .integer(7), .integer(1_764_000_000), .integer(12_000), .array([text("GET"), text("k")]),
        text("10.0.0.3:5000"), text("shop"),
      ])
    ]),
    .array([
      text("get"),
      .array([
        text("calls"), .integer(3), text("histogram_usec"), .array([.integer(1), .integer(3)]),
      ]),
    ]),
    .array([text("42"), .array([text("key:1"), text("key:2")])]),
    text("# Server\r\nredis_version:7.0.15\r\nrun_id:0123\r\ndb0:keys=1,expires=0,avg_ttl=0\r\n"),
    .simple(Array("PONG".utf8)), .integer(17), .null, .error("MOVED 3999 10.0.0.9:6381"),
    .error("ASK 3999 :0"), .error("LOADING Redis is loading"),
  ]

  private static func text(_ text: String) -> RESPValue { .bulk(Array(text.utf8)) }

  /// One reply, spoiled more often than not.
  private static func reply(_ seed: UInt64) -> [UInt8] {
    var generator = SplitMix64(seed: seed)
    let sample = samples[Int.random(in: 0..<samples.count, using: &generator)]
    let isRandom = Bool.random(using: &generator)
    let value = isRandom ? ReplyParserTests.random(&generator, depth: 0) : sample
    let bytes = encoded([value])
    return Int.random(in: 0..<3, using: &generator) == 0
      ? bytes : Mutation.spoil(bytes, using: &generator)
  }

  /// Everything that reads a reply's parts without a connection.
  private static func read(_ value: RESPValue) {
    let asked = TopologyParsingTests.asked
    for topology in [
      ClusterTopology(shards: value, asked), ClusterTopology(slots: value, asked),
      value.bytes.flatMap { ClusterTopology(nodes: $0, asked) },
    ] {
      guard let topology else { continue }
      _ = (topology.uncovered, topology.primaries, topology.shard(of: 16_383))
    }
    if case .error(let text) = value { _ = Redirection(text, askedHost: "h") }
    _ = (value.text, value.unsigned, value.signed, value.array?.count, "\(value)".count)
  }

  @Test func `the parser and the readers of topology take any bytes, in any pieces`() {
    let deadline = Deadline(within: Self.seconds)
    var (round, replies): (UInt64, Int) = (0, 0)
    var before: Int?
    while !deadline.isPast || round < 200 {
      round += 1
      var generator = SplitMix64(seed: round)
      var bytes: [UInt8] = []
      for part in 0..<Int.random(in: 1...8, using: &generator) {
        bytes += Self.reply(round &* 16 &+ UInt64(part))
      }
      if let values = try? ReplyParserTests.parse(
        bytes, meal: Int.random(in: 1...bytes.count + 1, using: &generator))
      {
        replies += values.count
        for value in values { Self.read(value) }
      }
      // What the first rounds keep is kept once: caches and the allocator's own.
      if round == 100 { before = Self.memory }
    }
    #expect(replies > 100, "\(round) rounds")
    if let before, let after = Self.memory {
      // Other tests of this process run beside it.
      #expect(
        after - before < 64 << 20, "\(before) bytes after 100 rounds, \(after) after \(round)")
    }
  }

  @Test func `a client of a server that talks nonsense gives an error in time, and is well again`()
    async throws
  {
    let real = try RedisServer()
    let first = UInt64.random(in: 0..<1_000_000)
    let fake = try FakeServer(
      .unixSocket, script: [.answer { Self.reply(first &+ UInt64($0)) }])
    let proxy = try RecordingProxy(to: fake.address, piece: 7)
    var options = RedisClient.Options()
    options.connectTimeout = .milliseconds(500)
    options.commandTimeout = .milliseconds(200)
    let probe = Probe(
      endpoint: try RedisURL(parsing: proxy.url).endpoint, options: options, loop: Fixture.loop)
    let deadline = Deadline(within: Self.seconds)
    var (round, failed): (Int, Int) = (0, 0)
    while !deadline.isPast || round < 20 {
      round += 1
      let began = Deadline.now
      if await Self.ask(probe, round) { failed += 1 }
      // The command's deadline is 0.2 s; the rest is for a machine that has much else to do.
      #expect(Deadline.now - began < 20_000_000_000, "seed \(first), command \(round) hangs")
    }
    #expect(failed > 0, "seed \(first)")
    // Until the nonsense has ended it may still be asked: it does not know how many keys there are.
    try real.command(["MSET"] + (0..<54_321).flatMap { ["key:\($0)", ""] })
    proxy.retarget(real.address)
    #expect(
      try await Eventually.holds { (try? await probe.databaseSize()) == 54_321 }, "seed \(first)")
  }

  /// - Returns: true if it failed.
  private static func ask(_ probe: Probe, _ round: Int) async -> Bool {
    do {
      switch round % 8 {
      case 0: _ = try await probe.infoEverything()
      case 1: _ = try await probe.slowlog(count: 10)
      case 2: _ = try await probe.latencyHistogram()
      case 3: _ = try await probe.clusterTopology(timeout: .milliseconds(200))
      case 4: _ = try await probe.scan(cursor: [48], match: nil, count: 10)
      case 5: _ = try await probe.clientList()
      case 6: _ = try await probe.latencyLatest()
      default: _ = try await probe.databaseSize()
      }
      return false
    } catch {
      return true
    }
  }
}
