package import ConsoleModel
private import Glibc

/// How many of a keyspace's keys match, from a sample without replacement.
///
/// The interval is the exact one for the hypergeometric distribution (two one-sided tests, as Clopper
/// and Pearson's for the binomial), so that it never covers less than it says: not for no match, not
/// for a handful, where Wilson's falls to 89 %; and it closes as the sample becomes the whole.
package enum CountInterval {
  /// Two-sided; the issue asks for 95 %. The rest is for what no formula knows: writers, expiry.
  package static let confidence = 0.99

  /// - Parameters:
  ///   - matched: of the sample, at most `visited`.
  ///   - size: the keyspace with the sample.
  package static func bounds(
    matched: UInt64, visited: UInt64, size: UInt64, confidence: Double = Self.confidence
  ) -> ClosedRange<UInt64> {
    let matched = min(matched, visited)
    let size = max(size, visited)
    guard visited < size else { return matched...matched }
    guard visited > 0 else { return 0...size }
    let tail = (1 - confidence) / 2
    let sample = Sample(matched: matched, visited: visited, size: size)
    // The most and the fewest matches under which a sample like this one is not yet rare.
    let most = size - (visited - matched)
    let high = last(in: matched...most) { sample.probabilityOfAtMost($0) > tail }
    let low = first(in: matched...most) { sample.probabilityOfAtLeast($0) > tail }
    return min(low, high)...max(low, high)
  }

  /// What was found on pages of a keyspace, each a handful of neighbouring buckets.
  ///
  /// Keys are hashed with a secret seed, so that a page is as good as random keys. Where they are not
  /// (a cluster's slots, which keys with a tag share), pages differ more than chance would have it:
  /// the sample then counts as a smaller one, by the design effect of a ratio of cluster totals
  /// (Cochran, Sampling Techniques, §9A).
  package static func estimate(
    pages: [(visited: UInt64, matched: UInt64)], size: UInt64
  ) -> KeyCount {
    let visited = pages.reduce(0) { $0 + $1.visited }
    let matched = pages.reduce(0) { $0 + $1.matched }
    guard visited > 0 else { return .estimate(low: 0, value: 0, high: size) }
    guard visited < size else { return .exact(matched) }
    let effect = designEffect(pages)
    let range = bounds(
      matched: UInt64(saturating: (Double(matched) / effect).rounded()),
      visited: max(1, UInt64(saturating: Double(visited) / effect)), size: size)
    let share = Double(matched) / Double(visited)
    let value = UInt64(saturating: (share * Double(size)).rounded())
    // What was seen is there, and what was seen not to match does not.
    let low = max(range.lowerBound, matched)
    let high = min(max(range.upperBound, low), size - (visited - matched))
    return .estimate(low: low, value: min(max(value, low), high), high: high)
  }

  /// Variance between pages over that of single random keys, at least 1.
  private static func designEffect(_ pages: [(visited: UInt64, matched: UInt64)]) -> Double {
    let visited = Double(pages.reduce(0) { $0 + $1.visited })
    let matched = Double(pages.reduce(0) { $0 + $1.matched })
    let share = matched / visited
    guard pages.count > 1, share > 0, share < 1 else { return 1 }
    let spread = pages.reduce(0.0) { sum, page in
      let rest = Double(page.matched) - share * Double(page.visited)
      return sum + rest * rest
    }
    let count = Double(pages.count)
    let between = spread * count / (count - 1) / (visited * visited)
    return max(1, between / (share * (1 - share) / visited))
  }

  // MARK: Bisection

  /// The last value for which `holds`, which holds at first and then no more.
  private static func last(
    in range: ClosedRange<UInt64>, where holds: (UInt64) -> Bool
  ) -> UInt64 {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high {
      let middle = low + (high - low + 1) / 2
      if holds(middle) { low = middle } else { high = middle - 1 }
    }
    return low
  }

  /// The first value for which `holds`, which does from there on.
  private static func first(
    in range: ClosedRange<UInt64>, where holds: (UInt64) -> Bool
  ) -> UInt64 {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high {
      let middle = low + (high - low) / 2
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

// MARK: The hypergeometric distribution

extension CountInterval {
  private struct Sample {
    let matched: Double
    let visited: Double
    let size: Double

    init(matched: UInt64, visited: UInt64, size: UInt64) {
      self.matched = Double(matched)
      self.visited = Double(visited)
      self.size = Double(size)
    }

    /// Probability of at most as many matches as were found, if there are `all`.
    func probabilityOfAtMost(_ all: UInt64) -> Double {
      let all = Double(all)
      // Above the mean it is far from any tail.
      if matched >= visited * all / size { return 1 }
      var term = probability(of: matched, all)
      var sum = term
      var found = matched
      while found > 0 {
        term *= found * (size - all - visited + found) / ((all - found + 1) * (visited - found + 1))
        if term <= sum * 1e-12 { break }
        sum += term
        found -= 1
      }
      return sum
    }

    func probabilityOfAtLeast(_ all: UInt64) -> Double {
      let all = Double(all)
      if matched <= visited * all / size { return 1 }
      var term = probability(of: matched, all)
      var sum = term
      var found = matched
      let most = min(all, visited)
      while found < most {
        term *=
          (all - found) * (visited - found) / ((found + 1) * (size - all - visited + found + 1))
        if term <= sum * 1e-12 { break }
        sum += term
        found += 1
      }
      return sum
    }

    private func probability(of found: Double, _ all: Double) -> Double {
      exp(
        Self.logChoose(all, found) + Self.logChoose(size - all, visited - found)
          - Self.logChoose(size, visited))
    }

    private static func logChoose(_ count: Double, _ chosen: Double) -> Double {
      guard chosen >= 0, chosen <= count else { return -.infinity }
      return logFactorial(count) - logFactorial(chosen) - logFactorial(count - chosen)
    }

    /// Stirling's series, better than 1e-10 from 10 on; exact below.
    private static func logFactorial(_ value: Double) -> Double {
      if value < 10 {
        return value < 2 ? 0 : log(stride(from: 2, through: value, by: 1).reduce(1, *))
      }
      let inverse = 1 / value
      let square = inverse * inverse
      let series = inverse / 12 - inverse * square / 360 + inverse * square * square / 1260
      return value * log(value) - value + 0.5 * log(2 * .pi * value) + series
    }
  }
}
