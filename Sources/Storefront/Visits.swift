/// What the shop's visitors do, one operation after the other: a pure function of the seed.
///
/// Shares are those of a read-mostly shop. The tail (searches nobody made before, products hardly
/// anyone looks at) misses the cache and is filled, so that the hit ratio settles at 90–95 % and a full
/// server evicts.
package struct Visits: Sendable {
  package enum Operation: Sendable, Hashable {
    /// Look up, and fill on a miss (cache-aside).
    case read(ShopKeys.Key)
    /// Look up what does not exist anywhere: a miss that fills nothing.
    case readAbsent(ShopKeys.Key)
    /// Look up, then change: a session is touched, a cart gets a line.
    case use(ShopKeys.Key)
    /// A product changed: its copies are dropped.
    case invalidate(ShopKeys.Key)
    /// Something happened: one entry in the events stream and in the best sellers.
    case event(ShopKeys.Key)
  }

  private let keys: ShopKeys
  private let zipf: Zipf
  private let flashShare: Double
  private var random: ShopRandom

  /// Numbers above this are the tail: never stocked at the start.
  private static let tail = 1_000_000

  package init(keys: ShopKeys, zipf: Zipf, flashShare: Double, seed: UInt64) {
    self.keys = keys
    self.zipf = zipf
    self.flashShare = flashShare
    random = ShopRandom(seed: seed)
  }

  /// - Parameter stocked: ranks that are filled so far; nobody asks for what the shop does not have yet.
  package mutating func next(stocked: Int) -> Operation {
    if random.unit() < flashShare { return .read(keys.flash) }
    let key = keys.ranked[zipf.rank(&random) % max(1, min(stocked, keys.ranked.count))]
    switch random.below(1000) {
    case 0..<12: return .read(ShopKeys.Key(.search, tailNumber()))
    case 12..<48: return .read(ShopKeys.Key(.product, tailNumber()))
    case 48..<62: return .readAbsent(ShopKeys.Key(.product, tailNumber()))
    case 62..<66: return .invalidate(ShopKeys.Key(.product, 1 + random.below(9_000)))
    case 66..<76: return .event(key)
    case 76..<176: return key.kind == .session || key.kind == .cart ? .use(key) : .read(key)
    default: return .read(key)
    }
  }

  /// A time to live with up to 10 % taken off, so that what was filled together does not expire
  /// together; at the start of the shop anything down to a tenth, as if it had been open for long.
  package mutating func lifetime(of kind: ShopKind, atOpening: Bool = false) -> Int {
    let whole = kind.timeToLive * 1000
    return whole - random.below(atOpening ? whole * 9 / 10 : whole / 10)
  }

  /// A short number for texts such as a session's last page.
  package mutating func number() -> Int { random.below(100_000) }

  private mutating func tailNumber() -> Int { Self.tail + random.below(50_000_000) }
}
