internal import EventLoop
private import Glibc
internal import Synchronization

/// One established connection: a queue of commands in the order of the wire, and their replies.
///
/// Any thread may send; socket and parser belong to the loop's thread.
final class Connection: EventSource {
  struct Limits: Sendable {
    var reply = ReplyBuilder.Limits()
    /// Commands sent or waiting to be sent, together.
    var inFlight = 16_384
    var bufferedBytes = 16 << 20
  }

  /// Who waits for the replies of one entry of the queue.
  @safe
  private enum Caller {
    case one(UnsafeContinuation<Result<RESPValue, RedisError>, Never>)
    case many(UnsafeContinuation<Result<[RESPValue], RedisError>, Never>)
    /// A tombstone: the caller has gone, the replies are still to come and to be swallowed.
    case nobody
  }

  /// One command or one batch.
  private struct Entry {
    var id: UInt64
    var caller: Caller
    /// Replies that are still to come.
    var missing: Int
    var replies: [RESPValue] = []
    /// Memory that the batch's replies may still take.
    var budget: Int
    /// When the caller gives up, or, for a tombstone, when the connection does.
    var deadline: EventLoop.Instant
    /// How long a tombstone may stay.
    var grace: Duration
    var changes: Bool
    /// Position in the stream of all bytes: at or below what was sent, nothing of it was sent.
    var start: UInt64
    var observed: Observed?

    static let vacant = Entry(
      id: 0, caller: .nobody, missing: 0, budget: 0, deadline: .init(nanoseconds: 0), grace: .zero,
      changes: false, start: 0)
  }

  /// What an observed entry keeps of its commands.
  struct Observed {
    var commands: [RedisCommand]
    var token: UInt64
  }

  private struct State {
    var descriptor: Descriptor?
    var watch: EventLoop.Watch?
    var queue = Ring(vacant: Entry.vacant)
    var inFlight = 0
    var out = OutputBuffer()
    /// Bytes ever appended to `out`, and ever sent.
    var appended: UInt64 = 0
    var sent: UInt64 = 0
    var isFlushScheduled = false
    var wantsWrite = false
    var timer: EventLoop.TimerID?
    var timerDeadline: EventLoop.Instant?
    var failure: RedisError?
    /// Set once the handshake is over.
    var readOnlyCommands: Set<String> = []
    var isEstablished = false
    /// A command after the handshake was answered: the server is worth an immediate reconnect.
    var hasServed = false
  }

  let endpoint: String
  private let loop: EventLoop
  private let limits: Limits
  private let observer: (any ReplyObserver)?
  private let state: Mutex<State>
  /// Called once, on the loop's thread, when the connection has ended.
  private let onEnd: @Sendable (Connection, RedisError) -> Void

  /// Safe: used on the loop's thread only, in `ready` and what it calls.
  private nonisolated(unsafe) let parser: ReplyParser
  /// Safe: used on the loop's thread only. What the server said first, to tell what it is.
  private nonisolated(unsafe) var firstBytes: [UInt8] = []

  private static let ids = Atomic<UInt64>(0)

  init(
    descriptor: Descriptor, endpoint: String, loop: EventLoop, limits: Limits,
    observer: (any ReplyObserver)?, onEnd: @Sendable @escaping (Connection, RedisError) -> Void
  ) {
    self.endpoint = endpoint
    self.loop = loop
    self.limits = limits
    self.observer = observer
    self.onEnd = onEnd
    unsafe parser = ReplyParser(limits: limits.reply)
    state = Mutex(State(descriptor: descriptor))
  }

  /// Begins to read. On the loop's thread.
  func open() throws(SystemError) {
    guard let descriptor = state.withLock({ $0.descriptor }) else { return }
    let watch = try loop.watch(descriptor, for: .readable, source: self)
    state.withLock { $0.watch = watch }
  }

