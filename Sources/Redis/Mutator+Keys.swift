// What batches of changes are made of, and the reads that belong to them.
internal import EventLoop

extension RedisCommand {
  package static func unlink(_ keys: [[UInt8]]) -> RedisCommand {
    RedisCommand("UNLINK", keys)
  }

  /// Shortens a life; a key that has less left keeps that. Needs 7.0 (LT); `expire` for older servers.
  package static func expireAtMost(_ key: [UInt8], milliseconds: UInt64) -> RedisCommand {
    RedisCommand(
      "PEXPIRE", [key, Array(String(milliseconds).utf8), Array("LT".utf8)])
  }

  package static func expire(_ key: [UInt8], milliseconds: UInt64) -> RedisCommand {
    RedisCommand("PEXPIRE", [key, Array(String(milliseconds).utf8)])
  }

  /// - Parameter milliseconds: since 1970, on the server's clock.
  package static func expireAt(_ key: [UInt8], milliseconds: UInt64) -> RedisCommand {
    RedisCommand("PEXPIREAT", [key, Array(String(milliseconds).utf8)])
  }

  package static func persist(_ key: [UInt8]) -> RedisCommand {
    RedisCommand("PERSIST", [key])
  }

  /// SET … NX: never over a value that is there.
  package static func setIfAbsent(
    _ key: [UInt8], _ value: [UInt8], milliseconds: UInt64?
  ) -> RedisCommand {
    let life = milliseconds.map { [Array("PX".utf8), Array(String(max(1, $0)).utf8)] } ?? []
    return RedisCommand("SET", [key, value] + life + [Array("NX".utf8)])
  }

  /// RESTORE without REPLACE: never over a value that is there (BUSYKEY).
  ///
  /// - Parameter milliseconds: of life; 0: none.
  package static func restore(
    _ key: [UInt8], _ payload: [UInt8], milliseconds: UInt64
  ) -> RedisCommand {
    RedisCommand("RESTORE", [key, Array(String(milliseconds).utf8), payload])
  }

  package static func dump(_ key: [UInt8]) -> RedisCommand {
    RedisCommand("DUMP", [key])
  }

  package static func remainingLife(_ key: [UInt8]) -> RedisCommand {
    RedisCommand("PTTL", [key])
  }
}

extension Mutator {
  /// One page of the keyspace; see `Probe.scan`. The cursor holds on one generation only.
  package func scan(
    cursor: [UInt8], match: [UInt8]?, count: Int
  ) async throws(RedisError) -> ScanPage {
    let action = "scanning keys"
    var arguments = [cursor]
    if let match { arguments += [Array("MATCH".utf8), match] }
    arguments += [Array("COUNT".utf8), Array(String(count).utf8)]
    let reply = try await client.send(RedisCommand("SCAN", arguments), action: action)
    guard let parts = reply.array, parts.count == 2, let next = parts[0].bytes,
      Decimal64.unsigned(next[...]) != nil, let keys = parts[1].array
    else { throw unexpected(action) }
    return ScanPage(cursor: next, keys: keys.compactMap(\.bytes))
  }

  /// Bytes of each key, five samples of an aggregate; nil for a key that is gone. Counts no lookup.
  package func memoryUsage(_ keys: [[UInt8]]) async throws(RedisError) -> [UInt64?] {
    let usage = Array("USAGE".utf8)
    let replies = try await client.pipeline(
      keys.map { RedisCommand("MEMORY", [usage, $0]) },
      action: "measuring keys")
    if case .error(let text)? = replies.first { throw refused(text, "measuring keys") }
    return replies.map(\.unsigned)
  }

  /// Milliseconds that each key has left; −1 without end, −2 for none.
  package func remainingLives(_ keys: [[UInt8]]) async throws(RedisError) -> [Int64] {
    let action = "looking at keys again"
    let replies = try await client.pipeline(keys.map { .remainingLife($0) }, action: action)
    return try replies.map { reply throws(RedisError) in
      if case .error(let text) = reply { throw refused(text, action) }
      guard let life = reply.signed else { throw unexpected(action) }
      return life
    }
  }

  /// A copy of each key as DUMP gives it, and its remaining life; nil for a key that is gone.
  package func copies(
    of keys: [[UInt8]]
  ) async throws(RedisError) -> [(payload: [UInt8], milliseconds: Int64)?] {
    let action = "copying keys"
    let replies = try await client.pipeline(
      keys.flatMap { [.dump($0), .remainingLife($0)] }, action: action)
    return try Self.copies(replies) { text throws(RedisError) in throw refused(text, action) }
  }

  /// What DUMP and PTTL of each key answered, in pairs.
  package static func copies(
    _ replies: [RESPValue], refuse: (String) throws(RedisError) -> Never
  ) throws(RedisError) -> [(payload: [UInt8], milliseconds: Int64)?] {
    var copies: [(payload: [UInt8], milliseconds: Int64)?] = []
    for index in stride(from: 0, to: replies.count - 1, by: 2) {
      if case .error(let text) = replies[index] { try refuse(text) }
      guard let payload = replies[index].bytes, let life = replies[index + 1].signed, life != -2
      else {
        copies.append(nil)
        continue
      }
      copies.append((payload, life))
    }
    return copies
  }

  /// A section of INFO as text.
  package func info(_ section: String) async throws(RedisError) -> [UInt8] {
    let action = "reading INFO"
    guard let bytes = try await send(RedisCommand("INFO", section), action: action).bytes else {
      throw unexpected(action)
    }
    return bytes
  }

  /// The round trip of a PING.
  package func ping() async throws(RedisError) -> Duration {
    let start = EventLoop.now()
    _ = try await send(RedisCommand("PING"), action: "pinging")
    return start.duration(to: .now())
  }

  /// Milliseconds since 1970 on the server's clock.
  package func time() async throws(RedisError) -> UInt64 {
    let action = "reading the server's clock"
    let reply = try await send(RedisCommand("TIME"), action: action)
    guard let parts = reply.array, parts.count == 2, let seconds = parts[0].unsigned,
      let micros = parts[1].unsigned, seconds < 1 << 40
    else { throw unexpected(action) }
    return seconds * 1000 + micros / 1000
  }
}
