import ConsoleModel

/// The key that a command in the slow log is about.
enum SlowKey {
  /// Commands whose first argument is a key. Others name none, or none that can be told from an
  /// entry alone.
  private static let first: Set<String> = [
    "GET", "SET", "SETEX", "PSETEX", "SETNX", "GETSET", "GETDEL", "GETEX", "APPEND", "STRLEN",
    "INCR", "INCRBY", "INCRBYFLOAT", "DECR", "DECRBY", "GETRANGE", "SETRANGE", "SUBSTR", "MGET",
    "MSET", "MSETNX", "GETBIT", "SETBIT", "BITCOUNT", "BITPOS", "BITFIELD", "BITFIELD_RO",
    "DEL", "UNLINK", "EXISTS", "EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT", "EXPIRETIME",
    "PEXPIRETIME", "TTL", "PTTL", "PERSIST", "TYPE", "DUMP", "RESTORE", "RENAME", "RENAMENX",
    "COPY", "MOVE", "SORT", "SORT_RO", "TOUCH",
    "HGET", "HSET", "HSETNX", "HMGET", "HMSET", "HGETALL", "HKEYS", "HVALS", "HLEN", "HDEL",
    "HEXISTS", "HINCRBY", "HINCRBYFLOAT", "HSCAN", "HSTRLEN", "HRANDFIELD", "HEXPIRE",
    "LPUSH", "RPUSH", "LPUSHX", "RPUSHX", "LPOP", "RPOP", "LLEN", "LRANGE", "LINDEX", "LSET",
    "LREM", "LTRIM", "LINSERT", "LPOS", "LMOVE", "RPOPLPUSH", "BLPOP", "BRPOP", "BLMOVE",
    "SADD", "SREM", "SCARD", "SMEMBERS", "SISMEMBER", "SMISMEMBER", "SPOP", "SRANDMEMBER",
    "SSCAN", "SMOVE", "SINTER", "SUNION", "SDIFF", "SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE",
    "ZADD", "ZREM", "ZCARD", "ZCOUNT", "ZSCORE", "ZMSCORE", "ZRANK", "ZREVRANK", "ZRANGE",
    "ZREVRANGE", "ZRANGEBYSCORE", "ZREVRANGEBYSCORE", "ZRANGEBYLEX", "ZREVRANGEBYLEX",
    "ZLEXCOUNT", "ZINCRBY", "ZPOPMIN", "ZPOPMAX", "ZRANDMEMBER", "ZSCAN", "ZREMRANGEBYRANK",
    "ZREMRANGEBYSCORE", "ZREMRANGEBYLEX", "ZRANGESTORE", "BZPOPMIN", "BZPOPMAX",
    "XADD", "XLEN", "XRANGE", "XREVRANGE", "XDEL", "XTRIM", "XACK", "XCLAIM", "XAUTOCLAIM",
    "XPENDING", "PFADD", "PFCOUNT", "PFMERGE", "GEOADD", "GEOPOS", "GEODIST", "GEOHASH",
    "GEOSEARCH", "GEORADIUS", "GEORADIUSBYMEMBER",
  ]
  /// Commands with a subcommand before the key.
  private static let second: Set<String> = ["OBJECT", "MEMORY", "XINFO", "XGROUP"]
  /// Commands with a script and a count before the keys.
  private static let script: Set<String> = [
    "EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO",
  ]

  /// nil: the command names none, or its key is masked or was cut by the server.
  static func key(of entry: SlowEntry) -> KeyName? {
    guard case .bytes(let name)? = entry.arguments.first else { return nil }
    let command = String(decoding: name.prefix(40), as: UTF8.self).uppercased()
    let place: Int
    if first.contains(command) {
      place = 1
    } else if second.contains(command) {
      place = 2
    } else if script.contains(command), entry.arguments.count > 2,
      case .bytes(let count) = entry.arguments[2],
      (Int(String(decoding: count.prefix(9), as: UTF8.self)) ?? 0) > 0
    {
      place = 3
    } else {
      return nil
    }
    guard place < entry.arguments.count, case .bytes(let key) = entry.arguments[place],
      !key.isEmpty, !isCut(key)
    else { return nil }
    return KeyName(key)
  }

  /// The server keeps 128 bytes of an argument and ends it in `... (1234 more bytes)`.
  private static func isCut(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 128 && bytes.suffix(12).elementsEqual(" more bytes)".utf8)
  }
}
