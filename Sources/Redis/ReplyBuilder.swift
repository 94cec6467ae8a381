/// Puts one reply together from the elements that the parser reports, within bounds.
///
/// Pure: the parser's depth-first order is all it relies on.
package struct ReplyBuilder {
  package struct Limits: Sendable, Hashable {
    /// Bytes of one reply on the wire.
    package var replyBytes = 32 << 20
    /// Elements of one reply, in arrays of all levels.
    package var elements = 1 << 20
    /// Levels of arrays; hiredis 0.14 parses 8 at most, which `COMMAND` uses.
    package var nesting = 8
    /// Bytes of buffer that are kept between replies: a scan is faster with much, hundreds of connections that
    /// are asked once in two seconds are smaller with little.
    package var keptBytes = 256 << 10

    package init() {}
  }

  /// Why a reply is not taken.
  package enum Refusal: Sendable, Hashable {
    case elements
    case nesting
  }

  private struct Open {
    var elements: [RESPValue]
    var missing: Int
  }

  let limits: Limits
  private(set) var refusal: Refusal?
  private var complete: RESPValue?
  private var open: [Open] = []
  private var elements = 0

  init(limits: Limits) { self.limits = limits }

  /// The reply that the last element completed.
  mutating func takeComplete() -> RESPValue? {
    defer { complete = nil }
    return complete
  }

  /// False: the reply is refused, and so is all that follows.
  mutating func add(_ value: consuming RESPValue) -> Bool {
    guard refusal == nil else { return false }
    guard !open.isEmpty else {
      complete = value
      return true
    }
    while let last = open.indices.last {
      open[last].elements.append(value)
      open[last].missing -= 1
      guard open[last].missing == 0 else { return true }
      value = .array(open.removeLast().elements)
    }
    complete = value
    elements = 0
    return true
  }

  /// An array of `count` elements begins.
  mutating func beginArray(_ count: Int64) -> Bool {
    guard refusal == nil else { return false }
    guard count >= 0, count <= limits.elements - elements else {
      refusal = .elements
      return false
    }
    guard open.count < limits.nesting else {
      refusal = .nesting
      return false
    }
    guard count > 0 else { return add(.array([])) }
    let count = Int(count)
    elements += count
    var array: [RESPValue] = []
    // The announced length is only a claim: memory is taken as elements come.
    array.reserveCapacity(min(count, 4096))
    open.append(Open(elements: array, missing: count))
    return true
  }
}
