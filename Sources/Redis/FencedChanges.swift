internal import EventLoop

/// Batches of changes that happen only while the lease is ours: each is a transaction under a WATCH
/// of its holder's key, so that the server itself refuses it to a holder that was paused for too long.
///
/// One task uses it, on a mutator of its own.
package struct FencedChanges: Sendable {
  package let mutator: Mutator
  package let lease: Lease
  /// The connection on which the lease is watched; nil: on none.
  private var generation: UInt64?
  /// The connection on which whoever uses this has made sure which server process it is: on another one
  /// nothing is begun. nil: on any.
  package var boundTo: UInt64?
  /// On a cluster: what the watched keys were when they were read.
  private var expected: [FencedScript.Expectation] = []
  private let timeout: Duration

  /// - Parameter timeout: for a batch and its answer.
  package init(_ mutator: Mutator, _ lease: Lease, timeout: Duration = .seconds(5)) {
    self.mutator = mutator
    self.lease = lease.on(mutator)
    self.timeout = timeout
  }

  /// What happened to one batch.
  package enum Outcome: Sendable {
    /// The answer to each command; a server's error stays an `.error` value.
    case done([RESPValue])
    /// A key that was watched with `watch` has changed, or the lease has gone: nothing was done.
    case conflict
  }

  /// Renews the lease, watches it and looks whether it is still ours. Needed first, and after an error.
  package mutating func begin() async throws(FenceError) {
    generation = nil
    let commands = [lease.renewal] + (lease.isNone ? [] : watching)
    let replies: [RESPValue]
    do throws(RedisError) {
      if let boundTo {
        replies = try await mutator.client.pipeline(
          commands, onGeneration: boundTo, action: renewing, timeout: timeout)
      } else {
        replies = try await mutator.client.pipeline(commands, action: renewing, timeout: timeout)
      }
    } catch {
      throw .server(error)
    }
    let connection = boundTo ?? mutator.client.generation
    if lease.isNone {
      if case .error(let text)? = replies.first { throw .server(mutator.refused(text, renewing)) }
      generation = connection
      return
    }
    try check(replies.dropFirst())
    // It ran out, and nobody has taken over: what others look at must be there again.
    if replies.first?.unsigned != 1 { throw .superseded }
    generation = connection
  }

  /// Watches these keys too, until the next batch.
  ///
  /// A WATCH cannot be for keys of several slots: on a cluster the batch itself looks whether what `reads`
  /// found (DUMP, PTTL) is still so.
  ///
  /// - Parameter bytes: expected in the answers.
  /// - Returns: the answers to `reads`, which follow in the same breath.
  package mutating func watch(
    _ keys: [[UInt8]], reads: [RedisCommand], action: String, bytes: Int = 0
  ) async throws(FenceError) -> [RESPValue] {
    try await ensure()
    if mutator.route != nil {
      let start = EventLoop.now()
      let replies = try await send(reads, action, bytes)
      expected = zip(reads, replies).compactMap { FencedScript.Expectation($0, $1, readAt: start) }
      return replies
    }
    let replies = try await send([RedisCommand("WATCH", keys)] + reads, action, bytes)
    if case .error(let text)? = replies.first { throw .server(mutator.refused(text, action)) }
    return Array(replies.dropFirst())
  }

  /// All of them or none, and none if the lease is not ours any more.
  ///
  /// - Parameters:
  ///   - record: a record of ours that is written with them.
  ///   - bytes: about so many in `changes`.
  /// - Returns: answers to `changes` only.
  package mutating func commit(
    _ changes: [RedisCommand], with record: RedisCommand? = nil, action: String, bytes: Int = 0
  ) async throws(FenceError) -> Outcome {
    try await ensure()
    if mutator.route != nil {
      return try await runScript((record.map { [$0] } ?? []) + changes, action, bytes)
        .dropping(record == nil ? 0 : 1)
    }
    let own = [lease.renewal] + (record.map { [$0] } ?? [])
    let replies = try await send(
      [RedisCommand("MULTI")] + own + changes + [RedisCommand("EXEC")] + watching, action, bytes)
    let index = 1 + own.count + changes.count
    guard replies.count == index + 1 + watching.count else {
      throw .server(mutator.unexpected(action))
    }
    // An error while queueing names the command; EXEC then only says that it was aborted.
    for case .error(let text) in replies[..<index] {
      generation = nil
      if text.hasPrefix("OOM"), changes.allSatisfy({ $0.statName == "unlink" }) {
        return try await delete(changes, action)
      }
      throw .server(mutator.refused(text, action))
    }
    let result = replies[index]
    if case .array(let answers) = result {
      // Done: that another has come since, or the lease ran out, is for the next batch to find.
      if !lease.isNone {
        if answers.first?.unsigned != 1 { generation = nil }
        do throws(FenceError) { try check(replies[(index + 1)...]) } catch {}
      }
      return .done(Array(answers.dropFirst(own.count)))
    }
    if !lease.isNone { try check(replies[(index + 1)...]) }
    switch result {
    case .null: return .conflict
    case .error(let text): throw .server(mutator.refused(text, action))
    case .simple, .bulk, .integer, .array: throw .server(mutator.unexpected(action))
    }
  }

  private mutating func runScript(
    _ changes: [RedisCommand], _ action: String, _ bytes: Int
  ) async throws(FenceError) -> Outcome {
    let command = FencedScript.command(
      changes, if: expected, under: lease, own: mutator.own, now: EventLoop.now())
    expected = []
    let replies = try await send([command], action, bytes)
    switch replies.first {
    case .array(let answers)?:
      // It ran out, and nobody has taken over: what others look at must be there again.
      if answers.first?.unsigned != 1 { generation = nil }
      return .done(Array(answers.dropFirst()))
    case .integer(FencedScript.conflict)?: return .conflict
    case .null?:
      generation = nil
      throw .superseded
    case .error(let text)?:
      generation = nil
      throw .server(mutator.refused(text, action))
    case .simple?, .bulk?, .integer?, nil: throw .server(mutator.unexpected(action))
    }
  }

  /// A server without memory queues no transaction at all, and deletions are what frees some: the lease
  /// is looked at right before them instead.
  private mutating func delete(
    _ changes: [RedisCommand], _ action: String
  ) async throws(FenceError) -> Outcome {
    try await begin()
    return .done(try await send(changes, action, 0))
  }

  private mutating func ensure() async throws(FenceError) {
    if generation == nil { try await begin() }
  }

  /// A large value has its time, too.
  private static let slowestBytesPerSecond = 4 << 20

  private mutating func send(
    _ commands: [RedisCommand], _ action: String, _ bytes: Int
  ) async throws(FenceError) -> [RESPValue] {
    guard let connection = generation else { throw .superseded }
    let timeout = timeout + .seconds(bytes / Self.slowestBytesPerSecond)
    do throws(RedisError) {
      return try await mutator.client.pipeline(
        commands, onGeneration: connection, action: action, timeout: timeout)
    } catch {
      generation = nil
      throw .server(error)
    }
  }

  private var renewing: String { "renewing the operation's lease" }

  private var watching: [RedisCommand] {
    [
      RedisCommand("WATCH", lease.holderKey), RedisCommand("MEMORY", "USAGE", lease.holderKey),
    ]
  }

  private mutating func check(_ replies: ArraySlice<RESPValue>) throws(FenceError) {
    for reply in replies {
      if case .error(let text) = reply {
        generation = nil
        throw .server(mutator.refused(text, renewing))
      }
    }
    guard let size = replies.last, size.unsigned != nil else {
      generation = nil
      throw .superseded
    }
  }
}

extension FencedChanges.Outcome {
  fileprivate func dropping(_ count: Int) -> Self {
    guard case .done(let answers) = self else { return self }
    return .done(Array(answers.dropFirst(count)))
  }
}
