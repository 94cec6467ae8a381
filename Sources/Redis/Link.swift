internal import EventLoop
internal import Synchronization

/// Keeps one connection to one server: makes it when it is needed, one attempt at a time, and
/// waits longer after each failure.
///
/// Attempts start on demand only, so a console that asks nothing costs nothing.
final class Link: Sendable {
  typealias Outcome = Result<Connection, RedisError>

  /// Resumed exactly once: whoever takes it out of the state resumes it.
  @safe
  private struct Waiter {
    let continuation: UnsafeContinuation<Outcome, Never>

    func resume(_ outcome: Outcome) { unsafe continuation.resume(returning: outcome) }
  }

  private struct State {
    enum Phase {
      case idle
      case connecting
      case open(Connection)
      case waiting(until: EventLoop.Instant, RedisError)
      case closed
    }

    var phase = Phase.idle
    /// Attempts in a row after which the server did not serve.
    var failures = 0
    /// Why the last attempt failed; nil once one has succeeded.
    var lastError: RedisError?
    /// Connections made so far.
    var generation: UInt64 = 0
    var lastWaiter: UInt64 = 0
    var waiters: [UInt64: Waiter] = [:]
  }

  private let handshake: Handshake
  /// Where to connect, where that can be elsewhere each time.
  private let route: (any ConnectRoute)?
  private let loop: EventLoop
  private let options: RedisClient.Options
  private let state = Mutex(State())

  init(
    handshake: Handshake, options: RedisClient.Options, route: (any ConnectRoute)? = nil,
    loop: EventLoop
  ) {
    self.handshake = handshake
    self.route = route
    self.options = options
    self.loop = loop
  }

  var endpoint: String { handshake.endpoint.description }

  var connectionState: ConnectionState {
    state.withLock { state in
      switch state.phase {
      case .idle: .idle
      case .connecting: .connecting
      case .open: .connected
      case .waiting(let until, let error): .waiting(until: until, lastError: error)
      case .closed: .closed
      }
    }
  }

  var generation: UInt64 { state.withLock { $0.generation } }

  /// The connection, if there is one.
  var openConnection: Connection? {
    state.withLock { if case .open(let connection) = $0.phase { connection } else { nil } }
  }

  /// The connection, if it still is the one of this generation.
  func openConnection(ofGeneration generation: UInt64) -> Connection? {
    state.withLock { state in
      guard state.generation == generation, case .open(let connection) = state.phase else {
        return nil
      }
      return connection
    }
  }

  /// The connection, made if there is none; at once the last error while the next attempt waits.
  nonisolated(nonsending) func connection(until deadline: EventLoop.Instant) async -> Outcome {
    switch begin() {
    case .ready(let outcome): return outcome
    case .wait: return await wait(until: deadline)
    }
  }

  private enum Beginning {
    case ready(Outcome)
    case wait
  }

  private func begin() -> Beginning {
    let (beginning, starts) = state.withLock { state -> (Beginning, Bool) in
      switch state.phase {
      case .open(let connection): return (.ready(.success(connection)), false)
      case .closed: return (.ready(.failure(Self.closed(endpoint))), false)
      case .connecting: return (.wait, false)
      case .waiting(let until, let error) where EventLoop.now() < until:
        return (.ready(.failure(error)), false)
      case .idle, .waiting:
        state.phase = .connecting
        return (.wait, true)
      }
    }
    if starts { loop.spawn { await self.attempt() } }
    return beginning
  }

