import ConsoleModel
import Redis

/// Adds up the keys of an analysis, page by page, in memory that does not grow with the keyspace.
struct KeyspaceTally: Sendable {
  private(set) var tree: PrefixTree
  private var biggest: BiggestKeys
  private var types: [String: ShareCell] = [:]
  private var lives = [ShareCell](repeating: ShareCell(), count: Self.lives.count + 2)
  private var pages = PageTotals()

  /// Upper ends in seconds.
  private static let lives: [(name: String, seconds: UInt64)] = [
    ("up to 1 min", 60), ("up to 5 min", 300), ("up to 1 h", 3_600), ("up to 1 d", 86_400),
    ("up to 1 w", 604_800), ("up to 30 d", 2_592_000),
  ]
  /// A server has six types of its own; the rest are of modules.
  private static let mostTypes = 64
  private static let otherTypes = "other types"

  init(depth: Int, nodes: Int, bigKeys: Int) {
    tree = PrefixTree(depth: depth, limit: nodes)
    biggest = BiggestKeys(limit: bigKeys)
  }

  /// One page of one server; keys that are gone are left out.
  ///
  /// - Parameter visited: keys that the page had, wanted or not; nil: those that are given.
  mutating func take(_ keys: [KeyDescription], of node: NodeID, visited: Int? = nil) {
    var whole = (keys: 0.0, bytes: 0.0)
    for key in keys {
      guard key.exists, let type = key.type, let bytes = key.memoryBytes else { continue }
      whole.keys += 1
      whole.bytes += Double(bytes)
      tree.add(key.key, bytes: bytes)
      if biggest.admits(bytes) {
        biggest.offer(
          KeyspaceReport.BigKey(node: node, key: KeyName(key.key), type: type, bytes: bytes))
      }
      let name = types[type] != nil || types.count < Self.mostTypes ? type : Self.otherTypes
      types[name, default: ShareCell()].add(keys: 1, bytes: bytes)
      lives[Self.slot(key.timeToLive)].add(keys: 1, bytes: bytes)
    }
    pages.add(whole, visited: max(whole.keys, Double(visited ?? keys.count)))
    guard whole.keys > 0 else { return }
    tree.endPage(whole)
    for name in Array(types.keys) { types[name]?.endPage(whole) }
    for index in lives.indices { lives[index].endPage(whole) }
  }

  private static func slot(_ life: KeyDescription.TimeToLive?) -> Int {
    guard case .milliseconds(let rest) = life else { return lives.count + 1 }
    return lives.firstIndex { rest <= $0.seconds * 1000 } ?? lives.count
  }

  /// - Parameter sampleOf: keys of the servers of which this was a sample; nil: all were visited.
  func fill(_ report: inout KeyspaceReport, sampleOf size: UInt64?, children: Int) {
    var totals: PageTotals?
    if let size {
      var sized = pages
      sized.size = Double(size)
      totals = sized
      (report.estimatedKeys, report.estimatedBytes) = sized.estimates
    }
    report.root = tree.root(totals, children: children)
    report.bigKeys = biggest.sorted
    report.types =
      types.map { KeyspaceReport.Named(name: $0, group: $1.group(totals)) }
      .sorted { ($0.group.bytes, $1.name) > ($1.group.bytes, $0.name) }
    let names = Self.lives.map(\.name) + ["more", "none"]
    report.lives = zip(names, lives).map {
      KeyspaceReport.Named(name: $0, group: $1.group(totals))
    }
  }

  // MARK: Going on later

  /// Everything but what only a sample needs.
  var parts: KeyspaceCheckpoint.Tally {
    KeyspaceCheckpoint.Tally(
      prefixes: tree.parts, bigKeys: biggest.sorted,
      types: types.sorted { $0.key < $1.key }.map {
        KeyspaceCheckpoint.Count(name: $0.key, keys: $0.value.keys, bytes: $0.value.bytes)
      },
      lives: lives.map { KeyspaceCheckpoint.Count(name: "", keys: $0.keys, bytes: $0.bytes) })
  }

  /// - Returns: false if the parts do not fit together, as in a file that was damaged.
  mutating func restore(_ parts: KeyspaceCheckpoint.Tally) -> Bool {
    guard tree.restore(parts.prefixes), parts.lives.count == lives.count,
      parts.types.count <= Self.mostTypes + 1
    else { return false }
    for key in parts.bigKeys { biggest.offer(key) }
    for count in parts.types { types[count.name] = ShareCell(keys: count.keys, bytes: count.bytes) }
    lives = parts.lives.map { ShareCell(keys: $0.keys, bytes: $0.bytes) }
    return true
  }
}
