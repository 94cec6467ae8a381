package import ConsoleModel

/// The pages of one value that were walked through: servers page forwards only (cursors, stream
/// ids), so the way back is remembered.
package struct PageTrail: Sendable, Hashable {
  /// How many pages back can be gone; older ones are forgotten, the first is not.
  package static let capacity = 4096

  /// Where the pages before the present one begin, and what was counted before each.
  private var earlier: [Step] = []
  package private(set) var current = PagePosition.start
  /// Elements (or bytes of a string) on the pages before this one, as far as they were walked.
  package private(set) var before: UInt64 = 0
  /// Pages before this one.
  package private(set) var index = 0

  private struct Step: Sendable, Hashable {
    var position: PagePosition
    var before: UInt64
  }

  package init() {}

  package var hasPrevious: Bool { !earlier.isEmpty }

  /// - Parameter count: elements, or bytes of a string, on the page that is left.
  package mutating func advance(to next: PagePosition, past count: Int) {
    earlier.append(Step(position: current, before: before))
    if earlier.count > Self.capacity { earlier.remove(at: 1) }
    current = next
    index += 1
    let sum = before.addingReportingOverflow(UInt64(max(0, count)))
    before = sum.overflow ? .max : sum.partialValue
  }

  /// Back to the page before; false where there is none.
  package mutating func back() -> Bool {
    guard let step = earlier.popLast() else { return false }
    current = step.position
    before = step.before
    index = earlier.isEmpty ? 0 : max(0, index - 1)
    return true
  }

  /// `bytes 0–65,535 of 12,345,678`, `elements 100–199 of 5,000`; the end of a range is its last
  /// member.
  package static func describe(
    unit: String, from start: UInt64, count: Int, of total: UInt64?, isUnicode: Bool
  ) -> String {
    let whole = total.map { " of \(grouped($0))" } ?? ""
    guard count > 0 else { return "no \(unit)\(whole)" }
    let last = start.addingReportingOverflow(UInt64(count - 1)).partialValue
    return "\(unit) \(grouped(start))\(isUnicode ? "–" : "-")\(grouped(last))\(whole)"
  }

  /// `12,345,678`
  package static func grouped(_ value: UInt64) -> String {
    let digits = String(value)
    guard digits.utf8.count > 3 else { return digits }
    var text = ""
    for (position, digit) in digits.enumerated() {
      if position > 0, (digits.utf8.count - position).isMultiple(of: 3) { text += "," }
      text.append(digit)
    }
    return text
  }
}
