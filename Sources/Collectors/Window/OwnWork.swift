/// What the console itself did on one server process, cumulative, as of one reply.
package struct OwnWork: Sendable, Hashable {
  /// Calls by name as in commandstats: `info`, `object|freq`.
  package var calls: [String: UInt64]
  /// Lookups that its reads added to keyspace_hits and keyspace_misses.
  package var hits: UInt64
  package var misses: UInt64
  /// Bytes received from and sent to the server.
  package var bytesIn: UInt64
  package var bytesOut: UInt64

  package init(
    calls: [String: UInt64] = [:], hits: UInt64 = 0, misses: UInt64 = 0, bytesIn: UInt64 = 0,
    bytesOut: UInt64 = 0
  ) {
    self.calls = calls
    self.hits = hits
    self.misses = misses
    self.bytesIn = bytesIn
    self.bytesOut = bytesOut
  }

  package var totalCalls: UInt64 { calls.values.reduce(0) { $0.addingOrMax($1) } }

  /// What was added since `earlier`; a figure that fell counts as nothing.
  package func since(_ earlier: OwnWork) -> OwnWork {
    var difference = OwnWork(
      hits: hits.subtractingOrZero(earlier.hits), misses: misses.subtractingOrZero(earlier.misses),
      bytesIn: bytesIn.subtractingOrZero(earlier.bytesIn),
      bytesOut: bytesOut.subtractingOrZero(earlier.bytesOut))
    for (name, count) in calls {
      let added = count.subtractingOrZero(earlier.calls[name] ?? 0)
      if added > 0 { difference.calls[name] = added }
    }
    return difference
  }
}
