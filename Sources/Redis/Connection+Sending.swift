internal import EventLoop
private import Glibc
internal import Synchronization

extension Connection {
  nonisolated(nonsending) func send(
    _ command: RedisCommand, until deadline: EventLoop.Instant, grace: Duration, changes: Bool,
    token: UInt64 = 0
  ) async -> Result<RESPValue, RedisError> {
    let id = Self.ids.wrappingAdd(1, ordering: .relaxed).newValue
    return await withTaskCancellationHandler {
      await unsafe withUnsafeContinuation {
        (caller: UnsafeContinuation<Result<RESPValue, RedisError>, Never>) in
        let entry = Entry(
          id: id, caller: unsafe .one(caller), missing: 1, budget: limits.reply.replyBytes,
          deadline: deadline, grace: grace, changes: changes, start: 0,
          observed: observer == nil ? nil : Observed(commands: [command], token: token))
        if let refusal = submit(entry, CollectionOfOne(command)) {
          unsafe caller.resume(returning: .failure(refusal))
        }
        // Cancelled before it was in the queue, the handler found nothing.
        if Task.isCancelled { cancel(id) }
      }
    } onCancel: {
      cancel(id)
    }
  }

  nonisolated(nonsending) func send(
    _ commands: [RedisCommand], until deadline: EventLoop.Instant, grace: Duration, changes: Bool,
    token: UInt64 = 0, isLogin: Bool = false
  ) async -> Result<[RESPValue], RedisError> {
    guard !commands.isEmpty else { return .success([]) }
    let id = Self.ids.wrappingAdd(1, ordering: .relaxed).newValue
    return await withTaskCancellationHandler {
      await unsafe withUnsafeContinuation {
        (caller: UnsafeContinuation<Result<[RESPValue], RedisError>, Never>) in
        var entry = Entry(
          id: id, caller: unsafe .many(caller), missing: commands.count,
          budget: limits.reply.replyBytes, deadline: deadline, grace: grace, changes: changes,
          start: 0, observed: observer == nil ? nil : Observed(commands: commands, token: token))
        entry.isLogin = isLogin
        entry.replies.reserveCapacity(commands.count)
        if let refusal = submit(entry, commands) {
          unsafe caller.resume(returning: .failure(refusal))
        }
        if Task.isCancelled { cancel(id) }
      }
    } onCancel: {
      cancel(id)
    }
  }

  /// Encodes and queues under one lock, so that the queue's order is the wire's.
  func submit(_ entry: Entry, _ commands: some Collection<RedisCommand>) -> RedisError? {
    let (refusal, bytes, schedule) = state.withLock { state -> (RedisError?, Int, Bool) in
      if let failure = state.failure { return (failure, 0, false) }
      guard state.inFlight + entry.missing <= limits.inFlight else {
        return (tooMuch("\(limits.inFlight) commands wait for the server already"), 0, false)
      }
      var bytes = 0
      for command in commands { bytes += state.out.append(command) }
      guard state.out.count <= limits.bufferedBytes else {
        state.out.removeLast(bytes)
        let megabytes = limits.bufferedBytes >> 20
        return (tooMuch("\(megabytes) MB of commands wait to be sent already"), 0, false)
      }
      var entry = entry
      entry.start = state.appended
      state.appended += UInt64(bytes)
      state.inFlight += entry.missing
      if state.queue.isEmpty { loop.countWaiting(1) }
      let deadline = entry.deadline
      state.queue.append(entry)
      let schedule = !state.isFlushScheduled && !state.wantsWrite
      if schedule { state.isFlushScheduled = true }
      arm(&state, for: deadline)
      return (nil, bytes, schedule)
    }
    if let refusal { return refusal }
    observer?.sent(bytes: bytes)
    if schedule { loop.flushAtEndOfTurn(self) }
    return nil
  }

  func tooMuch(_ message: String) -> RedisError {
    RedisError(
      kind: .limit, endpoint: endpoint, action: "", message: message,
      nextStep: "wait until it answers")
  }

  func flush() {
    if let session = unsafe session {
      flush(over: session)
      return
    }
    let error = state.withLock { state -> RedisError? in
      state.isFlushScheduled = false
      guard let descriptor = state.descriptor else { return nil }
      while !state.out.isEmpty {
        let count = unsafe state.out.withUnsentBytes { raw in
          unsafe Glibc.send(descriptor.number, raw.baseAddress, raw.count, Int32(MSG_NOSIGNAL))
        }
        guard count >= 0 else {
          if errno == EINTR { continue }
          guard errno == EAGAIN else { return connectionLost(SystemError("send", code: errno)) }
          setWantsWrite(true, &state, descriptor)
          return nil
        }
        state.out.consume(count)
        state.sent += UInt64(count)
      }
      setWantsWrite(false, &state, descriptor)
      return nil
    }
    if let error { end(error) }
  }

  func setWantsWrite(_ wants: Bool, _ state: inout State, _ descriptor: Descriptor) {
    guard wants != state.wantsWrite, let watch = state.watch else { return }
    state.wantsWrite = wants
    loop.change(watch, descriptor, to: wants ? [.readable, .writable] : .readable)
  }
}
