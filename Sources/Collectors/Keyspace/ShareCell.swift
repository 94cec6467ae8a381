import ConsoleModel

/// Keys and bytes of one group, and how they vary from page to page, in constant memory.
struct ShareCell: Sendable {
  private(set) var keys: UInt64 = 0
  private(set) var bytes: UInt64 = 0
  private var page = (keys: 0.0, bytes: 0.0)
  private var keySums = RatioSums()
  private var byteSums = RatioSums()

  init(keys: UInt64 = 0, bytes: UInt64 = 0) {
    self.keys = keys
    self.bytes = bytes
  }

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

  /// Pages with a key that was wanted.
  var count = 0
  var keys = Sums()
  var bytes = Sums()
  /// Keys that the pages had, wanted or not, and how those that were wanted go along with them.
  var visited = Visits()
  /// Keys of all servers.
  var size = 0.0

  struct Visits: Sendable, Hashable {
    var pages = 0
    var keys = Sums()
    var products = Sums()
  }

  /// The quantile of a nominal 99 %, where 95 % are promised: the rest is for skewed sizes, to which
  /// the normal approximation is too kind, and for what no formula knows (writers, expiry).
  static let quantile = 2.576

  /// - Parameter visited: keys of the page, wanted or not.
  mutating func add(_ page: (keys: Double, bytes: Double), visited: Double) {
    guard visited > 0 else { return }
    self.visited.pages += 1
    self.visited.keys.whole += visited
    self.visited.keys.square += visited * visited
    self.visited.products.whole += page.keys * visited
    self.visited.products.square += page.bytes * visited
    guard page.keys > 0 else { return }
    count += 1
    keys.whole += page.keys
    keys.square += page.keys * page.keys
    bytes.whole += page.bytes
    bytes.square += page.bytes * page.bytes
  }

  /// Keys of all servers that are wanted, and their bytes: the ratio to the keys that were visited,
  /// times the servers' keys, with the variance of a ratio over clusters as below.
  var estimates: (keys: ClosedRange<Double>, bytes: ClosedRange<Double>) {
    (total(keys, visited.products.whole), total(bytes, visited.products.square))
  }

  private func total(_ sums: Sums, _ product: Double) -> ClosedRange<Double> {
    guard visited.keys.whole > 0 else { return 0...0 }
    let ratio = sums.whole / visited.keys.whole
    let unseen = max(0, 1 - visited.keys.whole / max(1, size))
    let spread = max(0, sums.square - 2 * ratio * product + ratio * ratio * visited.keys.square)
    let pages = Double(visited.pages)
    let variance =
      pages > 1
      ? unseen * spread * pages / (pages - 1) / (visited.keys.whole * visited.keys.whole) : 0
    let half = Self.quantile * variance.squareRoot()
    // What was seen is there.
    return max(sums.whole, (ratio - half) * size)...max(sums.whole, (ratio + half) * size)
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
    let unseen = size > 0 ? max(0, 1 - visited.keys.whole / size) : 1
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
