internal import ConsoleModel
internal import EventLoop
internal import Redis
private import Synchronization

/// Watches one server while a run works on it: how long others wait (PING), how far replicas are
/// behind, how much waits to be freed. Slows the run down, makes it wait, ends it.
final class RunMonitor: Sendable {
  private struct State {
    /// The newest round trips in microseconds, since the pace was lowered.
    var trips: [Double] = []
    /// The newest second, for the abort.
    var recent: [Double] = []
    var badSince: EventLoop.Instant?
    /// Why the run has to wait; nil: it need not.
    var hold: String?
    /// When that was found out.
    var looked = EventLoop.now()
    /// When the server answered last.
    var heard = EventLoop.now()
    var lease: Lease?
    /// When the lease was renewed last, by a batch or from here.
    var renewed = EventLoop.now()
  }

  private let mutator: Mutator
  private let thresholds: RunThresholds
  private let state = Mutex(State())
  private let isPaced: Bool

  private static let window = 100
  private static let interval = Duration.milliseconds(50)

  /// - Parameter isPaced: false at full speed, when only the aborting thresholds count.
  init(_ mutator: Mutator, _ thresholds: RunThresholds, isPaced: Bool) {
    self.mutator = mutator
    self.thresholds = thresholds
    self.isPaced = isPaced
  }

  /// Microseconds; nil before there are ten since the last `forget`.
  var p99: Double? {
    state.withLock { state in
      guard state.trips.count >= 10 else { return nil }
      let sorted = state.trips.sorted()
      return sorted[min(sorted.count - 1, sorted.count * 99 / 100)]
    }
  }

  /// What was seen before the server fell silent says nothing any more: the run then meets it itself,
  /// with its own patience.
  var hold: String? {
    state.withLock { state in
      guard state.hold != nil else { return nil }
      let age = Double(state.looked.duration(to: EventLoop.now()).nanoseconds) / 1e9
      if age > thresholds.unreachableSeconds { state.hold = nil }
      return state.hold
    }
  }

  /// When the server answered this watch last.
  var heard: EventLoop.Instant { state.withLock { $0.heard } }

  /// The pace has changed: what was before says nothing about the new one.
  func forget() { state.withLock { $0.trips = [] } }

  /// A batch has renewed this lease.
  func renewed(_ lease: Lease) {
    state.withLock { state in
      state.lease = lease
      state.renewed = EventLoop.now()
    }
  }

  /// A run that is paused, held back or waits for its source keeps its lease all the same.
  private func prolong() async throws(RedisError) {
    let due: Lease? = state.withLock { state in
      guard let lease = state.lease,
        state.renewed.duration(to: EventLoop.now()) > .milliseconds(lease.lifeMilliseconds / 3)
      else { return nil }
      state.renewed = EventLoop.now()
      return lease
    }
    if let due { try await mutator.prolong(due) }
  }

  /// Until the task is cancelled.
  func run(_ runState: RunState, on loop: EventLoop) async {
    var turn = 0
    while !Task.isCancelled {
      do throws(RedisError) {
        let trip = try await mutator.ping()
        book(Double(trip.nanoseconds) / 1000, runState)
        try await prolong()
        if isPaced, turn % 20 == 0 { try await look() }
      } catch {
        // The run itself meets the same server and has its own patience.
      }
      turn += 1
      do { try await loop.sleep(for: Self.interval) } catch { return }
    }
  }

  private func book(_ microseconds: Double, _ runState: RunState) {
    let reason: String? = state.withLock { state in
      state.heard = EventLoop.now()
      state.trips.append(microseconds)
      if state.trips.count > Self.window { state.trips.removeFirst() }
      // An abort must not be about what was long ago.
      state.recent.append(microseconds)
      if state.recent.count > 20 { state.recent.removeFirst() }
      let recent = state.recent.sorted()
      let p95 = recent[min(recent.count - 1, recent.count * 95 / 100)]
      guard p95 > thresholds.abortMicroseconds else {
        state.badSince = nil
        return nil
      }
      let now = EventLoop.now()
      let since = state.badSince ?? now
      state.badSince = since
      guard since.duration(to: now) > .seconds(thresholds.abortSeconds) else { return nil }
      return "aborted by itself: the server took \(Int(p95 / 1000)) ms to answer for"
        + " \(Int(thresholds.abortSeconds)) s"
    }
    if let reason { runState.tell(.abort, reason: reason) }
  }

  private func look() async throws(RedisError) {
    let replication = InfoFields(try await mutator.info("replication"))
    let memory = InfoFields(try await mutator.info("memory"))
    let hold = Self.hold(replication, memory, thresholds)
    state.withLock { state in
      state.hold = hold
      state.looked = EventLoop.now()
    }
  }

  /// Why to wait; nil: no reason.
  static func hold(
    _ replication: InfoFields, _ memory: InfoFields, _ thresholds: RunThresholds
  ) -> String? {
    if let offset = replication.count("master_repl_offset") {
      for replica in replication.replicas where replica.isOnline {
        let behind = offset &- min(offset, replica.offset)
        if behind > thresholds.replicaLagBytes {
          return "waits: replica \(replica.address) is \(behind >> 20) MB behind"
        }
        if replica.lagSeconds > thresholds.replicaLagSeconds {
          return "waits: replica \(replica.address) was last heard of \(replica.lagSeconds) s ago"
        }
      }
    }
    if let pending = memory.count("lazyfree_pending_objects"),
      pending > thresholds.lazyFreeObjects
    {
      return "waits: \(pending) objects are still to be freed"
    }
    return nil
  }
}
