/// Who to ask for each slot: made from a topology, corrected by redirects until the next one.
struct SlotOwners: Sendable {
  private(set) var addresses: [NodeAddress] = []
  /// Index into `addresses` for each slot; `none` where nobody is known.
  private var owner = [UInt16](repeating: none, count: HashSlot.count)
  /// Where each slot's replicas are that seem to work, for each primary.
  private var replicas: [NodeAddress: [NodeAddress]] = [:]

  private static let none = UInt16.max

  init() {}

  init(_ topology: ClusterTopology) {
    for shard in topology.shards where !shard.slots.isEmpty {
      guard let address = shard.primary?.address else { continue }
      let index = self.index(of: address)
      for range in shard.slots.ranges {
        for slot in range { owner[slot] = index }
      }
      replicas[address] = shard.replicas.filter { $0.health != .failed && $0.health != .loading }
        .compactMap(\.address)
    }
  }

  subscript(slot: Int) -> NodeAddress? {
    let index = owner[slot]
    return index == Self.none ? nil : addresses[Int(index)]
  }

  func replicas(of primary: NodeAddress) -> [NodeAddress] { replicas[primary] ?? [] }

  mutating func learn(_ slot: Int, _ address: NodeAddress) { owner[slot] = index(of: address) }

  private mutating func index(of address: NodeAddress) -> UInt16 {
    if let index = addresses.firstIndex(of: address) { return UInt16(index) }
    // A topology has at most 4,096 nodes; redirects to ever new addresses must not trap.
    guard addresses.count < Int(Self.none) else { return Self.none }
    addresses.append(address)
    return UInt16(addresses.count - 1)
  }
}
