private import EventLoop
private import Glibc
private import Synchronization

/// A program started by a test: default signals, no inherited descriptors, a process group of its
/// own, ended by pid when its owner goes.
package final class ChildProcess: Sendable {
  package enum Exit: Sendable, Hashable {
    case code(Int32)
    case signal(Int32)
  }

  package struct Options: Sendable {
    /// Added to the test's own environment; nil removes a variable.
    package var environment: [String: String?] = [:]
    /// Start from an empty environment instead of the test's own.
    package var hasEmptyEnvironment = false
    /// Leave the child's input open for `write`; else it reads /dev/null.
    package var hasInput = false
    package var workingDirectory: String?
    /// A session of its own instead of only a process group.
    package var hasOwnSession = false

    package init() {}
  }

  package let processID: Int32
  private let inputEnd: Mutex<Int32>
  private let output = Collected()
  private let errorOutput = Collected()
  private let ended = Mutex<Exit?>(nil)

  /// Starts `path` (searched for in PATH when it has no slash).
  package init(_ path: String, _ arguments: [String] = [], _ options: Options = Options())
    throws(TestKitError)
  {
    do {
      let out = try Spawn.pipe()
      let err = try Spawn.pipe()
      let input = options.hasInput ? try Spawn.pipe() : nil
      defer {
        close(out.writer)
        close(err.writer)
        if let input { close(input.reader) }
      }
      output.collect(from: out.reader)
      errorOutput.collect(from: err.reader)
      var spawn = Spawn(try Self.find(path), arguments)
      spawn.arguments[0] = path
      spawn.environment = Self.environment(options)
      spawn.standardInput = input?.reader
      spawn.standardOutput = out.writer
      spawn.standardError = err.writer
      spawn.workingDirectory = options.workingDirectory
      spawn.hasOwnSession = options.hasOwnSession
      inputEnd = Mutex(input?.writer ?? -1)
      processID = try spawn.start()
    } catch let error as SpawnError {
      throw TestKitError("starting \(error)")
    } catch let error as TestKitError {
      throw error
    } catch {
      throw TestKitError("\(error)")
    }
  }

  deinit {
    closeInput()
    _ = end(within: 2)
  }

  /// What it has written to its standard output so far.
  package var standardOutput: [UInt8] { output.bytes }
  package var standardError: [UInt8] { errorOutput.bytes }
  package var outputText: String { String(decoding: standardOutput, as: UTF8.self) }
  package var errorText: String { String(decoding: standardError, as: UTF8.self) }

  /// The lines of its output so far, without an unfinished last one.
  package var outputLines: [String] {
    outputText.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }

  package func write(_ text: String) throws(TestKitError) {
    let descriptor = inputEnd.withLock { $0 }
    guard descriptor >= 0 else { throw TestKitError("the child's input is not open") }
    try SocketIO.writeAll(descriptor, Array(text.utf8), within: 5)
  }

  package func closeInput() {
    inputEnd.withLock { descriptor in
      if descriptor >= 0 { close(descriptor) }
      descriptor = -1
    }
  }

  /// Sends a signal, unless it has already been waited for: its pid may belong to another by then.
  package func send(_ signal: Int32) {
    ended.withLock { exit in
      if exit == nil { kill(processID, signal) }
    }
  }

  /// How it ended, or nil if it still runs.
  package var exit: Exit? {
    ended.withLock { exit in
      if exit == nil { exit = Self.reap(processID) }
      return exit
    }
  }

  /// Waits for its end; nil at the deadline. Its output is complete once this has returned a value,
  /// unless a child of its own still holds the pipe.
  package func wait(within seconds: Double) -> Exit? {
    let deadline = Deadline(within: seconds)
    guard let exit = Eventually.value(within: seconds, { self.exit }) else { return nil }
    let grace = min(1, Double(deadline.milliseconds) / 1000)
    _ = Eventually.holds(within: grace) { output.isComplete && errorOutput.isComplete }
    return exit
  }

  /// SIGTERM, then SIGKILL at the deadline; returns how it ended.
  @discardableResult
  package func end(within seconds: Double = 5) -> Exit? {
    send(SIGCONT)
    send(SIGTERM)
    if let exit = wait(within: seconds) { return exit }
    send(SIGKILL)
    return wait(within: 5)
  }

  /// Runs a program to its end and returns all it said; it is killed at the deadline.
  package static func run(
    _ path: String, _ arguments: [String] = [], _ options: Options = Options(),
    within seconds: Double = 10
  ) throws(TestKitError) -> (exit: Exit, output: String, error: String) {
    let child = try ChildProcess(path, arguments, options)
    guard let exit = child.wait(within: seconds) else {
      child.send(SIGKILL)
      throw TestKitError("\(path) \(arguments): still running after \(seconds) s")
    }
    return (exit, child.outputText, child.errorText)
  }

  /// True while a process with this id exists and is not a zombie.
  package static func isRunning(_ pid: Int32) -> Bool {
    guard let stat = readText("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else {
      return false
    }
    let state = stat[stat.index(after: end)...].first { $0 != " " }
    return state != "Z" && state != "X"
  }

  /// A small file as text, nil if it cannot be read.
  package static func readText(_ path: String) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = unsafe Glibc.read(descriptor, &buffer, 65_536)
      guard count > 0 else { break }
      all += buffer.prefix(count)
    }
    return String(decoding: all, as: UTF8.self)
  }

  /// The full path of a program, or an error that names it.
  package static func find(_ name: String) throws(TestKitError) -> String {
    guard let path = Spawn.find(name) else {
      throw TestKitError("\(name) is not in PATH: run script/bootstrap")
    }
    return path
  }

  private static func reap(_ pid: Int32) -> Exit? {
    var status: Int32 = 0
    guard unsafe waitpid(pid, &status, WNOHANG) == pid else { return nil }
    let signal = status & 0x7F
    return signal == 0 ? .code((status >> 8) & 0xFF) : .signal(signal)
  }
}

/// Bytes of one pipe, gathered by a thread so that the child never waits for its reader.
private final class Collected: Sendable {
  private let state = Mutex<(bytes: [UInt8], isComplete: Bool)>(([], false))

  var bytes: [UInt8] { state.withLock { $0.bytes } }
  var isComplete: Bool { state.withLock { $0.isComplete } }

  func collect(from descriptor: Int32) {
    BackgroundThread.start { [self] in
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while true {
        let count = unsafe Glibc.read(descriptor, &buffer, 65_536)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { break }
        state.withLock { $0.bytes += buffer.prefix(count) }
      }
      close(descriptor)
      state.withLock { $0.isComplete = true }
    }
  }
}

extension ChildProcess {
  private static func environment(_ options: Options) -> [String] {
    var result: [String: String] = [:]
    if !options.hasEmptyEnvironment, let own = readText("/proc/self/environ") {
      for entry in own.split(separator: "\0") {
        guard let equals = entry.firstIndex(of: "=") else { continue }
        result[String(entry[..<equals])] = String(entry[entry.index(after: equals)...])
      }
    }
    for (name, value) in options.environment { result[name] = value }
    return result.map { "\($0.key)=\($0.value)" }.sorted()
  }
}