  nonisolated(nonsending) private func wait(until deadline: EventLoop.Instant) async -> Outcome {
    let id = state.withLock { state in
      state.lastWaiter += 1
      return state.lastWaiter
    }
    let timer = loop.schedule(at: deadline) { self.giveUp(id) }
    defer { loop.cancel(timer) }
    return await withTaskCancellationHandler {
      await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Outcome, Never>) in
        let waiter = unsafe Waiter(continuation: continuation)
        let outcome: Outcome? = state.withLock { state in
          switch state.phase {
          case .connecting:
            state.waiters[id] = waiter
            return nil
          case .open(let connection): return .success(connection)
          case .waiting(_, let error): return .failure(error)
          case .idle: return .failure(state.lastError ?? stillConnecting())
          case .closed: return .failure(Self.closed(endpoint))
          }
        }
        if let outcome { waiter.resume(outcome) }
        if Task.isCancelled { release(id, Self.cancelled(endpoint)) }
        if deadline <= EventLoop.now() { giveUp(id) }
      }
    } onCancel: {
      release(id, Self.cancelled(endpoint))
    }
  }

  private func release(_ id: UInt64, _ error: RedisError) {
    let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
    waiter?.resume(.failure(error))
  }

  /// The deadline came in the middle of an attempt: what the attempt before it met says more than that
  /// this one is not over.
  private func giveUp(_ id: UInt64) {
    release(id, state.withLock { $0.lastError } ?? stillConnecting())
  }

  private func attempt() async {
    let outcome = await connect()
    let (waiters, stale) = state.withLock { state in
      let waiters = state.waiters.sorted { $0.key < $1.key }.map(\.value)
      state.waiters = [:]
      var stale: Connection?
      if case .closed = state.phase {
        if case .success(let connection) = outcome { stale = connection }
        return (waiters, stale)
      }
      switch outcome {
      case .success(let connection):
        state.generation += 1
        // It may have ended between its handshake and now.
        if let error = connection.failure {
          wait(&state, error)
        } else {
          state.phase = .open(connection)
        }
      case .failure(let error): wait(&state, error)
      }
      return (waiters, stale)
    }
    stale?.close(Self.closed(endpoint))
    for waiter in waiters { waiter.resume(outcome) }
  }

  private func connect() async -> Outcome {
    var handshake = handshake
    if let route {
      do throws(RedisError) {
        let there = try await route.destination(within: options.connectTimeout)
        handshake = Handshake(
          endpoint: there.endpoint, access: there.access ?? handshake.access,
          resolver: handshake.resolver)
      } catch {
        return .failure(error)
      }
    }
    return await handshake.connect(options: options, loop: loop) { [weak self] in
      self?.ended($0, $1)
    }
  }

  /// A connection of this link has ended, by whatever side.
  private func ended(_ connection: Connection, _ error: RedisError) {
    state.withLock { state in
      guard case .open(let current) = state.phase, current === connection else { return }
      if connection.hasServed {
        // It worked: the next command may try again at once.
        state.failures = 0
        state.lastError = nil
        state.phase = .idle
      } else {
        wait(&state, error)
      }
    }
  }

  private func wait(_ state: inout State, _ error: RedisError) {
    state.failures += 1
    state.lastError = error
    let delay = options.backoff.delay(afterFailures: state.failures)
    state.phase = .waiting(until: .now().advanced(by: delay), error)
  }

  /// Closes the connection but stays usable: the next command makes another.
  func reset(_ error: RedisError) {
    let connection: Connection? = state.withLock { state in
      guard case .open(let connection) = state.phase else { return nil }
      state.phase = .idle
      return connection
    }
    connection?.close(error)
  }

  func close() {
    let (connection, waiters) = state.withLock { state in
      var open: Connection?
      if case .open(let connection) = state.phase { open = connection }
      state.phase = .closed
      let waiters = state.waiters.sorted { $0.key < $1.key }.map(\.value)
      state.waiters = [:]
      return (open, waiters)
    }
    let error = Self.closed(endpoint)
    connection?.close(error)
    for waiter in waiters { waiter.resume(.failure(error)) }
  }
}

// MARK: Errors

extension Link {
  private func stillConnecting() -> RedisError {
    RedisError(
      kind: .timeout, endpoint: endpoint, action: "", message: "no connection in time",
      nextStep: handshake.access.hasProvider
        ? "is the host reachable, and does the token's source answer?" : "is the host reachable?")
  }

  private static func closed(_ endpoint: String) -> RedisError {
    RedisError(
      kind: .cancelled, endpoint: endpoint, action: "", message: "the client was closed",
      nextStep: "")
  }

  private static func cancelled(_ endpoint: String) -> RedisError {
    RedisError(kind: .cancelled, endpoint: endpoint, action: "", message: "cancelled")
  }
}
