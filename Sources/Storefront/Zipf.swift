private import Glibc

/// Draws ranks 0 ..< n with probability proportional to 1 / (rank + 1)^exponent.
///
/// Walker's alias method as Vose gives it (IEEE TSE 1991): exact, and two table look-ups a draw.
package struct Zipf: Sendable {
  /// Exact probability of each rank.
  package let probabilities: [Double]
  /// Of each column, the chance to keep the column's own rank; otherwise its alias.
  private let keep: [Double]
  private let alias: [Int32]

  /// - Parameters:
  ///   - count: ranks, 1 … 2³¹ − 1.
  ///   - exponent: 0 is uniform; 0.99 is YCSB's default.
  package init(count: Int, exponent: Double) {
    let weights = (0..<max(1, count)).map { pow(Double($0 + 1), -exponent) }
    let sum = weights.reversed().reduce(0, +)
    probabilities = weights.map { $0 / sum }
    var scaled = probabilities.map { $0 * Double(weights.count) }
    var keep = [Double](repeating: 1, count: weights.count)
    var alias = (0..<Int32(weights.count)).map { $0 }
    var small = scaled.indices.filter { scaled[$0] < 1 }
    var large = scaled.indices.filter { scaled[$0] >= 1 }
    while let low = small.last, let high = large.last {
      small.removeLast()
      keep[low] = scaled[low]
      alias[low] = Int32(high)
      scaled[high] -= 1 - scaled[low]
      if scaled[high] < 1 {
        large.removeLast()
        small.append(high)
      }
    }
    // What rounding leaves over keeps its own rank with certainty.
    self.keep = keep
    self.alias = alias
  }

  package func rank(_ random: inout ShopRandom) -> Int {
    let column = random.below(keep.count)
    return random.unit() < keep[column] ? column : Int(alias[column])
  }
}
