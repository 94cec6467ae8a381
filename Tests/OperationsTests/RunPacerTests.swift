import EventLoop
import Operations
import Testing

@Suite struct RunPacerTests {
  private func time(_ seconds: Double) -> EventLoop.Instant {
    EventLoop.Instant(nanoseconds: Int64(seconds * 1e9))
  }

  @Test func `slow answers slow a run down to what nobody feels, and no further`() {
    var pacer = RunPacer(keysPerSecond: 20_000)
    for turn in 0..<100 {
      pacer.observe(p99Microseconds: 9000, slowAbove: 3000, now: time(Double(turn)))
    }
    #expect(pacer.share * pacer.limit == RunPacer.slowest)
    #expect(pacer.reason.contains("9000 µs"))
    for turn in 100..<120 {
      pacer.observe(p99Microseconds: 500, slowAbove: 3000, now: time(Double(turn)))
    }
    #expect(pacer.share == 1)
    #expect(pacer.reason.isEmpty)
  }

  @Test func `one change is waited for before the next`() {
    var pacer = RunPacer(keysPerSecond: 20_000)
    for turn in 0..<10 {
      pacer.observe(p99Microseconds: 9000, slowAbove: 3000, now: time(Double(turn) / 100))
    }
    #expect(pacer.share == 0.6)
  }

  @Test(arguments: [0.5, 1, 250, 5000]) func `no second has more than the limit and one batch`(
    limit: Double
  ) {
    var pacer = RunPacer(keysPerSecond: limit)
    #expect(pacer.limit == limit)
    var now = 0.0
    var starts: [Double] = []
    for _ in 0..<200 {
      now += Double(pacer.delay(for: 100, now: time(now)).nanoseconds) / 1e9
      starts.append(now)
    }
    for start in starts {
      let within = starts.count { $0 >= start && $0 < start + 0.999 }
      #expect(Double(within * 100) <= limit + 100)
    }
  }
}
