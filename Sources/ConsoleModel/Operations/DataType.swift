/// What the platform keeps under a key, told by the key's prefix.
package enum DataType: String, Sendable, Hashable, CaseIterable {
  case product, search, category, session, cart, profile, orders
  /// A key whose prefix is none of the platform's.
  case other

  package init(key: some Collection<UInt8>) {
    let prefix = String(decoding: key.prefix(12).prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
    self = Self.byName[prefix] ?? .other
  }

  private static let byName = Dictionary(
    uniqueKeysWithValues: allCases.filter { $0 != .other }.map { ($0.rawValue, $0) })

  /// True where a deleted entry is known to come back from the database. Nothing is known of `other`.
  package var isReloadable: Bool {
    switch self {
    case .product, .search, .category, .cart, .profile, .orders: true
    case .session, .other: false
    }
  }

  /// True for what only an administrator may keep a copy of.
  package var isGuarded: Bool { self == .session || self == .cart }

  /// What hangs on these keys, in words for a preview; nil: nothing that is known.
  package var dependents: String? {
    switch self {
    case .product: "search results and category pages that show a product keep it up to 600 s"
    case .search: "search pages are built again from the database"
    case .category: "category pages are built again from the database"
    case .session: "users are logged out; sessions cannot be loaded again"
    case .cart: "carts are read from the database again"
    case .profile: "profiles are read from the database again"
    case .orders: "order histories are read from the database again"
    case .other: nil
    }
  }
}
