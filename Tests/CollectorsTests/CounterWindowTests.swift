import Collectors
import ConsoleModel
import Redis
import TestKit
import Testing

@Suite struct CounterWindowTests {
  /// A sample `seconds` after the start, by both clocks.
  private func sample(
    _ seconds: Double, hits: UInt64 = 0, misses: UInt64 = 0, run: String = "a",
    commands: [CommandCounters] = [], own: ProbeLedger = ProbeLedger(), serverSeconds: Double? = nil
  ) -> CounterSample {
    let server = (serverSeconds ?? seconds) + 1_700_000_000
    return CounterSample(
      arrival: MonotonicTime(nanoseconds: 5_000_000_000).advanced(bySeconds: seconds),
      serverMicroseconds: UInt64(server * 1e6), runID: run,
      uptimeSeconds: UInt64(max(0, server - 1_699_999_000)),
      counters: [.hits: hits, .misses: misses, .commands: hits + misses], commands: commands,
      own: own)
  }

  @Test func `a rate is taken over the server's own interval`() {
    var window = CounterWindow()
    window.add(sample(0, hits: 100))
    // 2 s on our clock, 2.5 s on the server's: its replies travelled for different times.
    window.add(sample(2, hits: 350, serverSeconds: 2.5))
    #expect(window.interval?.rate(.hits) == 100)
  }

  @Test func `without a server clock ours is used`() {
    var window = CounterWindow()
    for (at, hits) in [(0.0, 0), (4.0, 400)] as [(Double, UInt64)] {
      window.add(
        CounterSample(
          arrival: MonotonicTime(nanoseconds: 0).advanced(bySeconds: at), counters: [.hits: hits]))
    }
    #expect(window.interval?.rate(.hits) == 100)
  }

  @Test func `a server clock that was set back does not make a spike`() {
    var window = CounterWindow()
    window.add(sample(0, hits: 0))
    window.add(sample(2, hits: 200, serverSeconds: 0.001))
    #expect(window.interval?.rate(.hits) == 100)
    window.add(sample(4, hits: 400, serverSeconds: -100))
    // By uptime this is a restart, by the clock a step back: no rate either way.
    #expect(window.interval == nil)
  }

  @Test func `a jump of the clocks is a gap`() {
    var window = CounterWindow()
    window.add(sample(0, hits: 0))
    #expect(window.add(sample(2, hits: 200, serverSeconds: 3600)) == .clockJumped)
    #expect(window.interval == nil)
    #expect(window.window == nil)
  }

  @Test func `the window slides over ten seconds and holds few samples`() {
    var window = CounterWindow(seconds: 10)
    for step in 0...40 {
      let now = Double(step) * 2
      window.add(sample(now, hits: UInt64(step * 10)))
    }
    #expect(window.window?.seconds == 10)
    #expect(window.window?.count(.hits) == 50)
    for step in 0...400 { window.add(sample(80 + Double(step) * 0.1, hits: 400 + UInt64(step))) }
    let seconds = window.window?.seconds ?? 0
    #expect(seconds >= 10 && seconds < 12.2)
  }

  @Test(arguments: [
    ("another run_id", GapReason.restarted), ("a counter fell", .statisticsReset),
    ("a command vanished", .statisticsReset),
  ])
  func `a restart or a reset is a gap and a new baseline`(_ what: String, _ reason: GapReason) {
    let get = CommandCounters(name: "get", calls: 50, microseconds: 100)
    let set = CommandCounters(name: "set", calls: 5, microseconds: 10)
    var window = CounterWindow()
    window.add(sample(0, hits: 1000, commands: [get, set]))
    window.add(sample(2, hits: 1100, commands: [get, set]))
    let next: CounterSample
    switch what {
    case "another run_id": next = sample(4, hits: 5000, run: "b", commands: [get, set])
    case "a counter fell": next = sample(4, hits: 3, commands: [get, set])
    default: next = sample(4, hits: 5000, commands: [get])
    }
    #expect(window.add(next) == reason)
    #expect(window.interval == nil)
    #expect(window.window == nil)
    var after = next
    after.arrival = after.arrival.advanced(bySeconds: 2)
    after.serverMicroseconds = after.serverMicroseconds.map { $0 + 2_000_000 }
    #expect(window.add(after) == nil)
    #expect(window.window?.count(.hits) == 0)
  }

  @Test func `the console's own lookups and calls are taken out`() {
    var window = CounterWindow()
    window.add(
      sample(
        0, hits: 100, misses: 100,
        commands: [CommandCounters(name: "object|freq", calls: 10, microseconds: 10)],
        own: ledger(calls: ["object|freq": 10], hits: 10)))
    window.add(
      sample(
        2, hits: 2100 + 30, misses: 110,
        commands: [
          CommandCounters(name: "get", calls: 40, microseconds: 200),
          CommandCounters(name: "object|freq", calls: 2010, microseconds: 2010),
        ], own: ledger(calls: ["object|freq": 2010], hits: 2010)))
    let delta = window.window
    #expect(delta?.lookups == 40)
    #expect(delta?.hitRatio == 0.75)
    let rows = delta?.commandFigures() ?? []
    #expect(rows.map(\.name) == ["get"])
    #expect(rows.first?.timeShare == 1)
    #expect(rows.first?.callsPerSecond == 20)
    #expect(delta?.ownCost.lookupsPerSecond == 1000)
    #expect(delta?.ownCost.serverMicrosecondsPerSecond == 1000)
  }

