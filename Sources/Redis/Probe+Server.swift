/// One command's latency histogram since the server's start or CONFIG RESETSTAT.
package struct CommandHistogram: Sendable, Hashable {
  package struct Bucket: Sendable, Hashable {
    /// Upper bound in microseconds; powers of two, up to about one second.
    package var microseconds: UInt64
    /// Calls up to this bound.
    package var cumulativeCalls: UInt64

    package init(microseconds: UInt64, cumulativeCalls: UInt64) {
      self.microseconds = microseconds
      self.cumulativeCalls = cumulativeCalls
    }
  }

  /// As in commandstats: `client|list`.
  package var name: String
  package var calls: UInt64
  /// In rising order; buckets without calls of their own are left out by the server.
  package var buckets: [Bucket]

  package init(name: String, calls: UInt64, buckets: [Bucket]) {
    self.name = name
    self.calls = calls
    self.buckets = buckets
  }
}

/// One entry of SLOWLOG GET as the server gives it: nothing is masked yet.
package struct SlowlogRow: Sendable, Hashable {
  /// Counts up from 0 with each server process; SLOWLOG RESET does not change it.
  package var id: UInt64
  /// Seconds since 1970 on the server's clock.
  package var timestamp: UInt64
  package var microseconds: UInt64
  /// At most 32, each at most 128 bytes; the server writes how much it left out.
  package var arguments: [[UInt8]]
  /// `127.0.0.1:50123`, empty before Redis 4.
  package var client: [UInt8]
  package var clientName: [UInt8]

  package init(
    id: UInt64, timestamp: UInt64, microseconds: UInt64, arguments: [[UInt8]],
    client: [UInt8] = [], clientName: [UInt8] = []
  ) {
    self.id = id
    self.timestamp = timestamp
    self.microseconds = microseconds
    self.arguments = arguments
    self.client = client
    self.clientName = clientName
  }
}

/// One row of LATENCY LATEST.
package struct LatencyRow: Sendable, Hashable {
  package var name: [UInt8]
  /// Seconds since 1970 on the server's clock.
  package var timestamp: UInt64
  package var latestMilliseconds: UInt64
  package var worstMilliseconds: UInt64

  package init(
    name: [UInt8], timestamp: UInt64, latestMilliseconds: UInt64, worstMilliseconds: UInt64
  ) {
    self.name = name
    self.timestamp = timestamp
    self.latestMilliseconds = latestMilliseconds
    self.worstMilliseconds = worstMilliseconds
  }
}

extension Probe {
  /// LATENCY HISTOGRAM of all commands; needs 7.0.
  package func latencyHistogram(
    timeout: Duration? = nil
  ) async throws(RedisError) -> [CommandHistogram] {
    let action = "reading latency histograms"
    let reply = try await client.send(
      RedisCommand("LATENCY", "HISTOGRAM"), action: action, timeout: timeout)
    guard let parts = reply.array else { throw unexpected(action) }
    var histograms: [CommandHistogram] = []
    for index in stride(from: 0, to: parts.count - 1, by: 2) {
      guard let name = parts[index].text, let fields = parts[index + 1].array else { continue }
      var histogram = CommandHistogram(name: name, calls: 0, buckets: [])
      for at in stride(from: 0, to: fields.count - 1, by: 2) {
        switch fields[at].text {
        case "calls": histogram.calls = fields[at + 1].unsigned ?? 0
        case "histogram_usec": histogram.buckets = Self.buckets(fields[at + 1].array ?? [])
        default: break
        }
      }
      histograms.append(histogram)
    }
    return histograms
  }

  private static func buckets(_ pairs: [RESPValue]) -> [CommandHistogram.Bucket] {
    stride(from: 0, to: pairs.count - 1, by: 2).compactMap { index in
      guard let bound = pairs[index].unsigned, let calls = pairs[index + 1].unsigned else {
        return nil
      }
      return CommandHistogram.Bucket(microseconds: bound, cumulativeCalls: calls)
    }
  }

  /// The newest `count` entries of the slow log, newest first.
  package func slowlog(
    count: Int, timeout: Duration? = nil
  ) async throws(RedisError) -> [SlowlogRow] {
    let action = "reading the slow log"
    let reply = try await client.send(
      RedisCommand("SLOWLOG", "GET", String(count)), action: action, timeout: timeout)
    guard let entries = reply.array else { throw unexpected(action) }
    return entries.compactMap(Self.slowlogRow)
  }

  static func slowlogRow(_ entry: RESPValue) -> SlowlogRow? {
    guard let parts = entry.array, parts.count >= 4, let id = parts[0].unsigned,
      let timestamp = parts[1].unsigned, let microseconds = parts[2].unsigned
    else { return nil }
    return SlowlogRow(
      id: id, timestamp: timestamp, microseconds: microseconds,
      arguments: (parts[3].array ?? []).compactMap(\.bytes),
      client: parts.count > 4 ? parts[4].bytes ?? [] : [],
      clientName: parts.count > 5 ? parts[5].bytes ?? [] : [])
  }

  package func slowlogLength(timeout: Duration? = nil) async throws(RedisError) -> UInt64 {
    let action = "reading the slow log's length"
    let reply = try await client.send(
      RedisCommand("SLOWLOG", "LEN"), action: action, timeout: timeout)
    guard let length = reply.unsigned else { throw unexpected(action) }
    return length
  }

  package func latencyLatest(timeout: Duration? = nil) async throws(RedisError) -> [LatencyRow] {
    let action = "reading latency events"
    let reply = try await client.send(
      RedisCommand("LATENCY", "LATEST"), action: action, timeout: timeout)
    guard let rows = reply.array else { throw unexpected(action) }
    return rows.compactMap { row in
      guard let parts = row.array, parts.count >= 4, let name = parts[0].bytes,
        let timestamp = parts[1].unsigned, let latest = parts[2].unsigned,
        let worst = parts[3].unsigned
      else { return nil }
      return LatencyRow(
        name: name, timestamp: timestamp, latestMilliseconds: latest, worstMilliseconds: worst)
    }
  }

  /// All connections, one line each. About 300 bytes a line, written in one go while the server
  /// does nothing else: for thousands of connections page with `clientList(ids:)`.
  package func clientList(timeout: Duration? = nil) async throws(RedisError) -> [UInt8] {
    try await clientList(RedisCommand("CLIENT", "LIST"), timeout)
  }

  /// The lines of those of these connections that exist; needs 6.2.
  package func clientList(
    ids: some Sequence<UInt64>, timeout: Duration? = nil
  ) async throws(RedisError) -> [UInt8] {
    let words = ids.map { String($0) }
    guard !words.isEmpty else { return [] }
    return try await clientList(RedisCommand("CLIENT", ["LIST", "ID"] + words), timeout)
  }

  private func clientList(
    _ command: RedisCommand, _ timeout: Duration?
  ) async throws(RedisError) -> [UInt8] {
    let action = "listing clients"
    let reply = try await client.send(command, action: action, timeout: timeout)
    guard let bytes = reply.bytes else { throw unexpected(action) }
    return bytes
  }

  /// The server's number for the probe's own connection. Numbers only count up, so that it also
  /// bounds those of older connections.
  package func clientID(timeout: Duration? = nil) async throws(RedisError) -> UInt64 {
    let action = "asking for the connection's number"
    let reply = try await client.send(
      RedisCommand("CLIENT", "ID"), action: action, timeout: timeout)
    guard let id = reply.unsigned else { throw unexpected(action) }
    return id
  }
}
