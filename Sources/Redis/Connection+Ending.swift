internal import Crypto
internal import EventLoop
private import Glibc
internal import Synchronization

extension Connection {
  /// The caller leaves at once; the reply that is still to come is swallowed.
  func cancel(_ id: UInt64) {
    let entry: Entry? = state.withLock { state in
      for index in 0..<state.queue.count where state.queue[index].id == id {
        let entry = state.queue[index]
        state.queue[index].caller = .nobody
        state.queue[index].replies = []
        return entry
      }
      return nil
    }
    guard let entry else { return }
    resume(
      entry,
      with: RedisError(
        kind: entry.changes ? .indeterminate : .cancelled, endpoint: endpoint, action: "",
        message: entry.changes ? "cancelled after it was sent; it may have happened" : "cancelled",
        nextStep: entry.changes ? "look before you repeat it" : ""))
  }

  /// One timer for the whole queue: set for its earliest deadline, and again only if there is one.
  func arm(_ state: inout State, for deadline: EventLoop.Instant) {
    if let armed = state.timerDeadline, armed <= deadline { return }
    if let timer = state.timer { loop.cancel(timer) }
    state.timerDeadline = deadline
    state.timer = loop.schedule(at: deadline) { [weak self] in self?.checkDeadlines() }
  }

  func checkDeadlines() {
    let now = EventLoop.now()
    var expired: [Entry] = []
    var overdue = false
    state.withLock { state in
      state.timer = nil
      state.timerDeadline = nil
      guard state.failure == nil else { return }
      var next: EventLoop.Instant?
      for index in 0..<state.queue.count {
        if state.queue[index].deadline <= now {
          if case .nobody = state.queue[index].caller {
            overdue = true
          } else {
            expired.append(state.queue[index])
          }
          state.queue[index].caller = .nobody
          state.queue[index].replies = []
          state.queue[index].deadline = now.advanced(by: state.queue[index].grace)
        }
        let deadline = state.queue[index].deadline
        next = min(next ?? deadline, deadline)
      }
      if let next { arm(&state, for: next) }
    }
    for entry in expired { resume(entry, with: timeout(entry)) }
    if overdue {
      end(
        RedisError(
          kind: .timeout, endpoint: endpoint, action: "",
          message: "the server has stopped answering; the connection was closed",
          nextStep: "is the server hanging?"))
    }
  }

  func timeout(_ entry: Entry) -> RedisError {
    if entry.changes {
      return RedisError(
        kind: .indeterminate, endpoint: endpoint, action: "",
        message: "sent, but not answered in time; it may have happened",
        nextStep: "look before you repeat it")
    }
    return RedisError(
      kind: .timeout, endpoint: endpoint, action: "", message: "no answer in time",
      nextStep: "is the server hanging or the network slow?")
  }

  /// Closes from any thread.
  func close(_ error: RedisError) { loop.execute { self.end(error) } }

  /// Ends the connection and everything that waits for it. On the loop's thread.
  func end(_ error: RedisError) {
    var entries: [Entry] = []
    var sent: UInt64 = 0
    let (watch, descriptor) = state.withLock { state -> (EventLoop.Watch?, Descriptor?) in
      guard state.failure == nil else { return (nil, nil) }
      state.failure = error
      if !state.queue.isEmpty { loop.countWaiting(-1) }
      while let entry = state.queue.popFirst() { entries.append(entry) }
      state.inFlight = 0
      state.out.removeAll()
      sent = state.sent
      if let timer = state.timer { loop.cancel(timer) }
      state.timer = nil
      if let timer = state.renewal { loop.cancel(timer) }
      state.renewal = nil
      defer {
        state.watch = nil
        state.descriptor = nil
      }
      return (state.watch, state.descriptor)
    }
    guard let descriptor else { return }
    // While the descriptor is certainly still ours.
    unsafe session?.close()
    if let watch { loop.unwatch(watch, descriptor) }
    // First the owner, then the callers: one that tries again must not meet this connection.
    onEnd(self, error)
    for entry in entries {
      if entry.changes, entry.start < sent {
        resume(
          entry,
          with: RedisError(
            kind: .indeterminate, endpoint: endpoint, action: "",
            message: "sent, but not answered: " + error.message + "; it may have happened",
            nextStep: "look before you repeat it"))
      } else {
        resume(entry, with: error)
      }
    }
  }

  func resume(_ entry: Entry, with error: RedisError) {
    switch entry.caller {
    case .one(let caller): unsafe caller.resume(returning: .failure(error))
    case .many(let caller): unsafe caller.resume(returning: .failure(error))
    case .nobody: break
    }
  }
}

// MARK: Errors

extension Connection {
  /// `error`: nil when the server closed the connection in good order.
  func connectionLost(_ error: SystemError?) -> RedisError {
    let hasAnswered = unsafe !firstBytes.isEmpty
    let message: String
    if unsafe parser.isInReply {
      message = "the connection was closed in the middle of a reply"
    } else if !hasAnswered {
      message = "the server closed the connection without an answer"
    } else {
      message = "the server closed the connection"
    }
    return RedisError(
      kind: .unreachable, endpoint: endpoint, action: "",
      message: message + (error.map { " (\($0.reason))" } ?? ""),
      nextStep: hasAnswered
        ? ""
        : unsafe session == nil
          ? "does this port speak Redis without TLS? If it speaks TLS, use rediss://"
          : "is this a Redis server?")
  }

  func error(_ failure: ReplyFailure) -> RedisError {
    func limit(_ message: String) -> RedisError {
      RedisError(
        kind: .limit, endpoint: endpoint, action: "", message: message,
        nextStep: "the connection was closed so that memory stays bounded")
    }
    switch failure {
    case .tooLong: return limit("a reply is larger than \(limits.reply.replyBytes >> 20) MB")
    case .tooManyElements: return limit("a reply has more than \(limits.reply.elements) elements")
    case .tooDeep: return limit("a reply is nested deeper than \(limits.reply.nesting) levels")
    case .malformed(let text):
      if let stranger = unsafe Stranger.name(firstBytes) {
        return RedisError(
          kind: .protocol, endpoint: endpoint, action: "",
          message: "the port does not speak Redis (it answered \(stranger))",
          nextStep: stranger == Stranger.tls ? "use rediss:// for TLS" : "check host and port")
      }
      return RedisError(
        kind: .protocol, endpoint: endpoint, action: "",
        message: "the reply is not RESP2: " + PlainText.safe(text, limit: 120),
        nextStep: "is this a Redis server?")
    }
  }

  func uninvited(_ reply: RESPValue) -> RedisError {
    // A server that refuses connections says why before anything was asked.
    if case .error(let text) = reply { return .server(text, endpoint: endpoint, action: "") }
    return RedisError(
      kind: .protocol, endpoint: endpoint, action: "",
      message: "the server sent a reply that nobody asked for", nextStep: "")
  }
}
