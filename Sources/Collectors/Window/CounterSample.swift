package import ConsoleModel
package import Redis

/// The server's cumulative counters that the console differences.
package enum Counter: Int, Sendable, CaseIterable {
  case hits, misses, commands, inputBytes, outputBytes, errors, evicted, expired, connections
  case rejected
  /// Main-thread CPU in microseconds.
  case cpu

  /// CPU is a sum of two rounded decimals and not reset with the others, so it proves nothing.
  package var provesReset: Bool { self != .cpu }

  var field: String? {
    switch self {
    case .hits: return "keyspace_hits"
    case .misses: return "keyspace_misses"
    case .commands: return "total_commands_processed"
    case .inputBytes: return "total_net_input_bytes"
    case .outputBytes: return "total_net_output_bytes"
    case .errors: return "total_error_replies"
    case .evicted: return "evicted_keys"
    case .expired: return "expired_keys"
    case .connections: return "total_connections_received"
    case .rejected: return "rejected_connections"
    case .cpu: return nil
    }
  }
}

/// Everything cumulative of one INFO reply, with what the console had done by then.
package struct CounterSample: Sendable {
  /// When the reply arrived, on the console's monotonic clock.
  package var arrival: MonotonicTime
  /// The server's own clock, microseconds.
  package var serverMicroseconds: UInt64?
  package var runID: String?
  package var uptimeSeconds: UInt64?
  private var counters: [UInt64?]
  /// Sorted by name.
  package var commands: [CommandCounters]
  /// Sorted by code.
  package var errors: [ErrorCounter]
  package var own: ProbeLedger

  package init(
    arrival: MonotonicTime, serverMicroseconds: UInt64? = nil, runID: String? = nil,
    uptimeSeconds: UInt64? = nil, counters: [Counter: UInt64] = [:],
    commands: [CommandCounters] = [], errors: [ErrorCounter] = [], own: ProbeLedger = ProbeLedger()
  ) {
    self.arrival = arrival
    self.serverMicroseconds = serverMicroseconds
    self.runID = runID
    self.uptimeSeconds = uptimeSeconds
    self.counters = Counter.allCases.map { counters[$0] }
    self.commands = commands
    self.errors = errors
    self.own = own
  }

  package init(_ info: InfoReply, arrival: MonotonicTime, own: ProbeLedger) {
    self.init(
      arrival: arrival, serverMicroseconds: info.unsigned("server_time_usec"),
      runID: info["run_id"], uptimeSeconds: info.unsigned("uptime_in_seconds"),
      commands: info.commandCounters, errors: info.errorCounters, own: own)
    counters = Counter.allCases.map { counter in
      counter.field.map(info.unsigned) ?? info.mainThreadMicroseconds
    }
  }

  package subscript(_ counter: Counter) -> UInt64? { counters[counter.rawValue] }
}

extension InfoReply {
  /// The engine's thread where it is told apart (6.2 and later), else the whole process.
  fileprivate var mainThreadMicroseconds: UInt64? {
    func sum(_ user: String, _ system: String) -> UInt64? {
      guard let user = self[user].flatMap({ ServerNumber.microseconds(ofSeconds: $0) }),
        let system = self[system].flatMap({ ServerNumber.microseconds(ofSeconds: $0) })
      else { return nil }
      return user.addingOrMax(system)
    }
    return sum("used_cpu_user_main_thread", "used_cpu_sys_main_thread")
      ?? sum("used_cpu_user", "used_cpu_sys")
  }
}
