package import ConsoleModel

/// Hides what could be personal in the arguments of a slow command.
///
/// - An argument that is a key of personal data stays; all others but the command's name are hidden.
/// - Scripts and functions: what follows the keys is hidden. Payloads of PUBLISH and ECHO too.
/// - Credentials (AUTH, HELLO, ACL, CONFIG, MIGRATE): all but the name is hidden; servers since 6.2
///   redact them themselves, older ones do not.
/// - A command that the console does not know (a module's, a renamed one) has keys that it cannot
///   find: all but the name is hidden.
package struct ArgumentMask: Sendable {
  package var policy: PersonalDataPolicy

  package init(policy: PersonalDataPolicy) { self.policy = policy }

  package func apply(_ arguments: [[UInt8]]) -> [SlowEntry.Argument] {
    guard let first = arguments.first else { return [] }
    let name = String(decoding: first, as: UTF8.self).lowercased()
    let visible = visibility(name, arguments)
    return arguments.enumerated().map { index, bytes in
      visible(index) ? .bytes(bytes) : .masked(length: bytes.count)
    }
  }

  /// Commands whose second word is a subcommand: `OBJECT FREQ key`.
  private static let containers: Set<String> = ["debug", "memory", "object", "xgroup", "xinfo"]

  private func visibility(_ name: String, _ arguments: [[UInt8]]) -> (Int) -> Bool {
    let personal = Set(arguments.indices.dropFirst().filter { policy.covers(arguments[$0]) })
    if !personal.isEmpty {
      let lastWord = Self.containers.contains(name) ? 1 : 0
      return { $0 <= lastWord || personal.contains($0) }
    }
    if let last = KnownCommands.lastVisible(name, arguments) { return { $0 <= last } }
    return { _ in true }
  }
}

/// What the console knows of the commands' arguments, only as far as masking needs it.
enum KnownCommands {
  /// The last argument that may be shown where none is personal; nil: all of them.
  static func lastVisible(_ name: String, _ arguments: [[UInt8]]) -> Int? {
    if secrets.contains(name) || !plain.contains(name) && !scripts.contains(name) { return 0 }
    if scripts.contains(name) {
      // EVAL script numkeys key… arg…
      guard arguments.count > 2, let keys = ServerNumber.unsigned(arguments[2]),
        let count = Int(exactly: min(keys, 1 << 20))
      else { return min(1, arguments.count - 1) }
      return 2 + count
    }
    if payloads.contains(name) { return name == "echo" || name == "ping" ? 0 : 1 }
    // The server cut the key, so it cannot be held against a pattern.
    if arguments.count > 2, isCut(arguments[1]) { return 1 }
    return nil
  }

  /// `…... (123 more bytes)`, as the slow log marks an argument of more than 128 bytes.
  private static func isCut(_ argument: [UInt8]) -> Bool {
    argument.count > 128 && argument.suffix(12).elementsEqual(" more bytes)".utf8)
  }

  private static let secrets: Set<String> = [
    "auth", "hello", "acl", "config", "migrate", "restore", "restore-asking",
  ]
  private static let payloads: Set<String> = ["publish", "spublish", "echo", "ping"]
  private static let scripts: Set<String> = [
    "eval", "eval_ro", "evalsha", "evalsha_ro", "fcall", "fcall_ro",
  ]
  /// Commands of Redis 7.0 to 8.2 and Valkey 9.1 (COMMAND LIST), without those above.
  private static let plain: Set<String> = Set(
    """
    append asking bgrewriteaof bgsave bitcount bitfield bitfield_ro bitop bitpos blmove blmpop blpop \
    brpop brpoplpush bzmpop bzpopmax bzpopmin client cluster clusterscan command commandlog copy \
    dbsize debug decr decrby del delifeq discard dump echo exec exists expire expireat expiretime \
    failover flushall flushdb function geoadd geodist geohash geopos georadius georadius_ro \
    georadiusbymember georadiusbymember_ro geosearch geosearchstore get getbit getdel getex getrange \
    getset hdel hexists hexpire hexpireat hexpiretime hget hgetall hgetdel hgetex hincrby \
    hincrbyfloat hkeys hlen hmget hmset hpersist hpexpire hpexpireat hpexpiretime hpttl hrandfield \
    hscan hset hsetex hsetnx hstrlen httl hvals incr incrby incrbyfloat info keys lastsave latency \
    lcs lindex linsert llen lmove lmpop lolwut lpop lpos lpush lpushx lrange lrem lset ltrim memory \
    mget module monitor move mset msetex msetnx multi object persist pexpire pexpireat pexpiretime \
    pfadd pfcount pfdebug pfmerge pfselftest ping psetex psubscribe psync pttl publish pubsub \
    punsubscribe quit randomkey readonly readwrite rename renamenx replconf replicaof reset role \
    rpop rpoplpush rpush rpushx sadd save scan scard script sdiff sdiffstore select set setbit setex \
    setnx setrange shutdown sinter sintercard sinterstore sismember slaveof slowlog smembers \
    smismember smove sort sort_ro spop spublish srandmember srem sscan ssubscribe strlen subscribe \
    substr sunion sunionstore sunsubscribe swapdb sync time touch ttl type unlink unsubscribe \
    unwatch vadd vcard vdim vemb vgetattr vinfo vismember vlinks vrandmember vrem vsetattr vsim wait \
    waitaof watch xack xackdel xadd xautoclaim xclaim xdel xdelex xgroup xinfo xlen xpending xrange \
    xread xreadgroup xrevrange xsetid xtrim zadd zcard zcount zdiff zdiffstore zincrby zinter \
    zintercard zinterstore zlexcount zmpop zmscore zpopmax zpopmin zrandmember zrange zrangebylex \
    zrangebyscore zrangestore zrank zrem zremrangebylex zremrangebyrank zremrangebyscore zrevrange \
    zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunion zunionstore
    """.split(separator: " ").map(String.init))
}
