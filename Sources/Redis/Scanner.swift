package import EventLoop

/// Walks a server's keys with SCAN under a budget of keys per second.
///
/// SCAN may give a key twice and may miss keys made meanwhile; it never misses one that was there
/// all the time. One task uses a scanner; cancelling that task ends the walk.
package struct Scanner {
  package struct Options: Sendable, Hashable {
    /// A Redis glob; nil: every key.
    package var match: [UInt8]?
    /// Keys visited per call: 500 cost the server about half a millisecond.
    package var count = 500
    /// Keys visited per second at most; the server's cost is about 1 µs of its one thread each.
    package var keysPerSecond = 50_000

    package init() {}
  }

  /// New keys, and how far the walk is.
  package struct Page: Sendable {
    package var keys: [[UInt8]]
    /// Keys visited so far: an estimate where `match` hides those that did not match.
    package var visited: UInt64
    package var isLast: Bool
  }

  private let probe: Probe
  private let loop: EventLoop
  private let options: Options
  private var cursor: [UInt8] = [UInt8(ascii: "0")]
  private var generation: UInt64?
  private var notBefore: EventLoop.Instant?
  private var visited: UInt64 = 0
  private var isFinished = false

  package init(_ probe: Probe, options: Options = Options(), loop: EventLoop) {
    self.probe = probe
    self.loop = loop
    self.options = options
  }

  /// The next page once the budget allows it; nil after the last one.
  package mutating func next() async throws(RedisError) -> Page? {
    guard !isFinished else { return nil }
    if let notBefore {
      do { try await loop.sleep(until: notBefore) } catch {
        throw RedisError(
          kind: .cancelled, endpoint: probe.endpoint.description, action: "scanning keys",
          message: "cancelled")
      }
    }
    let start = EventLoop.now()
    let page = try await probe.scan(cursor: cursor, match: options.match, count: options.count)
    // A cursor belongs to the process that gave it: over a new connection it may be another's.
    let current = probe.generation
    guard generation == nil || generation == current else {
      throw RedisError(
        kind: .unreachable, endpoint: probe.endpoint.description, action: "scanning keys",
        message: "the connection was lost during the scan", nextStep: "start the search again")
    }
    generation = current
    cursor = page.cursor
    isFinished = page.isLast
    let step = UInt64(clamping: max(options.count, page.keys.count))
    visited &+= step
    let rate = UInt64(clamping: max(1, options.keysPerSecond))
    let pause = Duration.nanoseconds(
      Int64(clamping: step.multipliedReportingOverflow(by: 1_000_000_000).partialValue / rate))
    notBefore = start.advanced(by: pause)
    return Page(keys: page.keys, visited: visited, isLast: page.isLast)
  }
}
