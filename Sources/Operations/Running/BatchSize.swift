/// Keys for each batch, so that the server is never busy with one for long.
package struct BatchSize: Sendable, Hashable {
  package private(set) var keys: Int
  package let largest: Int
  private static let smallest = 20
  private var calm = 0
  private var slow = 0

  /// Time that a batch may take; half of what must never be exceeded.
  private let targetMicroseconds: Double
  /// Slow batches in a row that make them smaller.
  private let patience: Int
  /// Bytes of small strings that a batch may free in line: 0.1 ms for each MB, measured.
  package static let largestBytes: UInt64 = 16 << 20
  /// Bytes that are read or written together where values themselves are on their way.
  package static let largestValues = 4 << 20

  /// - Parameter isPaced: false where others may have to wait up to 10 ms, not 5, and where some slow
  ///   answers are more likely a busy machine, on which smaller batches only take longer.
  package init(largest: Int, isPaced: Bool = true) {
    self.largest = largest
    targetMicroseconds = isPaced ? 2500 : 5000
    patience = isPaced ? 1 : 4
    keys = largest
  }

  /// - Parameter microseconds: from sending a batch to its answer: what others had to wait at most.
  package mutating func observe(microseconds: Double) {
    if microseconds > targetMicroseconds {
      calm = 0
      slow += 1
      guard slow >= patience else { return }
      keys = max(min(Self.smallest, largest), keys / 2)
      slow = 0
    } else {
      slow = 0
      calm += 1
      if calm >= 16 {
        keys = min(largest, keys + max(1, keys / 4))
        calm = 0
      }
    }
  }

  /// Cuts `keys` so that no part has more bytes than it should, and not many more keys: a page of SCAN
  /// may be a little longer than what was asked for.
  package func parts(
    _ keys: [[UInt8]], bytes: [UInt64?]?, largest: UInt64 = Self.largestBytes
  ) -> [Range<Int>] {
    let limit = keys.count <= self.keys + self.keys / 8 ? keys.count : self.keys
    if bytes == nil, keys.count == limit { return keys.isEmpty ? [] : [0..<limit] }
    var parts: [Range<Int>] = []
    var start = 0
    var sum: UInt64 = 0
    for index in keys.indices {
      let size = (bytes.flatMap { $0[index] }) ?? 0
      let isFull = index - start >= limit || size > largest - sum
      if isFull, index > start {
        parts.append(start..<index)
        start = index
        sum = 0
      }
      sum = sum &+ min(size, largest)
    }
    if start < keys.count { parts.append(start..<keys.count) }
    return parts
  }
}
