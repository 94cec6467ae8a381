import ConsoleModel
@testable import Operations
import Redis
import TestKit
import Testing

@Suite struct PlanIntervalTests {
  /// Against the sums of the distribution itself, in exact fractions (Python's `math.comb`).
  @Test(
    arguments: [
      // matched, visited, size, low, high
      (0, 10, 100, 0, 39), (1, 10, 100, 1, 52), (5, 10, 100, 15, 85), (10, 10, 100, 61, 100),
      (0, 50, 100, 0, 7), (7, 99, 100, 7, 8), (0, 1, 2, 0, 1), (3, 200, 1000, 3, 49),
      (40, 400, 4000, 268, 570),
    ] as [(UInt64, UInt64, UInt64, UInt64, UInt64)]) func `bounds are those of the exact tests`(
      matched: UInt64, visited: UInt64, size: UInt64, low: UInt64, high: UInt64
    )
  {
    let bounds = CountInterval.bounds(matched: matched, visited: visited, size: size)
    #expect(bounds == low...high)
  }

  @Test(
    arguments: [
      (0, 0, 0, 0...0), (0, 0, 50, 0...50), (5, 5, 5, 5...5), (9, 5, 5, 5...5), (2, 7, 3, 2...2),
    ] as [(UInt64, UInt64, UInt64, ClosedRange<UInt64>)]) func `edges`(
      matched: UInt64, visited: UInt64, size: UInt64, bounds: ClosedRange<UInt64>
    )
  {
    #expect(CountInterval.bounds(matched: matched, visited: visited, size: size) == bounds)
  }

  @Test
  func `no match in 50,000 of 2,000,000 leaves room for 210, and for 4,000 of 1e9 keys is wide`() {
    let some = CountInterval.bounds(matched: 0, visited: 50_000, size: 2_000_000)
    #expect(some.lowerBound == 0)
    #expect((205...215).contains(some.upperBound))
    let huge = CountInterval.bounds(matched: 2000, visited: 4000, size: 1_000_000_000)
    #expect(huge.contains(500_000_000))
    #expect(huge.upperBound - huge.lowerBound < 45_000_000)
    #expect(CountInterval.bounds(matched: 5, visited: 9, size: .max).upperBound <= .max)
    // Every key of a server that says it has as many as there are numbers.
    guard
      case .estimate(_, let value, let high) = CountInterval.estimate(
        pages: [(visited: 10, matched: 10)], size: .max)
    else {
      Issue.record("not an estimate")
      return
    }
    #expect(value == .max && high == .max)
    let saturated: [(Double, UInt64)] = [
      (-1, 0), (.nan, 0), (0.9, 0), (7, 7), (0x1p64, .max), (.infinity, .max), (-.infinity, 0),
    ]
    for (number, nearest) in saturated { #expect(UInt64(saturating: number) == nearest) }
  }

  /// The truth lies inside in 99 of 100 draws or more, for rare and for frequent keys.
  @Test(arguments: [
    (2_000_000, 3), (2_000_000, 20), (2_000_000, 1000), (2_000_000, 50_000), (60_000, 6),
    (60_000, 30_000), (60_000, 59_990),
  ]) func `drawn again and again, the truth lies inside`(size: Int, matching: Int) {
    var random = SplitMix64(seed: UInt64(size + matching))
    // Each draw goes through all matching keys, or all others.
    let draws = min(matching, size - matching) > 1000 ? 150 : 1500
    var inside = 0
    for _ in 0..<draws {
      // Whether each matching key is in a sample of a fortieth, or five sixths, of the keys: one after
      // the other without replacement.
      let visited = min(50_000, size * 5 / 6)
      var (left, taken, found) = (size, visited, 0)
      for _ in 0..<min(matching, size - matching) {
        if Int.random(in: 0..<left, using: &random) < taken {
          found += 1
          taken -= 1
        }
        left -= 1
      }
      let matched = matching <= size - matching ? found : visited - found
      let bounds = CountInterval.bounds(
        matched: UInt64(matched), visited: UInt64(visited), size: UInt64(size))
      if bounds.contains(UInt64(matching)) { inside += 1 }
    }
    #expect(
      Double(inside) / Double(draws) >= (draws > 1000 ? 0.985 : 0.96), "\(inside) of \(draws)")
  }

  @Test func `pages that differ more than chance allows widen the interval`() {
    let even = (0..<100).map { (visited: UInt64(500), matched: UInt64($0 % 2 == 0 ? 248 : 252)) }
    let uneven = (0..<100).map { (visited: UInt64(500), matched: UInt64($0 % 2 == 0 ? 0 : 500)) }
    func width(_ pages: [(visited: UInt64, matched: UInt64)]) -> UInt64 {
      guard
        case .estimate(let low, let value, let high) =
          CountInterval.estimate(pages: pages, size: 2_000_000)
      else { return 0 }
      #expect(value == 1_000_000)
      #expect(low < value && value < high)
      return high - low
    }
    #expect(width(uneven) > 15 * width(even))
    #expect(width(even) < 30_000)
    #expect(CountInterval.estimate(pages: [(10, 3)], size: 10) == .exact(3))
    #expect(
      CountInterval.estimate(pages: [], size: 10) == .estimate(low: 0, value: 0, high: 10))
  }

  @Test func `cursors are spread over the whole table, whatever its size`() {
    var random = SeededRandom(seed: 3)
    for bits in [4, 10, 20] as [UInt64] {
      let cursors = CursorOrder.spread(64, random: &random).compactMap {
        UInt64(String(decoding: $0, as: UTF8.self))
      }
      #expect(cursors.count == 64)
      // What the server makes of a cursor: its low bits, counted in reversed order.
      let positions = cursors.map { CursorOrder.reversed($0 & (1 << bits - 1)) >> (64 - bits) }
      let sixteenths = Dictionary(grouping: positions) { $0 >> (bits - 4) }.mapValues(\.count)
      #expect(sixteenths.count == 16)
      #expect(sixteenths.values.allSatisfy { (3...5).contains($0) })
    }
    #expect(CursorOrder.reversed(1) == 1 << 63)
    #expect(CursorOrder.reversed(0xF0) == 0xF << 56)
  }
}
