package import EventLoop

/// Walks a server's keys with SCAN under a budget of keys per second, no call longer than a bound.
///
/// SCAN may give a key twice and may miss keys made meanwhile; it never misses one that was there
/// all the time. One task uses a scanner; cancelling that task ends the walk. `point` is where to go
/// on, after an error or in another process.
package struct Scanner {
  package struct Options: Sendable, Hashable {
    /// A Redis glob; nil: every key.
    package var match: [UInt8]?
    /// Keys visited by the first call; the others are tuned.
    package var count = 500
    /// Keys visited per call at least and at most.
    package var countRange = 100...5000
    /// Time of the server that one call may take.
    package var bound: Duration = .milliseconds(2)
    /// Keys visited per second; the server's cost is about 1 µs of its one thread each.
    package var keysPerSecond = 50_000
    package var filter = ScanFilter()
    /// What each page tells of its keys, beyond what `filter` needs.
    package var facts: KeyFacts = []
    /// Where an earlier walk stopped; of another process of the server it is refused.
    package var from: Point?

    package init() {}
  }

  /// Where a walk stands: a cursor means something only to the process that gave it.
  package struct Point: Sendable, Hashable {
    package var runID: String
    package var cursor: [UInt8]
    /// Keys visited until there.
    package var visited: UInt64

    package init(runID: String, cursor: [UInt8], visited: UInt64) {
      self.runID = runID
      self.cursor = cursor
      self.visited = visited
    }
  }

  /// New keys, and how far the walk is.
  package struct Page: Sendable {
    package var keys: [[UInt8]]
    /// One for each of `keys` if facts were asked for; else empty.
    package var facts: [KeyDescription] = []
    /// Keys visited so far: an estimate where `match` hides those that did not match.
    package var visited: UInt64
    package var isLast: Bool
  }

  private let probe: Probe
  private let loop: EventLoop
  private let options: Options
  private var tuner: ScanTuner
  private var cursor: [UInt8] = [UInt8(ascii: "0")]
  private var runID: String?
  private var generation: UInt64?
  private var notBefore: EventLoop.Instant?
  private var visited: UInt64 = 0
  private var isFinished = false
  /// Another process answers than the one that gave the cursor: there is no going on.
  package private(set) var isLost = false
  /// The shortest way to the server and back, and pages since it was measured.
  private var roundTrip: Duration?
  private var pages = 0

  private static let action = "scanning keys"
  /// Pages between two looks at the round trip.
  private static let pagesPerPing = 64

  package init(_ probe: Probe, options: Options = Options(), loop: EventLoop) {
    self.probe = probe
    self.loop = loop
    self.options = options
    tuner = ScanTuner(start: options.count, bound: options.bound, range: options.countRange)
    if let from = options.from {
      runID = from.runID
      cursor = from.cursor
      visited = from.visited
    }
  }

  /// Keys of the next call.
  package var count: Int { tuner.count }

  /// Where the walk stands; nil before the first page.
  package var point: Point? {
    runID.map { Point(runID: $0, cursor: cursor, visited: visited) }
  }

  /// The next page once the budget allows it; nil after the last one.
  ///
  /// After an error that may pass (`unreachable`, `timeout`) it may be called again: it goes on where it
  /// was, if the server is still the same process.
  package mutating func next() async throws(RedisError) -> Page? {
    guard !isFinished else { return nil }
    if let notBefore {
      do { try await loop.sleep(until: notBefore) } catch {
        throw failure(.cancelled, "cancelled")
      }
    }
    try await identify()
    if pages % Self.pagesPerPing == 0 {
      let time = try await probe.ping()
      roundTrip = roundTrip.map { min($0, time) } ?? time
    }
    pages += 1
    let start = EventLoop.now()
    let count = tuner.count
    let page = try await probe.scan(cursor: cursor, match: options.match, count: count)
    // The connection may have been made anew meanwhile, to another process.
    try await identify()
    tuner.note(start.duration(to: .now()) - (roundTrip ?? .zero))
    let wanted = options.facts.union(options.filter.facts)
    var keys = page.keys
    var facts: [KeyDescription] = []
    if !wanted.isEmpty {
      facts = try await probe.facts(of: keys, wanted)
      if !options.filter.facts.isEmpty {
        facts = facts.filter(options.filter.admits)
        keys = facts.map(\.key)
      }
    }
    cursor = page.cursor
    isFinished = page.isLast
    let step = UInt64(clamping: max(count, page.keys.count))
    visited &+= options.match == nil ? UInt64(clamping: max(1, page.keys.count)) : step
    let rate = UInt64(clamping: max(1, options.keysPerSecond))
    let pause = Duration.nanoseconds(
      Int64(clamping: step.multipliedReportingOverflow(by: 1_000_000_000).partialValue / rate))
    notBefore = start.advanced(by: pause)
    return Page(keys: keys, facts: facts, visited: visited, isLast: page.isLast)
  }

  /// Makes sure that the process is the one that gave the cursor, over whatever connection.
  private mutating func identify() async throws(RedisError) {
    let current = probe.generation
    guard runID == nil || generation != current else { return }
    let found = try await probe.runID()
    guard runID == nil || runID == found else {
      isLost = true
      let (was, now) = (runID?.prefix(8) ?? "", PlainText.safe(found, limit: 8))
      throw failure(
        .unreachable,
        "the server was restarted or replaced during the scan: run_id \(was) is now \(now), to"
          + " which the cursor says nothing", "start again from the beginning")
    }
    runID = found
    // Not what it was before the answer: that may have come over a newer connection.
    generation = probe.generation
  }

  private func failure(_ kind: RedisError.Kind, _ message: String, _ nextStep: String = "")
    -> RedisError
  {
    RedisError(
      kind: kind, endpoint: probe.endpoint.description, action: Self.action, message: message,
      nextStep: nextStep)
  }
}
