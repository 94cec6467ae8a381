private import CLinux
private import Glibc

/// Starts a program the one way that children are started here: default signals and none blocked,
/// no inherited descriptor but those named, a process group or session of its own.
///
/// posix_spawn(3) rather than fork: no Swift code runs between fork and exec, where only
/// async-signal-safe calls are allowed.
package struct Spawn: Sendable {
  /// Full path of the program; PATH is not searched (`Spawn.find`).
  package var program: String
  /// argv, the program's name first.
  package var arguments: [String]
  /// `NAME=value`; nil: this process's own.
  package var environment: [String]?
  /// Descriptors of this process that the child gets as 0, 1 and 2; nil: /dev/null.
  package var standardInput: Int32?
  package var standardOutput: Int32?
  package var standardError: Int32?
  package var workingDirectory: String?
  /// A session of its own (no controlling terminal) instead of only a process group.
  package var hasOwnSession = false

  package init(_ program: String, _ arguments: [String]) {
    self.program = program
    self.arguments = [program] + arguments
  }

  /// The child's process id, or the errno of what failed; also when exec itself failed.
  package func start() throws(SpawnError) -> Int32 {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (number, source) in [standardInput, standardOutput, standardError].enumerated() {
      if let source {
        unsafe posix_spawn_file_actions_adddup2(&actions, source, Int32(number))
      } else {
        let mode = number == 0 ? O_RDONLY : O_WRONLY
        unsafe posix_spawn_file_actions_addopen(&actions, Int32(number), "/dev/null", mode, 0)
      }
    }
    unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    if let workingDirectory {
      unsafe posix_spawn_file_actions_addchdir_np(&actions, workingDirectory)
    }
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    unsafe sigfillset(&signals)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    let group = hasOwnSession ? clinux_posix_spawn_setsid : Int16(POSIX_SPAWN_SETPGROUP)
    unsafe posix_spawnattr_setflags(
      &attributes, group | Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var pid: pid_t = 0
    var code: Int32 = 0
    unsafe Self.withStrings(arguments) { argv in
      if let environment {
        unsafe Self.withStrings(environment) { envp in
          code = unsafe posix_spawn(&pid, program, &actions, &attributes, argv, envp)
        }
      } else {
        code = unsafe posix_spawn(&pid, program, &actions, &attributes, argv, clinux_environ())
      }
    }
    guard code == 0 else { throw SpawnError(program: program, code: code) }
    return pid
  }

  /// The full path of a program in PATH; a name with a slash stands for itself.
  package static func find(_ name: String) -> String? {
    if name.contains("/") { return unsafe access(name, X_OK) == 0 ? name : nil }
    let folders = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? "/usr/bin:/bin"
    for folder in folders.split(separator: ":") where unsafe access("\(folder)/\(name)", X_OK) == 0
    {
      return "\(folder)/\(name)"
    }
    return nil
  }

  /// This process's `NAME=value` strings but those of these names.
  package static func ownEnvironment(without names: Set<String>) -> [String] {
    var kept: [String] = []
    guard var next = unsafe clinux_environ() else { return [] }
    while let entry = unsafe next.pointee {
      let text = unsafe String(cString: entry)
      if !names.contains(String(text.prefix { $0 != "=" })) { kept.append(text) }
      unsafe next += 1
    }
    return kept
  }

  /// A pipe whose ends close on exec and never are 0, 1 or 2, so that they can be given to a child.
  package static func pipe() throws(SpawnError) -> (reader: Int32, writer: Int32) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe2(&ends, O_CLOEXEC) == 0 else {
      throw SpawnError(program: "pipe", code: errno)
    }
    for index in ends.indices where ends[index] < 3 {
      let moved = fcntl(ends[index], F_DUPFD_CLOEXEC, 3)
      close(ends[index])
      ends[index] = moved
    }
    return (ends[0], ends[1])
  }

  private static func withStrings(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Void
  ) {
    var pointers = unsafe strings.map { unsafe strdup($0) } + [nil]
    defer { unsafe pointers.forEach { unsafe free($0) } }
    unsafe body(&pointers)
  }
}

/// Why a program could not be started.
package struct SpawnError: Error, Sendable, Hashable, CustomStringConvertible {
  package var program: String
  /// errno
  package var code: Int32

  package var description: String {
    let reason = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    return "\(program): \(reason)"
  }
}
