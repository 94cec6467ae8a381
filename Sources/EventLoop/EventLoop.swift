private import CLinux
private import Glibc
private import Synchronization

/// One thread that waits for sockets and timers and runs the tasks that use them.
///
/// As a task executor it spares a hand-over between threads for each reply: measured, this is
/// what brings a Swift client to nine tenths of a C loop. Work that computes for more than about
/// 100 µs does not belong here. A loop lives as long as its process, because tasks refer to their
/// executor without owning it.
package final class EventLoop: TaskExecutor {
  package struct Options: Sendable {
    /// Poll without sleeping for at most this long while replies are outstanding: less latency,
    /// more CPU. Zero (never) is right for a console.
    package var spin: Duration = .zero

    package init() {}
  }

  private enum Work: Sendable {
    case job(UnownedJob)
    case flush(any EventSource)
    case call(@Sendable () -> Void)
  }

  @safe private enum Timer {
    case sleep(UnsafeContinuation<Bool, Never>)
    case call(@Sendable () -> Void)
  }

  private let epoll: Descriptor
  private let wakeup: Wakeup
  /// Set while a wake-up is on its way, so that a burst from other threads writes once.
  private let isSignalled = Atomic<Bool>(false)
  private let foreign = Mutex<[Work]>([])
  private let timers = Mutex(TimerHeap<Timer>())
  /// The heap's earliest deadline, `Int64.max` for none, written under its lock: a turn in which
  /// nothing is due takes no lock.
  private let earliest = Atomic<Int64>(.max)
  private let timerIDs = Atomic<UInt64>(0)
  /// pthread_self of the loop's thread, 0 before `start`.
  private let thread = Atomic<UInt>(0)
  /// Connections that wait for replies: spinning is worth while only for them.
  private let waiting = Atomic<Int>(0)
  private let spinNanoseconds: Int64

  /// Safe: read and written on the loop's thread only, by `run` and what it calls.
  private nonisolated(unsafe) let local = Local()

  /// What only the loop's own thread touches.
  @safe
  private final class Local {
    var ready: [UnownedJob] = []
    var flushes: [any EventSource] = []
    /// Watched sources by slot; the generation tells a reused slot's stale events from its own.
    var slots: [Slot] = []
    var freeSlots: [Int] = []
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

    struct Slot {
      var source: (any EventSource)?
      var generation: UInt32
    }

    deinit { unsafe scratch.deallocate() }
  }

  private static let wakeupToken = UInt64.max

  package init(options: Options = Options()) throws(SystemError) {
    let number = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard number >= 0 else { throw .last("epoll_create1") }
    epoll = Descriptor(owning: number)
    wakeup = try Wakeup()
    spinNanoseconds = options.spin.nanoseconds
    guard
      clinux_epoll_control(
        number, EPOLL_CTL_ADD, wakeup.fileDescriptor, EPOLLIN.rawValue, Self.wakeupToken) == 0
    else { throw .last("epoll_ctl") }
  }

  /// Starts the thread. Work that was queued before runs then.
  package func start() throws(SystemError) {
    try Thread.start(name: "event-loop", stackBytes: 1 << 20) { self.run() }
  }

  package static func now() -> Instant { .now() }

  /// True on the loop's own thread.
  package var isCurrent: Bool {
    thread.load(ordering: .relaxed) == pthread_self()
  }
}

// MARK: Work

extension EventLoop {
  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if isCurrent {
      unsafe local.ready.append(job)
    } else {
      post(.job(job))
    }
  }

  /// Starts a task that runs on the loop: the one place for unstructured work.
  @discardableResult
  package func spawn<Success: Sendable>(
    _ operation: sending @escaping @isolated(any) () async -> Success
  ) -> Task<Success, Never> {
    Task(executorPreference: self, operation: operation)
  }

  /// Runs `work` on the loop's thread: now if this is it, else soon.
  package func execute(_ work: @Sendable @escaping () -> Void) {
    if isCurrent { work() } else { post(.call(work)) }
  }

  /// Calls `flush` of `source` once this turn's tasks have run, so that what they wrote leaves in
  /// one system call.
  package func flushAtEndOfTurn(_ source: any EventSource) {
    if isCurrent {
      unsafe local.flushes.append(source)
    } else {
      post(.flush(source))
    }
  }

  private func post(_ work: Work) {
    foreign.withLock { $0.append(work) }
    wake()
  }

  private func wake() {
    if !isSignalled.exchange(true, ordering: .acquiringAndReleasing) { wakeup.signal() }
  }

  /// Says that one more (+1) or one fewer (−1) connection waits for a reply; see `Options.spin`.
  package func countWaiting(_ change: Int) {
    waiting.wrappingAdd(change, ordering: .relaxed)
  }
}

