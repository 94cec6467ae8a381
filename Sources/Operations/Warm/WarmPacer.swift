package import ConsoleModel

/// Decides when how many records may be loaded: never above the limit in any second, wherever that
/// second begins, and never more at the same time than allowed. No I/O; the time is a parameter.
///
/// A record counts from the moment it is let go until one second after its answer came. Whichever
/// second one looks at, the last record that the server saw in it was let go while all others of that
/// second still counted: so the limit holds at the server too, however long answers take. The price
/// is a rate lower by the time that an answer takes: 0.1 % at 1 ms.
///
/// A bucket spreads the load over the second; what was not used is not made up for.
package struct WarmPacer: Sendable {
  package enum Decision: Sendable, Hashable {
    /// Load so many now, at least 1; then say `finished`.
    case go(Int)
    case wait(until: MonotonicTime)
    /// Nothing may be let go before an answer comes.
    case waitForAnswer
  }

  /// Records whose answer came within this millisecond still count until `until`.
  private struct Answered: Sendable {
    var until: Int64
    var count: Int
  }

  /// Records per second; nil: no limit.
  package let limit: Int?
  /// Records on their way at the same time.
  package let concurrency: Int
  package private(set) var inFlight = 0

  /// Oldest first: at most one for each millisecond of a second.
  private var answered: ArraySlice<Answered> = []
  private var answeredCount = 0
  private var tokens: Double
  private var refilled: MonotonicTime?
  private var latest = MonotonicTime(nanoseconds: .min)

  private static let second: Int64 = 1_000_000_000
  private static let millisecond: Int64 = 1_000_000
  /// Records that may go at once, as a share of a second's.
  private static let burstShare = 0.02

  package init(limit: Int?, concurrency: Int) {
    self.limit = limit.map { max(1, $0) }
    self.concurrency = max(1, concurrency)
    tokens = 1
  }

  package init(_ pace: Pace) {
    self.init(limit: pace.isFull ? nil : pace.keysPerSecond, concurrency: pace.concurrency)
  }

  private var burst: Double { limit.map { max(1, Double($0) * Self.burstShare) } ?? .infinity }

  /// May up to `wanted` records be let go at `now`? What it lets go counts as in flight.
  package mutating func next(_ wanted: Int, now: MonotonicTime) -> Decision {
    let now = advance(to: now)
    let free = min(max(1, wanted), concurrency - inFlight)
    guard free > 0 else { return .waitForAnswer }
    guard let limit else { return letGo(free) }
    refill(now, limit)
    let room = limit - inFlight - answeredCount
    guard room > 0 else {
      guard let first = answered.first else { return .waitForAnswer }
      return .wait(until: MonotonicTime(nanoseconds: first.until))
    }
    guard tokens >= 1 else {
      let nanoseconds = ((1 - tokens) / Double(limit) * 1e9).rounded(.up)
      return .wait(until: MonotonicTime(nanoseconds: now.nanoseconds &+ Int64(nanoseconds)))
    }
    let count = min(free, room, Int(tokens))
    tokens -= Double(count)
    return letGo(count)
  }

  private mutating func letGo(_ count: Int) -> Decision {
    inFlight += count
    return .go(count)
  }

  /// The answers of `count` records came, or will not come any more.
  package mutating func finished(_ count: Int, now: MonotonicTime) {
    let now = advance(to: now)
    let count = min(max(0, count), inFlight)
    guard count > 0 else { return }
    inFlight -= count
    guard limit != nil else { return }
    // To the end of this millisecond: rounded so that they count rather longer.
    let until =
      (now.nanoseconds / Self.millisecond + 1) * Self.millisecond &+ Self.second
    if let last = answered.last, last.until >= until {
      answered[answered.endIndex - 1].count += count
    } else {
      answered.append(Answered(until: until, count: count))
    }
    answeredCount += count
  }

  /// Forgets what no longer counts. A clock that stood still or went back changes nothing.
  private mutating func advance(to now: MonotonicTime) -> MonotonicTime {
    latest = max(latest, now)
    while let first = answered.first, first.until <= latest.nanoseconds {
      answeredCount -= first.count
      answered = answered.dropFirst()
    }
    if answered.isEmpty { answered = [] }
    return latest
  }

  private mutating func refill(_ now: MonotonicTime, _ limit: Int) {
    if let refilled {
      tokens = min(burst, tokens + max(0, now.seconds(since: refilled)) * Double(limit))
    } else {
      tokens = burst
    }
    refilled = now
  }
}
