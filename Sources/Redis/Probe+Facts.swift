/// What is to be learnt of each key of a page.
package struct KeyFacts: OptionSet, Sendable, Hashable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// TYPE: one lookup.
  package static let type = KeyFacts(rawValue: 1)
  /// PTTL: one lookup.
  package static let timeToLive = KeyFacts(rawValue: 2)
  /// MEMORY USAGE with five samples of an aggregate: no lookup.
  package static let memory = KeyFacts(rawValue: 4)
  /// OBJECT IDLETIME: one lookup; an error under a policy `*-lfu`.
  package static let idleTime = KeyFacts(rawValue: 8)
}

extension Probe {
  /// Keys of which one pipeline asks: some hundred short commands, between which the server serves
  /// others.
  private static let keysPerPipeline = 200

  /// Asks for `wanted` of each key, in pipelines; the lookups are in the ledger.
  ///
  /// Unlike SCAN's own TYPE filter, whose lookups the server counts for keys that it does not even
  /// name, nothing here falsifies the hit ratio: see `scan(cursor:match:count:)`.
  ///
  /// Of a node of a cluster: a key whose slot has moved to another node since SCAN named it counts as gone.
  ///
  /// - Throws: if a command is refused as such, as MEMORY USAGE by a provider; a key that is gone has
  ///   `memoryBytes` nil.
  package func facts(
    of keys: [[UInt8]], _ wanted: KeyFacts, timeout: Duration? = nil
  ) async throws(RedisError) -> [KeyDescription] {
    var found: [KeyDescription] = []
    found.reserveCapacity(keys.count)
    var rest = keys[...]
    while !rest.isEmpty {
      let part = rest.prefix(Self.keysPerPipeline)
      rest = rest.dropFirst(part.count)
      found += try await factsPart(part, wanted, timeout)
    }
    return found
  }

  private func factsPart(
    _ keys: ArraySlice<[UInt8]>, _ wanted: KeyFacts, _ timeout: Duration?
  ) async throws(RedisError) -> [KeyDescription] {
    guard !wanted.isEmpty else { return keys.map { KeyDescription(key: $0) } }
    let action = "measuring keys"
    var commands: [RedisCommand] = []
    for key in keys {
      // TYPE first: the account learns from it whether the key is there.
      if wanted.contains(.type) { commands.append(RedisCommand("TYPE", key)) }
      if wanted.contains(.timeToLive) { commands.append(RedisCommand("PTTL", key)) }
      if wanted.contains(.memory) {
        commands.append(RedisCommand("MEMORY", Self.usageWord, key))
      }
      if wanted.contains(.idleTime) {
        commands.append(RedisCommand("OBJECT", Self.idleTimeWord, key))
      }
    }
    var replies = try await client.pipeline(commands, action: action, timeout: timeout)
    if replies.contains(where: Self.isElsewhere),
      !offers.haveBeenTried(["readonly"], generation: generation)
    {
      // A replica of a cluster sends every question to its primary until it was told READONLY.
      try await readFromReplica(timeout: timeout)
      replies = try await client.pipeline(commands, action: action, timeout: timeout)
    }
    guard replies.count == commands.count else { throw unexpected(action) }
    for (command, reply) in zip(commands, replies) {
      guard case .error(let text) = reply, !Self.isElsewhere(reply) else { continue }
      if command.statName == "object|idletime" {
        guard !text.contains("LFU") else {
          throw RedisError(
            kind: .unsupported, endpoint: endpoint.description, action: action,
            message:
              "the server evicts by frequency (maxmemory-policy *-lfu) and keeps no idle times",
            nextStep: "leave the idle filter out")
        }
        // Of a key that is gone it is an error on some servers.
        if !RedisError.isRejection(text) { continue }
      }
      throw .server(
        text, endpoint: endpoint.description, action: action, command: command.statName)
    }
    var next = replies.makeIterator()
    return keys.map { key in
      var facts = KeyDescription(key: key)
      if wanted.contains(.type), let reply = next.next() {
        facts.type = Self.isElsewhere(reply) ? "none" : reply.text
      }
      if wanted.contains(.timeToLive), let reply = next.next() {
        switch reply.signed {
        case -1: facts.timeToLive = .persistent
        case -2: facts.timeToLive = .gone
        case .some(let milliseconds) where milliseconds >= 0:
          facts.timeToLive = .milliseconds(UInt64(milliseconds))
        default: if Self.isElsewhere(reply) { facts.timeToLive = .gone }
        }
      }
      if wanted.contains(.memory) { facts.memoryBytes = next.next()?.unsigned }
      if wanted.contains(.idleTime) { facts.idleSeconds = next.next()?.unsigned }
      return facts
    }
  }

  /// The key's slot is at another node, or on its way to one.
  private static func isElsewhere(_ reply: RESPValue) -> Bool {
    guard case .error(let text) = reply else { return false }
    return switch Redirection(text, askedHost: "") {
    case .moved, .ask, .tryAgain: true
    case .notNow, .readOnly, nil: false
    }
  }

  private static let usageWord = Array("USAGE".utf8)
  private static let idleTimeWord = Array("IDLETIME".utf8)

  /// The process that answers now: changes with each start of a server.
  package func runID(timeout: Duration? = nil) async throws(RedisError) -> String {
    let info = try await info("server", timeout: timeout)
    let text = String(decoding: info.bytes, as: UTF8.self)
    guard
      let line = text.split(whereSeparator: \.isNewline).first(where: { $0.hasPrefix("run_id:") })
    else { throw unexpected("reading INFO") }
    return String(line.dropFirst(7))
  }
}
