internal import ConsoleModel
internal import EventLoop
internal import Redis

extension ShardRun {
  /// How long a replica may take to have what was changed; it tells once a second how far it is.
  private static let replicaPatience = Duration.seconds(2)

  /// The server does not answer, or the lease has gone: waits, connects again, makes sure that it is
  /// still the same server process and that nobody else has taken over. Throws when it is over.
  mutating func recover(from error: FenceError) async throws(RunStop) {
    switch error {
    case .superseded: return try await renew()
    case .server(let cause):
      guard isPassing(cause) else { throw RunStop(cause) }
      let start = EventLoop.now()
      var last = cause
      var pause = 0.1
      var tries = 0
      while true {
        // The watch over it may have heard nothing for some time already.
        let begin = min(start, monitor.heard)
        let waited = Double(begin.duration(to: EventLoop.now()).nanoseconds) / 1e9
        // A runner that was frozen has not asked for just as long.
        guard tries < 2 || waited < context.ticket.thresholds.unreachableSeconds else {
          // Where there are others, it is tried again when they are done.
          let isAlone = request.nodes.count == 1
          throw .waiting(
            "\(last.description); tried for \(Int(waited)) s"
              + (isAlone
                ? ": the journal has how far it came, take the operation over to go on" : ""))
        }
        let text = last.description
        runState.updateShard(node) { $0.fault = text }
        if runState.isSuperseded { throw .superseded }
        if case (.abort, let reason) = runState.control { throw .aborted(reason) }
        await context.nap(.seconds(pause))
        pause = min(2, pause * 2)
        tries += 1
        // There may be another primary by now, also where the old one still answers.
        if followsPrimary { changes.mutator.reconnect(last) }
        do throws(RedisError) {
          try await checkIdentity()
        } catch {
          guard isPassing(error) else { throw RunStop(error) }
          last = error
          continue
        }
        return try await renew()
      }
    }
  }

  /// Looks whether the lease is still ours; takes it again if it only ran out.
  mutating func renew() async throws(RunStop) {
    do throws(FenceError) {
      try await changes.begin()
      monitor.renewed(changes.lease)
      return
    } catch {
      switch error {
      case .server(let cause):
        guard isPassing(cause) else { throw RunStop(cause) }
        // The next batch meets it again, and has the patience for it.
        return
      case .superseded: break
      }
    }
    try await place(changes.lease)
  }

  /// Where the server had no memory for a lease, it may have some now. Asked right before each batch, so
  /// that a later holder is noticed in spite of that.
  mutating func placeLease() async throws(RunStop) {
    guard changes.lease.isNone else { return }
    let whole = context.lease.current
    guard !whole.isNone else { return }
    try await place(whole)
  }

  private mutating func place(_ lease: Lease) async throws(RunStop) {
    var isOurs: Bool
    do throws(RedisError) {
      isOurs = try await changes.mutator.placeLease(lease)
    } catch {
      if isPassing(error) { return }
      guard request.mayBeginWithoutLease(error) else { throw RunStop(error) }
      // Deletions are what makes room for it; until then the first server's lease has to do.
      do throws(RedisError) { isOurs = try await context.lease.isHeld() } catch { return }
      guard isOurs else { throw .superseded }
      return use(.none(lease.name))
    }
    guard isOurs else { throw .superseded }
    if changes.lease != lease { use(lease) }
    monitor.renewed(lease)
  }

  private mutating func use(_ lease: Lease) {
    let connection = changes.boundTo
    changes = FencedChanges(changes.mutator, lease)
    changes.boundTo = connection
  }

  /// Makes sure which server answers wherever the connection was made anew: what was read may have come
  /// from another one.
  mutating func confirmServer() async throws(RunStop) {
    guard changes.mutator.generation != changes.boundTo else { return }
    do throws(RedisError) {
      try await checkIdentity()
    } catch {
      try await recover(from: .server(error))
    }
  }

  /// The plan was made for one server process; SCAN's cursor belongs to it, too. Changes are sent on the
  /// connection on which that was made sure of, and on no other.
  mutating func checkIdentity() async throws(RedisError) {
    let expected = context.checkpoint[node]?.runID ?? ""
    for _ in 0..<3 {
      let connection = changes.mutator.generation
      let found = InfoFields(try await changes.mutator.info("server"))["run_id"] ?? ""
      if followsPrimary, found != expected, !found.isEmpty {
        adopt(found)
        changes.boundTo = connection
        return
      }
      guard expected.isEmpty || found == expected else {
        throw RedisError(
          kind: .denied, endpoint: changes.mutator.endpoint.description,
          action: "going on with the operation",
          message: "it is another server process now (run_id \(expected.prefix(8)) became"
            + " \(PlainText.safe(found.utf8.prefix(8))))",
          nextStep: "make a new plan")
      }
      if changes.mutator.generation == connection {
        changes.boundTo = connection
        return
      }
    }
    throw RedisError(
      kind: .unreachable, endpoint: changes.mutator.endpoint.description,
      action: "going on with the operation", message: "no connection to it lasts")
  }

  /// Milliseconds that each key has left, of the server that the plan was made for.
  mutating func remainingLives(_ keys: [[UInt8]]) async throws(RunStop) -> [Int64] {
    while true {
      do throws(RedisError) {
        if let route = changes.mutator.route { return try await route.remainingLives(keys) }
        let lives = try await changes.mutator.remainingLives(keys)
        guard changes.mutator.generation != changes.boundTo else { return lives }
        try await checkIdentity()
      } catch {
        try await recover(from: .server(error))
      }
    }
  }

  /// A failover may lose what no replica has yet. By offsets and not by WAIT, which is a permission of
  /// its own.
  mutating func settle() async throws(RunStop) {
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

  /// What may be over in a moment; everything else ends the run.
  private func isPassing(_ error: RedisError) -> Bool {
    Self.isPassing(error) || followsPrimary && Self.isElsewhere(error)
  }

  static func isPassing(_ error: RedisError) -> Bool {
    switch error.kind {
    case .unreachable, .timeout, .indeterminate: true
    case .server: error.message.contains("loading") || error.message.contains("busy")
    case .tls, .auth, .denied, .unsupported, .protocol, .cancelled, .limit: false
    }
  }
}
