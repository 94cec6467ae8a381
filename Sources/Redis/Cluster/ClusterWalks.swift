private import Synchronization

/// What the walks of several tasks over a cluster's nodes have covered; see `ScanCoverage`.
package final class ClusterWalks: Sendable {
  /// A walk that has begun.
  package struct Walk: Sendable {
    let node: ClusterTopology.Node
    let time: Int
    let first: ScanCoverage.Description

    /// The process that must be walked.
    package var runID: String { String(first.runID.dropFirst("run_id:".count)) }
    /// What it owned at the begin.
    package var slots: SlotRanges { first.slots }
  }

  private let cluster: ClusterClient
  private let coverage = Mutex(ScanCoverage())

  package init(_ cluster: ClusterClient) { self.cluster = cluster }

  /// Begins a walk of the primary of that slot; what is walked from now on counts.
  package func begin(slot: Int) async throws(RedisError) -> Walk {
    let topology = try await cluster.freshTopology()
    guard let node = topology.shard(of: slot)?.primary else {
      throw RedisError(
        kind: .unreachable, endpoint: "cluster", action: "walking a shard",
        message: "nobody serves slot \(slot) at the moment")
    }
    let time = coverage.withLock { $0.begin() }
    return Walk(node: node, time: time, first: try await cluster.describe(node))
  }

  /// The whole keyspace of the node has been walked.
  ///
  /// - Returns: false if it is another process now, or no primary any more: the walk counts for nothing.
  package func finish(_ walk: Walk) async throws(RedisError) -> Bool {
    let last = try await cluster.describe(walk.node)
    let topology = try await cluster.freshTopology()
    coverage.withLock {
      $0.finish(
        walk.time, from: walk.first, to: last, owned: topology.slots(of: walk.node.id))
    }
    return last.isPrimary && last.id == walk.first.id && last.runID == walk.first.runID
  }

  /// The nodes that must be walked still: slots not yet covered, and a slot that leads to the node. Of
  /// a node that owns no slot yet nothing: it is met when it has one.
  ///
  /// - Returns: empty when everything is covered.
  package func missing() async throws(RedisError) -> [(slots: Int, anchor: Int)] {
    let topology = try await cluster.freshTopology()
    let (missing, covered) = coverage.withLock { ($0.missing(topology), $0.covered) }
    var result: [(slots: Int, anchor: Int)] = []
    for node in missing {
      let slots = topology.slots(of: node.id)
      let open = slots.subtracting(covered)
      guard let anchor = (open.ranges.first ?? slots.ranges.first)?.lowerBound else { continue }
      result.append((open.count, anchor))
    }
    if result.isEmpty, !missing.isEmpty || !topology.uncovered.isEmpty {
      throw RedisError(
        kind: .unreachable, endpoint: "cluster", action: "walking the cluster",
        message: "slots are on their way to a node that has none yet, or nobody serves them")
    }
    return result
  }
}
