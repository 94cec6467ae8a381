import Collectors
import ConsoleModel
import Redis
import TestKit
import Testing

@Suite struct LatencyWindowTests {
  private func at(_ seconds: Double) -> MonotonicTime {
    MonotonicTime(nanoseconds: 0).advanced(bySeconds: seconds)
  }

  /// Cumulative counts as a server prints them: only where they rise.
  private func cumulative(_ counts: [UInt64: UInt64]) -> LatencyHistogram {
    var sum: UInt64 = 0
    let pairs = counts.sorted { $0.key < $1.key }.map { bound, count in
      sum += count
      return (upperBound: bound, count: sum)
    }
    return LatencyHistogram(cumulative: pairs)
  }

  @Test func `percentiles are those of the window and not of the lifetime`() {
    var window = LatencyWindow()
    window.add(.init(at: at(0), histograms: ["get": cumulative([8: 1_000_000])]))
    window.add(.init(at: at(2), histograms: ["get": cumulative([8: 1_000_001, 528: 99])]))
    let get = window.figures?.commands["get"]
    #expect(get?.p50 == 528)
    #expect(get?.p99 == 528)
    #expect(window.figures?.all.p95 == 528)
  }

  @Test func `a quantile is the bound of the bucket that holds it`() {
    let histogram = cumulative([1: 50, 2: 45, 4: 4, 8: 1])
    #expect(histogram.quantile(0.5) == 1)
    #expect(histogram.quantile(0.95) == 2)
    #expect(histogram.quantile(0.99) == 4)
    #expect(histogram.quantile(1) == 8)
    #expect(LatencyHistogram().quantile(0.5) == nil)
  }

  @Test func `commands that were quiet have no percentiles`() {
    var window = LatencyWindow()
    let histograms = ["get": cumulative([8: 5])]
    window.add(.init(at: at(0), histograms: histograms))
    window.add(.init(at: at(2), histograms: histograms))
    #expect(window.figures?.commands.isEmpty == true)
    #expect(window.figures?.all.p95 == nil)
  }

  @Test func `the console's own commands carry no weight`() {
    var window = LatencyWindow()
    window.add(.init(at: at(0), histograms: [:]))
    window.add(
      .init(
        at: at(2), histograms: ["get": cumulative([4: 10]), "info": cumulative([132: 1000])],
        own: ledger(calls: ["info": 1000])))
    #expect(window.figures?.all.p99 == 4)
    #expect(window.figures?.commands["info"] == nil)
  }

  @Test(arguments: ["vanished", "shrank", "clear"])
  func `after a reset there is a gap`(_ what: String) {
    var window = LatencyWindow()
    window.add(.init(at: at(0), histograms: ["get": cumulative([8: 5, 33: 5])]))
    window.add(.init(at: at(2), histograms: ["get": cumulative([8: 9, 33: 5])]))
    switch what {
    case "vanished": window.add(.init(at: at(4), histograms: ["set": cumulative([8: 900])]))
    case "shrank": window.add(.init(at: at(4), histograms: ["get": cumulative([8: 900])]))
    default: window.clear()
    }
    #expect(window.figures == nil)
  }

  @Test(arguments: 0..<30 as Range<UInt64>)
  func `differences of growing histograms equal what was added`(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let bounds: [UInt64] = [1, 2, 4, 8, 16, 33, 66, 132, 264, 528, 1056]
    var counts: [UInt64: UInt64] = [:]
    for _ in 0..<20 {
      let before = cumulative(counts)
      var added: [UInt64: UInt64] = [:]
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        let bound = bounds.randomElement(using: &random) ?? 1
        let count = UInt64.random(in: 1...1000, using: &random)
        added[bound, default: 0] += count
        counts[bound, default: 0] += count
      }
      #expect(cumulative(counts).since(before) == cumulative(added))
      if !added.isEmpty { #expect(before.since(cumulative(counts)) == nil) }
    }
  }

  @Test func `a reply is read, and what does not rise in it is skipped`() {
    func bucket(_ bound: UInt64, _ calls: UInt64) -> CommandHistogram.Bucket {
      CommandHistogram.Bucket(microseconds: bound, cumulativeCalls: calls)
    }
    let good = CommandHistogram(name: "get", calls: 15, buckets: [bucket(1, 10), bucket(33, 15)])
    #expect(LatencyHistogram(good) == cumulative([1: 10, 33: 5]))
    let hostile = CommandHistogram(
      name: "get", calls: 1,
      buckets: [bucket(5, .max), bucket(2, .max), bucket(9, 1), bucket(0, 0)])
    #expect(LatencyHistogram(hostile).total == .max)
    let endless = CommandHistogram(
      name: "get", calls: 1, buckets: (1...100_000).map { bucket($0, $0) })
    #expect(LatencyHistogram(endless).buckets.count == LatencyHistogram.maximumBuckets)
  }
}
