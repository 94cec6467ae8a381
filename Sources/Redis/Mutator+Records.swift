extension RedisCommand {
  fileprivate static func isOwn(_ key: String) -> Bool { key.hasPrefix("cacheconsole:") }

  /// Writes a text of ours; nil for a name that is not under `cacheconsole:`.
  package static func ownRecord(_ key: String, _ text: String, seconds: UInt64) -> RedisCommand? {
    isOwn(key) ? RedisCommand("SET", key, text, "EX", String(max(1, seconds))) : nil
  }

  /// Lists `member` in an index of ours by `score`; the newest `limit` stay.
  package static func ownListing(
    _ member: String, in index: String, score: UInt64, limit: Int, seconds: UInt64
  ) -> [RedisCommand] {
    guard isOwn(index) else { return [] }
    return [
      RedisCommand("ZADD", index, String(score), member),
      RedisCommand("ZREMRANGEBYRANK", index, "0", String(-limit - 1)),
      RedisCommand("EXPIRE", index, String(seconds)),
    ]
  }
}

/// The console's own records on a server: names under `cacheconsole:`, all of them expiring.
extension Mutator {
  private func isOwn(_ key: String) -> Bool { RedisCommand.isOwn(key) }

  /// Writes texts, each with its life, and nothing else.
  package func record(
    _ texts: [(key: String, text: String)], seconds: UInt64
  ) async throws(RedisError) {
    let action = "recording the operation"
    let replies = try await client.pipeline(
      texts.compactMap { .ownRecord(own($0.key), $0.text, seconds: seconds) }, action: action)
    for case .error(let text) in replies { throw refused(text, action) }
  }

  /// The texts under these names; nil where there is none.
  package func records(_ keys: [String]) async throws(RedisError) -> [[UInt8]?] {
    let action = "reading the operation's records"
    let reply = try await send(RedisCommand("MGET", keys.map(own)), action: action)
    guard let texts = reply.array, texts.count == keys.count else { throw unexpected(action) }
    return texts.map(\.bytes)
  }

  package func removeRecords(_ keys: [String]) async throws(RedisError) {
    let names = keys.filter(isOwn).map(own)
    guard !names.isEmpty else { return }
    _ = try await send(RedisCommand("DEL", names), action: "removing the operation's records")
  }

  /// One line of the audit into its stream, which keeps about `limit` entries.
  package func appendAudit(_ line: String, stream: String, limit: Int) async throws(RedisError) {
    guard isOwn(stream) else { return }
    _ = try await send(
      RedisCommand("XADD", own(stream), "MAXLEN", "~", String(limit), "*", "record", line),
      action: "recording the audit")
  }
}
