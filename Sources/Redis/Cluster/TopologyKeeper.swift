internal import EventLoop
internal import Synchronization

/// Holds the topology and decides when it is read again: one reading at a time, not more often than
/// every so often, soon when something is wrong, and from time to time when nothing is.
final class TopologyKeeper: Sendable {
  struct Timing: Sendable {
    /// Between the beginnings of two readings.
    var minimum = Duration.milliseconds(250)
    /// Without any trouble; each time 0.5 to 1 of it, so that many consoles do not ask at once.
    var period = Duration.seconds(60)
    /// While something is wrong: doubled each time, up to `troubledLimit`.
    var troubled = Duration.milliseconds(500)
    var troubledLimit = Duration.seconds(10)
    /// For one reading, whoever is asked.
    var deadline = Duration.seconds(10)
  }

  /// The topology and what is made of it.
  struct View: Sendable {
    var topology: ClusterTopology
    var owners: SlotOwners
    /// Counts the readings.
    var version: UInt64
  }

  typealias Outcome = Result<View, RedisError>

  /// Resumed exactly once: whoever takes it out of the state resumes it.
  @safe
  private struct Waiter {
    let continuation: UnsafeContinuation<Outcome, Never>
    /// Waits for a reading that began after this one.
    let after: UInt64

    func resume(_ outcome: Outcome) { unsafe continuation.resume(returning: outcome) }
  }

  private struct State {
    var view: View?
    var lastError: RedisError?
    var isReading = false
    /// Readings begun.
    var begun: UInt64 = 0
    var lastStart: EventLoop.Instant?
    /// Something happened during the reading that it may not have seen.
    var isWantedAgain = false
    var hints: [NodeAddress] = []
    var troubles = 0
    var timer: EventLoop.TimerID?
    var timerTime: EventLoop.Instant?
    var lastWaiter: UInt64 = 0
    var waiters: [UInt64: Waiter] = [:]
    var isClosed = false
  }

  private let reader: TopologyReader
  private let nodes: NodeClients
  private let timing: Timing
  private let loop: EventLoop
  private let state = Mutex(State())

  init(reader: TopologyReader, nodes: NodeClients, timing: Timing, loop: EventLoop) {
    self.reader = reader
    self.nodes = nodes
    self.timing = timing
    self.loop = loop
  }

  /// The latest, if there is one.
  var view: View? { state.withLock { $0.view } }

  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Readings begun so far.
  var readings: UInt64 { state.withLock { $0.begun } }

  /// The latest; read if there is none yet.
  nonisolated(nonsending) func current(
    until deadline: EventLoop.Instant
  ) async throws(RedisError) -> View {
    if let view { return view }
    return try await wait(isFresh: false, until: deadline)
  }

  /// One whose reading begins after this call.
  nonisolated(nonsending) func fresh(
    until deadline: EventLoop.Instant
  ) async throws(RedisError) -> View {
    try await wait(isFresh: true, until: deadline)
  }

  /// Something is not as the topology says: it is read again soon.
  ///
  /// - Parameter hint: a node that probably knows more.
  func refresh(hint: NodeAddress? = nil) {
    let time = state.withLock { state -> EventLoop.Instant? in
      if let hint, !state.hints.contains(hint), state.hints.count < 4 { state.hints.append(hint) }
      guard !state.isReading else {
        state.isWantedAgain = true
        return nil
      }
      return state.lastStart?.advanced(by: timing.minimum) ?? EventLoop.now()
    }
    if let time { schedule(at: time) }
  }

  /// What redirects say of owners, until the next reading.
  func learn(_ owners: [(slot: Int, address: NodeAddress)]) {
    guard !owners.isEmpty else { return }
    state.withLock { state in
      for (slot, address) in owners { state.view?.owners.learn(slot, address) }
    }
  }

  func close() {
    let waiters = state.withLock { state in
      state.isClosed = true
      if let timer = state.timer { loop.cancel(timer) }
      state.timer = nil
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume(.failure(ClusterClient.closed(TopologyReader.action))) }
  }
}

// MARK: When

extension TopologyKeeper {
  /// Reads at `time` or earlier.
  private func schedule(at time: EventLoop.Instant) {
    let now = EventLoop.now()
    let starts = state.withLock { state -> Bool in
      guard !state.isClosed, !state.isReading else { return false }
      if time <= now {
        begin(&state, now)
        return true
      }
      if let planned = state.timerTime, planned <= time { return false }
      if let timer = state.timer { loop.cancel(timer) }
      state.timerTime = time
      state.timer = loop.schedule(at: time) { [weak self] in self?.timerFired() }
      return false
    }
    if starts { start() }
  }

