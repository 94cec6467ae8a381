/// Where the keys of a command are among its arguments: what chooses the node that it goes to.
///
/// Only commands that this program sends, and their neighbours; a test compares the positions with
/// what a server says (COMMAND GETKEYS).
package enum KeyLocator {
  package enum Location: Sendable, Hashable {
    /// Indexes into the arguments, at least one.
    case keys([Int])
    /// It speaks of one node and not of a key: SCAN, INFO.
    case oneNode
    /// Not a command of the table, or one without the keys that it needs.
    case unknown
  }

  private enum Rule {
    /// From the argument `first` on, each `step`th, to the last one less `rest`.
    case range(first: Int, step: Int, rest: Int)
    /// One key.
    case at(Int)
    /// Two keys.
    case two
    /// The argument says how many keys follow it.
    case counted(at: Int)
    /// A destination first, then as many keys as the second argument says.
    case destinationAndCounted
    case oneNode
  }

  package static func locate(_ command: RedisCommand) -> Location {
    let count = command.arguments.count
    guard let rule = rules[command.statName] else { return .unknown }
    switch rule {
    case .oneNode: return .oneNode
    case .at(let index): return index < count ? .keys([index]) : .unknown
    case .two: return count >= 2 ? .keys([0, 1]) : .unknown
    case .range(let first, let step, let rest):
      guard first < count - rest else { return .unknown }
      return .keys(Array(stride(from: first, to: count - rest, by: step)))
    case .counted(let index):
      return counted(command.arguments, at: index, before: [])
    case .destinationAndCounted:
      return counted(command.arguments, at: 1, before: [0])
    }
  }

  private static func counted(_ arguments: [[UInt8]], at index: Int, before: [Int]) -> Location {
    guard index < arguments.count, let number = Decimal64.unsigned(arguments[index][...]),
      number <= UInt64(arguments.count - index - 1)
    else { return .unknown }
    let keys = before + Array((index + 1)..<(index + 1 + Int(number)))
    return keys.isEmpty ? .unknown : .keys(keys)
  }

  /// Commands with a rule, named as in commandstats; for the test that asks a server.
  package static var names: [String] { rules.keys.sorted() }

  private static let rules: [String: Rule] = {
    var rules: [String: Rule] = [:]
    let first = """
      append bitcount bitpos decr decrby dump expire expireat expiretime get getbit getdel getex \
      getrange getset hdel hexists hget hgetall hincrby hincrbyfloat hkeys hlen hmget hmset hscan \
      hset hsetnx hstrlen hvals incr incrby incrbyfloat lindex linsert llen lpop lpos lpush lpushx \
      lrange lrem lset ltrim persist pexpire pexpireat pexpiretime psetex pttl restore rpop rpush \
      rpushx sadd scard set setbit setex setnx setrange sismember smembers smismember sort sort_ro \
      spop srandmember srem sscan strlen substr ttl type xack xadd xdel xlen xrange xrevrange xtrim \
      zadd zcard zcount zincrby zlexcount zmscore zpopmax zpopmin zrandmember zrange zrangebylex \
      zrangebyscore zrank zrem zremrangebylex zremrangebyrank zremrangebyscore zrevrange \
      zrevrangebyscore zrevrank zscan zscore
      """
    for name in first.split(separator: " ") { rules[String(name)] = .at(0) }
    let second = """
      memory|usage object|encoding object|freq object|idletime object|refcount xinfo|consumers \
      xinfo|groups xinfo|stream xgroup|create xgroup|destroy
      """
    for name in second.split(separator: " ") { rules[String(name)] = .at(1) }
    for name in [
      "mget", "unlink", "del", "exists", "touch", "watch", "sinter", "sunion", "sdiff", "pfcount",
      "pfmerge", "sinterstore", "sunionstore", "sdiffstore",
    ] { rules[name] = .range(first: 0, step: 1, rest: 0) }
    rules["mset"] = .range(first: 0, step: 2, rest: 0)
    rules["msetnx"] = .range(first: 0, step: 2, rest: 0)
    for name in ["rename", "renamenx", "copy", "smove", "rpoplpush", "lmove"] { rules[name] = .two }
    for name in ["eval", "evalsha", "eval_ro", "evalsha_ro", "fcall", "fcall_ro"] {
      rules[name] = .counted(at: 1)
    }
    for name in ["zunion", "zinter", "zdiff", "sintercard"] { rules[name] = .counted(at: 0) }
    for name in ["zunionstore", "zinterstore", "zdiffstore"] {
      rules[name] = .destinationAndCounted
    }
    for name in [
      "scan", "dbsize", "randomkey", "info", "ping", "time", "role", "keys", "flushall", "flushdb",
      "lastsave", "multi", "exec", "discard", "unwatch", "asking", "readonly", "readwrite",
      "client|list", "client|kill", "client|id", "client|info", "client|getname", "cluster|info",
      "cluster|myid", "cluster|nodes", "cluster|shards", "cluster|slots", "config|get",
      "config|set", "config|resetstat", "latency|doctor", "latency|graph", "latency|histogram",
      "latency|history", "latency|latest", "memory|doctor", "memory|stats", "slowlog|get",
      "slowlog|len", "slowlog|reset", "acl|whoami", "acl|dryrun", "command|count", "command|info",
      "script|load", "script|exists",
    ] { rules[name] = .oneNode }
    return rules
  }()
}
