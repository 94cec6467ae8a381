internal import ConsoleModel
internal import EventLoop
internal import Redis

extension ShardRun {
  /// The server does not answer, or the lease has gone: waits, connects again, makes sure that it is
  /// still the same server process and that nobody else has taken over. Throws when it is over.
  mutating func recover(from error: FenceError) async throws(RunStop) {
    switch error {
    case .superseded: return try await renew()
    case .server(let cause):
      guard Self.isPassing(cause) else { throw RunStop(cause) }
      let begin = EventLoop.now()
      var last = cause
      var pause = 0.1
      while true {
        let waited = Double(begin.duration(to: EventLoop.now()).nanoseconds) / 1e9
        guard waited < context.ticket.thresholds.unreachableSeconds else {
          throw .failed(
            "\(last.description); tried for \(Int(waited)) s: the journal has how far it came,"
              + " take the operation over to go on")
        }
        let text = last.description
        runState.updateShard(node) { $0.fault = text }
        if runState.isSuperseded { throw .superseded }
        if case (.abort, let reason) = runState.control { throw .aborted(reason) }
        await context.nap(.seconds(pause))
        pause = min(2, pause * 2)
        do throws(RedisError) {
          try await checkIdentity()
        } catch {
          guard Self.isPassing(error) else { throw RunStop(error) }
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
        guard Self.isPassing(cause) else { throw RunStop(cause) }
        // The next batch meets it again, and has the patience for it.
        return
      case .superseded: break
      }
    }
    let isOurs: Bool
    do throws(RedisError) {
      isOurs = try await changes.mutator.reclaimLease(changes.lease)
    } catch {
      guard Self.isPassing(error) else { throw RunStop(error) }
      return
    }
    guard isOurs else { throw .superseded }
    monitor.renewed(changes.lease)
  }

  /// The plan was made for one server process; SCAN's cursor belongs to it, too.
  func checkIdentity() async throws(RedisError) {
    let expected = context.checkpoint[node]?.runID ?? ""
    let found = InfoFields(try await changes.mutator.info("server"))["run_id"] ?? ""
    guard expected.isEmpty || found == expected else {
      throw RedisError(
        kind: .denied, endpoint: changes.mutator.endpoint.description,
        action: "going on with the operation",
        message: "it is another server process now (run_id \(expected.prefix(8)) became"
          + " \(found.prefix(8)))",
        nextStep: "make a new plan")
    }
  }

  /// What may be over in a moment; everything else ends the run.
  static func isPassing(_ error: RedisError) -> Bool {
    switch error.kind {
    case .unreachable, .timeout, .indeterminate: true
    case .server: error.message.contains("loading") || error.message.contains("busy")
    case .tls, .auth, .denied, .unsupported, .protocol, .cancelled, .limit: false
    }
  }
}
