/// Batches of changes that happen only while the lease is ours: each is a transaction under a WATCH
/// of the lease, so that the server itself refuses it to a holder that was paused for too long.
///
/// One task uses it, on a mutator of its own.
package struct FencedChanges: Sendable {
  package let mutator: Mutator
  package private(set) var lease: Lease
  /// The connection on which the lease is watched; nil: on none.
  private var generation: UInt64?
  private let timeout: Duration

  /// - Parameter timeout: for a batch and its answer.
  package init(_ mutator: Mutator, _ lease: Lease, timeout: Duration = .seconds(5)) {
    self.mutator = mutator
    self.lease = lease
    self.timeout = timeout
  }

  /// What happened to one batch.
  package enum Outcome: Sendable {
    /// The answer to each command; a server's error stays an `.error` value.
    case done([RESPValue])
    /// A key that was watched with `watch` has changed: nothing was done.
    case conflict
  }

  /// Renews the lease, watches it and looks whether it is still ours. Needed first, and after an error.
  package mutating func begin() async throws(FenceError) {
    generation = nil
    let replies: [RESPValue]
    do throws(RedisError) {
      replies = try await mutator.client.pipeline(
        watching, action: "renewing the operation's lease", timeout: timeout)
    } catch {
      throw .server(error)
    }
    let connection = mutator.client.generation
    try check(replies[...])
    generation = connection
  }

  /// Watches these keys too, until the next batch.
  ///
  /// - Returns: the answers to `reads`, which follow in the same breath.
  package mutating func watch(
    _ keys: [[UInt8]], reads: [RedisCommand], action: String
  ) async throws(FenceError) -> [RESPValue] {
    try await ensure()
    let replies = try await send([RedisCommand("WATCH", keys)] + reads, action)
    if case .error(let text)? = replies.first { throw .server(mutator.refused(text, action)) }
    return Array(replies.dropFirst())
  }

  /// All of them or none, and none if the lease is not ours any more.
  package mutating func commit(
    _ changes: [RedisCommand], action: String
  ) async throws(FenceError) -> Outcome {
    try await ensure()
    let replies = try await send(
      [RedisCommand("MULTI")] + changes + [RedisCommand("EXEC")] + watching, action)
    let index = changes.count + 1
    guard replies.count == index + 1 + watching.count else {
      throw .server(mutator.unexpected(action))
    }
    // An error while queueing names the command; EXEC then only says that it was aborted.
    for reply in replies[..<index] {
      if case .error(let text) = reply {
        generation = nil
        throw .server(mutator.refused(text, action))
      }
    }
    let result = replies[index]
    try check(replies[(index + 1)...])
    switch result {
    case .array(let answers): return .done(answers)
    case .null: return .conflict
    case .error(let text): throw .server(mutator.refused(text, action))
    case .simple, .bulk, .integer: throw .server(mutator.unexpected(action))
    }
  }

  private mutating func ensure() async throws(FenceError) {
    if generation == nil { try await begin() }
  }

  private mutating func send(
    _ commands: [RedisCommand], _ action: String
  ) async throws(FenceError) -> [RESPValue] {
    guard let connection = generation else { throw .superseded }
    do throws(RedisError) {
      return try await mutator.client.pipeline(
        commands, onGeneration: connection, action: action, timeout: timeout)
    } catch {
      generation = nil
      throw .server(error)
    }
  }

  /// Renew first: a change after WATCH would break our own transaction.
  private var watching: [RedisCommand] {
    [
      RedisCommand("PEXPIRE", lease.key, String(lease.lifeMilliseconds)),
      RedisCommand("WATCH", lease.key), RedisCommand("MEMORY", "USAGE", lease.key),
    ]
  }

  private mutating func check(_ replies: ArraySlice<RESPValue>) throws(FenceError) {
    for reply in replies {
      if case .error(let text) = reply {
        generation = nil
        throw .server(mutator.refused(text, "renewing the operation's lease"))
      }
    }
    guard let size = replies.last, size.unsigned != nil else {
      generation = nil
      throw .superseded
    }
  }
}
