internal import ConsoleModel
internal import EventLoop
internal import Redis

/// A shard of a cluster: the same work on whoever is its primary.
extension ShardRun {
  var isOnCluster: Bool { changes.mutator.route != nil }

  /// It goes on with the successor of a primary that is gone.
  var followsPrimary: Bool { changes.mutator.followsPrimary }

  /// Does the shard's work on one process from beginning to end: on a successor it begins anew, because
  /// cursors are the process's own and the last changes may not have reached it.
  mutating func workOnCluster(_ walks: ClusterWalks) async throws(RunStop) {
    guard context.checkpoint[node]?.isFinished == false else { return }
    while true {
      // A walk vouches for a slot only as a whole, from one description of the node to the next.
      try await restart()
      let walk = try await begin(walks)
      slots = walk.slots
      hasSuccessor = false
      try await work()
      if !hasSuccessor { try await settle() }
      if !hasSuccessor, walk.runID == context.checkpoint[node]?.runID {
        let isClosed = try await patiently { () throws(RedisError) in try await walks.finish(walk) }
        if isClosed, !hasSuccessor { return }
      }
      try await restart()
      try await context.gate(monitor)
      if !hasSuccessor {
        // It is another process, and nothing has told so yet.
        changes.mutator.reconnect(Self.elsewhere(changes.mutator))
        try await patientlyConfirm()
      }
    }
  }

  /// False for a key of another shard's slots.
  func isOwn(_ key: [UInt8]) -> Bool { slots?.contains(HashSlot.of(key)) ?? true }

  func restart() async throws(RunStop) {
    try await context.note("walks", on: node, synced: true, progress { $0.restart() })
  }

  mutating func patientlyConfirm() async throws(RunStop) {
    do throws(RedisError) {
      try await checkIdentity()
    } catch {
      try await recover(from: .server(error))
    }
  }

  /// Describes the process that is walked; its walk vouches for the slots that it has all the time.
  private mutating func begin(_ walks: ClusterWalks) async throws(RunStop) -> ClusterWalks.Walk {
    guard let slot = changes.mutator.route?.slot else { throw .failed("it is no shard") }
    return try await patiently { () throws(RedisError) in try await walks.begin(slot: slot) }
  }

  private mutating func patiently<Value: Sendable>(
    _ work: () async throws(RedisError) -> Value
  ) async throws(RunStop) -> Value {
    while true {
      do throws(RedisError) {
        return try await work()
      } catch {
        try await recover(from: .server(error))
      }
    }
  }

  /// Takes whoever is the primary now for the shard's server; the old one's cursor goes with it.
  mutating func adopt(_ runID: String) {
    hasSuccessor = true
    context.book("successor", on: node, progress { $0.runID = runID })
  }

  /// What a node says that has handed its slots over, or of a cluster that is choosing a successor.
  static func isElsewhere(_ error: RedisError) -> Bool {
    ["the key is on another node", "read-only replica", "cluster is down", "lost its primary"]
      .contains { error.message.contains($0) }
  }

  private static func elsewhere(_ mutator: Mutator) -> RedisError {
    RedisError(
      kind: .unreachable, endpoint: mutator.endpoint.description,
      action: "going on with the operation", message: "its slots are served by another node now")
  }

  /// The answer for a key whose slot is another node's, or on its way there.
  static func isRedirection(_ text: String) -> Bool {
    ["MOVED ", "ASK ", "TRYAGAIN"].contains { text.hasPrefix($0) }
  }

  /// The answer of a script's command for a key whose slot has moved: its new owner is walked later.
  static func hasMoved(_ text: String) -> Bool { text.contains("non local key") }
}
