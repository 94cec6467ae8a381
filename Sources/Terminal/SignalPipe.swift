private import Synchronization

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Darwin)
  private import Darwin
#endif

/// Signals as bytes in a pipe, so that the main loop polls for them beside everything else.
///
/// A handler may do next to nothing; this one writes the signal's number. curses' own handlers are
/// never installed, as it leaves alone what is not the default when it starts.
enum SignalPipe {
  /// SIGINT too: Ctrl-C is a key, but `kill -INT` is not.
  static let signals = [SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT, SIGWINCH]

  /// Installs the handlers; the descriptor to poll, or nil where the system has no pipe left.
  static func open() -> Int32? {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { return nil }
    for end in ends {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    endings.store(0, ordering: .relaxed)
    writer.store(ends[1], ordering: .sequentiallyConsistent)
    for number in signals { install(number) }
    _ = signal(SIGPIPE, SIG_IGN)
    return ends[0]
  }

  static func close(reader: Int32) {
    for number in signals { _ = signal(number, SIG_DFL) }
    let end = writer.exchange(-1, ordering: .sequentiallyConsistent)
    if end >= 0 { _ = Glibc.close(end) }
    _ = Glibc.close(reader)
  }

  /// The signals that came since, in order.
  static func drain(_ reader: Int32) -> [Int32] {
    var buffer = [UInt8](repeating: 0, count: 256)
    var found: [Int32] = []
    while true {
      let count = unsafe read(reader, &buffer, buffer.count)
      guard count > 0 else { return found }
      found += buffer.prefix(count).map(Int32.init)
    }
  }

  static func install(_ number: Int32) {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = noteSignal
    // No SA_RESTART: poll() returns anyway, and reads of the loop do not block.
    action.sa_flags = SA_ONSTACK
    _ = unsafe sigaction(number, &action, nil)
  }

  fileprivate static let writer = Atomic<Int32>(-1)
  fileprivate static let endings = Atomic<Int32>(0)
  /// So many requests to end, unanswered, and the handler ends the process itself: the loop hangs.
  fileprivate static let patience: Int32 = 3
}

@c(cacheconsole_note_signal)
func noteSignal(_ number: Int32) {
  let saved = errno
  if number == SIGTERM || number == SIGHUP || number == SIGINT,
    SignalPipe.endings.add(1, ordering: .relaxed).newValue >= SignalPipe.patience
  {
    TerminalGuard.restore()
    _ = signal(number, SIG_DFL)
    raise(number)
  }
  var byte = UInt8(truncatingIfNeeded: number)
  _ = unsafe write(SignalPipe.writer.load(ordering: .relaxed), &byte, 1)
  errno = saved
}
