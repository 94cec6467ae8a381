internal import ConsoleModel

/// A uniform sample of what is offered, however much that is (Vitter's algorithm R).
struct Reservoir: Sendable {
  let capacity: Int
  private(set) var keys: [[UInt8]] = []
  private(set) var offered: UInt64 = 0
  private var random: SeededRandom

  init(capacity: Int, seed: UInt64) {
    self.capacity = capacity
    random = SeededRandom(seed: seed)
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
