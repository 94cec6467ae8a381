/// A small seeded generator, so that a plan's sample can be drawn again.
///
/// Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
struct SampleRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// A uniform sample of what is offered, however much that is (Vitter's algorithm R).
struct Reservoir: Sendable {
  let capacity: Int
  private(set) var keys: [[UInt8]] = []
  private(set) var offered: UInt64 = 0
  private var random: SampleRandom

  init(capacity: Int, seed: UInt64) {
    self.capacity = capacity
    random = SampleRandom(seed: seed)
  }

  mutating func offer(_ key: [UInt8]) {
    offered &+= 1
    if keys.count < capacity {
      keys.append(key)
    } else {
      let slot = UInt64.random(in: 0..<offered, using: &random)
      if slot < UInt64(capacity) { keys[Int(slot)] = key }
    }
  }

  /// True if nothing that was offered is missing.
  var isWhole: Bool { offered == UInt64(keys.count) }
}
