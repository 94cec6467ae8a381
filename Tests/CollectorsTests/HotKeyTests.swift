import Collectors
import ConsoleModel
import TestKit
import Testing

/// A server's LFU counters under a workload, by the server's own arithmetic.
private struct LFUServer {
  var random: SplitMix64
  var keys: [[UInt8]]
  var counters: [UInt8]
  /// Seconds since the epoch.
  var now = 1_700_000_010.0
  var factor = 10.0

  init(keys count: Int, seed: UInt64, counter: UInt8 = 5) {
    random = SplitMix64(seed: seed)
    keys = (0..<count).map { Array("product:\($0)".utf8) }
    counters = [UInt8](repeating: counter, count: count)
  }

  var minute: UInt64 { UInt64(now / 60) }

  mutating func pass(_ seconds: Double) {
    let before = minute
    now += seconds
    if minute > before { for at in counters.indices where counters[at] > 0 { counters[at] -= 1 } }
  }

  mutating func look(_ index: Int, _ times: Int) {
    for _ in 0..<times where counters[index] < 255 {
      let base = max(0, Double(counters[index]) - 5)
      if Double.random(in: 0..<1, using: &random) < 1 / (base * factor + 1) { counters[index] += 1 }
    }
  }
}

@Suite struct HotKeyTests {
  private let node = NodeID("n")

  /// Runs sampler and workload together; `traffic` gives lookups per second for some keys.
  private func run(
    _ server: inout LFUServer, _ sampler: inout HotKeySampler, seconds: Double,
    traffic: [Int: Double]
  ) -> (asked: Int, commands: Int) {
    var now = MonotonicTime(nanoseconds: Int64(server.now * 1e9))
    let end = now.advanced(bySeconds: seconds)
    var asked = 0
    var commands = 0
    var owed = traffic.mapValues { _ in 0.0 }
    let traffic = traffic.sorted { $0.key < $1.key }
    let index = Dictionary(
      uniqueKeysWithValues: server.keys.enumerated().map { (KeyName($1), $0) })
    while now < end {
      switch sampler.next(now: now) {
      case .wait(let until):
        let step = max(0.05, min(0.25, until.seconds(since: now)))
        now = now.advanced(bySeconds: step)
        server.pass(step)
        for (key, rate) in traffic {
          let due = (owed[key] ?? 0) + rate * step
          server.look(key, Int(due))
          owed[key] = due - due.rounded(.down)
        }
      case .scan(let cursor, let count):
        commands += 1
        let from = Int(cursor)
        let to = min(server.keys.count, from + count)
        sampler.scanned(
          next: to == server.keys.count ? 0 : UInt64(to), keys: Array(server.keys[from..<to]),
          now: now)
      case .frequencies(let keys):
        commands += 1
        asked += keys.count
        let counters = keys.map { key in index[key].map { server.counters[$0] } }
        sampler.counted(counters, minute: server.minute, now: now)
      }
    }
    return (asked, commands)
  }

  private func text(_ key: KeyName?) -> String {
    String(decoding: key?.bytes ?? [], as: UTF8.self)
  }

  @Test(arguments: 0..<2 as Range<UInt64>)
  func `a key with 30 per cent of the lookups heads the list within ten seconds`(_ seed: UInt64) {
    var server = LFUServer(keys: 20_000, seed: seed)
    var sampler = HotKeySampler()
    sampler.keys = 20_000
    var traffic = [17_777: 600.0]
    for other in 0..<200 { traffic[other * 7] = 7 }
    _ = run(&server, &sampler, seconds: 9, traffic: traffic)
    let report = sampler.report(node: node, lookupsPerSecond: 2000)
    #expect(text(report.rows.first?.key) == "product:17777")
    let share = report.rows.first?.share ?? 0
    #expect(share > 0.15 && share < 0.5)
  }

  @Test(arguments: 0..<2 as Range<UInt64>)
  func `a key that becomes hot overtakes those with high old counters`(_ seed: UInt64) {
    var server = LFUServer(keys: 20_000, seed: seed)
    for hot in 0..<500 { server.counters[hot] = 120 }
    var sampler = HotKeySampler()
    sampler.keys = 20_000
    var traffic: [Int: Double] = [:]
    for hot in 0..<500 { traffic[hot] = 2 }
    _ = run(&server, &sampler, seconds: 40, traffic: traffic)
    traffic[12_345] = 600
    _ = run(&server, &sampler, seconds: 22, traffic: traffic)
    let report = sampler.report(node: node, lookupsPerSecond: 1600)
    #expect(text(report.rows.first?.key) == "product:12345")
  }

