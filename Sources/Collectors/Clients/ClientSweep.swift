/// Which connections to ask for next when there are too many to list at once: `CLIENT LIST ID` in
/// pages, a bounded number of them for each look.
///
/// Ids count up with every connection that was ever made, so live ones are dense near the newest id
/// (recent connections) and near the oldest (long-lived pools), with unknown holes between. Each look
/// asks again for a slice of the known ones, to notice what closed, and spends the rest on new
/// ids: first what was connected since the last look, then from both ends towards the middle.
package struct ClientSweep: Sendable {
  /// About 1 ms of the server's time for 512 live connections, 0.1 ms for 512 that are gone.
  package static let pageIDs = 512
  package static let pagesPerLook = 8
  /// Up to here the whole list is one reply of at most 600 KB.
  package static let wholeListLimit: UInt64 = 2000

  private var low: UInt64 = 1
  private var high: UInt64?
  /// Exclusive end of what was explored at the newest side.
  private var newest: UInt64 = 0
  private var known: [UInt64] = []
  private var asksFromLow = true

  package init() {}

  /// Pages for one look.
  ///
  /// - Parameters:
  ///   - newestID: an id that no connection exceeds yet.
  ///   - knownIDs: what is listed so far.
  ///   - connected: how many the server says it has.
  package mutating func pages(
    newestID: UInt64, knownIDs: some Collection<UInt64>, connected: UInt64
  ) -> [[UInt64]] {
    var pages: [[UInt64]] = []
    let newestID = min(newestID, UInt64.max - 1)
    // A new round, also when the last one met in the middle and some are still missing.
    if high == nil || low > high ?? 0 && UInt64(knownIDs.count) < connected {
      low = 1
      high = newestID
      newest = newestID
    }
    // Connected since the last look; after a long pause only its newest part.
    if newestID > newest {
      let from = max(newest + 1, newestID - min(newestID, UInt64(Self.pageIDs * 2)) + 1)
      append(from...newestID, to: &pages)
      newest = newestID
    }
    // Half of the look re-reads known ones, in turn.
    if known.isEmpty { known = knownIDs.sorted() }
    while pages.count < Self.pagesPerLook / 2, !known.isEmpty {
      let page = Array(known.suffix(Self.pageIDs))
      known.removeLast(page.count)
      pages.append(page)
    }
    while pages.count < Self.pagesPerLook, let end = high, low <= end {
      explore(upTo: end, into: &pages)
    }
    // Everything was explored: the whole look re-reads.
    while pages.count < Self.pagesPerLook, !known.isEmpty {
      let page = Array(known.suffix(Self.pageIDs))
      known.removeLast(page.count)
      pages.append(page)
    }
    return pages
  }

  private mutating func explore(upTo end: UInt64, into pages: inout [[UInt64]]) {
    let size = min(UInt64(Self.pageIDs), end - low + 1)
    if asksFromLow {
      pages.append(Array(low..<(low + size)))
      low += size
    } else {
      pages.append(Array((end - size + 1)...end))
      high = end - size
    }
    asksFromLow.toggle()
  }

  private func append(_ range: ClosedRange<UInt64>, to pages: inout [[UInt64]]) {
    var from = range.lowerBound
    while from <= range.upperBound {
      let last = min(range.upperBound, from + UInt64(Self.pageIDs) - 1)
      pages.append(Array(from...last))
      from = last + 1
    }
  }
}
