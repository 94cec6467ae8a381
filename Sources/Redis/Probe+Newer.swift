/// One slot of CLUSTER SLOT-STATS.
package struct SlotStatistics: Sendable, Hashable {
  package var slot: UInt64
  package var keys: UInt64?
  /// Microseconds of the server's time, since its start; nil: `cluster-slot-stats-enabled` is off.
  package var microseconds: UInt64?
  package var bytesIn: UInt64?
  package var bytesOut: UInt64?
}

/// HOTKEYS GET of Redis 8.6: what the session that somebody has started there counted.
package struct HotKeySession: Sendable, Hashable {
  package struct Entry: Sendable, Hashable {
    package var key: [UInt8]
    package var amount: UInt64
  }

  package var isActive = false
  /// One of so many is tracked; 1: all.
  package var sampleRatio: UInt64 = 1
  package var milliseconds: UInt64?
  /// Of all commands: microseconds of the server's time, and bytes both ways.
  package var totalMicroseconds: UInt64?
  package var totalBytes: UInt64?
  package var byMicroseconds: [Entry] = []
  package var byBytes: [Entry] = []
}

extension Probe {
  /// Which of Valkey's command logs (8.1). `slow` is what SLOWLOG gives on every server.
  package enum CommandLog: String, Sendable, Hashable, CaseIterable {
    case largeRequest = "large-request"
    case largeReply = "large-reply"
  }

  /// True if the server has this one of `CommandGate.newerReads`, as it said at the connect; nil: it did not
  /// say.
  package func offers(newer name: String, timeout: Duration? = nil) async throws(RedisError)
    -> Bool?
  {
    try await client.knows(newer: name, action: "asking what the server offers", timeout: timeout)
  }

  /// The newest `count` entries of a command log, newest first, each with its bytes.
  package func commandLog(
    _ log: CommandLog, count: Int, timeout: Duration? = nil
  ) async throws(RedisError) -> [(row: SlowlogRow, bytes: UInt64)] {
    let action = "reading the command log"
    let reply = try await client.send(
      RedisCommand("COMMANDLOG", "GET", String(count), log.rawValue), action: action,
      timeout: timeout)
    guard let entries = reply.array else { throw unexpected(action) }
    // Of the form of the slow log, with bytes where that has microseconds.
    return entries.compactMap(Self.slowlogRow).map { row in
      var plain = row
      plain.microseconds = 0
      return (plain, row.microseconds)
    }
  }

  /// The slots with most of the server's time, or, where that is not counted, most keys.
  package func slotStatistics(
    limit: Int, timeout: Duration? = nil
  ) async throws(RedisError) -> [SlotStatistics] {
    let rows = try await slotStatistics(by: "CPU-USEC", limit, timeout)
    if rows.contains(where: { ($0.microseconds ?? 0) > 0 }) { return rows }
    return try await slotStatistics(by: "KEY-COUNT", limit, timeout)
  }

  private func slotStatistics(
    by metric: String, _ limit: Int, _ timeout: Duration?
  ) async throws(RedisError) -> [SlotStatistics] {
    let action = "reading the slots' statistics"
    let reply: RESPValue
    do throws(RedisError) {
      reply = try await client.send(
        RedisCommand("CLUSTER", "SLOT-STATS", "ORDERBY", metric, "LIMIT", String(limit), "DESC"),
        action: action, timeout: timeout)
    } catch {
      // Only key counts are known without cluster-slot-stats-enabled.
      guard metric != "KEY-COUNT", error.kind == .server else { throw error }
      return []
    }
    guard let rows = reply.array else { throw unexpected(action) }
    return rows.compactMap { row in
      guard let parts = row.array, parts.count == 2, let slot = parts[0].unsigned,
        let fields = parts[1].array
      else { return nil }
      var statistics = SlotStatistics(slot: slot)
      for at in stride(from: 0, to: fields.count - 1, by: 2) {
        switch fields[at].text {
        case "key-count": statistics.keys = fields[at + 1].unsigned
        case "cpu-usec": statistics.microseconds = fields[at + 1].unsigned
        case "network-bytes-in": statistics.bytesIn = fields[at + 1].unsigned
        case "network-bytes-out": statistics.bytesOut = fields[at + 1].unsigned
        default: break
        }
      }
      return statistics
    }
  }

  /// nil: nobody has started a session, or its form is another one (Valkey's is not settled).
  package func hotKeySession(timeout: Duration? = nil) async throws(RedisError) -> HotKeySession? {
    let action = "reading tracked hot keys"
    let reply = try await client.send(
      RedisCommand("HOTKEYS", "GET"), action: action, timeout: timeout)
    if reply.isNull { return nil }
    guard let fields = reply.array else { throw unexpected(action) }
    var session = HotKeySession()
    var isKnown = false
    for at in stride(from: 0, to: fields.count - 1, by: 2) {
      let value = fields[at + 1]
      switch fields[at].text {
      case "tracking-active":
        session.isActive = value.unsigned == 1
        isKnown = true
      case "sample-ratio": session.sampleRatio = max(1, value.unsigned ?? 1)
      case "collection-duration-ms": session.milliseconds = value.unsigned
      case "all-commands-all-slots-us": session.totalMicroseconds = value.unsigned
      case "net-bytes-all-commands-all-slots": session.totalBytes = value.unsigned
      case "by-cpu-time-us": session.byMicroseconds = Self.entries(value)
      case "by-net-bytes": session.byBytes = Self.entries(value)
      default: break
      }
    }
    return isKnown ? session : nil
  }

  private static func entries(_ value: RESPValue) -> [HotKeySession.Entry] {
    let parts = value.array ?? []
    return stride(from: 0, to: min(parts.count, 512) - 1, by: 2).compactMap { at in
      guard let key = parts[at].bytes, let amount = parts[at + 1].unsigned else { return nil }
      return HotKeySession.Entry(key: key, amount: amount)
    }
  }
}