  /// Ends the handshake: from now on the connection counts as one that works.
  func establish(readOnlyCommands: Set<String>) {
    state.withLock {
      $0.readOnlyCommands = readOnlyCommands
      $0.isEstablished = true
    }
  }

  /// Why it ended; nil while it lives.
  var failure: RedisError? { state.withLock { $0.failure } }

  var hasServed: Bool { state.withLock { $0.hasServed } }

  /// True if the server gave the command its `readonly` flag on this connection.
  func isFlaggedReadOnly(_ statName: String) -> Bool {
    state.withLock { $0.readOnlyCommands.contains(statName) }
  }
}

// MARK: Sending

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
    token: UInt64 = 0
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
  private func submit(_ entry: Entry, _ commands: some Collection<RedisCommand>) -> RedisError? {
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

  private func tooMuch(_ message: String) -> RedisError {
    RedisError(
      kind: .limit, endpoint: endpoint, action: "", message: message,
      nextStep: "wait until it answers")
  }

  func flush() {
    let error = state.withLock { state -> SystemError? in
      state.isFlushScheduled = false
      guard let descriptor = state.descriptor else { return nil }
      while !state.out.isEmpty {
        let count = unsafe state.out.withUnsentBytes { raw in
          unsafe Glibc.send(descriptor.number, raw.baseAddress, raw.count, Int32(MSG_NOSIGNAL))
        }
        guard count >= 0 else {
          if errno == EINTR { continue }
          guard errno == EAGAIN else { return SystemError("send", code: errno) }
          setWantsWrite(true, &state, descriptor)
          return nil
        }
        state.out.consume(count)
        state.sent += UInt64(count)
      }
      setWantsWrite(false, &state, descriptor)
      return nil
    }
    if let error { end(connectionLost(error)) }
  }

  private func setWantsWrite(_ wants: Bool, _ state: inout State, _ descriptor: Descriptor) {
    guard wants != state.wantsWrite, let watch = state.watch else { return }
    state.wantsWrite = wants
    loop.change(watch, descriptor, to: wants ? [.readable, .writable] : .readable)
  }
}

// MARK: Receiving

