import Redis

/// The shop's operations as commands.
struct ShopCommands: Sendable {
  let keys: ShopKeys
  let values: ShopValues

  init(keys: ShopKeys) {
    self.keys = keys
    values = ShopValues(seed: keys.seed)
  }

  /// Collections are written in parts, so that one command stays small beside the server's buffers.
  private static let part = 500

  /// One look-up. Lists and sorted sets are read as a category page is: its first 48 entries.
  func read(_ key: ShopKeys.Key) -> RedisCommand {
    let name = keys.name(key)
    switch key.kind {
    case .product, .search, .profile, .orders: return RedisCommand("GET", name)
    case .session, .cart: return RedisCommand("HGETALL", name)
    case .category:
      return key.number % 2 == 0
        ? RedisCommand("ZREVRANGE", name, "0", "47", "WITHSCORES")
        : RedisCommand("LRANGE", name, "0", "47")
    }
  }

  /// True for the reply of a look-up that found nothing.
  static func isMiss(_ reply: RESPValue) -> Bool {
    switch reply {
    case .null: true
    case .array(let elements): elements.isEmpty
    case .simple, .bulk, .integer, .error: false
    }
  }

  /// Writes the whole value; `lifetime` in milliseconds.
  func fill(_ key: ShopKeys.Key, lifetime: Int) -> [RedisCommand] {
    let name = Array(keys.name(key).utf8)
    let milliseconds = Array(String(lifetime).utf8)
    switch values.value(of: key) {
    case .string(let bytes):
      return [RedisCommand("SET", name, bytes, Array("PX".utf8), milliseconds)]
    case .hash(let pairs):
      return replace(
        name, "HSET", pairs.map { [Array($0.field.utf8), $0.value] }, milliseconds)
    case .list(let elements):
      return replace(name, "RPUSH", elements.map { [$0] }, milliseconds)
    case .sortedSet(let members):
      return replace(
        name, "ZADD", members.map { [Array(String($0.score).utf8), Array($0.member.utf8)] },
        milliseconds)
    }
  }

  /// Two visitors may miss at once and both fill: without the DEL a list would then be twice as long.
  private func replace(
    _ name: [UInt8], _ command: String, _ items: [[[UInt8]]], _ milliseconds: [UInt8]
  ) -> [RedisCommand] {
    var commands = [RedisCommand("DEL", name)]
    for start in stride(from: 0, to: items.count, by: Self.part) {
      let slice = items[start..<min(start + Self.part, items.count)]
      commands.append(RedisCommand(command, [name] + slice.flatMap { $0 }))
    }
    commands.append(RedisCommand("PEXPIRE", name, milliseconds))
    return commands
  }

  /// What follows a look-up that found its key: the visitor did something.
  func use(_ key: ShopKeys.Key, number: Int) -> [RedisCommand] {
    let name = keys.name(key)
    let expire = RedisCommand("EXPIRE", name, String(key.kind.timeToLive))
    switch key.kind {
    case .session:
      return [RedisCommand("HSET", name, "last_page", "/p/\(number)"), expire]
    case .cart:
      return [RedisCommand("HSET", name, "last_added", "product \(number)"), expire]
    case .product, .search, .category, .profile, .orders: return []
    }
  }

  func invalidate(_ key: ShopKeys.Key) -> RedisCommand { RedisCommand("DEL", keys.name(key)) }

  /// One entry in the stream of the last 5,000 events, one point among the best sellers.
  func event(_ key: ShopKeys.Key, number: Int) -> [RedisCommand] {
    let product = "product:\(ShopKeys.productID(number % 9_000))"
    return [
      RedisCommand(
        "XADD", "events:orders", "MAXLEN", "~", "5000", "*", "order", String(40_000_000 + number),
        "product", product, "user", String(ShopKeys.user(number % 4_000)), "state", "paid"),
      RedisCommand("ZINCRBY", "bestsellers:today", "1", product),
      RedisCommand("SADD", "visitors:today", String(ShopKeys.user(number))),
    ]
  }
}
