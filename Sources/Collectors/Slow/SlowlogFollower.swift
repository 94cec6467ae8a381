package import ConsoleModel

/// Follows one server's slow log: every new entry once, none twice, none lost while the server has
/// it.
///
/// Entries are known by (`run_id`, `id`). Ids count up within a process, also across SLOWLOG RESET,
/// and begin at 0 in the next process. If the newest page does not reach back to the last id seen, a
/// longer one is asked for, until it does or the server has no more.
package struct SlowlogFollower: Sendable {
  package struct Limits: Sendable, Hashable {
    /// Entries kept for the screen.
    package var entries: Int
    /// Bytes of arguments kept.
    package var bytes: Int

    package init(entries: Int = 512, bytes: Int = 512 * 1024) {
      self.entries = max(1, entries)
      self.bytes = max(0, bytes)
    }
  }

  package enum Step: Sendable, Hashable {
    case done
    /// Ask for this many of the newest entries and hand them in again.
    case fetch(Int)
  }

  /// What one poll asks for first: more than a healthy server logs in an interval.
  package static let firstPage = 32
  /// Pages grow to this; a longer slow log that turned over between two polls is counted in
  /// ``missed``. 16,384 entries are a reply of some 5 MB.
  package static let longestPage = 16_384

  package let node: NodeID
  package var mask: ArgumentMask
  package var limits: Limits {
    didSet { trim() }
  }
  /// Newest first, bounded, arguments masked.
  package private(set) var entries: [SlowEntry] = []
  /// Entries that the server had dropped, for want of room, before they could be read.
  package private(set) var missed: UInt64 = 0

  private var runID: String?
  /// The id that the next entry will have; nil while none was seen in a process that was joined.
  private var expected: UInt64?
  /// False until the first page was taken: entries before it are history, not losses.
  private var isJoined = false
  /// Most entries that the log was seen to have since its last reset.
  private var longestSeen = 0

  package init(node: NodeID, mask: ArgumentMask, limits: Limits = Limits()) {
    self.node = node
    self.mask = mask
    self.limits = limits
  }

  /// Forgets what is kept, not what was seen: the operator reset the slow log.
  package mutating func clear() { entries = [] }

  /// Takes the newest `requested` entries of the process `runID`.
  package mutating func take(_ page: [SlowlogItem], requested: Int, runID: String) -> Step {
    if runID != self.runID {
      // The first process is joined where its log stands; in a later one everything is new.
      expected = self.runID == nil ? nil : 0
      longestSeen = 0
      self.runID = runID
    }
    let newest = page.map(\.id).max()
    let oldest = page.map(\.id).min()
    if let newest, let next = expected, newest.addingOrMax(1) < next {
      // Ids fell within one run_id: something like a proxy changed servers behind our back.
      expected = nil
    }
    let reaches =
      page.count < requested || (oldest ?? 0) == 0
      || expected.map { (oldest ?? 0) <= $0 } ?? false
    let longest = isJoined ? Self.longestPage : limits.entries
    if !reaches, requested < longest {
      return .fetch(min(longest, requested <= Self.firstPage ? 128 : requested * 8))
    }
    keep(page)
    // A log that is shorter than it was has been reset: what is gone was not lost for its length.
    let wasReset = page.count < requested && page.count < longestSeen
    longestSeen = wasReset ? page.count : max(longestSeen, page.count)
    if isJoined, !wasReset, let oldest, let next = expected, oldest > next {
      missed = missed.addingOrMax(oldest - next)
    }
    if let newest { expected = newest.addingOrMax(1) }
    isJoined = true
    return .done
  }

  private mutating func keep(_ page: [SlowlogItem]) {
    var known = Set<UInt64>()
    let fresh = page.filter { item in
      (expected.map { item.id >= $0 } ?? true) && known.insert(item.id).inserted
    }.sorted { $0.id > $1.id }.prefix(limits.entries)
    guard !fresh.isEmpty else { return }
    entries = fresh.map(entry) + entries
    trim()
  }

  private func entry(_ item: SlowlogItem) -> SlowEntry {
    SlowEntry(
      node: node, runID: runID ?? "", id: item.id,
      at: WallTime(seconds: Int64(clamping: min(item.seconds, 1 << 40))),
      microseconds: item.microseconds, arguments: mask.apply(item.arguments), client: item.client,
      clientName: item.clientName)
  }

  private mutating func trim() {
    var bytes = 0
    var kept = 0
    for entry in entries.prefix(limits.entries) {
      bytes += entry.arguments.reduce(64) { sum, argument in
        if case .bytes(let value) = argument { return sum + value.count + 32 }
        return sum + 32
      }
      if bytes > limits.bytes, kept > 0 { break }
      kept += 1
    }
    if kept < entries.count { entries.removeLast(entries.count - kept) }
  }
}