extension Connection {
  func ready(_ readiness: Readiness, scratch: UnsafeMutableRawBufferPointer) {
    if readiness.contains(.writable) { flush() }
    guard readiness.intersection([.readable, .closed]) != [] else { return }
    // Bounded, so that one fast server does not keep the others waiting.
    for _ in 0..<8 {
      guard let descriptor = state.withLock({ $0.descriptor }) else { return }
      let count = unsafe recv(descriptor.number, scratch.baseAddress, scratch.count, 0)
      if count > 0 {
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: scratch.prefix(count))
        guard unsafe take(bytes) else { return }
        // Less than asked for: nothing more is there now.
        if count < scratch.count { return }
      } else if count == 0 {
        end(connectionLost(nil))
        return
      } else if errno == EAGAIN {
        return
      } else if errno != EINTR {
        end(connectionLost(.init("recv", code: errno)))
        return
      }
    }
  }

  /// A caller and what it gets, kept until the lock is released.
  private enum Delivery {
    case one(Caller, RESPValue)
    case many(Caller, [RESPValue])
  }

  /// What one read brought.
  private struct Harvest {
    var deliveries: [Delivery] = []
    /// For the observer: commands and their replies, in order.
    var seen: [(Observed, index: Int, reply: RESPValue, bytes: Int)] = []
    /// Why the connection cannot go on.
    var error: RedisError?
  }

  /// Parses and gives each reply to the oldest entry. False if the connection has ended.
  private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if unsafe firstBytes.count < 64 {
      unsafe firstBytes.append(contentsOf: bytes.prefix(64))
    }
    // Safe: both stay on this thread, and the lock's closure ends before this function does.
    nonisolated(unsafe) let (parser, bytes) = unsafe (parser, bytes)
    let harvest = state.withLock { state -> Harvest in
      var harvest = Harvest()
      let wasWaiting = !state.queue.isEmpty
      do throws(ReplyFailure) {
        var rest = unsafe bytes[...]
        while let (reply, count) = unsafe try parser.nextReply(from: &rest) {
          answer(reply, count, &state, &harvest)
        }
      } catch {
        if harvest.error == nil { harvest.error = self.error(error) }
      }
      if wasWaiting, state.queue.isEmpty { loop.countWaiting(-1) }
      return harvest
    }
    if let observer {
      for (observed, index, reply, bytes) in harvest.seen {
        observer.answered(
          observed.commands[index], reply, bytes: bytes, token: observed.token)
      }
    }
    for delivery in harvest.deliveries {
      switch delivery {
      case .one(.one(let caller), let reply): unsafe caller.resume(returning: .success(reply))
      case .many(.many(let caller), let replies): unsafe caller.resume(returning: .success(replies))
      case .one, .many: break
      }
    }
    if let error = harvest.error { end(error) }
    return harvest.error == nil
  }

  private func answer(
    _ reply: consuming RESPValue, _ bytes: Int, _ state: inout State, _ harvest: inout Harvest
  ) {
    guard harvest.error == nil else { return }
    guard !state.queue.isEmpty else {
      harvest.error = uninvited(reply)
      return
    }
    state.inFlight -= 1
    if state.isEstablished { state.hasServed = true }
    if let observed = state.queue[0].observed {
      let index = observed.commands.count - state.queue[0].missing
      harvest.seen.append((observed, index, reply, bytes))
    }
    state.queue[0].missing -= 1
    state.queue[0].budget -= bytes
    switch state.queue[0].caller {
    case .many(let caller):
      state.queue[0].replies.append(reply)
      if state.queue[0].missing == 0 {
        let replies = state.queue.popFirst()?.replies ?? []
        harvest.deliveries.append(unsafe .many(.many(caller), replies))
        return
      }
    case .one(let caller):
      _ = state.queue.popFirst()
      harvest.deliveries.append(unsafe .one(.one(caller), reply))
      return
    case .nobody:
      if state.queue[0].missing == 0 {
        _ = state.queue.popFirst()
        return
      }
    }
    if state.queue[0].budget < 0 {
      harvest.error = error(.tooLong)
    }
  }
}

// MARK: Giving up

extension Connection {
  /// The caller leaves at once; the reply that is still to come is swallowed.
  private func cancel(_ id: UInt64) {
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
  private func arm(_ state: inout State, for deadline: EventLoop.Instant) {
    if let armed = state.timerDeadline, armed <= deadline { return }
    if let timer = state.timer { loop.cancel(timer) }
    state.timerDeadline = deadline
    state.timer = loop.schedule(at: deadline) { [weak self] in self?.checkDeadlines() }
  }

  private func checkDeadlines() {
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

  private func timeout(_ entry: Entry) -> RedisError {
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
  private func end(_ error: RedisError) {
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
      defer {
        state.watch = nil
        state.descriptor = nil
      }
      return (state.watch, state.descriptor)
    }
    guard let descriptor else { return }
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

  private func resume(_ entry: Entry, with error: RedisError) {
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
  private func connectionLost(_ error: SystemError?) -> RedisError {
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
      nextStep: hasAnswered ? "" : "does this port speak Redis without TLS?")
  }

  private func error(_ failure: ReplyFailure) -> RedisError {
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
          nextStep: "check host and port")
      }
      return RedisError(
        kind: .protocol, endpoint: endpoint, action: "",
        message: "the reply is not RESP2: " + PlainText.safe(text, limit: 120),
        nextStep: "is this a Redis server?")
    }
  }

  private func uninvited(_ reply: RESPValue) -> RedisError {
    // A server that refuses connections says why before anything was asked.
    if case .error(let text) = reply { return .server(text, endpoint: endpoint, action: "") }
    return RedisError(
      kind: .protocol, endpoint: endpoint, action: "",
      message: "the server sent a reply that nobody asked for", nextStep: "")
  }
}
