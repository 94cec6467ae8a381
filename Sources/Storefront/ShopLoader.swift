/// Finds the value of a key by its name: what the demo's database would answer a loader.
package struct ShopLoader: Sendable {
  package enum Answer: Sendable, Hashable {
    /// A string, and the seconds that it may live.
    case value([UInt8], seconds: Int)
    /// A hash, list or sorted set, which a record of a loader cannot hold.
    case collection(ShopKind)
    /// Not a key of this shop.
    case unknown
  }

  private let keys: ShopKeys
  private let values: ShopValues
  private let counts: [ShopKind: Int]
  /// Search results are named by a hash, which cannot be read backwards.
  private let searches: [String: ShopKeys.Key]

  package init(keys: ShopKeys) {
    self.keys = keys
    values = ShopValues(seed: keys.seed)
    var counts: [ShopKind: Int] = [:]
    var searches: [String: ShopKeys.Key] = [:]
    for key in keys.ranked {
      counts[key.kind, default: 0] += 1
      if key.kind == .search { searches[keys.name(key)] = key }
    }
    self.counts = counts
    self.searches = searches
  }

  package func answer(_ name: String) -> Answer {
    guard let key = key(name) else { return .unknown }
    switch values.value(of: key) {
    case .string(let bytes): return .value(bytes, seconds: seconds(key))
    case .hash, .list, .sortedSet: return .collection(key.kind)
    }
  }

  /// Up to 10 % less than the kind's, so that what was loaded together does not expire together.
  private func seconds(_ key: ShopKeys.Key) -> Int {
    var random = ShopRandom(
      seed: ~keys.seed, key.kind, UInt64(truncatingIfNeeded: key.number))
    return key.kind.timeToLive - random.below(max(1, key.kind.timeToLive / 10))
  }

  /// The key of a name; nil unless the shop gives exactly this name to one of its keys.
  func key(_ name: String) -> ShopKeys.Key? {
    let parts = name.split(separator: ":", omittingEmptySubsequences: false)
    guard let kind = ShopKind(rawValue: String(parts[0])) else { return nil }
    let candidate: ShopKeys.Key?
    switch kind {
    case .search: candidate = searches[name]
    case .product:
      candidate = product(parts)
    case .category:
      candidate = category(parts)
    case .session, .cart, .profile, .orders:
      candidate = parts.count == 2 ? Self.number(parts[1]).map { user(kind, $0) } : nil
    }
    guard let candidate, candidate.number >= 0,
      candidate.number < counts[kind] ?? 0 || candidate == keys.flash,
      keys.name(candidate) == name
    else { return nil }
    return candidate
  }

  private func product(_ parts: [Substring]) -> ShopKeys.Key? {
    guard parts.count == 3, let id = Self.number(parts[1]), id >= 1000,
      let market = ShopWords.markets.firstIndex(of: String(parts[2]))
    else { return nil }
    return ShopKeys.Key(.product, (id - 1000) * ShopWords.markets.count + market)
  }

  private func category(_ parts: [Substring]) -> ShopKeys.Key? {
    guard parts.count == 3, let page = Self.number(parts[2]), page >= 1,
      let category = ShopWords.categories.firstIndex(of: String(parts[1]))
    else { return nil }
    return ShopKeys.Key(.category, (page - 1) * ShopWords.categories.count + category)
  }

  private func user(_ kind: ShopKind, _ id: Int) -> ShopKeys.Key {
    ShopKeys.Key(kind, (id - ShopKeys.user(0)) / (ShopKeys.user(1) - ShopKeys.user(0)))
  }

  /// At most nine digits: nothing here overflows.
  private static func number(_ text: Substring) -> Int? {
    guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return Int(text)
  }
}
