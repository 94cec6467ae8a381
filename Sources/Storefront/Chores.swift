import Redis

/// What goes wrong in a real shop, at fixed intervals: slow commands and errors.
struct Chores: Sendable {
  struct Chore: Sendable {
    /// Seconds between two runs, and before the first.
    var period: Int
    var commands: [RedisCommand]
  }

  /// All product ids of a category, and those on sale: large sets that jobs read whole.
  static let shoes = "category:shoes:ids"
  static let sale = "category:sale:ids"
  private static let shoesCount = 40_000

  /// Somebody's report reads large collections whole: 2 … 20 ms each on a fast machine.
  static let slow: [Chore] = [
    Chore(period: 3, commands: [RedisCommand("SMEMBERS", shoes)]),
    Chore(period: 7, commands: [RedisCommand("SORT", sale, "ALPHA", "DESC", "LIMIT", "0", "20")]),
    Chore(period: 11, commands: [RedisCommand("SINTER", shoes, sale)]),
    Chore(period: 13, commands: [RedisCommand("KEYS", "search:*")]),
  ]

  /// Somebody's old client takes a key for what it is not.
  static let failing: [Chore] = [
    Chore(period: 2, commands: [RedisCommand("LPUSH", shoes, "1181")]),
    Chore(period: 5, commands: [RedisCommand("INCR", "bestsellers:today")]),
    Chore(period: 9, commands: [RedisCommand("HINCRBY", "shop:settings", "currency", "1")]),
    Chore(
      period: 15,
      commands: [RedisCommand("EVALSHA", String(repeating: "0", count: 40), "0")]),
  ]

  /// What the chores work on.
  static func stock() -> [RedisCommand] {
    var commands = [RedisCommand("HSET", "shop:settings", "currency", "EUR", "theme", "autumn")]
    // Small commands: stocking the shop is not what should head its slow log.
    for start in stride(from: 0, to: shoesCount, by: 200) {
      let ids = (start..<start + 200).map { String(1_000 + $0 * 3) }
      commands.append(RedisCommand("SADD", [shoes] + ids))
      if start % 800 == 0 { commands.append(RedisCommand("SADD", [sale] + ids)) }
    }
    return commands
  }
}
