internal import ConsoleModel
private import EventLoop
private import Glibc
private import Synchronization

/// A bounded queue between a thread that reads and a task that loads: the thread waits while the
/// queue is full, so a slow server slows the source down and memory stays the same.
final class WarmFeed: Sendable {
  /// A record with the moment at which its life ends: waiting in the queue does not make it younger.
  struct Entry: Sendable {
    var key: KeyName
    /// Milliseconds since 1970; nil: never.
    var expiresAt: Int64?
    var value: WarmRecord.Value
    var position: UInt64 = 0

    var size: Int { key.bytes.count + value.bytes.count }
  }

  private struct State {
    var queue: [Entry] = []
    var head = 0
    var bytes = 0
    var report = WarmReport()
    var end: Result<Void, WarmFailure>?
    var waiters: [CheckedContinuation<Void, Never>] = []
    var isCancelled = false
    /// Whoever waits for records is to look at something else.
    var isInterrupted = false

    var count: Int { queue.count - head }
    var isFull: Bool { count >= WarmFeed.maximumRecords || bytes >= WarmFeed.maximumBytes }
    var hasNews: Bool { count > 0 || end != nil || isCancelled || isInterrupted }
  }

  static let maximumRecords = 4096
  static let maximumBytes = 8 << 20
  /// Bytes given out with one call, unless one record alone is larger.
  static let maximumBatchBytes = 4 << 20

  private let state = Mutex(State())
  private let room: Wakeup

  init() throws(WarmFailure) {
    do throws(SystemError) {
      room = try Wakeup()
    } catch {
      throw WarmFailure(.program, "warming: \(error)")
    }
  }

  // MARK: The reading thread

  /// Readable when the queue has room again, or when nobody wants it any more.
  var descriptor: Int32 { room.fileDescriptor }
  var isCancelled: Bool { state.withLock { $0.isCancelled } }
  var isFull: Bool { state.withLock { $0.isFull } }

  func clearWakeup() { room.clear() }

  /// Blocks while the queue is full. False: nobody wants more.
  func waitForRoom() -> Bool {
    while true {
      let (isFull, isCancelled) = state.withLock { ($0.isFull, $0.isCancelled) }
      if isCancelled { return false }
      if !isFull { return true }
      var watched = pollfd(fd: room.fileDescriptor, events: Int16(POLLIN), revents: 0)
      _ = unsafe poll(&watched, 1, -1)
      room.clear()
    }
  }

  func put(_ entries: [Entry]) {
    guard !entries.isEmpty else { return }
    wake { state in
      guard !state.isCancelled else { return }
      state.queue += entries
      state.bytes += entries.reduce(0) { $0 + $1.size }
      state.report.records += UInt64(entries.count)
    }
  }

  func note(_ change: (inout WarmReport) -> Void) { state.withLock { change(&$0.report) } }

  func finish(_ failure: WarmFailure?) {
    wake { $0.end = failure.map { .failure($0) } ?? .success(()) }
  }

  private func wake(_ change: (inout State) -> Void) {
    let waiters = state.withLock { state in
      change(&state)
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  // MARK: The loading task

  var report: WarmReport { state.withLock { $0.report } }

  func cancel() {
    wake { state in
      state.isCancelled = true
      (state.queue, state.head, state.bytes) = ([], 0, 0)
    }
    room.signal()
  }

  /// Makes `next` return without records, at once.
  func interrupt() { wake { $0.isInterrupted = true } }

  /// Up to `limit` records, none where it was interrupted; nil at the end.
  func next(_ limit: Int, now: () -> WallTime) async throws(WarmFailure) -> [WarmRecord]? {
    while true {
      if Task.isCancelled { cancel() }
      switch take(limit, now().microseconds / 1000) {
      case .records(let records):
        if !records.isEmpty { return records }
      case .interrupted: return []
      case .end(let end):
        try end.get()
        return nil
      case .wait: await wait()
      }
    }
  }

  private enum Taken {
    case records([WarmRecord])
    case interrupted
    case end(Result<Void, WarmFailure>)
    case wait
  }

  private func take(_ limit: Int, _ now: Int64) -> Taken {
    let (taken, hasRoom) = state.withLock { state -> (Taken, Bool) in
      if state.isCancelled { return (.end(.failure(.cancelled)), false) }
      if state.isInterrupted {
        state.isInterrupted = false
        return (.interrupted, false)
      }
      guard state.count > 0 else { return (state.end.map { .end($0) } ?? .wait, false) }
      let wasFull = state.isFull
      var records: [WarmRecord] = []
      var bytes = 0
      while state.count > 0, records.count < max(1, limit) {
        let entry = state.queue[state.head]
        if !records.isEmpty, bytes + entry.size > Self.maximumBatchBytes { break }
        state.head += 1
        bytes += entry.size
        state.bytes -= entry.size
        let life = entry.expiresAt.map { $0.subtractingReportingOverflow(now) }
        if let life, life.overflow || life.partialValue <= 0 {
          state.report.expired += 1
          continue
        }
        records.append(
          WarmRecord(
            key: entry.key, timeToLive: life?.partialValue, expiresAt: entry.expiresAt,
            value: entry.value, position: entry.position))
      }
      if state.head == state.queue.count || state.head >= Self.maximumRecords {
        state.queue.removeFirst(state.head)
        state.head = 0
      }
      return (.records(records), wasFull && !state.isFull)
    }
    if hasRoom { room.signal() }
    return taken
  }

  private func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isReady = state.withLock { state in
          if !state.hasNews { state.waiters.append(continuation) }
          return state.hasNews
        }
        if isReady { continuation.resume() }
      }
    } onCancel: {
      cancel()
    }
  }
}
