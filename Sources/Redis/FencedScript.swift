internal import EventLoop

/// A batch as one script, for a cluster: a transaction cannot span slots, a script may use keys of every
/// slot that its node has.
///
/// Scripts without a shebang may use keys of several slots, as long as all are the node's (redis.io,
/// "Scripting with Lua", cluster mode; flag `allow-cross-slot-keys`). Of a key whose slot is not the node's
/// any more the command answers with an error of its own, and the others are done.
enum FencedScript {
  /// What a watched key was when it was read.
  struct Expectation: Sendable, Equatable {
    var key: [UInt8]
    /// Length and last ten bytes of what DUMP gave (RDB version and CRC64); empty: not there; nil: not
    /// looked at.
    var mark: [UInt8]?
    /// Milliseconds left, or what PTTL says without any; nil: not looked at.
    var life: Int64?
    var readAt: EventLoop.Instant

    /// nil: the answer says nothing of the key, as where its slot has moved.
    init?(_ read: RedisCommand, _ reply: RESPValue, readAt: EventLoop.Instant) {
      guard let key = read.arguments.first else { return nil }
      self.key = key
      self.readAt = readAt
      switch (read.statName, reply) {
      case ("dump", .null): mark = []
      case ("dump", .bulk(let payload)):
        mark = Array("\(payload.count):".utf8) + payload.suffix(10)
      case ("pttl", .integer(let left)): life = left
      default: return nil
      }
    }

    fileprivate func words(now: EventLoop.Instant) -> [[UInt8]] {
      let elapsed = readAt.duration(to: now).nanoseconds / 1_000_000
      let left = life.map { $0 < 0 ? $0 : max(0, $0 - elapsed) }
      return [key, mark ?? Array("*".utf8), Array((left.map(String.init) ?? "").utf8)]
    }
  }

  /// The answer when a watched key is not what it was: nothing was done.
  static let conflict: Int64 = 0

  /// Milliseconds by which a life may differ from what was read, for the way there and back: whoever sets
  /// a new life sets another one.
  private static let tolerance = 2000

  /// The shortening of a life is done by hand: PEXPIRE has known LT since 7.0 only.
  private static let text = """
    if not redis.call('MEMORY', 'USAGE', KEYS[1]) then return false end
    local index = 4
    for _ = 1, tonumber(ARGV[3]) do
      local key, mark, life = ARGV[index], ARGV[index + 1], tonumber(ARGV[index + 2])
      if mark ~= '*' then
        local value = redis.pcall('DUMP', key)
        if type(value) ~= 'table' then
          local found = value and (#value .. ':' .. string.sub(value, -10)) or ''
          if found ~= mark then return 0 end
        end
      end
      if life then
        local left = redis.pcall('PTTL', key)
        if type(left) == 'number' then
          if life < 0 or left < 0 then
            if life ~= left then return 0 end
          elseif math.abs(left - life) > tonumber(ARGV[2]) then
            return 0
          end
        end
      end
      index = index + 3
    end
    local answers = {redis.call('PEXPIRE', KEYS[2], ARGV[1])}
    while index <= #ARGV do
      local count = tonumber(ARGV[index])
      local answer
      if count == 4 and ARGV[index + 1] == 'PEXPIRE' then
        answer = redis.pcall('PTTL', ARGV[index + 2])
        if type(answer) == 'number' then
          if answer == -1 or answer > tonumber(ARGV[index + 3]) then
            answer = redis.pcall('PEXPIRE', ARGV[index + 2], ARGV[index + 3])
          else
            answer = 0
          end
        end
      else
        answer = redis.pcall(unpack(ARGV, index + 1, index + count))
      end
      answers[#answers + 1] = answer
      index = index + count + 1
    end
    return answers
    """

  /// - Parameter own: what a name of our own is called in the lease's slot.
  static func command(
    _ changes: [RedisCommand], if expected: [Expectation], under lease: Lease,
    own: (String) -> String, now: EventLoop.Instant
  ) -> RedisCommand {
    var words = [
      Self.text, "2", lease.holderKey, lease.key, String(lease.lifeMilliseconds),
      String(tolerance), String(expected.count),
    ].map { Array($0.utf8) }
    for expectation in expected { words += expectation.words(now: now) }
    for change in changes {
      let parts = change.words(own: own)
      words.append(Array(String(parts.count).utf8))
      words += parts
    }
    return RedisCommand("EVAL", words)
  }
}
