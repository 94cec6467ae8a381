package import ConsoleModel

/// A key of a server: what is marked, and what an operation on a row is about.
package struct KeyMark: Sendable, Hashable {
  package var node: NodeID
  package var key: KeyName

  package init(node: NodeID, key: KeyName) {
    self.node = node
    self.key = key
  }
}

/// Keys that the operator set aside, by identity: they stay when lists change, filter or close.
package struct Marks: Sendable, Hashable {
  /// More than anybody marks by hand, and few enough to be listed in a dialog.
  package static let maximum = 10_000

  /// In the order in which they were set.
  package private(set) var all: [KeyMark] = []
  private var known: Set<KeyMark> = []

  package init() {}

  package var isEmpty: Bool { all.isEmpty }
  package var count: Int { all.count }

  package func contains(_ mark: KeyMark) -> Bool { known.contains(mark) }

  /// Sets or removes a mark; false if there is no room for it.
  package mutating func toggle(_ mark: KeyMark) -> Bool {
    if known.remove(mark) != nil {
      all.removeAll { $0 == mark }
      return true
    }
    guard all.count < Self.maximum else { return false }
    known.insert(mark)
    all.append(mark)
    return true
  }

  package mutating func remove(_ marks: some Sequence<KeyMark>) {
    known.subtract(marks)
    all.removeAll { !known.contains($0) }
  }

  package mutating func clear() { self = Marks() }

  /// Servers that have marks, in the order in which they got them.
  package var nodes: [NodeID] {
    var seen: Set<NodeID> = []
    return all.map(\.node).filter { seen.insert($0).inserted }
  }
}
