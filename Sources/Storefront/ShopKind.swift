/// The shop's data types, with the sizes and lifetimes that the platform gives them.
package enum ShopKind: String, Sendable, Hashable, CaseIterable {
  case product, search, category, session, cart, profile, orders

  /// Bytes of a value (for collections: of its members).
  package var bytes: ClosedRange<Int> {
    switch self {
    case .product: 1_000...5_000
    case .search, .category: 5_000...100_000
    case .session: 2_000...10_000
    case .cart: 1_000...50_000
    case .profile: 1_000...20_000
    case .orders: 5_000...200_000
    }
  }

  /// Seconds that a value lives after it was filled; a session's start again when it is used.
  package var timeToLive: Int {
    switch self {
    case .product, .profile: 300
    case .search, .category: 600
    case .session: 1800
    case .cart: 3600
    case .orders: 60
    }
  }

  /// Keys of this kind among 20,000: most are products and sessions. Together some 115 MB in
  /// the server: the demo's 128 MB hold the shop, and evict its long tail.
  package var share: Int {
    switch self {
    case .product: 9_650
    case .session: 4_500
    case .profile: 2_600
    case .cart: 2_000
    case .search: 600
    case .orders: 450
    case .category: 200
    }
  }

  /// Its place among the kinds, for seeds.
  var ordinal: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