// MARK: Timers

extension EventLoop {
  /// A call that is due later.
  package struct TimerID: Sendable, Hashable { fileprivate var value: UInt64 }

  private func nextTimerID() -> UInt64 {
    timerIDs.wrappingAdd(1, ordering: .relaxed).newValue
  }

  /// Runs `action` on the loop's thread at `deadline`.
  @discardableResult
  package func schedule(at deadline: Instant, _ action: @Sendable @escaping () -> Void) -> TimerID {
    let id = nextTimerID()
    insert(.call(action), id: id, at: deadline)
    return TimerID(value: id)
  }

  /// True if the call was still to come and now is not.
  @discardableResult
  package func cancel(_ timer: TimerID) -> Bool {
    withTimers { $0.remove(id: timer.value) } != nil
  }

  package func sleep(for duration: Duration) async throws(CancellationError) {
    try await sleep(until: .now().advanced(by: duration))
  }

  package func sleep(until deadline: Instant) async throws(CancellationError) {
    let id = nextTimerID()
    let isOver = await withTaskCancellationHandler {
      await unsafe withUnsafeContinuation { continuation in
        insert(unsafe .sleep(continuation), id: id, at: deadline)
        // Cancelled before the timer was in the heap, the handler found nothing.
        if Task.isCancelled { interrupt(id) }
      }
    } onCancel: {
      interrupt(id)
    }
    if !isOver { throw CancellationError() }
  }

  private func interrupt(_ id: UInt64) {
    let timer = withTimers { $0.remove(id: id) }
    if case .sleep(let continuation) = timer { unsafe continuation.resume(returning: false) }
  }

  /// Every change of the heap goes through here.
  private func withTimers<Result>(
    _ change: (inout sending TimerHeap<Timer>) -> sending Result
  ) -> sending Result {
    timers.withLock { heap in
      let result = change(&heap)
      earliest.store(heap.nextDeadline() ?? .max, ordering: .relaxed)
      return result
    }
  }

  private func insert(_ timer: sending Timer, id: UInt64, at deadline: Instant) {
    let isEarliest = withTimers { $0.insert(timer, id: id, at: deadline.nanoseconds) }
    if isEarliest, !isCurrent { wake() }
  }
}

// MARK: Descriptors

extension EventLoop {
  /// Names a watched descriptor.
  package struct Watch: Sendable, Hashable { fileprivate var token: UInt64 }

  /// Watches a descriptor, level-triggered, until `unwatch`. On the loop's thread only.
  package func watch(
    _ descriptor: Descriptor, for interest: Readiness, source: any EventSource
  ) throws(SystemError) -> Watch {
    precondition(isCurrent, "watch() belongs on the loop's thread")
    let local = unsafe self.local
    let slot: Int
    if let free = local.freeSlots.popLast() {
      slot = free
      local.slots[slot].source = source
    } else {
      slot = local.slots.count
      local.slots.append(Local.Slot(source: source, generation: 0))
    }
    let token = UInt64(local.slots[slot].generation) << 32 | UInt64(slot)
    let result = clinux_epoll_control(
      epoll.number, EPOLL_CTL_ADD, descriptor.number, interest.rawValue | EPOLLRDHUP.rawValue, token
    )
    guard result == 0 else {
      let error = SystemError.last("epoll_ctl")
      release(slot)
      throw error
    }
    return Watch(token: token)
  }

  package func change(_ watch: Watch, _ descriptor: Descriptor, to interest: Readiness) {
    // Fails only for a descriptor that is not watched: then there is nothing to change.
    _ = clinux_epoll_control(
      epoll.number, EPOLL_CTL_MOD, descriptor.number, interest.rawValue | EPOLLRDHUP.rawValue,
      watch.token)
  }

  /// After this no event of the descriptor is delivered, not even one already fetched.
  package func unwatch(_ watch: Watch, _ descriptor: Descriptor) {
    precondition(isCurrent, "unwatch() belongs on the loop's thread")
    _ = clinux_epoll_control(epoll.number, EPOLL_CTL_DEL, descriptor.number, 0, 0)
    release(Int(truncatingIfNeeded: watch.token & 0xFFFF_FFFF))
  }

