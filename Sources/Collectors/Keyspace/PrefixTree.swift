import ConsoleModel

/// Keys and bytes by prefix, in bounded memory.
///
/// When there are more nodes than allowed, the smallest leaves are folded into what their parent calls
/// other, as in Cormode, Korn, Muthukrishnan, Srivastava: "Finding Hierarchical Heavy Hitters in Data
/// Streams" (VLDB 2003). Nothing is lost on the way up: each node's total is exact for the time since
/// it was (re)made, and what a prefix had before is in the "other" of a node above it. So a prefix has
/// at least what its node says, and at most that plus the sum of "other" of the nodes above it; the
/// root, which is never folded, is exact.
struct PrefixTree: Sendable {
  private struct Node: Sendable {
    var parent: Int
    /// The segment with its separator.
    var name: [UInt8]
    var cell = ShareCell()
    var other = (keys: UInt64(0), bytes: UInt64(0))
    var children = 0
  }

  private struct Edge: Hashable, Sendable {
    var parent: Int
    var name: [UInt8]
  }

  /// Levels below the root at most.
  let depth: Int
  /// Nodes at most, between pages.
  let limit: Int
  private var nodes: [Node?] = [Node(parent: -1, name: [])]
  private var free: [Int] = []
  private var edges: [Edge: Int] = [:]
  private var touched: [Int] = []

  private static let separators: Set<UInt8> = Set(":/|.".utf8)
  /// A longer segment is no name that groups keys; it bounds a node's memory.
  private static let longestSegment = 128

  init(depth: Int = 3, limit: Int = 20_000) {
    self.depth = min(8, max(1, depth))
    self.limit = max(16, limit)
  }

  var count: Int { nodes.count - free.count }

  mutating func add(_ key: [UInt8], bytes: UInt64) {
    var node = 0
    touch(node, bytes)
    var start = key.startIndex
    for _ in 0..<depth {
      guard let end = key[start...].firstIndex(where: Self.separators.contains),
        // What ends in its separator has nothing below it.
        end + 1 < key.endIndex, end - start < Self.longestSegment
      else { return }
      node = child(of: node, Array(key[start...end]))
      touch(node, bytes)
      start = end + 1
    }
  }

  private mutating func touch(_ node: Int, _ bytes: UInt64) {
    if nodes[node]?.cell.isTouched == false { touched.append(node) }
    nodes[node]?.cell.add(keys: 1, bytes: bytes)
  }

  private mutating func child(of parent: Int, _ name: [UInt8]) -> Int {
    let edge = Edge(parent: parent, name: name)
    if let known = edges[edge] { return known }
    let node = Node(parent: parent, name: name)
    let index: Int
    if let reused = free.popLast() {
      index = reused
      nodes[index] = node
    } else {
      index = nodes.count
      nodes.append(node)
    }
    edges[edge] = index
    nodes[parent]?.children += 1
    return index
  }

  /// Settles the page's variation and folds what is too much: between two calls the tree grows by at
  /// most `depth` nodes a key.
  mutating func endPage(_ whole: (keys: Double, bytes: Double)) {
    for index in touched { nodes[index]?.cell.endPage(whole) }
    touched.removeAll(keepingCapacity: true)
    guard count > limit else { return }
    // To three quarters, so that the sort is paid for by many new nodes.
    while count > limit - limit / 4 { fold(count - (limit - limit / 4)) }
  }

  /// Folds up to `excess` leaves, the smallest first; there is at least one.
  private mutating func fold(_ excess: Int) {
    let leaves = nodes.indices.dropFirst()
      .compactMap { index in
        nodes[index].flatMap { $0.children == 0 ? (bytes: $0.cell.bytes, index: index) : nil }
      }
      .sorted { $0 < $1 }
    for leaf in leaves.prefix(excess) {
      guard let node = nodes[leaf.index] else { continue }
      nodes[node.parent]?.other.keys &+= node.cell.keys
      nodes[node.parent]?.other.bytes &+= node.cell.bytes
      nodes[node.parent]?.children -= 1
      edges[Edge(parent: node.parent, name: node.name)] = nil
      nodes[leaf.index] = nil
      free.append(leaf.index)
    }
  }

