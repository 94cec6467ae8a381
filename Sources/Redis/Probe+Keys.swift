/// One page of SCAN.
package struct ScanPage: Sendable {
  /// For the next call; `0` once the keyspace has been walked.
  package var cursor: [UInt8]
  package var keys: [[UInt8]]

  package init(cursor: [UInt8], keys: [[UInt8]]) {
    self.cursor = cursor
    self.keys = keys
  }

  package var isLast: Bool { cursor == [UInt8(ascii: "0")] }
}

/// What is known of one key; nil: not asked, or not offered by the server.
package struct KeyDescription: Sendable, Hashable {
  package enum TimeToLive: Sendable, Hashable {
    case persistent
    case milliseconds(UInt64)
    case gone
  }

  package var key: [UInt8]
  /// `string`, `hash`, …; `none` when there is no such key.
  package var type: String?
  package var timeToLive: TimeToLive?
  /// From MEMORY USAGE, five samples for an aggregate.
  package var memoryBytes: UInt64?
  package var encoding: String?
  package var idleSeconds: UInt64?
  /// The LFU counter, 0…255.
  package var frequency: UInt64?

  package init(key: [UInt8]) { self.key = key }

  package var exists: Bool { type != nil && type != "none" }
}

extension Probe {
  /// How recently a key was used: what the server keeps depends on `maxmemory_policy`.
  package enum UseMeasure: Sendable, Hashable {
    /// LRU and no eviction: OBJECT IDLETIME.
    case idleTime
    /// `*-lfu`: OBJECT FREQ.
    case frequency
    case none
  }

  /// One page of the keyspace, about `count` keys visited.
  ///
  /// There is no filter by type: with TYPE the server looks up each key that it visits and counts a
  /// hit for it (7.0.15: 5 hits for 5 keys of which 1 matched), which nobody could subtract.
  package func scan(
    cursor: [UInt8], match: [UInt8]? = nil, count: Int, timeout: Duration? = nil
  ) async throws(RedisError) -> ScanPage {
    let action = "scanning keys"
    var arguments = [cursor]
    if let match { arguments += [Array("MATCH".utf8), match] }
    arguments += [Array("COUNT".utf8), Array(String(count).utf8)]
    let reply = try await client.send(
      RedisCommand("SCAN", arguments), action: action, timeout: timeout)
    guard let parts = reply.array, parts.count == 2, let next = parts[0].bytes,
      Decimal64.unsigned(next[...]) != nil, let keys = parts[1].array
    else { throw unexpected(action) }
    return ScanPage(cursor: next, keys: keys.compactMap(\.bytes))
  }

  /// OBJECT FREQ of each key in one batch; nil for a key that is gone. Needs a policy `*-lfu`.
  package func objectFrequencies(
    _ keys: [[UInt8]], timeout: Duration? = nil
  ) async throws(RedisError) -> [UInt64?] {
    let action = "sampling access frequencies"
    let replies = try await client.pipeline(
      keys.map { RedisCommand.objectFrequency(of: $0) }, action: action, timeout: timeout)
    if case .error(let text) = replies.first {
      throw .server(
        text, endpoint: endpoint.description, action: action, command: "object|freq")
    }
    return replies.map(\.unsigned)
  }

  /// Type, time to live, memory and encoding of each key, and how recently it was used.
  package func describe(
    _ keys: [[UInt8]], use: UseMeasure = .none, timeout: Duration? = nil
  ) async throws(RedisError) -> [KeyDescription] {
    var descriptions: [KeyDescription] = []
    descriptions.reserveCapacity(keys.count)
    var rest = keys[...]
    while !rest.isEmpty {
      // 200 keys are 1,000 commands: a fraction of a millisecond of the server's time.
      let part = rest.prefix(200)
      rest = rest.dropFirst(part.count)
      descriptions += try await describePart(Array(part), use, timeout)
    }
    return descriptions
  }

  private func describePart(
    _ keys: [[UInt8]], _ use: UseMeasure, _ timeout: Duration?
  ) async throws(RedisError) -> [KeyDescription] {
    var commands: [RedisCommand] = []
    for key in keys {
      commands.append(RedisCommand("TYPE", key))
      commands.append(RedisCommand("PTTL", key))
      commands.append(RedisCommand("MEMORY", Self.usage, key))
      commands.append(RedisCommand("OBJECT", Self.encoding, key))
      switch use {
      case .idleTime: commands.append(RedisCommand("OBJECT", Self.idleTime, key))
      case .frequency: commands.append(RedisCommand("OBJECT", Self.freq, key))
      case .none: break
      }
    }
    let replies = try await client.pipeline(commands, action: "describing keys", timeout: timeout)
    let perKey = use == .none ? 4 : 5
    return keys.indices.map { index in
      let part = replies[(index * perKey)..<((index + 1) * perKey)]
      let first = part.startIndex
      var description = KeyDescription(key: keys[index])
      description.type = part[first].text
      description.timeToLive = part[first + 1].signed.flatMap(Self.timeToLive)
      description.memoryBytes = part[first + 2].unsigned
      description.encoding = part[first + 3].text
      if use == .idleTime { description.idleSeconds = part[first + 4].unsigned }
      if use == .frequency { description.frequency = part[first + 4].unsigned }
      return description
    }
  }

  private static func timeToLive(_ milliseconds: Int64) -> KeyDescription.TimeToLive? {
    switch milliseconds {
    case -1: .persistent
    case -2: .gone
    case 0...: .milliseconds(UInt64(milliseconds))
    default: nil
    }
  }

  private static let freq = Array("FREQ".utf8)
  private static let encoding = Array("ENCODING".utf8)
  private static let idleTime = Array("IDLETIME".utf8)
  private static let usage = Array("USAGE".utf8)
}
