/// What a probe has done to its server so far, so that it can be taken out of the server's figures.
///
/// Cumulative since the probe began: take the difference of two readings of the same server
/// process. Calls that the server refused unrun are not in here, as they are not in its `calls`.
package struct ProbeLedger: Sendable, Hashable {
  /// By name as in `INFO commandstats`: `client|list`.
  package var calls: [String: UInt64] = [:]
  /// Lookups that the server counted in `keyspace_hits` and `keyspace_misses`.
  package var hits: UInt64 = 0
  package var misses: UInt64 = 0
  /// Bytes received and sent.
  package var bytesIn: UInt64 = 0
  package var bytesOut: UInt64 = 0

  package init() {}

  /// Calls of all names together: what `total_commands_processed` counted.
  package var totalCalls: UInt64 { calls.values.reduce(0, &+) }

  /// Calls of one row of commandstats; a server before 7.0 counts subcommands under the container.
  package func calls(of name: String) -> UInt64 {
    if let exact = calls[name] { return exact }
    guard !name.contains("|") else { return 0 }
    return calls.reduce(0) { $1.key.hasPrefix(name + "|") ? $0 &+ $1.value : $0 }
  }

  /// What was done after `earlier`.
  package func since(_ earlier: ProbeLedger) -> ProbeLedger {
    var difference = ProbeLedger()
    for (name, count) in calls {
      let before = earlier.calls[name] ?? 0
      if count > before { difference.calls[name] = count - before }
    }
    difference.hits = hits &- min(hits, earlier.hits)
    difference.misses = misses &- min(misses, earlier.misses)
    difference.bytesIn = bytesIn &- min(bytesIn, earlier.bytesIn)
    difference.bytesOut = bytesOut &- min(bytesOut, earlier.bytesOut)
    return difference
  }
}
