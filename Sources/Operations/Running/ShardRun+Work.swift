internal import ConsoleModel
internal import Redis

extension ShardRun {
  /// Does what the plan asks of this server.
  mutating func work() async throws(RunStop) {
    switch (request.action, request.target) {
    case (.slowlogReset, _):
      try await once { mutator throws(RedisError) in
        try await mutator.slowlogReset()
        return true
      }
    case (.clientKill(let id), _):
      try await once { mutator throws(RedisError) in
        try await mutator.killClient(id: id)
      }
    case (.warm(let source), _): try await warm(source)
    case (.restore(let operation), _): try await undo(operation)
    case (_, .pattern(let glob)): try await walk(glob)
    case (_, .keys(let keys)): try await list(keys)
    case (_, .server): throw .failed("the plan names no keys")
    }
  }

  /// One command, never repeated: its answer lost, it stays open what happened.
  private mutating func once(
    _ command: (Mutator) async throws(RedisError) -> Bool
  ) async throws(RunStop) {
    guard let shard = context.checkpoint[node], !shard.isFinished else { return }
    guard shard.status.indeterminate == 0 else {
      throw .failed("its answer was lost with the runner before: it may have happened")
    }
    try await renew()
    // It goes to the server that the plan was made for, or nowhere.
    do throws(RedisError) { try await checkIdentity() } catch { throw RunStop(error) }
    try await context.note("sent", on: node, synced: true, progress { $0.open = 1 })
    let did: Bool
    do throws(RedisError) {
      did = try await command(changes.mutator)
    } catch {
      throw RunStop(error)
    }
    let finish = progress { shard in
      shard.open = 0
      shard.status.changed = did ? 1 : 0
      shard.status.skipped = did ? 0 : 1
      shard.status.visited = 1
      shard.isFinished = true
    }
    try await context.note("done", on: node, synced: true, finish)
  }
}
