package import ConsoleModel
internal import Documents
internal import EventLoop
private import Glibc
private import Synchronization

/// The detached process that carries out one operation: `cacheconsole operation-runner`.
///
/// The ticket comes on standard input; statuses go to standard output as lines of JSON while somebody
/// reads them. The end of the session (SIGHUP) does not end it; SIGTERM and SIGINT abort the run after
/// the batch that is on its way.
package enum RunnerProcess {
  /// The exit code of a runner that another has taken over from.
  static let superseded: Int32 = 3

  /// - Returns: the exit code: 0 done, 1 not done, 2 no ticket, 3 superseded.
  package static func run(wall: @escaping @Sendable () -> WallTime) -> Int32 {
    let signals = blockSignals()
    Allocator.mergeFreedAtOnce()
    let ticket: RunTicket
    do throws(DocumentError) {
      ticket = try RunTicket(json: readAll(0))
    } catch {
      complain(error.description)
      return 2
    }
    close(0)
    let loop: EventLoop
    do throws(SystemError) {
      loop = try EventLoop()
      try loop.start()
    } catch {
      complain("the runner's event loop: \(error)")
      return 2
    }
    let runner = OperationRunner(
      ticket, loop: loop, runner: "\(HostName.current()):\(getpid())", wall: wall)
    let auditor = RunAuditor(ticket, loop: loop)
    let result = EndBox()
    loop.spawn {
      result.put(await runner.run(auditor))
      // Ends the wait of `next`.
      kill(getpid(), SIGUSR1)
    }
    _ = fcntl(1, F_SETFL, O_NONBLOCK)
    while true {
      if let status = result.take() {
        forget(ticket)
        // What it says last would stand against what the new holder says.
        if runner.state.isSuperseded { return superseded }
        say(status, isLast: true)
        return status.state == .done ? 0 : 1
      }
      if !runner.state.isSuperseded { say(runner.state.status) }
      switch next(signals) {
      case SIGTERM, SIGINT: runner.state.tell(.abort, reason: "aborted by a signal to its runner")
      default: break
      }
    }
  }

  private final class EndBox: Sendable {
    private let status = Mutex<OperationStatus?>(nil)
    func put(_ value: OperationStatus) { status.withLock { $0 = value } }
    func take() -> OperationStatus? { status.withLock { $0 } }
  }

  /// Before there is a second thread: from here on these are read by `next` alone.
  private static func blockSignals() -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in [SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1] { unsafe sigaddset(&set, number) }
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    return set
  }

  /// The next signal; 0 when none came within a tenth of a second.
  private static func next(_ signals: sigset_t) -> Int32 {
    var set = signals
    var pause = timespec(tv_sec: 0, tv_nsec: 100_000_000)
    return max(0, unsafe sigtimedwait(&set, nil, &pause))
  }

  /// Its number may be another process's soon.
  private static func forget(_ ticket: RunTicket) {
    let file = RunFolder(state: ticket.folder, operation: ticket.plan.id).processFile
    // Whoever has taken over has written its own.
    guard let contents = try? FileReader.read(file, limit: 64),
      Int32(String(decoding: contents.bytes, as: UTF8.self)) == getpid()
    else { return }
    _ = unsafe unlink(file)
  }

  /// Milliseconds that the last line waits for a reader that is slow, or stopped; who comes later finds
  /// how it ended in the mirror and in the journal.
  private static let lastPatience = 5000

  /// A line that nobody reads is dropped: the pipe is full or closed.
  private static func say(_ status: OperationStatus, isLast: Bool = false) {
    let line = Array((status.json + "\n").utf8)
    // Up to PIPE_BUF (4096 bytes) a write is all or nothing; longer lines wait for room.
    var rest = line[...]
    var tries = 0
    while !rest.isEmpty, tries < (isLast ? lastPatience / 10 : 20) {
      let count = unsafe rest.withUnsafeBytes {
        unsafe write(1, $0.baseAddress, $0.count)
      }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN, isLast || rest.count < line.count {
        var pause = timespec(tv_sec: 0, tv_nsec: 10_000_000)
        unsafe nanosleep(&pause, nil)
        tries += 1
      } else {
        return
      }
    }
  }

  private static func readAll(_ descriptor: Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count <= 2 * OperationRequest.maximumDocumentBytes {
      let count = unsafe read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      bytes += chunk.prefix(count)
    }
    return bytes
  }

  private static func complain(_ text: String) {
    let line = "cacheconsole: \(text)\n"
    _ = unsafe write(2, line, line.utf8.count)
  }
}

/// The machine's name.
package enum HostName {
  package static func current() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "unknown" }
    return String(
      decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
