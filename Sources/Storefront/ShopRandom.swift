/// The shop's seeded randomness: equal seeds give equal shops and equal traffic.
///
/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), with the few draws that the shop needs.
package struct ShopRandom: Sendable, Hashable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  /// A stream of its own for one item, so that an item does not depend on what was made before it.
  package init(seed: UInt64, _ kind: ShopKind, _ number: UInt64) {
    let salt = UInt64(kind.ordinal) &* 0xD6E8_FEB8_6659_FD93
    var mixer = ShopRandom(seed: seed ^ salt ^ (number &* 0xA076_1D64_78BD_642F))
    state = mixer.next()
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// 0 ..< `bound`, by multiplication (Lemire 2019); the bias is below 2⁻³² for the bounds used here.
  package mutating func below(_ bound: Int) -> Int {
    Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(max(1, bound))).high)
  }

  package mutating func within(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + below(range.count)
  }

  /// 0 ..< 1
  package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  package mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[below(elements.count)]
  }
}
