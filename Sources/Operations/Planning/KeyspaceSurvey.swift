import ConsoleModel
import EventLoop
import Redis

/// Looks at one server's keyspace: quickly at a sample of it, then at all of it.
struct KeyspaceSurvey: Sendable {
  let probe: Probe
  let loop: EventLoop
  let options: Planner.Options
  let filter: KeyFilter
  let facts: ServerFacts
  let seed: UInt64

  /// What a sample tells.
  struct Sample: Sendable {
    var tally = KeyTally()
    var pages: [KeyTally] = []
    /// Matching keys, to be described.
    var keys: Reservoir
    /// Every key was visited.
    var isWhole = false
    /// Keys of a page that take the server about 0.4 ms.
    var pageKeys: Int
  }

  /// Visits about `keys` keys and stops at `deadline`.
  ///
  /// SCAN without MATCH, so that it is known how many were visited. Pages from all over the table: keys
  /// are hashed with the server's secret seed, which makes any set of buckets a random set of keys.
  func sample(
    keys: UInt64, until deadline: EventLoop.Instant
  ) async throws(Fault) -> Sample {
    var random = SeededRandom(seed: seed)
    var sample = Sample(
      keys: Reservoir(capacity: options.describedKeys, seed: random.next()),
      pageKeys: options.pageKeys)
    let cost = try await ScanCost.read(probe)
    if facts.size <= keys {
      try await sampleWhole(&sample, until: deadline)
    } else {
      // A page can be met twice where pages are close together or a table is being rebuilt.
      var seen = Set<[UInt8]>()
      let count = max(1, Int(keys) / options.pageKeys)
      for cursor in CursorOrder.spread(count, random: &random) where EventLoop.now() < deadline {
        let page = try await scan(cursor, options.pageKeys)
        take(page.keys.filter { seen.insert($0).inserted }, into: &sample)
      }
    }
    sample.pageKeys = try await ScanCost.read(probe).pageKeys(
      since: cost, calls: sample.pages.count, keys: sample.tally.visited,
      otherwise: options.pageKeys)
    return sample
  }

  private func sampleWhole(
    _ sample: inout Sample, until deadline: EventLoop.Instant
  ) async throws(Fault) {
    var cursor: [UInt8] = [UInt8(ascii: "0")]
    while EventLoop.now() < deadline {
      let page = try await scan(cursor, options.pageKeys)
      take(page.keys, into: &sample)
      if page.isLast {
        sample.isWhole = true
        return
      }
      cursor = page.cursor
    }
  }

  private func take(_ keys: [[UInt8]], into sample: inout Sample) {
    var tally = KeyTally()
    judge(keys, &tally, &sample.keys)
    sample.pages.append(tally)
    sample.tally.add(tally)
  }

  private func judge(_ keys: [[UInt8]], _ tally: inout KeyTally, _ matching: inout Reservoir) {
    tally.visited += UInt64(keys.count)
    for key in keys {
      switch filter.judge(key) {
      case .other: break
      case .matching:
        tally.take(key)
        matching.offer(key)
      case .sessionLeftOut: tally.sessionsLeftOut += 1
      }
    }
  }

  // MARK: The full count

  /// Visits every key at the pace of the options.
  ///
  /// - Parameter progress: called after each page with what was counted so far.
  func count(
    pageKeys: Int, progress: (KeyTally) -> Void
  ) async throws(Fault) -> (tally: KeyTally, keys: Reservoir) {
    var tally = KeyTally()
    var matching = Reservoir(capacity: options.describedKeys, seed: seed &+ 1)
    var cursor: [UInt8] = [UInt8(ascii: "0")]
    var generation = probe.generation
    var notBefore = EventLoop.now()
    repeat {
      do { try await loop.sleep(until: notBefore) } catch { throw cancelled }
      let start = EventLoop.now()
      let page = try await scan(cursor, pageKeys)
      if probe.generation != generation {
        // A cursor holds for one server process, over any of its connections.
        generation = probe.generation
        guard try await ServerFacts.read(probe, action: "counting keys").runID == facts.runID else {
          throw Fault(
            kind: .unreachable, endpoint: probe.endpoint.description, action: "counting keys",
            message: "the server was restarted or replaced during the count",
            nextStep: "plan the operation again")
        }
      }
      judge(page.keys, &tally, &matching)
      progress(tally)
      cursor = page.cursor
      let step = max(pageKeys, page.keys.count)
      notBefore = start.advanced(
        by: .seconds(1) * Double(step) / Double(max(1, options.keysPerSecond)))
    } while cursor != [UInt8(ascii: "0")]
    return (tally, matching)
  }

  private func scan(_ cursor: [UInt8], _ count: Int) async throws(Fault) -> ScanPage {
    guard !Task.isCancelled else { throw cancelled }
    do throws(RedisError) { return try await probe.scan(cursor: cursor, count: count) } catch {
      throw Fault(planning: error)
    }
  }

  private var cancelled: Fault {
    .cancelled(probe.endpoint.description, "counting keys")
  }
}

extension Fault {
  static func cancelled(_ endpoint: String, _ action: String) -> Fault {
    Fault(kind: .cancelled, endpoint: endpoint, action: action, message: "cancelled")
  }
}

/// What SCAN cost the server so far, from its own statistics.
struct ScanCost: Sendable, Hashable {
  var calls: UInt64 = 0
  var microseconds: UInt64 = 0

  /// Server time that a page may take, in microseconds: below the half millisecond that others may wait.
  private static let target = 400.0

  static func read(_ probe: Probe) async throws(Fault) -> ScanCost {
    do throws(RedisError) {
      return parse(try await probe.info("commandstats").bytes)
    } catch {
      throw Fault(planning: error)
    }
  }

  static func parse(_ info: [UInt8]) -> ScanCost {
    var cost = ScanCost()
    guard let line = InfoFields(info)["cmdstat_scan"] else { return cost }
    for field in line.split(separator: ",") {
      let parts = field.split(separator: "=")
      guard parts.count == 2, let value = UInt64(parts[1]) else { continue }
      if parts[0] == "calls" { cost.calls = value }
      if parts[0] == "usec" { cost.microseconds = value }
    }
    return cost
  }

  /// Keys for a page, 50…1,000; `otherwise` if somebody else scanned meanwhile or nothing is known.
  func pageKeys(since: ScanCost, calls: Int, keys: UInt64, otherwise: Int) -> Int {
    guard calls > 0, keys > 0, self.calls >= since.calls, microseconds > since.microseconds,
      self.calls - since.calls == UInt64(calls)
    else { return otherwise }
    let each = Double(microseconds - since.microseconds) / Double(keys)
    return min(1000, max(50, Int(min(1000, Self.target / each))))
  }
}
