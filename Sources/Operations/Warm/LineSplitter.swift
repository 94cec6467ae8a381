/// Cuts a stream of bytes into numbered lines. A line beyond the limit costs no memory: it is counted
/// and thrown away.
package struct LineSplitter: Sendable {
  package enum Line: Sendable, Hashable {
    case text(ArraySlice<UInt8>, number: Int)
    case tooLong(number: Int)
  }

  /// Bytes of a line at most.
  package let limit: Int
  private var rest: [UInt8] = []
  private var isSkipping = false
  /// The number of the line that comes next.
  private var number = 1

  package init(limit: Int) { self.limit = limit }

  package mutating func append(_ bytes: some Sequence<UInt8>, _ line: (Line) -> Void) {
    var piece = Array(bytes)[...]
    while let end = piece.firstIndex(of: 0x0A) {
      take(piece[..<end])
      finishLine(line)
      piece = piece[(end + 1)...]
    }
    take(piece)
  }

  /// The last line, where it has no newline.
  package mutating func finish(_ line: (Line) -> Void) {
    if isSkipping || !rest.isEmpty { finishLine(line) }
  }

  private mutating func take(_ piece: ArraySlice<UInt8>) {
    guard !isSkipping else { return }
    if rest.count + piece.count > limit {
      isSkipping = true
      rest = []
    } else {
      rest += piece
    }
  }

  private mutating func finishLine(_ line: (Line) -> Void) {
    line(isSkipping ? .tooLong(number: number) : .text(rest[...], number: number))
    number += 1
    isSkipping = false
    rest.removeAll(keepingCapacity: rest.count < 1 << 20)
  }
}
