private import EventLoop
private import Glibc
private import Redis

/// A running program with its three pipes, for the one thread that serves it.
final class ProgramProcess {
  let name: String
  private let processID: Int32
  /// −1 once closed.
  private(set) var input: Int32
  private(set) var output: Int32
  private(set) var errors: Int32
  private var isReaped = false

  /// Milliseconds that it has to end by itself once it was asked to.
  private static let patience = 1000

  init(_ command: [String], environment: [String]?) throws(WarmFailure) {
    guard let word = command.first, !word.isEmpty else {
      throw WarmFailure(.program, "warming: no program was named")
    }
    name = PlainText.safe(word)
    guard let program = Spawn.find(word) else {
      throw WarmFailure(
        .program,
        "warming: the program '\(name)' is not there, or may not be started: give a full path,"
          + " or a name in PATH")
    }
    var open: [Int32] = []
    defer { for descriptor in open { close(descriptor) } }
    do throws(SpawnError) {
      let pipes = (try Self.pipe(&open), try Self.pipe(&open), try Self.pipe(&open))
      var spawn = Spawn(program, Array(command.dropFirst()))
      spawn.arguments[0] = word
      spawn.environment = environment
      spawn.standardInput = pipes.0.reader
      spawn.standardOutput = pipes.1.writer
      spawn.standardError = pipes.2.writer
      for ours in [pipes.0.writer, pipes.1.reader, pipes.2.reader] {
        _ = fcntl(ours, F_SETFL, O_NONBLOCK)
      }
      processID = try spawn.start()
      (input, output, errors) = (pipes.0.writer, pipes.1.reader, pipes.2.reader)
      open = [pipes.0.reader, pipes.1.writer, pipes.2.writer]
    } catch {
      throw WarmFailure(
        .program, "warming: the program cannot start: \(PlainText.safe("\(error)"))")
    }
  }

  private static func pipe(_ open: inout [Int32]) throws(SpawnError) -> (
    reader: Int32, writer: Int32
  ) {
    let ends = try Spawn.pipe()
    open += [ends.reader, ends.writer]
    return ends
  }

  deinit {
    for descriptor in [input, output, errors] where descriptor >= 0 { close(descriptor) }
  }

  func closeInput() { Self.shut(&input) }
  func closeOutput() { Self.shut(&output) }
  func closeErrors() { Self.shut(&errors) }

  private static func shut(_ descriptor: inout Int32) {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
  }

  enum Transfer: Equatable {
    case bytes(Int)
    /// Nothing now.
    case later
    case closed
  }

  /// Reads into `buffer`.
  static func read(_ descriptor: Int32, _ buffer: inout [UInt8]) -> Transfer {
    result(unsafe Glibc.read(descriptor, &buffer, buffer.count), endOfFile: true)
  }

  static func write(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Transfer {
    let count = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
    }
    return result(count, endOfFile: false)
  }

  private static func result(_ count: Int, endOfFile: Bool) -> Transfer {
    if count > 0 { return .bytes(count) }
    if count == 0 { return endOfFile ? .closed : .later }
    return errno == EAGAIN || errno == EINTR ? .later : .closed
  }

  /// True once it has ended. It stays a zombie until `reap`, so that its group's number stays its own.
  func hasEnded() -> Bool {
    var information = unsafe siginfo_t()
    guard
      unsafe waitid(P_PID, id_t(processID), &information, WEXITED | WNOHANG | WNOWAIT) == 0
    else { return true }
    return unsafe information.si_signo == SIGCHLD
  }

  /// Asks it and what it started to end, and makes them.
  func end() {
    kill(-processID, SIGTERM)
    for _ in 0..<(Self.patience / 10) where !hasEnded() { _ = poll(nil, 0, 10) }
    kill(-processID, SIGKILL)
  }

  /// Waits for its end, ends what is left of its group, and says how it ended: nil for exit code 0.
  func reap() -> String? {
    guard !isReaped else { return nil }
    var information = unsafe siginfo_t()
    while unsafe waitid(P_PID, id_t(processID), &information, WEXITED | WNOWAIT) != 0,
      errno == EINTR
    {}
    kill(-processID, SIGKILL)
    var status: Int32 = 0
    isReaped = true
    while unsafe waitpid(processID, &status, 0) < 0 {
      if errno != EINTR { return "ended, and how could not be read" }
    }
    let signal = status & 0x7F
    if signal != 0 { return "was ended by signal \(signal)" }
    let code = status >> 8 & 0xFF
    return code == 0 ? nil : "ended with exit code \(code)"
  }
}
