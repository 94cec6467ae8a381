import ConsoleModel
import Operations
import TestKit
import Testing

@Suite struct WarmPacerTests {
  private static func time(_ seconds: Double) -> MonotonicTime {
    MonotonicTime(nanoseconds: Int64(seconds * 1e9))
  }

  @Test func `the first records go at once, the rest wait their turn`() {
    var pacer = WarmPacer(limit: 100, concurrency: 8)
    #expect(pacer.next(8, now: Self.time(1)) == .go(2))
    guard case .wait(let until) = pacer.next(8, now: Self.time(1)) else {
      Issue.record("let go above the burst")
      return
    }
    #expect(until == Self.time(1.01))
    #expect(pacer.next(8, now: until) == .go(1))
    #expect(pacer.inFlight == 3)
  }

  @Test func `no more are on their way than allowed`() {
    var pacer = WarmPacer(limit: nil, concurrency: 3)
    #expect(pacer.next(10, now: Self.time(1)) == .go(3))
    #expect(pacer.next(1, now: Self.time(2)) == .waitForAnswer)
    pacer.finished(2, now: Self.time(2))
    #expect(pacer.next(1, now: Self.time(2)) == .go(1))
    #expect(pacer.next(9, now: Self.time(2)) == .go(1))
    // More answers than there were questions change nothing.
    pacer.finished(100, now: Self.time(3))
    #expect(pacer.inFlight == 0)
    #expect(pacer.next(100, now: Self.time(3)) == .go(3))
  }

  @Test func `a pause is not made up for`() {
    var pacer = WarmPacer(limit: 1000, concurrency: 1000)
    #expect(pacer.next(1000, now: Self.time(1)) == .go(20))
    pacer.finished(20, now: Self.time(1))
    #expect(pacer.next(1000, now: Self.time(3600)) == .go(20))
  }

  @Test func `a clock that goes back lets nothing more go`() {
    var pacer = WarmPacer(limit: 50, concurrency: 100)
    #expect(pacer.next(100, now: Self.time(10)) == .go(1))
    guard case .wait(let until) = pacer.next(1, now: Self.time(5)) else {
      Issue.record("let go")
      return
    }
    #expect(until > Self.time(10))
  }

  /// One record on its way in the simulation below.
  private struct Flight {
    var finished: Int64
    var count: Int
  }

  /// Runs a pacer against a server with random delays; gives the moments at which the server saw
  /// each record, and the seconds that all took.
  private func simulate(
    limit: Int, concurrency: Int, records: Int, delays: ClosedRange<Double>, seed: UInt64
  ) -> (seen: [Int64], seconds: Double, mostInFlight: Int) {
    var pacer = WarmPacer(limit: limit, concurrency: concurrency)
    var random = SplitMix64(seed: seed)
    var now: Int64 = 5_000_000_000
    let start = now
    var flights: [Flight] = []
    var seen: [Int64] = []
    var left = records
    var mostInFlight = 0
    while left > 0 || !flights.isEmpty {
      var next = Int64.max
      if left > 0 {
        let wanted = min(left, Int.random(in: 1...64, using: &random))
        switch pacer.next(wanted, now: MonotonicTime(nanoseconds: now)) {
        case .go(let count):
          #expect(count >= 1 && count <= wanted)
          left -= count
          let delay = Int64(Double.random(in: delays, using: &random) * 1e9)
          for _ in 0..<count { seen.append(now + Int64.random(in: 0...delay, using: &random)) }
          flights.append(Flight(finished: now + delay, count: count))
          mostInFlight = max(mostInFlight, pacer.inFlight)
          continue
        case .wait(let until):
          #expect(until.nanoseconds > now)
          // As a timer does it: never early, mostly late.
          next = until.nanoseconds + Int64.random(in: 0...2_000_000, using: &random)
        case .waitForAnswer: #expect(!flights.isEmpty)
        }
      }
      if let first = flights.indices.min(by: { flights[$0].finished < flights[$1].finished }),
        flights[first].finished <= next
      {
        let flight = flights.remove(at: first)
        now = max(now, flight.finished)
        pacer.finished(flight.count, now: MonotonicTime(nanoseconds: now))
      } else {
        now = max(now, next)
      }
    }
    return (seen.sorted(), Double(now - start) / 1e9, mostInFlight)
  }

  /// The most that came within any second.
  private func most(_ seen: [Int64]) -> Int {
    var most = 0
    var first = 0
    for last in seen.indices {
      while seen[last] - seen[first] >= 1_000_000_000 { first += 1 }
      most = max(most, last - first + 1)
    }
    return most
  }

  @Test(
    arguments: [
      (1, 4, 0.0...0.01), (7, 16, 0.0...0.3), (100, 16, 0.0...0.5), (2000, 16, 0.0002...0.001),
      (2000, 64, 0.0...0.2), (2000, 500, 0.0...2.5), (20_000, 512, 0.0...0.02),
    ] as [(Int, Int, ClosedRange<Double>)])
  func `the server sees no second above the limit, whatever the answers take`(
    limit: Int, concurrency: Int, delays: ClosedRange<Double>
  ) {
    for seed in 0..<4 as Range<UInt64> {
      let run = simulate(
        limit: limit, concurrency: concurrency, records: limit * 4 + 17, delays: delays, seed: seed)
      #expect(run.seen.count == limit * 4 + 17)
      #expect(most(run.seen) <= limit)
      #expect(run.mostInFlight <= concurrency)
    }
  }

  @Test func `with quick answers the limit is reached`() {
    let run = simulate(
      limit: 2000, concurrency: 16, records: 100_000, delays: 0.0002...0.001, seed: 3)
    #expect(run.seconds < 50 * 1.05)
    #expect(run.seconds > 49)
  }
}
