internal import Crypto
internal import EventLoop
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
  enum Caller {
    case one(UnsafeContinuation<Result<RESPValue, RedisError>, Never>)
    case many(UnsafeContinuation<Result<[RESPValue], RedisError>, Never>)
    /// A tombstone: the caller has gone, the replies are still to come and to be swallowed.
    case nobody
  }

  /// One command or one batch.
  struct Entry {
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
    /// AUTH and a PING with a text behind it: see `answer`.
    var isLogin = false

    static let vacant = Entry(
      id: 0, caller: .nobody, missing: 0, budget: 0, deadline: .init(nanoseconds: 0), grace: .zero,
      changes: false, start: 0)
  }

  /// What an observed entry keeps of its commands.
  struct Observed {
    var commands: [RedisCommand]
    var token: UInt64
  }

  struct State {
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
    /// When the token is renewed.
    var renewal: EventLoop.TimerID?
    var failure: RedisError?
    /// Set once the handshake is over.
    var readOnlyCommands: Set<String> = []
    var isEstablished = false
    var clearance: Clearance?
    /// A command after the handshake was answered: the server is worth an immediate reconnect.
    var hasServed = false
  }

  /// A command that has passed the gate here and whose arguments cannot make it another one.
  struct Clearance: Sendable {
    var kind: RedisCommand.Kind
    var changes: Bool
  }

  let endpoint: String
  let loop: EventLoop
  let limits: Limits
  let observer: (any ReplyObserver)?
  let state: Mutex<State>
  /// Called once, on the loop's thread, when the connection has ended.
  let onEnd: @Sendable (Connection, RedisError) -> Void

  /// Safe: used on the loop's thread only, in `ready` and what it calls.
  nonisolated(unsafe) let parser: ReplyParser
  /// Safe: used on the loop's thread only. What the server said first, to tell what it is.
  nonisolated(unsafe) var firstBytes: [UInt8] = []
  /// nil: plain. Safe: used on the loop's thread only.
  nonisolated(unsafe) let session: TLSSession?
  /// Safe: used on the loop's thread only.
  nonisolated(unsafe) var needs = TLSNeeds()

  static let ids = Atomic<UInt64>(0)

  init(
    descriptor: Descriptor, session: sending TLSSession?, endpoint: String, loop: EventLoop,
    limits: Limits, observer: (any ReplyObserver)?,
    onEnd: @Sendable @escaping (Connection, RedisError) -> Void
  ) {
    unsafe self.session = session
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

  /// Takes charge of the timer that renews the token: it goes with the connection.
  func keep(renewal timer: EventLoop.TimerID) {
    let isOver = state.withLock { state in
      state.renewal = timer
      return state.failure != nil
    }
    if isOver { loop.cancel(timer) }
  }

  /// When the newest of the commands that wait gives up; long past if none waits.
  var lastDeadline: EventLoop.Instant {
    state.withLock { state in
      var latest = EventLoop.Instant(nanoseconds: .min)
      for index in 0..<state.queue.count { latest = max(latest, state.queue[index].deadline) }
      return latest
    }
  }

  /// Why it ended; nil while it lives.
  var failure: RedisError? { state.withLock { $0.failure } }

  var hasServed: Bool { state.withLock { $0.hasServed } }

  /// The last command that passed, so that the next of its kind is not judged anew.
  var clearance: Clearance? {
    get { state.withLock { $0.clearance } }
    set { state.withLock { $0.clearance = newValue } }
  }

  /// True if the server gave the command its `readonly` flag on this connection.
  func isFlaggedReadOnly(_ statName: String) -> Bool {
    state.withLock { $0.readOnlyCommands.contains(statName) }
  }
}
