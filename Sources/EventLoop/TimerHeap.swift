/// Deadlines in order, with cancellation by identity. Pure: the loop asks it what is due.
package struct TimerHeap<Payload> {
  private struct Entry {
    var deadline: Int64
    var id: UInt64
  }

  /// A binary heap; an entry whose payload is gone was cancelled and is dropped when it surfaces.
  private var entries: [Entry] = []
  private var payloads: [UInt64: Payload] = [:]

  package init() {}

  package var count: Int { payloads.count }

  /// True if this deadline is now the earliest.
  package mutating func insert(_ payload: Payload, id: UInt64, at deadline: Int64) -> Bool {
    payloads[id] = payload
    entries.append(Entry(deadline: deadline, id: id))
    siftUp(entries.count - 1)
    return entries[0].id == id
  }

  package mutating func remove(id: UInt64) -> Payload? {
    guard let payload = payloads.removeValue(forKey: id) else { return nil }
    // Far deadlines that are cancelled again and again must not pile up.
    if entries.count > 64, entries.count > payloads.count * 2 { compact() }
    return payload
  }

  /// The earliest deadline that is still wanted.
  package mutating func nextDeadline() -> Int64? {
    while let first = entries.first {
      if payloads[first.id] != nil { return first.deadline }
      removeFirst()
    }
    return nil
  }

  /// Removes and returns one payload whose deadline is not after `now`.
  package mutating func popDue(at now: Int64) -> Payload? {
    while let first = entries.first, first.deadline <= now {
      removeFirst()
      if let payload = payloads.removeValue(forKey: first.id) { return payload }
    }
    return nil
  }

  private mutating func compact() {
    let alive = entries.filter { payloads[$0.id] != nil }
    // A sorted array is a heap.
    entries = alive.sorted { Self.isBefore($0, $1) }
  }

  private mutating func removeFirst() {
    let last = entries.removeLast()
    guard !entries.isEmpty else { return }
    entries[0] = last
    siftDown()
  }

  private mutating func siftUp(_ start: Int) {
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      guard Self.isBefore(entries[child], entries[parent]) else { return }
      entries.swapAt(child, parent)
      child = parent
    }
  }

  private mutating func siftDown() {
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < entries.count && Self.isBefore(entries[child], entries[least]) {
        least = child
      }
      guard least != parent else { return }
      entries.swapAt(parent, least)
      parent = least
    }
  }

  /// Equal deadlines keep the order in which they were set.
  private static func isBefore(_ left: Entry, _ right: Entry) -> Bool {
    (left.deadline, left.id) < (right.deadline, right.id)
  }
}
