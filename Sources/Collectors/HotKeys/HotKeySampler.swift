package import ConsoleModel

/// Finds the hottest keys of a plain server by walking its keys under a budget and asking each for
/// its LFU counter: `SCAN`, then pipelined `OBJECT FREQ`. A state machine: it does no I/O and the
/// time is a parameter.
///
/// Whoever looks hot becomes a candidate, and candidates are read again every second, so that their
/// rate comes from how their counter moves now and not from where it stood. Memory is constant:
/// ``capacity`` candidates, one page of keys and a ``CounterMemory``.
///
/// **Error of a share.** A key's rate is estimated from `n` steps of a probabilistic counter: its
/// relative standard error is about `1/√n`, a third or less once the key was watched for a few
/// seconds. Writes count as uses in the counter and not as lookups, so the share of a key that is
/// mostly written is too large; shares never sum to more than one.
package struct HotKeySampler: Sendable {
  package struct Budget: Sendable, Hashable {
    /// Keys per second in the long run; a keyspace that fits is walked in ``passSeconds``, for
    /// which up to `burst` times as many are asked.
    package var keysPerSecond: Double
    package var burst: Double
    /// Share of the server's time that sampling may take.
    package var serverShare: Double

    package init(keysPerSecond: Double = 2_000, burst: Double = 2.5, serverShare: Double = 0.01) {
      self.keysPerSecond = max(10, keysPerSecond)
      self.burst = max(1, burst)
      self.serverShare = serverShare
    }
  }

  package enum Step: Sendable, Hashable {
    case scan(cursor: UInt64, count: Int)
    case frequencies([KeyName])
    case wait(until: MonotonicTime)
  }

  /// A page short enough that no other client notices it: about 0.3 ms of the server's time.
  package static let pageKeys = 400
  /// Aim: a pass over the keys in this time, so that a key that becomes hot is seen within it even if
  /// the traffic as a whole stays the same. Longer would be late; at 10 s the console's own CPU time
  /// for 20,000 keys was over 0.5 % of a core.
  package static let passSeconds = 18.0
  /// Keys per second at least, where there are that many: the candidates alone take up to 64.
  private static let slowest = 200.0
  /// Candidates are read again this often.
  package static let resampleSeconds = 1.0
  /// A newcomer that rose since the last pass keeps its place this long, to show its rate.
  private static let probationSeconds = 5.0
  /// Longer keys are not followed: candidates must not cost megabytes.
  private static let maximumKeyBytes = 16_384

  package let capacity: Int
  package var budget: Budget
  package var counter = LFUCounter()
  /// Keys in the database, from INFO.
  package var keys: UInt64?
  /// Mean microseconds that the server spends on one sampled key, from commandstats.
  package var microsecondsPerKey: Double?
  package private(set) var passes = 0
  /// Keys sampled in the pass that runs.
  package private(set) var sampled: UInt64 = 0

  private struct Candidate: Sendable {
    var track: HotKeyCandidate
    var admitted: MonotonicTime
    var admissionRate: Double
  }

  private let remembers: Bool
  private var memory = CounterMemory()
  private var candidates: [KeyName: Candidate] = [:]
  /// What a newcomer must exceed, in rate or in counter, while all places are taken.
  private var rateFloor = 0.0
  private var counterFloor: UInt8 = 0
  private var cursor: UInt64 = 0
  private var queue: [KeyName] = []
  private var asked: [KeyName] = []
  private var askedAgain = false
  private var tokens = 0.0
  private var refilled: MonotonicTime?
  private var passStarted: MonotonicTime?
  private var lastPassSeconds: Double?
  /// The first pass and those after a change of traffic are quick.
  private var hurriedPasses = 1
  private var nextResample: MonotonicTime?

  /// - Parameter remembers: keep 128 KB to notice keys that rise between passes; off where very
  ///   many nodes are watched.
  package init(capacity: Int = 64, budget: Budget = Budget(), remembers: Bool = true) {
    self.capacity = max(1, capacity)
    self.budget = budget
    self.remembers = remembers
  }

  /// Forgets what was seen: the process, its policy or its database changed.
  package mutating func reset() {
    let (oldBudget, oldCounter) = (budget, counter)
    self = HotKeySampler(capacity: capacity, budget: oldBudget, remembers: remembers)
    counter = oldCounter
  }

  /// The traffic has changed: walk what is left of this pass and one more at the burst's pace.
  package mutating func hurry() { hurriedPasses = passes + 2 }

  /// Keys per second that may be asked now.
  package var rate: Double {
    let ceiling = budget.keysPerSecond * budget.burst
    let wanted =
      passes < hurriedPasses
      ? ceiling : keys.map { Double($0) / Self.passSeconds } ?? budget.keysPerSecond
    // A small keyspace is not walked faster than there is something new to see.
    let slowest = keys.map { min(Self.slowest, Double($0) * 2 + 10) } ?? Self.slowest
    let allowed = min(max(wanted, slowest), ceiling)
    guard let cost = microsecondsPerKey, cost > 0 else { return allowed }
    return max(10, min(allowed, budget.serverShare * 1e6 / cost))
  }

  /// What to ask next. After a `scan` or `frequencies`, hand in its answer before asking again.
  package mutating func next(now: MonotonicTime) -> Step {
    refill(now)
    guard tokens >= 1 else { return .wait(until: now.advanced(bySeconds: (1 - tokens) / rate)) }
    if !candidates.isEmpty, nextResample.map({ now >= $0 }) ?? true {
      nextResample = now.advanced(bySeconds: Self.resampleSeconds)
      return ask(Array(candidates.keys), again: true)
    }
    if !queue.isEmpty {
      let page = Array(queue.prefix(Self.pageKeys))
      queue.removeFirst(page.count)
      return ask(page, again: false)
    }
    // A page is asked for when it is paid for, so the pace stays even.
    let price = min(Double(Self.pageKeys), rate / 4)
    if tokens < price {
      let until = now.advanced(bySeconds: (price - tokens) / rate)
      return .wait(until: min(until, nextResample ?? until))
    }
    if cursor == 0, passStarted == nil { passStarted = now }
    return .scan(cursor: cursor, count: max(10, min(Self.pageKeys, Int(price))))
  }

  private mutating func ask(_ keys: [KeyName], again: Bool) -> Step {
    asked = keys
    askedAgain = again
    tokens -= Double(keys.count)
    return .frequencies(keys)
  }

  private mutating func refill(_ now: MonotonicTime) {
    if let refilled, now > refilled {
      tokens += now.seconds(since: refilled) * rate
    } else if refilled == nil {
      tokens = Double(Self.pageKeys)
    }
    // One page of burst: after a pause nothing is made up for.
    tokens = min(tokens, Double(Self.pageKeys))
    refilled = now
  }

  /// The answer to `scan`. `visited` keys are paid for even if the page is empty.
  package mutating func scanned(next: UInt64, keys: [[UInt8]], now: MonotonicTime) {
    if keys.isEmpty { tokens -= Double(Self.pageKeys) / 4 }
    queue += keys.lazy.filter { $0.count <= Self.maximumKeyBytes }.map { KeyName($0) }
    cursor = next
    guard next == 0 else { return }
    passes += 1
    lastPassSeconds = passStarted.map { max(0.1, now.seconds(since: $0)) }
    passStarted = nil
    sampledInLastPass = sampled + UInt64(queue.count)
    sampled = 0
  }

  private var sampledInLastPass: UInt64 = 0

  /// The answer to `frequencies`, in its order; nil for a key that is gone.
  ///
  /// - Parameter minute: the server's clock in whole minutes when it answered.
  package mutating func counted(_ counters: [UInt8?], minute: UInt64, now: MonotonicTime) {
    for (key, value) in zip(asked, counters) {
      guard let value else {
        candidates[key] = nil
        continue
      }
      let reading = FrequencyReading(at: now, minute: minute, counter: value)
      if askedAgain {
        candidates[key]?.track.add(reading, counter)
      } else {
        consider(key, reading)
      }
    }
    if !askedAgain { sampled += UInt64(asked.count) }
    asked = []
    if askedAgain { updateFloors(now) }
  }

  /// Answers will not come: the server failed in between.
  package mutating func abandon() {
    asked = []
    queue = []
  }

  private mutating func consider(_ key: KeyName, _ reading: FrequencyReading) {
    var rate = counter.steadyRate(reading.counter)
    if remembers, (keys ?? 0) <= CounterMemory.maximumKeys,
      let old = memory.exchange(key.bytes, reading.counter), let pass = lastPassSeconds,
      reading.counter > old
    {
      let rise = Int(reading.counter - old)
      rate = max(rate, counter.lookups(steps: rise, endingAt: reading.counter) / pass)
    }
    guard candidates.count < capacity || rate > rateFloor || reading.counter > counterFloor else {
      return
    }
    // Looked up only now: nearly all keys of a pass have ended above.
    guard candidates[key] == nil else {
      candidates[key]?.track.add(reading, counter)
      return
    }
    var track = HotKeyCandidate(key: key)
    track.add(reading, counter)
    candidates[key] = Candidate(track: track, admitted: reading.at, admissionRate: rate)
    guard candidates.count > capacity, let weakest = weakest(reading.at) else { return }
    candidates[weakest.key] = nil
    updateFloors(reading.at)
  }

  /// Who gives way: never the half with the highest counters, since on a young server a counter
  /// tells more than a rate of a few steps; of the others, the one with the lowest rate.
  private func weakest(_ now: MonotonicTime) -> (key: KeyName, rate: Double, counter: UInt8)? {
    let kept = max(1, capacity / 2)
    guard candidates.count > kept else { return nil }
    var places = candidates.values.map {
      (key: $0.track.key, rate: standing($0, now), counter: $0.track.newest?.counter ?? 0)
    }
    places.sort { ($0.counter, $0.rate) > ($1.counter, $1.rate) }
    let floor = places[kept - 1].counter
    return places[kept...].min { $0.rate < $1.rate }.map { ($0.key, $0.rate, floor) }
  }

  private mutating func updateFloors(_ now: MonotonicTime) {
    guard candidates.count >= capacity, let weakest = weakest(now) else {
      (rateFloor, counterFloor) = (0, 0)
      return
    }
    (rateFloor, counterFloor) = (weakest.rate, weakest.counter)
  }

  private func standing(_ candidate: Candidate, _ now: MonotonicTime) -> Double {
    let estimate = candidate.track.estimate(counter)
    let rate = estimate.rate ?? counter.steadyRate(LFUCounter.ceiling)
    let isOnProbation = now.seconds(since: candidate.admitted) < Self.probationSeconds
    return isOnProbation ? max(rate, candidate.admissionRate) : rate
  }
}

