internal import ConsoleModel
internal import Documents
internal import EventLoop
internal import Redis
private import Synchronization

/// What all parts of one run share.
final class RunContext: Sendable {
  let ticket: RunTicket
  let loop: EventLoop
  let state: RunState
  let folder: RunFolder
  let wall: @Sendable () -> WallTime
  /// nil where the state folder cannot be written: the mirror alone carries the run then.
  let journal: RunJournal?
  /// The right to the whole operation, on its first server.
  let lease: HeldLease
  private let current: Mutex<RunCheckpoint>
  private let lastSync = Mutex(EventLoop.Instant(nanoseconds: 0))
  private let isJournalBroken = Mutex(false)
  /// Servers of which the journal lacks what `book` was told.
  private let behind = Mutex<Set<NodeID>>([])

  init(
    _ ticket: RunTicket, loop: EventLoop, state: RunState, journal: RunJournal?, lease: HeldLease,
    checkpoint: RunCheckpoint, wall: @Sendable @escaping () -> WallTime
  ) {
    self.ticket = ticket
    self.lease = lease
    self.loop = loop
    self.state = state
    self.journal = journal
    self.wall = wall
    folder = RunFolder(state: ticket.folder, operation: ticket.plan.id)
    current = Mutex(checkpoint)
  }

  var plan: OperationPlan { ticket.plan }
  var request: OperationRequest { ticket.plan.request }
  var checkpoint: RunCheckpoint { current.withLock { $0 } }

  func mutator(
    _ node: NodeID, timeout: Duration = .seconds(5), carriesValues: Bool = false
  ) -> Mutator? {
    ticket.mutator(node, timeout: timeout, carriesValues: carriesValues, loop: loop)
  }

  /// Batches whose answer nobody has heard: counted as what they are when the run ends.
  func closeOpen() {
    _ = apply("ended", nil) { checkpoint in
      for index in checkpoint.shards.indices {
        let open = checkpoint.shards[index].open
        checkpoint.shards[index].status.indeterminate &+= UInt64(clamping: open)
        checkpoint.shards[index].open = 0
      }
    }
  }

  /// Changes a server's part of the checkpoint without a line of its own: for a batch that is confirmed
  /// while the next is ready, whose line says it. A runner that is killed in between counts the batch as
  /// unanswered.
  func book(_ event: String, on node: NodeID, _ change: (inout RunCheckpoint) -> Void) {
    _ = apply(event, node, change)
    behind.withLock { _ = $0.insert(node) }
  }

  /// Writes what was only booked: before everything that may take long.
  func catchUp() async throws(RunStop) {
    if behind.withLock({ !$0.isEmpty }) { try await note("done") { _ in } }
  }

  /// - Parameter node: whose part is changed; nil: any.
  private func apply(
    _ event: String, _ node: NodeID?, _ change: (inout RunCheckpoint) -> Void
  ) -> RunCheckpoint {
    let checkpoint = current.withLock { current -> RunCheckpoint in
      change(&current)
      current.event = event
      return current
    }
    for shard in checkpoint.shards where node == nil || shard.node == node {
      state.updateShard(shard.node) { status in
        let state = status.state
        let fault = status.fault
        status = shard.status
        status.state = state
        status.fault = fault
      }
    }
    return checkpoint
  }

  /// Changes the checkpoint and writes it to the journal.
  ///
  /// - Parameters:
  ///   - node: whose part is changed; nil: any. Among many shards a line about one of them is enough, until
  ///     once a second one tells of all.
  ///   - synced: on disk when this returns; else it is once a second.
  func note(
    _ event: String, on node: NodeID? = nil, synced: Bool = false,
    _ change: (inout RunCheckpoint) -> Void
  ) async throws(RunStop) {
    let checkpoint = apply(event, node, change)
    behind.withLock { behind in
      if let node { behind.remove(node) } else { behind = [] }
    }
    guard let journal, !isJournalBroken.withLock({ $0 }) else { return }
    let now = EventLoop.now()
    let isDue = lastSync.withLock { last in
      guard synced || last.duration(to: now) > .seconds(1) else { return false }
      last = now
      return true
    }
    do throws(DocumentError) {
      // In the order of the changes: the last line about a server is what it goes on from.
      let line = isDue ? checkpoint : node.map(checkpoint.part) ?? checkpoint
      try journal.append(line, at: wall())
      guard isDue else { return }
      // Not on the loop: a disk may take long, and the lease has to be renewed meanwhile.
      try await OffLoop.run { () throws(DocumentError) in try journal.sync() }
    } catch {
      // Each batch carries its checkpoint to the server: that is what a takeover goes on from.
      isJournalBroken.withLock { $0 = true }
      state.warn("the journal ended (\(error.description)); the mirror in Redis carries the run")
    }
  }

  // MARK: Waiting

  /// Returns when the run may go on; throws when it must not.
  func gate(_ monitor: RunMonitor? = nil) async throws(RunStop) {
    var wasPaused = false
    while true {
      if state.isSuperseded { throw .superseded }
      let (control, reason) = state.control
      let hold = monitor?.hold
      switch control {
      case .abort: throw .aborted(reason)
      case .run where hold == nil:
        if wasPaused {
          state.update {
            $0.state = .running
            $0.note = ""
          }
        }
        return
      case .run:
        if !wasPaused { try await catchUp() }
        if state.status.note != hold { state.update { $0.note = hold ?? "" } }
        wasPaused = true
      case .pause:
        if !wasPaused { try await catchUp() }
        if !wasPaused || state.status.state != .paused {
          state.update {
            $0.state = .paused
            $0.note = reason
          }
        }
        wasPaused = true
      }
      await nap(.milliseconds(50))
    }
  }

  /// Waits its turn, and hears meanwhile what the run is told.
  func wait(_ duration: Duration, _ monitor: RunMonitor) async throws(RunStop) {
    let end = EventLoop.now().advanced(by: duration)
    while true {
      try await gate(monitor)
      let left = EventLoop.now().duration(to: end)
      guard left > .zero else { return }
      await nap(min(left, .milliseconds(100)))
    }
  }

  /// Keeps a page of keys until the loop has sent the next batch: to free a thousand of them takes as
  /// long as to send them, and the server would have nothing to do meanwhile.
  func releaseLater(_ keys: [[UInt8]]) {
    loop.spawn { [loop] in
      do { try await loop.sleep(until: EventLoop.now()) } catch {}
      withExtendedLifetime(keys) {}
    }
  }

  /// True where the run has been told to do something else than to go on.
  var isCalled: Bool { state.isSuperseded || state.control.0 != .run }

  /// A pause that a cancelled task does not make longer.
  func nap(_ duration: Duration) async {
    guard duration > .zero else { return }
    do { try await loop.sleep(for: duration) } catch {}
  }
}

/// Work that blocks, awaited: on a thread of its own.
package enum OffLoop {
  package static func run<Value: Sendable, Failure: Error>(
    _ work: @Sendable @escaping () throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    let result: Result<Value, Failure> = await unsafe withUnsafeContinuation { continuation in
      let body: @Sendable () -> Void = {
        unsafe continuation.resume(returning: Result { () throws(Failure) in try work() })
      }
      // No thread to be had: blocking here is better than not doing it.
      do { try BlockingWork.run(name: "disk", body) } catch { body() }
    }
    return try result.get()
  }
}
