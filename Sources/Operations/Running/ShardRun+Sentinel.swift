internal import ConsoleModel
internal import EventLoop
internal import Redis

/// A server that Sentinels watch: the same work on whoever they name as the primary.
extension ShardRun {
  /// Seconds that a replica may take to have what was changed; it tells once a second how far it is.
  private static let replicaPatience = Duration.seconds(2)

  /// Does the work on one process from beginning to end: on a successor it begins anew, because cursors
  /// are the process's own and the last changes may not have reached it.
  mutating func workOnPrimary() async throws(RunStop) {
    while true {
      hasSuccessor = false
      try await work()
      if !hasSuccessor { try await settleOnReplica() }
      if !hasSuccessor {
        // One that the Sentinels have given up may still answer whoever is connected to it.
        changes.mutator.reconnect(Self.lookingAgain(changes.mutator))
        try await patientlyConfirm()
      }
      guard hasSuccessor else { return }
      try await restart()
      try await context.gate(monitor)
    }
  }

  /// A failover may lose what no replica has yet. By offsets and not by WAIT, which is a permission of
  /// its own.
  private mutating func settleOnReplica() async throws(RunStop) {
    let end = EventLoop.now().advanced(by: Self.replicaPatience)
    var goal: UInt64?
    while true {
      let replication: InfoFields
      do throws(RedisError) {
        replication = InfoFields(try await changes.mutator.info("replication"))
      } catch {
        return try await recover(from: .server(error))
      }
      let replicas = replication.replicas.filter(\.isOnline)
      guard !replicas.isEmpty, let offset = replication.count("master_repl_offset") else { return }
      let sought = goal ?? offset
      goal = sought
      guard !replicas.contains(where: { $0.offset >= sought }) else { return }
      guard EventLoop.now() < end else { break }
      await context.nap(.milliseconds(100))
    }
    runState.warn("no replica of \(node.rawValue) has confirmed the last changes")
  }

  private static func lookingAgain(_ mutator: Mutator) -> RedisError {
    RedisError(
      kind: .unreachable, endpoint: mutator.endpoint.description,
      action: "going on with the operation", message: "the Sentinels are asked again")
  }
}
