package import ConsoleModel
package import Redis

/// Drives a ``HotKeySampler`` over one server's probe.
package struct HotKeyWatch: Sendable {
  private var sampler: HotKeySampler
  private var health = PartHealth()
  private var runID: String?
  private var obstacle: String? = "waiting for the first INFO"
  private var factorIsAssumed = false
  private var hasSettings = false
  /// The server's clock at an arrival of ours.
  private var clock: (server: UInt64, arrival: MonotonicTime)?
  private let database: Int

  package init(sampler: HotKeySampler, database: Int) {
    self.sampler = sampler
    self.database = database
  }

  /// Takes over what an INFO reply says about policy, keys, clock and cost.
  ///
  /// - Parameters:
  ///   - window: for the mean cost of a command.
  ///   - interval: for a change of traffic.
  package mutating func update(
    _ info: InfoReply, figures: NodeFigures, window: CounterDelta?, interval: CounterDelta?,
    arrival: MonotonicTime
  ) {
    if runID != info["run_id"] {
      runID = info["run_id"]
      sampler.reset()
      hasSettings = false
    }
    let next = HotKeySampler.obstacle(policy: figures.evictionPolicy)
    // Keys that came with another policy have clocks where LFU has counters.
    if obstacle != nil, next == nil { sampler.reset() }
    obstacle = next
    if figures.isLoading == true { obstacle = "the server is loading its data" }
    sampler.keys = figures.databases.first { $0.index == database }?.keys ?? 0
    clock = info.unsigned("server_time_usec").map { ($0, arrival) }
    watchTraffic(interval)
    // Before 7.0 subcommands are counted under their container.
    let measured =
      window?.meanMicroseconds(of: "object|freq") ?? window?.meanMicroseconds(of: "object")
    if let frequency = measured {
      let page = (window?.meanMicroseconds(of: "scan") ?? 0) / Double(HotKeySampler.pageKeys)
      // commandstats leave out reading and answering, about as much again for so small a command.
      sampler.microsecondsPerKey = page + frequency + Self.overhead
    }
  }

  private static let overhead = 0.5

  /// The server refuses INFO: neither its policy nor its traffic is known.
  package mutating func lacksInfo(_ problem: String?) {
    obstacle = "hot keys need INFO" + (problem.map { ": \($0)" } ?? "")
  }

  /// Lookups per second, smoothed over about ten intervals.
  private var usualRate: Double?

  /// A key that becomes hot mostly shows in the total first: then the next pass is a quick one.
  private mutating func watchTraffic(_ interval: CounterDelta?) {
    guard let interval, interval.seconds > 0.1, let lookups = interval.lookups else {
      usualRate = nil
      return
    }
    let rate = Double(lookups) / interval.seconds
    guard let usual = usualRate else {
      usualRate = rate
      return
    }
    let change = abs(rate - usual)
    // Above what chance does to a few hundred lookups.
    if change > 0.25 * usual, change > 50 {
      sampler.hurry()
      usualRate = rate
    } else {
      usualRate = usual + 0.2 * (rate - usual)
    }
  }

  /// True once every key was sampled, or where none can be.
  package var hasWholePass: Bool { obstacle != nil || health.problem != nil || sampler.passes > 0 }

  /// For a single look: as fast as the server's share of time allows.
  package mutating func sampleFast() { sampler.budget.burst = max(sampler.budget.burst, 10) }

  package func isActive(now: MonotonicTime) -> Bool {
    obstacle == nil && (sampler.keys ?? 0) > 0 && health.isDue(now: now, runID: runID)
  }

  /// Asks once, or says until when there is nothing to ask.
  package mutating func step(
    _ probe: Probe, now: MonotonicTime, timeout: Duration
  ) async throws(RedisError) -> MonotonicTime? {
    do throws(RedisError) {
      if !hasSettings { try await readSettings(probe, timeout) }
      switch sampler.next(now: now) {
      case .wait(let until): return until
      case .scan(let cursor, let count):
        let page = try await probe.scan(
          cursor: Array(String(cursor).utf8), count: count, timeout: timeout)
        let next = ServerNumber.unsigned(page.cursor) ?? 0
        sampler.scanned(next: next, keys: page.keys, now: .now())
      case .frequencies(let keys):
        let counters = try await probe.objectFrequencies(keys.map(\.bytes), timeout: timeout)
        let now = MonotonicTime.now()
        sampler.counted(
          counters.map { $0.map { UInt8(clamping: $0) } }, minute: minute(now), now: now)
      }
      health.succeeded()
      return nil
    } catch {
      sampler.abandon()
      health.failed(error, now: now, runID: runID)
      throw error
    }
  }

  private mutating func readSettings(_ probe: Probe, _ timeout: Duration) async throws(RedisError) {
    let settings = try await probe.settings(["lfu-log-factor", "lfu-decay-time"], timeout: timeout)
    let factor = settings["lfu-log-factor"].flatMap { ServerNumber.unsigned($0) }
    let decay = settings["lfu-decay-time"].flatMap { ServerNumber.unsigned($0) }
    factorIsAssumed = factor == nil
    sampler.counter = LFUCounter(factor: factor ?? 10, decayMinutes: decay ?? 1)
    hasSettings = true
  }

  /// The server's clock in whole minutes.
  private func minute(_ now: MonotonicTime) -> UInt64 {
    guard let clock else { return 0 }
    let passed = max(0, now.seconds(since: clock.arrival))
    let micros = clock.server.addingOrMax(UInt64(min(passed, 1e9) * 1e6))
    return micros / 60_000_000
  }

  package func report(node: NodeID, lookupsPerSecond: Double?, now: MonotonicTime) -> Reading<
    HotKeyReport
  > {
    if let obstacle {
      return Reading(
        value: HotKeyReport(keys: sampler.keys, unavailable: obstacle), at: nil, problem: obstacle)
    }
    if let problem = health.problem {
      return Reading(
        value: HotKeyReport(keys: sampler.keys, unavailable: problem), at: nil, problem: problem)
    }
    return Reading(
      value: sampler.report(
        node: node, lookupsPerSecond: lookupsPerSecond, factorIsAssumed: factorIsAssumed),
      at: now)
  }
}