  // MARK: Going on later

  /// The nodes, each after its parent, the root first.
  var parts: [KeyspaceCheckpoint.Prefix] {
    var below: [Int: [Int]] = [:]
    for (index, node) in nodes.enumerated() {
      if let node, index > 0 { below[node.parent, default: []].append(index) }
    }
    var order = [0]
    var places = [0: 0]
    var next = 0
    while next < order.count {
      for child in below[order[next]] ?? [] {
        places[child] = order.count
        order.append(child)
      }
      next += 1
    }
    return order.compactMap { index in
      nodes[index].map { node in
        KeyspaceCheckpoint.Prefix(
          parent: index == 0 ? 0 : places[node.parent] ?? 0, name: node.name,
          keys: node.cell.keys, bytes: node.cell.bytes, otherKeys: node.other.keys,
          otherBytes: node.other.bytes)
      }
    }
  }

  /// - Returns: false, and nothing is changed, if the parts are not those of a tree like this.
  mutating func restore(_ parts: [KeyspaceCheckpoint.Prefix]) -> Bool {
    guard let root = parts.first, root.name.isEmpty, parts.count <= limit else { return false }
    var fresh: [Node?] = []
    var edges: [Edge: Int] = [:]
    var levels: [Int] = []
    for (index, part) in parts.enumerated() {
      var node = Node(parent: index == 0 ? -1 : part.parent, name: part.name)
      node.cell = ShareCell(keys: part.keys, bytes: part.bytes)
      node.other = (part.otherKeys, part.otherBytes)
      if index > 0 {
        guard (0..<index).contains(part.parent), !part.name.isEmpty,
          part.name.count <= Self.longestSegment, levels[part.parent] < depth,
          edges.updateValue(index, forKey: Edge(parent: part.parent, name: part.name)) == nil
        else { return false }
        fresh[part.parent]?.children += 1
        levels.append(levels[part.parent] + 1)
      } else {
        levels.append(0)
      }
      fresh.append(node)
    }
    nodes = fresh
    free = []
    touched = []
    self.edges = edges
    return true
  }

  // MARK: Reading

  /// - Parameters:
  ///   - pages: nil: counted, not sampled.
  ///   - children: of each node at most, the largest by bytes.
  func root(_ pages: PageTotals?, children limit: Int) -> KeyspaceReport.Prefix {
    var below: [Int: [Int]] = [:]
    for (index, node) in nodes.enumerated() {
      if let node, index > 0 { below[node.parent, default: []].append(index) }
    }
    return prefix(0, [], (0, 0), below, pages, limit)
  }

  private func prefix(
    _ index: Int, _ name: [UInt8], _ lacks: (keys: UInt64, bytes: UInt64), _ below: [Int: [Int]],
    _ pages: PageTotals?, _ limit: Int
  ) -> KeyspaceReport.Prefix {
    guard let node = nodes[index] else {
      return KeyspaceReport.Prefix(name: name, group: KeyspaceReport.Group())
    }
    let under = (keys: lacks.keys &+ node.other.keys, bytes: lacks.bytes &+ node.other.bytes)
    // By name where they are equal: two reports of the same keys read the same.
    let children = (below[index] ?? []).sorted {
      let (left, right) = (nodes[$0], nodes[$1])
      let (more, less) = (left?.cell.bytes ?? 0, right?.cell.bytes ?? 0)
      guard more == less else { return more > less }
      return (left?.name ?? []).lexicographicallyPrecedes(right?.name ?? [])
    }
    return KeyspaceReport.Prefix(
      name: name, group: node.cell.group(pages), mayLackKeys: lacks.keys,
      mayLackBytes: lacks.bytes,
      other: KeyspaceReport.Group(keys: node.other.keys, bytes: node.other.bytes),
      children: children.prefix(limit).map {
        prefix($0, name + (nodes[$0]?.name ?? []), under, below, pages, limit)
      })
  }
}