  private func release(_ slot: Int) {
    let local = unsafe self.local
    local.slots[slot].source = nil
    local.slots[slot].generation &+= 1
    local.freeSlots.append(slot)
  }
}

// MARK: The loop

extension EventLoop {
  private static let eventsPerTurn = 64
  /// Rounds of tasks between two looks at the sockets: a task that only yields starves nobody.
  private static let roundsPerTurn = 16

  private func run() {
    thread.store(pthread_self(), ordering: .relaxed)
    let local = unsafe self.local
    let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: Self.eventsPerTurn)
    var spinUntil: Int64 = 0
    var now = clinux_monotonic()
    while true {
      let canSleep = local.ready.isEmpty && local.flushes.isEmpty
      var timeout = canSleep ? timeoutMilliseconds(now) : 0
      if spinUntil != 0, canSleep, waiting.load(ordering: .relaxed) > 0 {
        if clinux_monotonic() < spinUntil { timeout = 0 } else { spinUntil = 0 }
      }
      let count = unsafe epoll_wait(epoll.number, events, Int32(Self.eventsPerTurn), timeout)
      if count > 0 {
        for index in 0..<Int(count) {
          unsafe deliver(events + index, local)
        }
      }
      now = clinux_monotonic()
      if count > 0, spinNanoseconds > 0 { spinUntil = now + spinNanoseconds }
      // Sockets come before timers: after a stop (Ctrl-Z) replies that are here must not time out.
      fireTimers(now)
      if !local.ready.isEmpty {
        runTasks(local)
        // Tasks take time: the wait for the next deadline is shorter by that.
        now = clinux_monotonic()
      }
      flush(local)
    }
  }

  private func deliver(_ event: UnsafePointer<epoll_event>, _ local: Local) {
    let token = unsafe clinux_epoll_token(event)
    if token == Self.wakeupToken {
      wakeup.clear()
      // Cleared before the queue is taken: a later post signals again.
      _ = isSignalled.exchange(false, ordering: .acquiringAndReleasing)
      takeForeignWork(local)
      return
    }
    let slot = Int(truncatingIfNeeded: token & 0xFFFF_FFFF)
    guard slot < local.slots.count,
      local.slots[slot].generation == UInt32(truncatingIfNeeded: token >> 32),
      let source = local.slots[slot].source
    else { return }
    let readiness = Readiness(rawValue: unsafe clinux_epoll_events(event))
    unsafe source.ready(readiness, scratch: local.scratch)
  }

  private func takeForeignWork(_ local: Local) {
    let work = foreign.withLock { queue in
      let taken = queue
      queue = []
      return taken
    }
    for item in work {
      switch item {
      case .job(let job): local.ready.append(job)
      case .flush(let source): local.flushes.append(source)
      case .call(let action): action()
      }
    }
  }

  private func runTasks(_ local: Local) {
    for _ in 0..<Self.roundsPerTurn {
      guard !local.ready.isEmpty else { return }
      var batch: [UnownedJob] = []
      swap(&batch, &local.ready)
      for job in batch {
        unsafe job.runSynchronously(on: asUnownedTaskExecutor())
      }
      // Gives the array back to the queue when nobody has made a new one.
      if local.ready.isEmpty {
        batch.removeAll(keepingCapacity: batch.count < 4096)
        local.ready = batch
      }
    }
  }

  private func flush(_ local: Local) {
    guard !local.flushes.isEmpty else { return }
    var batch: [any EventSource] = []
    swap(&batch, &local.flushes)
    for source in batch { source.flush() }
    if local.flushes.isEmpty {
      batch.removeAll(keepingCapacity: true)
      local.flushes = batch
    }
  }

  private func fireTimers(_ now: Int64) {
    guard earliest.load(ordering: .relaxed) <= now else { return }
    while let timer = withTimers({ $0.popDue(at: now) }) {
      switch timer {
      case .sleep(let continuation): unsafe continuation.resume(returning: true)
      case .call(let action): action()
      }
    }
  }

  /// -1: nothing is due, sleep until something happens.
  private func timeoutMilliseconds(_ now: Int64) -> Int32 {
    let deadline = earliest.load(ordering: .relaxed)
    guard deadline != .max else { return -1 }
    let wait = deadline.subtractingReportingOverflow(now)
    if wait.overflow { return Int32.max }
    if wait.partialValue <= 0 { return 0 }
    // Rounded up: waking before the deadline would only mean waking twice.
    return Int32(clamping: wait.partialValue / 1_000_000 + 1)
  }
}
