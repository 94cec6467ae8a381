internal import EventLoop

// What came back, and what it means for the rest.

extension ClusterPipeline {
  /// Takes the replies to one batch.
  mutating func finish(
    _ batch: Batch, _ outcome: Result<[RESPValue], RedisError>, now: EventLoop.Instant
  ) -> Notice {
    delays = [:]
    for entry in batch.entries {
      for key in entries[entry.index].keys {
        guard let count = keysUnderway[key] else { continue }
        keysUnderway[key] = count > 1 ? count - 1 : nil
      }
    }
    switch outcome {
    case .failure(let error): return fail(batch, error, now)
    case .success(let replies):
      guard replies.count == batch.commands.count else {
        return fail(
          batch,
          RedisError(
            kind: .protocol, endpoint: "\(batch.address)", action: action,
            message: "\(replies.count) replies to \(batch.commands.count) commands"), now)
      }
      return take(batch, replies, now)
    }
  }

  private mutating func take(
    _ batch: Batch, _ replies: [RESPValue], _ now: EventLoop.Instant
  ) -> Notice {
    var notice = Notice()
    var again: [Int] = []
    // Keys that later commands of the batch have seen, true if one of those may have changed them.
    var seen: [[UInt8]: Bool] = [:]
    let hasRedirects = batch.entries.contains { redirection(replies[$0.reply], batch) != nil }
    // An error, such as UNBLOCKED of a primary that became a replica: nobody is known to have it.
    let replicas = batch.waits ? replies.last?.signed.flatMap { Int(exactly: $0) } ?? 0 : 0
    for (index, position) in batch.entries.reversed() {
      let reply = replies[position]
      guard hasRedirects, let redirection = redirection(reply, batch) else {
        settle(index, .success(reply))
        if entries[index].isChange, !reply.isError { entries[index].replicas = max(0, replicas) }
        if hasRedirects {
          for key in entries[index].keys {
            seen[key] = seen[key] ?? false || entries[index].isChange
          }
        }
        continue
      }
      entries[index].last = .success(reply)
      note(redirection, batch, &notice)
      // A later command with the key has been done: to repeat this one would turn their order round.
      let isLate = entries[index].keys.contains { key in
        seen[key].map { $0 || entries[index].isChange } ?? false
      }
      if isLate {
        settle(index, .success(reply))
      } else if follow(redirection, index, now) {
        again.append(index)
      }
    }
    waiting = (waiting + again).sorted()
    return notice
  }

  private func redirection(_ reply: RESPValue, _ batch: Batch) -> Redirection? {
    guard case .error(let text) = reply else { return nil }
    return Redirection(text, askedHost: batch.address.host)
  }

  private func note(_ redirection: Redirection, _ batch: Batch, _ notice: inout Notice) {
    switch redirection {
    case .moved(let slot, let address):
      notice.wantsRefresh = true
      guard let address else { return }
      if address == batch.address { notice.wantsNewConnection = true }
      notice.learned.append((slot, address))
    case .readOnly, .notNow: notice.wantsRefresh = true
    case .ask, .tryAgain: break
    }
  }

  /// - Returns: false if the command has been redirected too often; it is settled then.
  private mutating func follow(
    _ redirection: Redirection, _ index: Int, _ now: EventLoop.Instant
  ) -> Bool {
    switch redirection {
    case .tryAgain, .notNow, .readOnly, .moved(_, nil), .ask(_, nil):
      entries[index].target = .owner
      wait(index, now)
      return true
    case .moved(let slot, let address?), .ask(let slot, let address?):
      entries[index].redirects += 1
      if case .moved = redirection {
        entries[index].target = .moved(address)
      } else {
        entries[index].target = .ask(address)
      }
      let count = entries[index].redirects
      guard count <= limits.redirects else {
        settle(
          index,
          .failure(
            RedisError(
              kind: .server, endpoint: "cluster", action: action,
              message: "redirected \(count) times, at last to \(address) for slot \(slot)",
              nextStep: "the nodes disagree about the slot: compare CLUSTER NODES of each")))
        return false
      }
      if count > limits.quickRedirects {
        // Who was named now may have gone by then; the owners were told of it as well.
        if case .moved = redirection { entries[index].target = .owner }
        entries[index].notBefore = now.advanced(by: delay(count - limits.quickRedirects))
      }
      return true
    }
  }

  private mutating func fail(
    _ batch: Batch, _ error: RedisError, _ now: EventLoop.Instant
  ) -> Notice {
    var notice = Notice()
    // Keys that later commands of the batch may have changed.
    var open: Set<[UInt8]> = []
    for (index, _) in batch.entries.reversed() {
      // Without "indeterminate" a batch with changes was not sent.
      let mayRepeat: Bool
      switch error.kind {
      case .unreachable, .timeout, .cancelled: mayRepeat = true
      case .indeterminate:
        if entries[index].isChange {
          open.formUnion(entries[index].keys)
          mayRepeat = false
        } else if entries[index].keys.contains(where: open.contains) {
          // It could read now what was written after it.
          var failure = error
          failure.kind = .unreachable
          failure.message = "not answered, and the key may have been changed since"
          settle(index, .failure(failure))
          continue
        } else {
          mayRepeat = true
        }
      // All connections for commands that block are in use for a moment.
      case .limit: mayRepeat = batch.waits
      case .tls, .auth, .denied, .unsupported, .protocol, .server: mayRepeat = false
      }
      guard mayRepeat else {
        settle(index, .failure(error))
        continue
      }
      entries[index].target = .owner
      fail(index, .failure(error), now)
      waiting.append(index)
    }
    waiting.sort()
    switch error.kind {
    case .unreachable, .timeout, .indeterminate, .tls, .protocol: notice.wantsRefresh = true
    case .cancelled, .auth, .denied, .unsupported, .server, .limit: break
    }
    return notice
  }

  mutating func fail(_ index: Int, _ answer: Answer, _ now: EventLoop.Instant) {
    entries[index].last = answer
    wait(index, now)
  }

  private mutating func wait(_ index: Int, _ now: EventLoop.Instant) {
    entries[index].failures += 1
    entries[index].notBefore = now.advanced(by: delay(entries[index].failures))
  }

  private mutating func delay(_ failures: Int) -> Duration {
    if let delay = delays[failures] { return delay }
    let delay = limits.backoff.delay(afterFailures: failures)
    delays[failures] = delay
    return delay
  }

  private mutating func settle(_ index: Int, _ answer: Answer) {
    guard entries[index].answer == nil else { return }
    entries[index].answer = answer
    unanswered -= 1
  }

  /// There is no more time: what waits gets what its last attempt met.
  ///
  /// - Parameter error: for those that were never sent.
  mutating func giveUp(_ error: RedisError) {
    for index in waiting {
      var answer = entries[index].last ?? .failure(error)
      if error.kind == .cancelled { answer = .failure(error) }
      settle(index, answer)
    }
    waiting = []
  }
}
