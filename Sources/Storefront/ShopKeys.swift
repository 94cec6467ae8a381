/// The shop's keys by popularity: rank 0 is asked for most.
///
/// Names follow the platform's patterns: `product:{id}:{market}`, `session:{user}`, `cart:{user}`,
/// `search:{generation}:{sha}`, `category:{name}:{page}`, `profile:{user}`, `orders:{user}`.
package struct ShopKeys: Sendable {
  /// One key: its kind and its number among its kind.
  package struct Key: Sendable, Hashable {
    package var kind: ShopKind
    package var number: Int

    package init(_ kind: ShopKind, _ number: Int) {
      self.kind = kind
      self.number = number
    }
  }

  package let seed: UInt64
  /// Every key, most popular first.
  package let ranked: [Key]
  /// The product of the flash sale: `product:1181:de`.
  package let flash = Key(.product, 1086)

  private let generation: String

  /// Popular ranks that hold only what a shop's visitors share; without this, chance could make
  /// one user's order history of 200 KB the second hottest key.
  private static let front = 96

  /// - Parameter count: keys in all, 100 or more.
  package init(seed: UInt64, count: Int = 20_000) {
    self.seed = seed
    let total = ShopKind.allCases.reduce(0) { $0 + $1.share }
    var shared: [Key] = []
    var personal: [Key] = []
    for kind in ShopKind.allCases {
      let keys = (0..<max(1, kind.share * count / total)).map { Key(kind, $0) }
      switch kind {
      case .product, .category, .search: shared += keys
      case .session, .cart, .profile, .orders: personal += keys
      }
    }
    var random = ShopRandom(seed: seed)
    generation = Self.hex(random.next(), 8)
    Self.shuffle(&shared, &random)
    let head = shared.prefix(Self.front)
    var tail = Array(shared.dropFirst(head.count)) + personal
    Self.shuffle(&tail, &random)
    ranked = head + tail
  }

  /// The key's name.
  package func name(_ key: Key) -> String {
    switch key.kind {
    case .product: "product:\(Self.productID(key.number)):\(Self.market(key.number))"
    case .session, .cart, .profile, .orders: "\(key.kind.rawValue):\(Self.user(key.number))"
    case .search: "search:\(generation):\(sha(key.number))"
    case .category:
      "category:\(ShopWords.categories[key.number % ShopWords.categories.count]):"
        + "\(key.number / ShopWords.categories.count + 1)"
    }
  }

  /// A product id is sold in every market.
  package static func productID(_ number: Int) -> Int { 1000 + number / 6 }

  package static func market(_ number: Int) -> String {
    ShopWords.markets[number % ShopWords.markets.count]
  }

  /// User ids are spread, as ids of a real platform are.
  package static func user(_ number: Int) -> Int { 10_007 + number * 37 }

  /// Sixteen hexadecimal digits that stand for a query's hash.
  private func sha(_ number: Int) -> String {
    var random = ShopRandom(seed: seed, .search, UInt64(truncatingIfNeeded: number))
    return Self.hex(random.next(), 16)
  }

  private static func hex(_ value: UInt64, _ digits: Int) -> String {
    let text = String(value, radix: 16)
    return String((String(repeating: "0", count: 16) + text).suffix(digits))
  }

  /// Fisher–Yates with our own generator: the standard one's order may change with the toolchain.
  private static func shuffle(_ keys: inout [Key], _ random: inout ShopRandom) {
    for index in stride(from: keys.count - 1, to: 0, by: -1) {
      keys.swapAt(index, random.below(index + 1))
    }
  }
}