  private func timerFired() {
    let starts = state.withLock { state -> Bool in
      state.timer = nil
      state.timerTime = nil
      guard !state.isClosed, !state.isReading else { return false }
      begin(&state, EventLoop.now())
      return true
    }
    if starts { start() }
  }

  private func begin(_ state: inout State, _ now: EventLoop.Instant) {
    if let timer = state.timer { loop.cancel(timer) }
    state.timer = nil
    state.timerTime = nil
    state.isReading = true
    state.isWantedAgain = false
    state.begun += 1
    state.lastStart = now
  }

  private func start() {
    loop.spawn { await self.read() }
  }

  private func read() async {
    let (hints, known, number) = state.withLock { state in
      defer { state.hints = [] }
      return (state.hints, state.view?.topology, state.begun)
    }
    let outcome = await reader.read(
      first: hints, known: known, until: EventLoop.now().advanced(by: timing.deadline))
    let (waiters, next, isClosed) = state.withLock { state in
      state.isReading = false
      let answer: Outcome
      switch outcome {
      case .success(let topology):
        let view = View(
          topology: topology, owners: SlotOwners(topology), version: number)
        state.view = view
        state.lastError = nil
        answer = .success(view)
        // A plain trouble ends with the topology that shows none.
        state.troubles = topology.isTroubled || state.isWantedAgain ? state.troubles + 1 : 0
      case .failure(let error):
        state.lastError = error
        answer = .failure(error)
        state.troubles += 1
      }
      var resumed: [(Waiter, Outcome)] = []
      for (id, waiter) in state.waiters where waiter.after < number {
        state.waiters[id] = nil
        resumed.append((waiter, answer))
      }
      var delay = timing.period * Double.random(in: 0.5...1)
      if state.troubles > 0 {
        let doubled = timing.troubled * (1 << min(state.troubles - 1, 10))
        delay = min(delay, timing.troubledLimit, doubled)
      }
      if state.isWantedAgain || !state.waiters.isEmpty { delay = .zero }
      let start = state.lastStart ?? EventLoop.now()
      let next = max(
        start.advanced(by: timing.minimum), EventLoop.now().advanced(by: delay))
      return (resumed, next, state.isClosed)
    }
    if case .success(let topology) = outcome {
      nodes.retain(Set(topology.nodes.compactMap(\.address)))
    }
    for (waiter, answer) in waiters { waiter.resume(answer) }
    if !isClosed { schedule(at: next) }
  }
}

// MARK: Waiting

extension TopologyKeeper {
  nonisolated(nonsending) private func wait(
    isFresh: Bool, until deadline: EventLoop.Instant
  ) async throws(RedisError) -> View {
    let id = state.withLock { state in
      state.lastWaiter += 1
      return state.lastWaiter
    }
    let timer = loop.schedule(at: deadline) { self.release(id, self.late()) }
    defer { loop.cancel(timer) }
    let outcome: Outcome = await withTaskCancellationHandler {
      await unsafe withUnsafeContinuation { continuation in
        let outcome: Outcome? = state.withLock { state in
          if state.isClosed { return .failure(ClusterClient.closed(TopologyReader.action)) }
          if !isFresh, let view = state.view { return .success(view) }
          // Not fresh: the reading that is underway will do.
          let after = isFresh || !state.isReading ? state.begun : state.begun - 1
          state.waiters[id] = unsafe Waiter(continuation: continuation, after: after)
          return nil
        }
        if let outcome {
          unsafe continuation.resume(returning: outcome)
          return
        }
        if isFresh { refresh() } else { ensureReading() }
        if Task.isCancelled { release(id, Self.cancelled()) }
        if deadline <= EventLoop.now() { release(id, late()) }
      }
    } onCancel: {
      release(id, Self.cancelled())
    }
    return try outcome.get()
  }

  private func ensureReading() {
    let isReading = state.withLock { $0.isReading }
    if !isReading { refresh() }
  }

  private func release(_ id: UInt64, _ error: RedisError) {
    let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
    waiter?.resume(.failure(error))
  }

  /// The deadline came first: what the last reading met says more than that this one is not over.
  private func late() -> RedisError {
    state.withLock { $0.lastError }
      ?? RedisError(
        kind: .timeout, endpoint: "cluster", action: TopologyReader.action,
        message: "no node has answered in time", nextStep: "are the nodes reachable from here?")
  }

  private static func cancelled() -> RedisError {
    RedisError(
      kind: .cancelled, endpoint: "cluster", action: TopologyReader.action, message: "cancelled")
  }
}
