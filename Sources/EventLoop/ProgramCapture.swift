private import Glibc

/// Runs a short program to its end and keeps what it says: bounded in time and in bytes. It blocks:
/// for a thread of its own.
package struct ProgramCapture: Sendable {
  package enum Ending: Sendable, Hashable {
    case exit(Int32)
    case signal(Int32)
    /// Still running at the deadline: it was ended.
    case timeout
    /// It wrote more than the limit: it was ended.
    case tooMuch
  }

  package var ending: Ending
  package var output: [UInt8]
  /// The first 4 KiB of standard error.
  package var errors: [UInt8]

  /// Bytes of standard error that are kept; the rest is read and dropped.
  private static let errorLimit = 4096
  /// Milliseconds between two looks whether it has ended while something else holds its output open.
  private static let look: Int32 = 50
  /// What it leaves behind may hold its output open for this long.
  private static let leftover = Duration.milliseconds(500)

  /// - Parameters:
  ///   - command: the program (searched for in PATH when it has no slash) and its arguments.
  ///   - limit: bytes of its output.
  package static func run(
    _ command: [String], limit: Int, until deadline: EventLoop.Instant
  ) throws(SpawnError) -> ProgramCapture {
    guard let word = command.first, let program = Spawn.find(word) else {
      throw SpawnError(program: command.first ?? "", code: ENOENT)
    }
    var open: [Int32] = []
    defer { for descriptor in open { close(descriptor) } }
    let out = try Spawn.pipe()
    open += [out.reader, out.writer]
    let err = try Spawn.pipe()
    open += [err.reader, err.writer]
    var spawn = Spawn(program, Array(command.dropFirst()))
    spawn.arguments[0] = word
    spawn.standardOutput = out.writer
    spawn.standardError = err.writer
    let processID = try spawn.start()
    close(out.writer)
    close(err.writer)
    open = [out.reader, err.reader]
    var capture = ProgramCapture(ending: .timeout, output: [], errors: [])
    let isOver = capture.collect(
      out.reader, err.reader, processID, limit: limit, until: deadline)
    // The group: what it started must not stay either.
    kill(-processID, SIGKILL)
    var status: Int32 = 0
    while unsafe waitpid(processID, &status, 0) < 0, errno == EINTR {}
    if isOver {
      let signal = status & 0x7F
      capture.ending = signal == 0 ? .exit(status >> 8 & 0xFF) : .signal(signal)
    }
    return capture
  }

  /// True once it has ended by itself; else `ending` says why it has to.
  private mutating func collect(
    _ out: Int32, _ err: Int32, _ processID: Int32, limit: Int, until deadline: EventLoop.Instant
  ) -> Bool {
    for descriptor in [out, err] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    var isOutOpen = true
    var isErrOpen = true
    var ended: EventLoop.Instant?
    while true {
      let now = EventLoop.now()
      if ended == nil, Self.hasEnded(processID) { ended = now }
      if let ended, !isOutOpen && !isErrOpen || ended.duration(to: now) > Self.leftover {
        return true
      }
      guard now < deadline else {
        ending = .timeout
        return false
      }
      var watched = [
        pollfd(fd: isOutOpen ? out : -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isErrOpen ? err : -1, events: Int16(POLLIN), revents: 0),
      ]
      let left = now.duration(to: deadline).nanoseconds / 1_000_000 + 1
      _ = unsafe poll(&watched, 2, min(Self.look, Int32(clamping: left)))
      if isOutOpen, watched[0].revents != 0 {
        isOutOpen = Self.read(out, into: &output, limit: limit + 1)
        if output.count > limit {
          ending = .tooMuch
          return false
        }
      }
      if isErrOpen, watched[1].revents != 0 {
        isErrOpen = Self.read(err, into: &errors, limit: Self.errorLimit)
      }
    }
  }

  /// False at the end of the stream.
  private static func read(_ descriptor: Int32, into bytes: inout [UInt8], limit: Int) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
    if count > 0 {
      bytes += buffer.prefix(min(count, max(0, limit - bytes.count)))
      return true
    }
    return count < 0 && (errno == EAGAIN || errno == EINTR)
  }

  /// It stays a zombie until it is waited for, so that its group's number stays its own.
  private static func hasEnded(_ processID: Int32) -> Bool {
    var information = unsafe siginfo_t()
    guard
      unsafe waitid(P_PID, id_t(processID), &information, WEXITED | WNOHANG | WNOWAIT) == 0
    else { return true }
    return unsafe information.si_signo == SIGCHLD
  }
}
