private import Glibc

/// A program in a terminal of a stated size, driven and read as a person would.
package final class TerminalSession: Sendable {
  package struct Size: Sendable, Hashable, CustomStringConvertible {
    package var columns: Int
    package var rows: Int

    package init(_ columns: Int, _ rows: Int) {
      self.columns = columns
      self.rows = rows
    }

    package var description: String { "\(columns)x\(rows)" }
  }

  private let server: TerminalServer
  private let name: String

  /// Starts `command` with only these variables changed: TERM, LANG, and `environment` (nil removes).
  package init(
    _ server: TerminalServer, _ command: [String], size: Size = Size(120, 40),
    terminal: String = "xterm-256color", locale: String = "C.UTF-8",
    environment: [String: String?] = [:]
  ) throws(TestKitError) {
    self.server = server
    name = server.nextName()
    var words = ["env", "-u", "LC_ALL", "-u", "LC_CTYPE", "-u", "TMUX", "-u", "TMUX_PANE"]
    words += environment.filter { $0.value == nil }.keys.sorted().flatMap { ["-u", $0] }
    words += ["TERM=\(terminal)", "LANG=\(locale)"]
    words += environment.compactMap { name, value in value.map { "\(name)=\($0)" } }.sorted()
    try server.tmux(
      [
        "new-session", "-d", "-s", name, "-x", String(size.columns), "-y", String(size.rows), "--",
      ] + words + command)
  }

  deinit { try? close() }

  /// Takes the terminal away from its program.
  package func close() throws(TestKitError) { try server.tmux(["kill-session", "-t", name]) }

  /// Types text as it is, without a meaning for names such as `Enter`.
  package func type(_ text: String) throws(TestKitError) {
    try server.tmux(["send-keys", "-t", name, "-l", "--", text])
  }

  /// Presses keys by tmux's names: `Enter`, `Escape`, `C-c`, `Up`, `F1`, `q`.
  package func press(_ keys: String...) throws(TestKitError) { try press(keys) }

  package func press(_ keys: [String]) throws(TestKitError) {
    try server.tmux(["send-keys", "-t", name, "--"] + keys)
  }

  package func resize(_ size: Size) throws(TestKitError) {
    try server.tmux([
      "resize-window", "-t", name, "-x", String(size.columns), "-y", String(size.rows),
    ])
  }

  /// The rows on screen, without trailing blanks.
  package func rows() throws(TestKitError) -> [String] {
    try screen().split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(
      String.init)
  }

  /// The whole screen as text, one line for each row.
  package func screen() throws(TestKitError) -> String {
    try server.tmux(["capture-pane", "-p", "-t", name])
  }

  /// The same with its attributes as escape sequences.
  package func attributedScreen() throws(TestKitError) -> String {
    try server.tmux(["capture-pane", "-p", "-e", "-t", name])
  }

  /// A tmux format of this pane, such as `#{pane_dead}` or `#{cursor_flag}`.
  package func format(_ format: String) throws(TestKitError) -> String {
    String(try server.tmux(["display-message", "-p", "-t", name, format]).dropLast())
  }

  /// The process that tmux started (the shell or the program itself).
  package func processID() throws(TestKitError) -> Int32 {
    Int32(try format("#{pane_pid}")) ?? -1
  }

  /// The first child of the process that tmux started, once there is one: what runs in the shell.
  package func foregroundProcessID(within seconds: Double = 5) throws(TestKitError) -> Int32 {
    let shell = try processID()
    let child = Eventually.value(within: seconds) { () -> Int32? in
      let children = ChildProcess.readText("/proc/\(shell)/task/\(shell)/children") ?? ""
      return children.split(separator: " ").first.flatMap { Int32($0) }
    }
    guard let child else { throw TestKitError("nothing runs in the shell") }
    return child
  }

  /// Copies every byte that the program writes from now on into a file.
  package func record(to path: String) throws(TestKitError) {
    try server.tmux(["pipe-pane", "-O", "-t", name, "cat > '\(path)'"])
  }

  /// How it ended; nil while it runs.
  package func exit() throws(TestKitError) -> ChildProcess.Exit? {
    let words = try format("#{pane_dead} #{pane_dead_status} #{pane_dead_signal}")
      .split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard words.count == 3, words[0] == "1" else { return nil }
    if let signal = Int32(words[2]) { return .signal(signal) }
    if let code = Int32(words[1]) { return .code(code) }
    // tmux 3.3a sometimes leaves a dead pane's process a zombie until the next SIGCHLD: this makes one.
    try server.tmux(["run-shell", "true"])
    return nil
  }

  /// Waits for the program's end; at the deadline throws with the screen.
  @discardableResult
  package func waitForEnd(within seconds: Double = 30) throws(TestKitError) -> ChildProcess.Exit {
    let exit = try Eventually.value(within: seconds) { () throws(TestKitError) in try self.exit() }
    if let exit { return exit }
    throw TestKitError("still running after \(seconds) s\nthe screen was:\n\(try screen())")
  }

  /// Waits until the screen satisfies `condition`; at the deadline throws with the screen.
  @discardableResult
  package func waitUntil(
    _ what: String, within seconds: Double = 30, _ condition: (String) -> Bool
  ) throws(TestKitError) -> String {
    var last = ""
    let found = try Eventually.holds(within: seconds) { () throws(TestKitError) -> Bool in
      last = try screen()
      return condition(last)
    }
    guard found else {
      throw TestKitError("not within \(seconds) s: \(what)\nthe screen was:\n\(last)")
    }
    return last
  }

  /// Waits until `text` stands on the screen.
  @discardableResult
  package func wait(for text: String, within seconds: Double = 30) throws(TestKitError) -> String {
    try waitUntil("\"\(text)\" on screen", within: seconds) { $0.contains(text) }
  }
}
