import ConsoleModel

/// Keys and bytes of one group, and how they vary from page to page, in constant memory.
struct ShareCell: Sendable {
  private(set) var keys: UInt64 = 0
  private(set) var bytes: UInt64 = 0
  private var page = (keys: 0.0, bytes: 0.0)
  private var keySums = RatioSums()
  private var byteSums = RatioSums()

  var isTouched: Bool { page.keys > 0 }

  mutating func add(keys: UInt64, bytes: UInt64) {
    self.keys &+= keys
    let (sum, overflow) = self.bytes.addingReportingOverflow(bytes)
    self.bytes = overflow ? .max : sum
    page.keys += Double(keys)
    page.bytes += Double(bytes)
  }

  /// - Parameter whole: all keys and bytes of the page.
  mutating func endPage(_ whole: (keys: Double, bytes: Double)) {
    keySums.add(page.keys, of: whole.keys)
    byteSums.add(page.bytes, of: whole.bytes)
    page = (0, 0)
  }

  func group(_ pages: PageTotals?) -> KeyspaceReport.Group {
    var group = KeyspaceReport.Group(keys: keys, bytes: bytes)
    if let pages {
      group.keyShare = pages.interval(pages.keys, keySums)
      group.byteShare = pages.interval(pages.bytes, byteSums)
    }
    return group
  }
}

/// A group's part y of each page's total x: Σy, Σy² and Σxy over the pages that have any.
struct RatioSums: Sendable, Hashable {
  var part = 0.0
  var partSquare = 0.0
  var product = 0.0

  mutating func add(_ part: Double, of whole: Double) {
    self.part += part
    partSquare += part * part
    product += part * whole
  }
}

/// The totals of a sample's pages.
struct PageTotals: Sendable, Hashable {
  struct Sums: Sendable, Hashable {
    var whole = 0.0
    var square = 0.0
  }

  var count = 0
  var keys = Sums()
  var bytes = Sums()
  /// Keys of all servers.
  var size = 0.0

  /// The quantile of a nominal 99 %, where 95 % are promised: the rest is for skewed sizes, to which
  /// the normal approximation is too kind, and for what no formula knows (writers, expiry).
  static let quantile = 2.576

  mutating func add(_ page: (keys: Double, bytes: Double)) {
    count += 1
    keys.whole += page.keys
    keys.square += page.keys * page.keys
    bytes.whole += page.bytes
    bytes.square += page.bytes * page.bytes
  }

  /// A share's interval from a sample of pages.
  ///
  /// The share is a ratio of totals over clusters (pages), its variance that of Cochran, Sampling
  /// Techniques, 3rd ed., (6.13) with n/(n−1) and the finite population's correction. It is put into
  /// Wilson's interval (1927) as an effective sample size p(1−p)/v (Korn and Graubard 1998; compared
  /// by Franco et al., J. Survey Statistics and Methodology 7, 2019), which stays within 0…1 and is
  /// not symmetric for small shares.
  func interval(_ sums: Sums, _ part: RatioSums) -> ClosedRange<Double> {
    guard sums.whole > 0, count > 1, keys.whole > 0 else { return 0...1 }
    let share = min(1, max(0, part.part / sums.whole))
    let unseen = size > 0 ? max(0, 1 - keys.whole / size) : 1
    guard unseen > 0 else { return share...share }
    let pages = Double(count)
    let spread = max(
      0, part.partSquare - 2 * share * part.product + share * share * sums.square)
    let variance = unseen * spread * pages / (pages - 1) / (sums.whole * sums.whole)
    // Pages of one kind of keys only have no spread: then each key counts as one.
    let most = keys.whole / unseen
    let effective = variance > 0 ? min(most, share * (1 - share) / variance) : most
    guard effective > 0 else { return 0...1 }
    let square = Self.quantile * Self.quantile
    let middle = (share + square / (2 * effective)) / (1 + square / effective)
    let half =
      Self.quantile / (1 + square / effective)
      * (share * (1 - share) / effective + square / (4 * effective * effective)).squareRoot()
    return max(0, min(share, middle - half))...min(1, max(share, middle + half))
  }
}