// MARK: The report

extension HotKeySampler {
  /// The hottest keys now.
  ///
  /// - Parameter lookupsPerSecond: others' lookups, for the shares.
  package func report(
    node: NodeID, lookupsPerSecond: Double?, limit: Int = 32, factorIsAssumed: Bool = false
  ) -> HotKeyReport {
    let estimates = candidates.values.compactMap { candidate in
      candidate.track.newest.map {
        (key: candidate.track.key, newest: $0.counter, estimate: candidate.track.estimate(counter))
      }
    }.map { row in
      // At the ceiling all the time: at least this much.
      (row: row, rate: row.estimate.rate ?? counter.steadyRate(LFUCounter.ceiling))
    }.sorted {
      ($1.rate, $1.row.newest, $0.row.key) < ($0.rate, $0.row.newest, $1.row.key)
    }
    let known = estimates.reduce(0) { $0 + ($1.row.estimate.rate ?? 0) }
    let total = max(lookupsPerSecond ?? 0, known)
    let rows = estimates.prefix(limit).map { row, rate in
      // Without one step there is an order, not a share.
      let hasShare = row.estimate.steps > 0 && (lookupsPerSecond ?? 0) > 0 && total > 0
      return HotKeyReport.Row(
        node: node, key: row.key, share: hasShare ? min(1, rate / total) : nil,
        source: "object-freq", frequency: UInt64(row.newest))
    }
    var notes: [String] = []
    let tied = estimates.filter { $0.row.estimate.isSaturated && $0.row.estimate.rate == nil }.count
    if tied > 0 {
      notes.append("\(tied) at the counter's ceiling (255): their order is not known yet")
    }
    if factorIsAssumed { notes.append("lfu-log-factor assumed 10: CONFIG GET was refused") }
    let walked = passes > 0 ? max(sampled, sampledInLastPass) : sampled
    return HotKeyReport(
      rows: Array(rows), sampled: keys.map { min(walked, $0) } ?? walked, keys: keys,
      note: notes.isEmpty ? nil : notes.joined(separator: "; "))
  }

  /// Why there can be no report, and what would make one possible; nil if the policy is LFU.
  package static func obstacle(policy: String?) -> String? {
    guard let policy, !policy.isEmpty else {
      return "this server does not tell its maxmemory-policy: hot keys need OBJECT FREQ under an "
        + "*-lfu policy"
    }
    if policy.hasSuffix("-lfu") { return nil }
    return "maxmemory-policy is \(policy): OBJECT FREQ needs an *-lfu policy "
      + "(CONFIG SET maxmemory-policy allkeys-lfu, or volatile-lfu where only keys with a TTL may "
      + "be evicted)"
  }
}
