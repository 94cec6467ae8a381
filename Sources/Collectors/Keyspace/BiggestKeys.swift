import ConsoleModel

/// The biggest keys of a stream, each once though SCAN may give it twice: a heap with the smallest at
/// its root.
struct BiggestKeys: Sendable {
  let limit: Int
  private var heap: [KeyspaceReport.BigKey] = []

  init(limit: Int) { self.limit = max(0, limit) }

  /// What is smaller is not offered in vain.
  func admits(_ bytes: UInt64) -> Bool {
    heap.count < limit || bytes > (heap.first?.bytes ?? .max)
  }

  mutating func offer(_ key: KeyspaceReport.BigKey) {
    guard limit > 0, admits(key.bytes) else { return }
    // A hundred comparisons, for the few keys that come this far.
    if let known = heap.firstIndex(where: { $0.key == key.key && $0.node == key.node }) {
      heap[known] = key
      heap.sort { $0.bytes < $1.bytes }
      return
    }
    if heap.count < limit {
      heap.append(key)
      var child = heap.count - 1
      while child > 0, heap[child].bytes < heap[(child - 1) / 2].bytes {
        heap.swapAt(child, (child - 1) / 2)
        child = (child - 1) / 2
      }
      return
    }
    heap[0] = key
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && heap[child].bytes < heap[least].bytes { least = child }
      guard least != parent else { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }

  /// The biggest first.
  var sorted: [KeyspaceReport.BigKey] {
    heap.sorted { ($0.bytes, $1.key) > ($1.bytes, $0.key) }
  }
}