  @Test func `others' calls of a command that the console runs too are shown`() {
    var window = CounterWindow()
    window.add(sample(0))
    window.add(
      sample(
        2, commands: [CommandCounters(name: "info", calls: 10, microseconds: 1000)],
        own: ledger(calls: ["info": 4])))
    let row = window.window?.commandFigures().first
    #expect(row?.callsPerSecond == 3)
    #expect(row?.meanMicroseconds == 100)
    #expect(row?.totalCalls == 6)
  }

  @Test func `no lookups is no ratio`() {
    var window = CounterWindow()
    window.add(sample(0, hits: 10))
    window.add(sample(2, hits: 10))
    #expect(window.window?.hitRatio == nil)
    #expect(window.window?.lookups == 0)
  }

  /// A server with random traffic, restarts, resets and a console that probes; the oracle adds up
  /// what others really did since the last gap.
  @Test(arguments: 0..<40 as Range<UInt64>)
  func `whatever happens, figures equal what others did, or there is a gap`(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var window = CounterWindow(seconds: 10)
    var server = Simulated()
    var truth: [(at: Double, hits: UInt64, misses: UInt64)] = []
    for _ in 0..<300 {
      let step = Double.random(in: 0.5...4, using: &random)
      server.now += step
      let event = Int.random(in: 0..<40, using: &random)
      if event == 0 { server.restart() }
      if event == 1 { server.resetStatistics() }
      let mustShow = event == 0 || server.isReset
      let (hits, misses) = server.traffic(step: step, using: &random)
      let reason = window.add(server.sample)
      if reason != nil { truth = [] }
      if mustShow { #expect(reason != nil) }
      truth.append((server.now, reason == nil ? hits : 0, reason == nil ? misses : 0))
      guard let delta = window.window else { continue }
      let from = server.now - delta.seconds
      let counted = truth.filter { $0.at > from + 0.001 }
      #expect(delta.count(.hits) == counted.reduce(0) { $0 + $1.hits })
      #expect(delta.count(.misses) == counted.reduce(0) { $0 + $1.misses })
      #expect((delta.rate(.hits) ?? 0) <= 5000 * 1.001)
    }
  }

  private struct Simulated {
    var now = 0.0
    private var run = 0
    private var started = 0.0
    private var hits: UInt64 = 0
    private var misses: UInt64 = 0
    private var own = ProbeLedger()

    mutating func restart() {
      run += 1
      started = now
      own = ProbeLedger()
      (hits, misses) = (0, 0)
    }

    mutating func resetStatistics() {
      isReset = hits + misses > 0
      (hits, misses) = (0, 0)
    }

    /// True after a reset that had something to reset, until the next traffic. The interval of a
    /// reset is quiet here: one in which every counter overtakes its old value cannot be seen.
    private(set) var isReset = false

    mutating func traffic(
      step: Double, using random: inout SplitMix64
    ) -> (hits: UInt64, misses: UInt64) {
      if isReset {
        isReset = false
        return (0, 0)
      }
      let made = UInt64(Double(UInt64.random(in: 0...5000, using: &random)) * step)
      let others = (hits: made * 3 / 4, misses: made - made * 3 / 4)
      let probes = (hits: UInt64.random(in: 0...9000, using: &random), misses: UInt64(3))
      hits += others.hits + probes.hits
      misses += others.misses + probes.misses
      own.hits += probes.hits
      own.misses += probes.misses
      own.calls["object|freq", default: 0] += probes.hits + probes.misses
      return others
    }

    var sample: CounterSample {
      CounterSample(
        arrival: MonotonicTime(nanoseconds: 0).advanced(bySeconds: now),
        serverMicroseconds: UInt64((now + 1_700_000_000) * 1e6), runID: "run-\(run)",
        uptimeSeconds: UInt64(now - started),
        counters: [.hits: hits, .misses: misses], own: own)
    }
  }

  @Test func `errors by code have rates, and a cut list has none for what was cut`() {
    var window = CounterWindow()
    var first = sample(0)
    first.errors = [ErrorCounter(code: "WRONGTYPE", count: 3)]
    window.add(first)
    var second = sample(2)
    second.errors = [
      ErrorCounter(code: "OOM", count: 4), ErrorCounter(code: "WRONGTYPE", count: 3),
    ]
    window.add(second)
    let rows = window.window?.errorFigures ?? []
    #expect(rows.map(\.code) == ["OOM", "WRONGTYPE"])
    #expect(rows.map(\.perSecond) == [2, 0])
  }
}
