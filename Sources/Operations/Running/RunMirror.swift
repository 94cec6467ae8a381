internal import ConsoleModel
internal import Documents
internal import EventLoop
internal import Redis

/// Writes a run's status and checkpoint where every console sees them, and reads what they tell it.
///
/// Everything is written under the lease of the whole operation, which it holds on the plan's first
/// server: a runner that was paused for too long overwrites nothing of the one that came after it.
final class RunMirror: Sendable {
  private let ticket: RunTicket
  private let state: RunState
  private let loop: EventLoop
  private let wall: @Sendable () -> WallTime
  private let runner: String
  private let begin = EventLoop.now()
  /// On the plan's first server.
  private let mutator: Mutator?
  let lease: HeldLease

  private static let interval = Duration.milliseconds(250)

  init(
    _ ticket: RunTicket, state: RunState, loop: EventLoop, runner: String,
    wall: @escaping @Sendable () -> WallTime
  ) {
    self.ticket = ticket
    self.state = state
    self.loop = loop
    self.wall = wall
    self.runner = runner
    mutator = ticket.recordsMutator(loop: loop)
    lease = HeldLease(.none(OperationRecords.name(ticket.plan.id)), on: mutator)
  }

  func close() { mutator?.close() }

  private var id: String { ticket.plan.id }

  // MARK: The lease

  /// Shuts the one before out of all other servers, too, before anything is changed on any of them. A
  /// server that does not answer now gets the lease before its first batch.
  func placeEverywhere() async throws(RunStop) {
    let (ticket, loop, held) = (ticket, loop, lease.current)
    // On a cluster the records' lease is one of its own.
    let others = ticket.plan.request.nodes.dropFirst(ticket.isOnCluster ? 0 : 1)
    let placing = others.map { node in
      loop.spawn { () -> Bool in
        guard let mutator = ticket.mutator(node, timeout: .seconds(2), loop: loop) else {
          return true
        }
        defer { mutator.close() }
        do throws(RedisError) { return try await mutator.placeLease(held) } catch { return true }
      }
    }
    var isOurs = true
    for task in placing where await !task.value { isOurs = false }
    guard isOurs else {
      state.supersede()
      throw .superseded
    }
  }

  /// Takes the right to the whole operation, or says why it cannot.
  func takeLease(above fence: UInt64) async throws(RunStop) {
    guard let mutator else {
      throw .failed("the first server of the plan is not in this environment (any more)")
    }
    do throws(RedisError) {
      let isTaken = try await take(
        mutator, ticket.mode == .start ? .first : .free(above: fence))
      guard !isTaken else { return }
    } catch {
      guard mayBeginWithout(error) else { throw RunStop(error) }
      state.warn("no lease yet: the server is out of memory for it")
      return
    }
    throw .failed(
      ticket.mode == .start
        ? "operation \(id) was started before: what is left of it can be taken over"
        : "another runner is at work on it: its lease has not run out")
  }

  private func take(
    _ mutator: Mutator, _ condition: LeaseCondition
  ) async throws(RedisError) -> Bool {
    let taken = try await mutator.takeLease(
      OperationRecords.name(id), holder: runner, if: condition,
      lifeMilliseconds: ticket.thresholds.leaseMilliseconds)
    guard let taken else { return false }
    lease.replace(taken)
    state.update { $0.fence = taken.fence }
    return true
  }

  private func mayBeginWithout(_ error: RedisError) -> Bool {
    ticket.mode == .start && ticket.plan.request.mayBeginWithoutLease(error)
  }

  /// So that nobody has to wait for its end.
  func releaseLease() async {
    guard let mutator, lease.current.fence > 0, !state.isSuperseded else { return }
    // It runs out by itself.
    do throws(RedisError) { try await mutator.releaseLease(lease.current) } catch {}
  }

  private func write(_ commands: [RedisCommand]) async throws(FenceError) {
    guard let mutator else { throw .superseded }
    for isLast in [false, true] {
      if lease.current.fence == 0 {
        let isTaken: Bool
        do throws(RedisError) {
          isTaken = try await take(mutator, .first)
        } catch {
          throw .server(error)
        }
        guard isTaken else { throw .superseded }
      }
      var changes = FencedChanges(mutator, lease.current)
      do throws(FenceError) {
        let outcome = try await changes.commit(commands, action: "recording the operation")
        guard case .done(let replies) = outcome else { throw .superseded }
        for case .error(let text) in replies {
          throw .server(mutator.refusal(text, action: "recording the operation"))
        }
        return
      } catch {
        guard error == .superseded, !isLast else { throw error }
      }
      let isOurs: Bool
      do throws(RedisError) {
        isOurs = try await mutator.placeLease(lease.current)
      } catch {
        throw .server(error)
      }
      guard isOurs else { throw .superseded }
    }
  }

  private func record(_ texts: [(String, String)]) -> [RedisCommand] {
    texts.compactMap { .ownRecord($0.0, $0.1, seconds: OperationRecords.lifeSeconds) }
  }

  // MARK: What is written

  /// Puts the plan there; false if it cannot.
  func isWritable() async -> Bool {
    var texts = [(OperationRecords.status(id), state.status.json)]
    let plan = ticket.plan.json
    if plan.utf8.count <= OperationRecords.largestPlan {
      texts.append((OperationRecords.plan(id), plan))
    }
    let listing = RedisCommand.ownListing(
      id, in: OperationRecords.index,
      score: UInt64(clamping: state.status.started.microseconds / 1000),
      limit: OperationRecords.limit, seconds: OperationRecords.lifeSeconds)
    do throws(FenceError) {
      try await write(record(texts) + listing)
      return true
    } catch {
      switch error {
      case .superseded: state.supersede()
      case .server(let cause): state.warn("not mirrored: \(cause.description)")
      }
      return false
    }
  }

