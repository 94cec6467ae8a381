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
  /// What the server does not offer, and why: the same for all keys of one reply.
  package var missing: [Figure: RedisError] = [:]

  package enum Figure: String, Sendable, Hashable, CaseIterable {
    case type, timeToLive, memory, encoding, use
  }

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
      // 200 keys are 1,000 commands: a fraction of a millisecond of the server's time. The first key
      // alone finds out what is refused.
      let isKnown = offers.haveBeenTried(Self.questions(use).map(\.name), generation: generation)
      let part = rest.prefix(isKnown ? 200 : 1)
      rest = rest.dropFirst(part.count)
      descriptions += try await describePart(Array(part), use, timeout)
    }
    return descriptions
  }

  private func describePart(
    _ keys: [[UInt8]], _ use: UseMeasure, _ timeout: Duration?
  ) async throws(RedisError) -> [KeyDescription] {
    let action = "describing keys"
    let (parts, missing) = try await offered(use, action, timeout)
    guard !parts.isEmpty else {
      return keys.map { key in
        var description = KeyDescription(key: key)
        description.missing = missing
        return description
      }
    }
    let commands = keys.flatMap { key in parts.map { $0.command(key) } }
    let replies = try await client.pipeline(commands, action: action, timeout: timeout)
    offers.noteTried(Self.questions(use).map(\.name), generation: generation)
    return keys.indices.map { index in
      var description = KeyDescription(key: keys[index])
      description.missing = missing
      for (offset, part) in parts.enumerated() {
        let reply = replies[index * parts.count + offset]
        if case .error(let text) = reply, RedisError.refusesCommand(text) {
          description.missing[part.figure] = refused(text, part.name, action)
          continue
        }
        description.read(reply, part)
      }
      return description
    }
  }

  /// One question about a key.
  struct KeyQuestion: Sendable {
    var figure: KeyDescription.Figure
    /// As in commandstats.
    var name: String

    func command(_ key: [UInt8]) -> RedisCommand {
      switch name {
      case "type": RedisCommand("TYPE", key)
      case "pttl": RedisCommand("PTTL", key)
      case "memory|usage": RedisCommand("MEMORY", Probe.usage, key)
      case "object|encoding": RedisCommand("OBJECT", Probe.encoding, key)
      case "object|freq": RedisCommand("OBJECT", Probe.freq, key)
      default: RedisCommand("OBJECT", Probe.idleTime, key)
      }
    }
  }

  /// TYPE first: the ledger needs it to know whether the key is there.
  private static func questions(_ use: UseMeasure) -> [KeyQuestion] {
    var parts = [
      KeyQuestion(figure: .type, name: "type"), KeyQuestion(figure: .timeToLive, name: "pttl"),
      KeyQuestion(figure: .memory, name: "memory|usage"),
      KeyQuestion(figure: .encoding, name: "object|encoding"),
    ]
    switch use {
    case .idleTime: parts.append(KeyQuestion(figure: .use, name: "object|idletime"))
    case .frequency: parts.append(KeyQuestion(figure: .use, name: "object|freq"))
    case .none: break
    }
    return parts
  }

  /// What can be asked of this server, and why the rest cannot: found out once for each connection.
  private func offered(
    _ use: UseMeasure, _ action: String, _ timeout: Duration?
  ) async throws(RedisError) -> (parts: [KeyQuestion], missing: [KeyDescription.Figure: RedisError])
  {
    let parts = Self.questions(use)
    let obstacles = try await client.obstacles(
      to: parts.map(\.name), action: action, timeout: timeout)
    // Without the flags of one command all are missing: that is not what the server offers.
    if obstacles.count == parts.count, let error = obstacles["type"], error.kind == .denied {
      throw error
    }
    var missing: [KeyDescription.Figure: RedisError] = [:]
    for part in parts {
      missing[part.figure] =
        obstacles[part.name] ?? offers.refusal(of: part.name, generation: generation)
    }
    return (parts.filter { missing[$0.figure] == nil }, missing)
  }

  /// What the server said, remembered.
  private func refused(_ text: String, _ name: String, _ action: String) -> RedisError {
    if let known = offers.refusal(of: name, generation: generation) { return known }
    let error = RedisError.server(
      text, endpoint: endpoint.description, action: action, command: name)
    offers.note(error, of: name, generation: generation)
    return error
  }

  static let freq = Array("FREQ".utf8)
  static let encoding = Array("ENCODING".utf8)
  static let idleTime = Array("IDLETIME".utf8)
  static let usage = Array("USAGE".utf8)
}

extension KeyDescription {
  fileprivate mutating func read(_ reply: RESPValue, _ part: Probe.KeyQuestion) {
    switch part.figure {
    case .type: type = reply.text
    case .timeToLive: timeToLive = reply.signed.flatMap(Self.timeToLive)
    case .memory: memoryBytes = reply.unsigned
    case .encoding: encoding = reply.text
    case .use:
      if part.name == "object|freq" {
        frequency = reply.unsigned
      } else {
        idleSeconds = reply.unsigned
      }
    }
  }

  private static func timeToLive(_ milliseconds: Int64) -> TimeToLive? {
    switch milliseconds {
    case -1: .persistent
    case -2: .gone
    case 0...: .milliseconds(UInt64(milliseconds))
    default: nil
    }
  }
}
