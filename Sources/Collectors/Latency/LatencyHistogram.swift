package import Redis

/// One command's cumulative latency histogram, as LATENCY HISTOGRAM has it since 7.0.
package struct LatencyHistogram: Sendable, Hashable {
  package struct Bucket: Sendable, Hashable {
    /// Greatest microseconds that fall into it: 1, 2, 4, 8, 16, 33, 66, … up to 1 s.
    package var upperBound: UInt64
    /// Calls in it, not cumulative.
    package var count: UInt64

    package init(upperBound: UInt64, count: UInt64) {
      self.upperBound = upperBound
      self.count = count
    }
  }

  /// Real servers have 21 (powers of two up to 1 s).
  package static let maximumBuckets = 64

  /// By upper bound; only buckets that hold something.
  package var buckets: [Bucket]

  package init(buckets: [Bucket] = []) { self.buckets = buckets }

  /// From the server's pairs of upper bound and count of all calls up to it. A pair that does not
  /// rise is skipped.
  package init(cumulative pairs: [(upperBound: UInt64, count: UInt64)]) {
    var buckets: [Bucket] = []
    // Exactly: these live in windows, for every command of every node.
    buckets.reserveCapacity(min(pairs.count, Self.maximumBuckets))
    var below: UInt64 = 0
    for pair in pairs.prefix(Self.maximumBuckets) {
      guard pair.count > below, pair.upperBound > buckets.last?.upperBound ?? 0 else { continue }
      buckets.append(Bucket(upperBound: pair.upperBound, count: pair.count - below))
      below = pair.count
    }
    self.buckets = buckets
  }

  package init(_ reply: CommandHistogram) {
    self.init(cumulative: reply.buckets.map { ($0.microseconds, $0.cumulativeCalls) })
  }

  package var total: UInt64 { buckets.reduce(0) { $0.addingOrMax($1.count) } }

  /// What was added since `earlier`; nil if any bucket shrank, which only a reset can do.
  package func since(_ earlier: LatencyHistogram) -> LatencyHistogram? {
    var difference: [Bucket] = []
    var at = 0
    for bucket in buckets {
      // A bucket of `earlier` that is gone now.
      if at < earlier.buckets.count, earlier.buckets[at].upperBound < bucket.upperBound {
        return nil
      }
      var count = bucket.count
      if at < earlier.buckets.count, earlier.buckets[at].upperBound == bucket.upperBound {
        guard count >= earlier.buckets[at].count else { return nil }
        count -= earlier.buckets[at].count
        at += 1
      }
      if count > 0 { difference.append(Bucket(upperBound: bucket.upperBound, count: count)) }
    }
    return at == earlier.buckets.count ? LatencyHistogram(buckets: difference) : nil
  }

  /// Adds `other`, each of its calls counted `weight` times.
  package mutating func add(_ other: LatencyHistogram, weight: Double = 1) {
    for bucket in other.buckets {
      let scaled = (Double(bucket.count) * weight).rounded()
      guard scaled >= 1, let count = UInt64(exactly: min(scaled, 0x1p63)) else { continue }
      if let at = buckets.firstIndex(where: { $0.upperBound >= bucket.upperBound }) {
        if buckets[at].upperBound == bucket.upperBound {
          buckets[at].count = buckets[at].count.addingOrMax(count)
        } else {
          buckets.insert(Bucket(upperBound: bucket.upperBound, count: count), at: at)
        }
      } else {
        buckets.append(Bucket(upperBound: bucket.upperBound, count: count))
      }
    }
  }

  /// The upper bound of the bucket that holds the quantile: the true value is at most this and more
  /// than half of it. nil without calls.
  package func quantile(_ q: Double) -> Double? {
    let total = Double(self.total)
    guard total > 0 else { return nil }
    var seen = 0.0
    for bucket in buckets {
      seen += Double(bucket.count)
      if seen >= q * total { return Double(bucket.upperBound) }
    }
    return buckets.last.map { Double($0.upperBound) }
  }
}

/// Percentiles of one window in microseconds.
package struct Percentiles: Sendable, Hashable {
  package var p50: Double?
  package var p95: Double?
  package var p99: Double?

  package init(_ histogram: LatencyHistogram) {
    p50 = histogram.quantile(0.5)
    p95 = histogram.quantile(0.95)
    p99 = histogram.quantile(0.99)
  }
}

/// Percentiles of one window: for each command that was called in it, and over all of them.
package struct LatencyFigures: Sendable {
  package var commands: [String: Percentiles]
  package var all: Percentiles
  /// The merged histogram, so that nodes can be merged further.
  package var merged: LatencyHistogram

  package init(commands: [String: Percentiles], merged: LatencyHistogram) {
    self.commands = commands
    self.merged = merged
    all = Percentiles(merged)
  }
}
