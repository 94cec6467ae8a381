import ConsoleModel
import Redis

/// What is known of the target on one server so far.
struct NodeFindings: Sendable {
  var node: NodeID
  var address: String
  var facts: ServerFacts
  var keys: KeyCount = .exact(0)
  var sessions: KeyCount = .exact(0)
  var sessionsLeftOut: UInt64 = 0
  /// Estimated keys of each.
  var dataTypes: [DataType: Double] = [:]
  /// Some of the target's keys, as uniform as they came.
  var sample: [[UInt8]] = []
  var descriptions: [KeyDescription] = []
  /// Bytes that will be loaded, where a file tells them; nil: what the descriptions tell.
  var loadedBytes: UInt64?
  /// Keys to visit for the full count, and visited.
  var total: UInt64 = 0
  var visited: UInt64 = 0
  var isComplete = false
  /// Of the full count; nil: not known.
  var secondsLeft: Double?

  init(node: NodeID, address: String, facts: ServerFacts) {
    self.node = node
    self.address = address
    self.facts = facts
    total = facts.size
  }

  /// From a sample of the keyspace.
  mutating func take(_ found: KeyspaceSurvey.Sample) {
    sample = found.keys.keys
    let tally = found.tally
    if found.isWhole {
      complete(tally)
      return
    }
    // Not the whole: then there is at least one more.
    let size = max(facts.size, tally.visited &+ 1)
    keys = estimate(found.pages, size, \.matched)
    sessions = estimate(found.pages, size, \.sessions)
    sessionsLeftOut = estimate(found.pages, size, \.sessionsLeftOut).value
    let scale = tally.visited > 0 ? Double(size) / Double(tally.visited) : 0
    dataTypes = tally.dataTypes.mapValues { Double($0) * scale }
  }

  /// From some keys of a list of `size`.
  mutating func take(_ found: KeyTally, of size: UInt64) {
    total = size
    keys = CountInterval.estimate(pages: [(found.visited, found.matched)], size: size)
    sessions = CountInterval.estimate(pages: [(found.visited, found.sessions)], size: size)
    let scale = found.visited > 0 ? Double(size) / Double(found.visited) : 0
    dataTypes = found.dataTypes.mapValues { Double($0) * scale }
  }

  private func estimate(
    _ pages: [KeyTally], _ size: UInt64, _ figure: KeyPath<KeyTally, UInt64>
  ) -> KeyCount {
    let count = CountInterval.estimate(
      pages: pages.map { ($0.visited, $0[keyPath: figure]) }, size: size)
    guard case .estimate(let low, let value, let high) = count, facts.staleShare > 0 else {
      return count
    }
    // Keys past their life are counted by DBSIZE and not found by SCAN.
    let seen = pages.reduce(0) { $0 + $1[keyPath: figure] }
    let live = 1 - facts.staleShare
    return .estimate(
      low: max(seen, UInt64(saturating: Double(low) * live)),
      value: max(seen, UInt64(saturating: Double(value) * live)),
      high: high)
  }

  /// From a count that goes on: what was counted is there.
  mutating func progress(_ tally: KeyTally, seconds: Double) {
    visited = min(tally.visited, total)
    if case .estimate(let low, let value, let high) = keys {
      let counted = tally.matched
      keys = .estimate(low: max(low, counted), value: max(value, counted), high: max(high, counted))
    }
    secondsLeft =
      visited > 0 ? seconds * Double(total - visited) / Double(visited) : nil
  }

  /// From a count that has ended.
  mutating func complete(_ tally: KeyTally) {
    keys = .exact(tally.matched)
    sessions = .exact(tally.sessions)
    sessionsLeftOut = tally.sessionsLeftOut
    dataTypes = tally.dataTypes.mapValues { Double($0) }
    visited = total
    isComplete = true
    secondsLeft = nil
  }

  /// From a file that has been read: all of it goes to this server.
  mutating func take(_ dump: CopySurvey) {
    keys = .exact(dump.keys)
    dataTypes = Dictionary(
      dump.dataTypes.map { (DataType(rawValue: $0.name) ?? .other, Double($0.keys)) },
      uniquingKeysWith: +)
    sample = dump.sample.map(\.bytes)
    loadedBytes = dump.bytes
    total = dump.keys
    visited = total
    isComplete = true
  }

  /// Estimated bytes of the target; nil if no key's size is known.
  var bytes: UInt64? {
    if let loadedBytes { return loadedBytes }
    if keys == .exact(0) { return 0 }
    let sizes = descriptions.compactMap(\.memoryBytes)
    guard !sizes.isEmpty else { return nil }
    let sum = sizes.reduce(0.0) { $0 + Double($1) }
    let bytes = sum / Double(sizes.count) * Double(keys.value)
    return bytes < 0x1p63 ? UInt64(bytes) : nil
  }
}
