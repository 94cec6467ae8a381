internal import ConsoleModel
internal import EventLoop
internal import Redis

/// A server that Sentinels watch: the same work on whoever they name as the primary.
extension ShardRun {
  /// Does the work on one process from beginning to end: on a successor it begins anew, because cursors
  /// are the process's own and the last changes may not have reached it.
  mutating func workOnPrimary() async throws(RunStop) {
    while true {
      hasSuccessor = false
      try await work()
      if !hasSuccessor { try await settle() }
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

  private static func lookingAgain(_ mutator: Mutator) -> RedisError {
    RedisError(
      kind: .unreachable, endpoint: mutator.endpoint.description,
      action: "going on with the operation", message: "the Sentinels are asked again")
  }
}