  /// What a runner before this one left there, and on the run's other servers.
  func checkpoints() async -> [RunCheckpoint] {
    var found: [RunCheckpoint] = []
    if ticket.isOnCluster, let mutator,
      let texts = try? await mutator.records([OperationRecords.checkpoint(id)]),
      let text = texts[0],
      let checkpoint = try? RunCheckpoint(json: text, file: OperationRecords.checkpoint(id))
    {
      found.append(checkpoint)
    }
    for node in ticket.plan.request.nodes {
      guard let mutator = ticket.mutator(node, loop: loop) else { continue }
      defer { mutator.close() }
      let names = [OperationRecords.checkpoint(id), OperationRecords.shard(id)]
      // Where one does not answer, the run meets it again and says so.
      guard let texts = try? await mutator.records(names) else { continue }
      for (name, text) in zip(names, texts) {
        guard let text, let checkpoint = try? RunCheckpoint(json: text, file: name) else {
          continue
        }
        found.append(checkpoint)
      }
    }
    return found
  }

  /// Several times a second: status and checkpoint out, control in. Until cancelled.
  func publish(_ context: RunContext) async {
    guard let mutator else { return }
    var oldStop: [UInt8]??
    var turn = 0
    while !Task.isCancelled, !state.isSuperseded {
      state.measure(at: EventLoop.now())
      do throws(FenceError) {
        try await listen(to: mutator, &oldStop)
        if turn % 2 == 0 {
          let now = wall()
          state.update { $0.updated = now }
          try await write(
            record([
              (OperationRecords.status(id), state.status.json),
              (OperationRecords.checkpoint(id), context.checkpoint.json(at: now)),
            ]))
        }
      } catch {
        // Without the mirror the run goes on: it meets the same server.
        if error == .superseded { state.supersede() }
      }
      turn += 1
      do { try await loop.sleep(for: Self.interval) } catch { return }
    }
  }

  // MARK: What is heard

  private func listen(
    to mutator: Mutator, _ oldStop: inout [UInt8]??
  ) async throws(FenceError) {
    do throws(RedisError) {
      let told = try await mutator.records([OperationRecords.stop, OperationRecords.control(id)])
      if let stop = told[0], oldStop != .some(stop) {
        var isOld = false
        if oldStop == nil { isOld = try await isBeforeThis(mutator) }
        if !isOld { state.tell(.abort, reason: "stopped by \(Self.who(stop))") }
      }
      oldStop = .some(told[0])
      if let control = told[1] { obey(control) }
    } catch {
      throw .server(error)
    }
  }

  /// A stop from before this run is not meant for it; one that was told while it started is. What is
  /// left of its life says how old it is, whatever the clocks say.
  private func isBeforeThis(_ mutator: Mutator) async throws(RedisError) -> Bool {
    let left = try await mutator.remainingLives([Array(OperationRecords.stop.utf8)]).first ?? -2
    let age = Int64(OperationRecords.stopSeconds) * 1000 - max(0, left)
    return age > begin.duration(to: EventLoop.now()).nanoseconds / 1_000_000
  }

  private func obey(_ text: [UInt8]) {
    let words = String(decoding: text, as: UTF8.self).split(separator: " ", maxSplits: 1)
    guard let word = words.first, let control = OperationControl(rawValue: String(word)) else {
      return
    }
    guard state.control.0 != control else { return }
    let who = words.count > 1 ? String(words[1]) : "another console"
    switch control {
    case .run: state.tell(.run, reason: "")
    case .pause: state.tell(.pause, reason: "paused by \(who)")
    case .abort: state.tell(.abort, reason: "aborted by \(who)")
    }
  }

  /// Whoever wrote `token name`.
  private static func who(_ text: [UInt8]) -> String {
    let words = String(decoding: text, as: UTF8.self).split(separator: " ", maxSplits: 1)
    return words.count > 1 ? String(words[1]) : "another console"
  }

  func finish(_ checkpoint: RunCheckpoint?) async {
    var texts = [(OperationRecords.status(id), state.status.json)]
    if let checkpoint {
      texts.append((OperationRecords.checkpoint(id), checkpoint.json(at: wall())))
    }
    // A server that is away keeps the last status; the journal and the audit have the end.
    do throws(FenceError) { try await write(record(texts)) } catch {}
  }
}

extension RunTicket {
  /// A connection of its own to one of the run's servers.
  ///
  /// - Parameter carriesValues: one value of the largest size that there is may pass; batches have much
  ///   less.
  func mutator(
    _ node: NodeID?, timeout: Duration = .seconds(5), carriesValues: Bool = false, loop: EventLoop
  ) -> Mutator? {
    guard let server = servers.first(where: { $0.node == node }) else { return nil }
    var options = RedisClient.Options()
    options.commandTimeout = timeout
    if carriesValues {
      options.maximumReplyBytes = CopyRecord.maximumBytes + 64 << 20
      options.maximumBufferedBytes = CopyRecord.maximumBytes + 64 << 20
    }
    options.clientName = "cacheconsole-run"
    return Mutator(
      endpoint: server.endpoint, access: server.access, options: options,
      route: route(server, loop: loop), sentinels: sentinels(server, loop: loop), loop: loop)
  }
}
