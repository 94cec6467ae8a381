/// Up to `limit` of the keys that were hit, each with the same chance (Vitter's algorithm R,
/// https://doi.org/10.1145/3147.3165): what verification looks at again.
package struct HitSample: Sendable {
  package private(set) var keys: [[UInt8]] = []
  package private(set) var seen: UInt64 = 0
  private let limit: Int
  private var state: UInt64

  package init(limit: Int = 10_000, seed: UInt64) {
    self.limit = limit
    state = seed
  }

  package mutating func add(_ key: [UInt8]) {
    seen &+= 1
    if keys.count < limit {
      keys.append(key)
      return
    }
    let slot = next() % seen
    if slot < UInt64(limit) { keys[Int(slot)] = key }
  }

  /// SplitMix64 (https://doi.org/10.1145/2660193.2660195).
  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