  @Test func `shares come near the truth and never exceed one together`() {
    var server = LFUServer(keys: 5_000, seed: 3)
    var sampler = HotKeySampler()
    sampler.keys = 5_000
    let traffic: [Int: Double] = [1: 300, 2: 200, 3: 100, 4: 50]
    _ = run(&server, &sampler, seconds: 45, traffic: traffic)
    let rows = sampler.report(node: node, lookupsPerSecond: 1000).rows
    // An order of neighbours would need more steps than 45 s give.
    #expect(Set(rows.prefix(4).map { text($0.key) }) == Set((1...4).map { "product:\($0)" }))
    let shares = Dictionary(uniqueKeysWithValues: rows.prefix(4).map { (text($0.key), $0.share) })
    for (key, truth) in [(1, 0.3), (2, 0.2), (3, 0.1), (4, 0.05)] {
      let share = (shares["product:\(key)"] ?? nil) ?? 0
      #expect(abs(share - truth) < truth * 0.75)
    }
    let crowded = sampler.report(node: node, lookupsPerSecond: 10).rows
    #expect(crowded.reduce(0) { $0 + ($1.share ?? 0) } <= 1.000_001)
  }

  @Test func `keys at the ceiling tie and the report says so`() {
    var server = LFUServer(keys: 100, seed: 1, counter: 6)
    for key in 0..<3 { server.counters[key] = 255 }
    var sampler = HotKeySampler()
    sampler.keys = 100
    _ = run(&server, &sampler, seconds: 5, traffic: [0: 5000, 1: 5000, 2: 5000])
    let report = sampler.report(node: node, lookupsPerSecond: 15_000, factorIsAssumed: true)
    #expect(report.note?.contains("3 at the counter's ceiling") == true)
    #expect(report.note?.contains("assumed 10") == true)
    #expect(report.rows.prefix(3).allSatisfy { $0.share == nil && $0.frequency == 255 })
  }

  @Test func `after the minute's decay keys at the ceiling are told apart`() {
    var server = LFUServer(keys: 100, seed: 5, counter: 6)
    for key in 0..<2 { server.counters[key] = 255 }
    var sampler = HotKeySampler()
    sampler.keys = 100
    _ = run(&server, &sampler, seconds: 170, traffic: [0: 100, 1: 2000])
    let rows = sampler.report(node: node, lookupsPerSecond: 2100).rows
    #expect(text(rows.first?.key) == "product:1")
    #expect((rows.first?.share ?? 0) > 0.6)
  }

  @Test func `the budget is kept, and the server's share of time too`() {
    var server = LFUServer(keys: 200_000, seed: 1)
    var sampler = HotKeySampler()
    sampler.keys = 200_000
    let first = run(&server, &sampler, seconds: 10, traffic: [:])
    #expect(first.asked <= 5_000 * 10 + 400)
    sampler.microsecondsPerKey = 20
    let slow = run(&server, &sampler, seconds: 10, traffic: [:])
    #expect(slow.asked <= 500 * 10 + 400)
    #expect(slow.asked > 500 * 10 / 2)
  }

  @Test func `the first pass and one after a change of traffic are quick, the others are not`() {
    var server = LFUServer(keys: 20_000, seed: 1)
    var sampler = HotKeySampler()
    sampler.keys = 20_000
    #expect(sampler.rate == 5_000)
    _ = run(&server, &sampler, seconds: 6, traffic: [:])
    #expect(sampler.passes == 1)
    #expect(sampler.rate == 20_000 / HotKeySampler.passSeconds)
    sampler.hurry()
    #expect(sampler.rate == 5_000)
    _ = run(&server, &sampler, seconds: 14, traffic: [:])
    #expect(sampler.rate == 20_000 / HotKeySampler.passSeconds)
    sampler.keys = 8
    #expect(sampler.rate == 26)
  }

  @Test func `a pass is counted and wrong answers do no harm`() {
    var sampler = HotKeySampler(capacity: 4)
    let now = MonotonicTime(nanoseconds: 1)
    guard case .scan = sampler.next(now: now) else {
      Issue.record("a scan comes first")
      return
    }
    sampler.scanned(next: 0, keys: [[1], [2], [UInt8](repeating: 9, count: 100_000)], now: now)
    guard case .frequencies(let keys) = sampler.next(now: now) else {
      Issue.record("then the counters")
      return
    }
    #expect(keys.count == 2)
    sampler.counted([], minute: .max, now: now)
    sampler.counted([1, 2, 3, 4], minute: 0, now: now)
    #expect(sampler.passes == 1)
    #expect(sampler.report(node: node, lookupsPerSecond: .nan).rows.isEmpty)
  }

  @Test(
    arguments: [
      ("noeviction", true), ("allkeys-lru", true), ("volatile-ttl", true), (nil, true),
      ("allkeys-lfu", false), ("volatile-lfu", false),
    ] as [(String?, Bool)])
  func `where the policy is not LFU it is said what would help`(_ policy: String?, _ has: Bool) {
    let obstacle = HotKeySampler.obstacle(policy: policy)
    #expect((obstacle != nil) == has)
    if has { #expect(obstacle?.contains("lfu") == true) }
  }
}
