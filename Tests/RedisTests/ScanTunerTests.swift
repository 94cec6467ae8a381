import EventLoop
import Redis
import TestKit
import Testing

@Suite struct ScanTunerTests {
  @Test(arguments: [(100, 5000), (1_000, 1000), (4_000, 250), (50_000, 100)])
  func `COUNT settles where a call takes half the bound`(nanosecondsPerKey: Int, expected: Int) {
    var tuner = ScanTuner()
    for _ in 0..<40 { tuner.note(.nanoseconds(nanosecondsPerKey * tuner.count)) }
    #expect(abs(tuner.count - expected) <= expected / 10, "\(tuner.count)")
  }

  @Test func `a call over the bound halves it at once, one stall does not keep it low`() {
    var tuner = ScanTuner(start: 1000)
    for _ in 0..<10 { tuner.note(.microseconds(tuner.count)) }
    let before = tuner.count
    tuner.note(.milliseconds(30))
    #expect(tuner.count == before / 2)
    for _ in 0..<5 { tuner.note(.microseconds(tuner.count)) }
    #expect(tuner.count > before * 9 / 10)
  }

  @Test func `no time can make it trap or leave its range`() {
    var tuner = ScanTuner()
    for time in [Duration.zero, .seconds(-1), .seconds(Int64.max), .nanoseconds(1)] {
      tuner.note(time)
      #expect((100...5000).contains(tuner.count))
    }
  }
}

@Suite struct ScanFilterTests {
  private static func key(
    _ life: KeyDescription.TimeToLive = .persistent, type: String = "string",
    bytes: UInt64 = 100, idle: UInt64? = 5
  ) -> KeyDescription {
    var key = KeyDescription(key: [1])
    key.type = type
    key.memoryBytes = bytes
    key.timeToLive = life
    key.idleSeconds = idle
    return key
  }

  @Test func `each part admits what it says, and nothing unknown`() {
    var filter = ScanFilter()
    #expect(filter.facts.isEmpty && filter.admits(KeyDescription(key: [])))
    filter.types = ["hash"]
    #expect(filter.admits(Self.key(type: "hash")))
    #expect(!filter.admits(Self.key()))
    #expect(!filter.admits(KeyDescription(key: [])))
    filter = ScanFilter()
    filter.bytes = 100...200
    #expect(filter.admits(Self.key(bytes: 200)))
    #expect(!filter.admits(Self.key(bytes: 201)))
    filter = ScanFilter()
    filter.persistent = true
    #expect(filter.admits(Self.key(.persistent)) && !filter.admits(Self.key(.milliseconds(1))))
    filter.persistent = false
    #expect(!filter.admits(Self.key(.persistent)) && filter.admits(Self.key(.milliseconds(1))))
    filter.persistent = nil
    filter.timeToLive = 0...1000
    #expect(filter.admits(Self.key(.milliseconds(1000))) && !filter.admits(Self.key(.persistent)))
    #expect(!filter.admits(Self.key(.milliseconds(1001))) && !filter.admits(Self.key(.gone)))
    filter.persistent = true
    #expect(filter.admits(Self.key(.persistent)) && !filter.admits(Self.key(.milliseconds(1001))))
    filter = ScanFilter()
    filter.idleSeconds = 10...UInt64.max
    #expect(filter.admits(Self.key(.persistent, idle: 10)))
    #expect(!filter.admits(Self.key(.persistent, idle: nil)))
  }
}

@Suite(.blocking) struct ScanWalkTests {
  @Test func `filters find what they should, and every lookup is in the ledger`() async throws {
    let server = try ScannerTests.filled(2_000)
    let connection = try server.connect()
    try connection.command(["HSET", "h:1", "f", "v"])
    try connection.command(["SET", "big", String(repeating: "x", count: 50_000)])
    try connection.command(["SET", "short", "v", "EX", "50"])
    let probe = try ProbeTests.probe(server)
    func found(_ set: (inout ScanFilter) -> Void) async throws -> Set<String> {
      var options = Scanner.Options()
      options.keysPerSecond = .max
      set(&options.filter)
      var scanner = Scanner(probe, options: options, loop: Fixture.loop)
      var keys: Set<String> = []
      while let page = try await scanner.next() {
        keys.formUnion(page.keys.map { String(decoding: $0, as: UTF8.self) })
      }
      return keys
    }
    #expect(try await found { $0.types = ["hash"] } == ["h:1"])
    #expect(try await found { $0.bytes = 40_000...UInt64.max } == ["big"])
    #expect(try await found { $0.timeToLive = 0...60_000 } == ["short"])
    #expect(try await found { $0.idleSeconds = 3_600...UInt64.max } == [])
    let hits = try #require(try server.info("keyspace_hits", "stats").flatMap { UInt64($0) })
    #expect(hits > 0 && probe.ledger.hits == hits)
  }

  @Test func `a walk is taken up from its point, and not on another process`() async throws {
    let server = try ScannerTests.filled(5_000)
    var options = Scanner.Options()
    options.keysPerSecond = .max
    options.countRange = 100...500
    var first = Scanner(try ProbeTests.probe(server), options: options, loop: Fixture.loop)
    var keys: Set<[UInt8]> = []
    for _ in 0..<3 { keys.formUnion(try await first.next()?.keys ?? []) }
    let point = try #require(first.point)
    #expect(point.visited > 0 && keys.count < 5_000)
    options.from = point
    var second = Scanner(try ProbeTests.probe(server), options: options, loop: Fixture.loop)
    while let page = try await second.next() { keys.formUnion(page.keys) }
    #expect(keys.count == 5_000)
    options.from?.runID = "another"
    var third = Scanner(try ProbeTests.probe(server), options: options, loop: Fixture.loop)
    await #expect(throws: RedisError.self) { _ = try await third.next() }
  }

  @Test func `a walk outlives its connection`() async throws {
    let server = try ScannerTests.filled(5_000)
    var options = Scanner.Options()
    options.keysPerSecond = .max
    options.countRange = 100...500
    var scanner = Scanner(try ProbeTests.probe(server), options: options, loop: Fixture.loop)
    var keys = Set(try await scanner.next()?.keys ?? [])
    try server.command(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"])
    let isWhole = try await Eventually.holds(within: 20) {
      do throws(RedisError) {
        while let page = try await scanner.next() { keys.formUnion(page.keys) }
        return true
      } catch {
        return false
      }
    }
    #expect(isWhole && keys.count == 5_000)
  }
}
