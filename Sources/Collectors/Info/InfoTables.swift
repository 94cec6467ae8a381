package import ConsoleModel

/// The cumulative line of one command in INFO commandstats.
package struct CommandCounters: Sendable, Hashable {
  /// Lower case, subcommand after a bar.
  package var name: String
  package var calls: UInt64 = 0
  package var microseconds: UInt64 = 0
  package var rejected: UInt64 = 0
  package var failed: UInt64 = 0

  package init(
    name: String, calls: UInt64 = 0, microseconds: UInt64 = 0, rejected: UInt64 = 0,
    failed: UInt64 = 0
  ) {
    self.name = name
    self.calls = calls
    self.microseconds = microseconds
    self.rejected = rejected
    self.failed = failed
  }
}

/// The cumulative line of one code in INFO errorstats.
package struct ErrorCounter: Sendable, Hashable {
  package var code: String
  package var count: UInt64

  package init(code: String, count: UInt64) {
    self.code = code
    self.count = count
  }
}

extension InfoReply {
  /// Redis 8 has about 500 commands with subcommands; modules add some.
  package static let maximumCommands = 1024
  /// Scripts can raise any code; Redis 7.2 stops counting new ones at 128, 7.0 does not.
  package static let maximumErrorCodes = 128

  /// INFO commandstats, by name.
  package var commandCounters: [CommandCounters] {
    var rows: [CommandCounters] = []
    for field in fields(of: "commandstats") where field.name.hasPrefix("cmdstat_") {
      guard rows.count < Self.maximumCommands else { break }
      var row = CommandCounters(name: field.name.dropFirst("cmdstat_".count).lowercased())
      var hasCalls = false
      for (name, value) in Self.pairs(field.value) {
        let number = ServerNumber.unsigned(value)
        switch name {
        case "calls":
          row.calls = number ?? 0
          hasCalls = number != nil
        case "usec": row.microseconds = number ?? 0
        case "rejected_calls": row.rejected = number ?? 0
        case "failed_calls": row.failed = number ?? 0
        default: break
        }
      }
      if hasCalls { rows.append(row) }
    }
    return rows.sorted { $0.name < $1.name }
  }

  /// INFO errorstats, by code; the most frequent ones if there are too many.
  package var errorCounters: [ErrorCounter] {
    let rows = fields(of: "errorstats").compactMap { field -> ErrorCounter? in
      guard field.name.hasPrefix("errorstat_"),
        let count = Self.pairs(field.value).first(where: { $0.name == "count" })?.value,
        let number = ServerNumber.unsigned(count)
      else { return nil }
      return ErrorCounter(code: String(field.name.dropFirst("errorstat_".count)), count: number)
    }
    let kept =
      rows.count <= Self.maximumErrorCodes
      ? rows : Array(rows.sorted { $0.count > $1.count }.prefix(Self.maximumErrorCodes))
    return kept.sorted { $0.code < $1.code }
  }

  /// INFO keyspace, by index.
  package var databases: [DatabaseFigures] {
    fields(of: "keyspace").compactMap { field -> DatabaseFigures? in
      guard field.name.hasPrefix("db"), let number = ServerNumber.unsigned(field.name.dropFirst(2)),
        let index = Int(exactly: number)
      else { return nil }
      let pairs = Self.pairs(field.value)
      func value(_ name: String) -> UInt64? {
        pairs.first { $0.name == name }.flatMap { ServerNumber.unsigned($0.value) }
      }
      guard let keys = value("keys") else { return nil }
      // Redis prints 0 where no key has a TTL, or where none was sampled yet.
      let averageTTL = value("avg_ttl").flatMap { $0 == 0 ? nil : $0 }
      return DatabaseFigures(
        index: index, keys: keys, expires: value("expires") ?? 0, averageTTL: averageTTL)
    }.sorted { $0.index < $1.index }
  }

  /// The slowest replica: greatest distance in bytes and greatest seconds since its last ACK.
  package var replicaLag: (bytes: UInt64?, seconds: UInt64?) {
    let offset = unsigned("master_repl_offset")
    var bytes: UInt64?
    var seconds: UInt64?
    for field in fields(of: "replication") where field.name.hasPrefix("slave") {
      guard ServerNumber.unsigned(field.name.dropFirst("slave".count)) != nil else { continue }
      for (name, value) in Self.pairs(field.value) {
        guard let number = ServerNumber.unsigned(value) else { continue }
        if name == "offset", let offset {
          bytes = max(bytes ?? 0, offset.subtractingOrZero(number))
        } else if name == "lag" {
          seconds = max(seconds ?? 0, number)
        }
      }
    }
    return (bytes, seconds)
  }
}
