/// The counter that each key had in the pass before, in 128 KB whatever the number of keys: a slot
/// for each hash, with eight more bits of the hash to tell most strangers apart.
///
/// It only decides who becomes a candidate, never a figure: a stranger that slips through costs a
/// few more readings.
package struct CounterMemory: Sendable {
  package static let slots = 65_536
  /// With more keys than this each slot is overwritten too often to be worth asking.
  package static let maximumKeys: UInt64 = 4 * UInt64(slots)

  private var table: [UInt16] = []

  package init() {}

  /// Stores `counter` and returns what the slot had for this key; `minute` is not kept, passes are
  /// short.
  package mutating func exchange(_ key: [UInt8], _ counter: UInt8) -> UInt8? {
    if table.isEmpty { table = [UInt16](repeating: 0, count: Self.slots) }
    let hash = Self.hash(key)
    let slot = Int(hash & UInt64(Self.slots - 1))
    // Tag 0 means empty.
    let tag = UInt16(truncatingIfNeeded: (hash >> 32) % 255) + 1
    defer { table[slot] = tag << 8 | UInt16(counter) }
    return table[slot] >> 8 == tag ? UInt8(truncatingIfNeeded: table[slot]) : nil
  }

  package mutating func clear() { table = [] }

  /// FNV-1a with a final mix, so that the tag's bits do not follow the slot's.
  private static func hash(_ key: [UInt8]) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    hash ^= hash >> 29
    return hash &* 0xbf58_476d_1ce4_e5b9
  }
}
