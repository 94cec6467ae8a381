import ConsoleModel
import Testing

@testable import Panels

@Suite struct ValueElementsTests {
  private func rows(_ value: KeyInspection.Value, first: UInt64 = 0) -> [String] {
    guard let elements = ValueElements(value, first: first) else { return [] }
    return (0..<elements.count).compactMap { elements[$0] }.map {
      "\($0.isNested ? "  " : "")\(String(decoding: $0.label, as: UTF8.self))"
        + ($0.isHeading ? "" : "=\(String(decoding: $0.bytes, as: UTF8.self))")
    }
  }

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test func eachTypeHasItsRows() {
    #expect(rows(.hash([.init(field: bytes("f"), value: bytes("v"))])) == ["f=v"])
    #expect(rows(.list([bytes("a"), bytes("b")]), first: 100) == ["100=a", "101=b"])
    #expect(rows(.set([bytes("m")])) == ["=m"])
    #expect(rows(.sortedSet([.init(member: bytes("m"), score: bytes("1.5"))])) == ["1.5=m"])
    let pair = KeyInspection.Pair(field: bytes("k"), value: bytes("v"))
    #expect(
      rows(
        .stream([
          .init(id: bytes("1-0"), fields: [pair, pair]), .init(id: bytes("2-0"), fields: []),
          .init(id: bytes("3-0"), fields: [pair]),
        ])) == ["1-0", "  k=v", "  k=v", "2-0", "3-0", "  k=v"])
  }

  @Test func whatIsNotACollectionHasNone() {
    for value in [KeyInspection.Value.string([1]), .opaque(type: "x"), .masked, .gone] {
      #expect(ValueElements(value, first: 0) == nil)
    }
  }

  @Test func aListBeyondTheNumberRangeDoesNotTrap() {
    #expect(rows(.list([bytes("a"), bytes("b")]), first: .max).count == 2)
  }

  @Test func pagesRememberTheWayBack() {
    var trail = PageTrail()
    #expect(!trail.hasPrevious)
    do {
      let moved = trail.back()
      #expect(!moved)
    }
    trail.advance(to: .cursor([1]), past: 100)
    trail.advance(to: .cursor([2]), past: 80)
    #expect(trail.before == 180)
    #expect(trail.index == 2)
    do {
      let moved = trail.back()
      #expect(moved)
    }
    #expect(trail.current == .cursor([1]))
    #expect(trail.before == 100)
    do {
      let moved = trail.back()
      #expect(moved)
    }
    #expect(trail.current == .start)
    #expect(trail.before == 0)
  }

  @Test func theWayBackIsBoundedAndStillReachesTheStart() {
    var trail = PageTrail()
    for page in 0..<10_000 { trail.advance(to: .offset(UInt64(page + 1)), past: 1) }
    while trail.back() {}
    #expect(trail.current == .start)
    #expect(trail.before == 0)
  }

  @Test func positionsNameTheirRange() {
    #expect(
      PageTrail.describe(unit: "bytes", from: 0, count: 65_536, of: 12_345_678, isUnicode: true)
        == "bytes 0–65,535 of 12,345,678")
    #expect(
      PageTrail.describe(unit: "entries", from: 5, count: 1, of: nil, isUnicode: false)
        == "entries 5-5")
    #expect(
      PageTrail.describe(unit: "members", from: .max, count: 9, of: 0, isUnicode: false)
        .hasPrefix("members 18,446,744"))
    #expect(
      PageTrail.describe(unit: "bytes", from: 0, count: 0, of: 0, isUnicode: true)
        == "no bytes of 0")
  }
}
