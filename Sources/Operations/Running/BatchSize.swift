/// Keys for each batch, so that the server is never busy with one for long.
package struct BatchSize: Sendable, Hashable {
  package private(set) var keys: Int
  package let largest: Int
  private static let smallest = 20
  private var calm = 0

  /// Server time that a batch may take; half of what must never be exceeded.
  package static let targetMicroseconds = 2500.0
  /// Bytes of small strings that a batch may free in line: 0.1 ms for each MB, measured.
  package static let largestBytes: UInt64 = 16 << 20

  package init(largest: Int) {
    self.largest = largest
    keys = largest
  }

  /// - Parameter microseconds: from sending a batch to its answer: what others had to wait at most.
  package mutating func observe(microseconds: Double) {
    if microseconds > Self.targetMicroseconds {
      keys = max(Self.smallest, keys / 2)
      calm = 0
    } else {
      calm += 1
      if calm >= 16 {
        keys = min(largest, keys + max(1, keys / 4))
        calm = 0
      }
    }
  }

  /// Cuts `keys` so that no part has more keys or bytes than it should.
  package func parts(_ keys: [[UInt8]], bytes: [UInt64?]?) -> [Range<Int>] {
    var parts: [Range<Int>] = []
    var start = 0
    var sum: UInt64 = 0
    for index in keys.indices {
      let size = (bytes.flatMap { $0[index] }) ?? 0
      let isFull = index - start >= self.keys || sum &+ size > Self.largestBytes
      if isFull, index > start {
        parts.append(start..<index)
        start = index
        sum = 0
      }
      sum = sum &+ min(size, Self.largestBytes)
    }
    if start < keys.count { parts.append(start..<keys.count) }
    return parts
  }
}
