import Glibc
import TestKit

/// The probe program on a terminal of its own, as the leader of its session.
final class Probe {
  enum Exit: Hashable {
    case code(Int32)
    case signal(Int32)
  }

  let terminal: PseudoTerminal
  let modesBefore: [UInt32]
  let process: Int32
  private var ended: Exit?

  convenience init(
    _ mode: String, term: String = "xterm-256color", locale: String = "C.UTF-8",
    environment: [String] = []
  ) throws {
    try self.init(
      program: Self.path(), [mode], term: term, locale: locale, environment: environment)
  }

  init(
    program: String, _ arguments: [String], term: String = "xterm-256color",
    locale: String = "C.UTF-8", environment: [String] = []
  ) throws {
    let terminal = try PseudoTerminal(columns: 120, rows: 40)
    self.terminal = terminal
    modesBefore = terminal.modes
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    // Opened by the new session's leader, so it becomes the controlling terminal.
    unsafe posix_spawn_file_actions_addopen(&actions, 0, terminal.path, O_RDWR, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, 0, 1)
    unsafe posix_spawn_file_actions_adddup2(&actions, 0, 2)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    unsafe sigfillset(&signals)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    // POSIX_SPAWN_SETSID, which glibc declares for _GNU_SOURCE only.
    let newSession: Int16 = 0x80
    unsafe posix_spawnattr_setflags(
      &attributes, newSession | Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    let words = [program] + arguments
    let variables =
      ["TERM=\(term)", "LANG=\(locale)", "SWIFT_BACKTRACE=enable=no", "PATH=/usr/bin:/bin"]
      + environment
    var argv = unsafe words.map { unsafe strdup($0) } + [nil]
    var envp = unsafe variables.map { unsafe strdup($0) } + [nil]
    defer { unsafe (argv + envp).forEach { unsafe free($0) } }
    var pid: pid_t = 0
    let code = unsafe posix_spawn(&pid, program, &actions, &attributes, &argv, &envp)
    guard code == 0 else { throw TestKitError("\(program): error \(code)") }
    process = pid
  }

  deinit {
    if ended == nil {
      kill(process, SIGKILL)
      var status: Int32 = 0
      _ = unsafe waitpid(process, &status, 0)
    }
  }

  func signal(_ number: Int32) { kill(process, number) }

  /// Waits for the end; nil if there is none.
  func exit(within seconds: Double = 10) -> Exit? {
    let deadline = Deadline(within: seconds)
    while ended == nil, !deadline.isPast {
      var status: Int32 = 0
      if unsafe waitpid(process, &status, WNOHANG) == process {
        let signal = status & 0x7F
        ended = signal == 0 ? .code(status >> 8 & 0xFF) : .signal(signal)
      } else {
        terminal.drain(waiting: 5)
      }
    }
    terminal.drain()
    return ended
  }

  static func path() throws -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = unsafe readlink("/proc/self/exe", &buffer, 4096)
    let own = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    for file in [own] + CommandLine.arguments {
      guard let slash = file.lastIndex(of: "/") else { continue }
      let path = "\(file[..<slash])/ScreenProbe"
      if unsafe access(path, X_OK) == 0 { return path }
    }
    throw TestKitError("ScreenProbe is not built: swift build")
  }
}
