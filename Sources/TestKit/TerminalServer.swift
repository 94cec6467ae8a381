private import Synchronization

/// A tmux server of the tests' own: its socket is private, its configuration empty.
///
/// Starting one takes longer than a session, so that a suite keeps one and opens sessions in it.
package final class TerminalServer: Sendable {
  private let folder: TemporaryFolder
  private let process: ChildProcess
  private let counter = Mutex(0)

  package init() throws(TestKitError) {
    folder = try TemporaryFolder()
    // The shell ends tmux (-D: in the foreground, so that its pid is known) when its input ends: with
    // `deinit`, and also when the test process goes away without one, as with a static server.
    let script = """
      folder=$1; shift; tmux "$@" & server=$!; read -r _; kill $server; wait $server
      rm -rf "$folder"
      """
    var settings = TerminalServer.options(folder)
    settings.hasInput = true
    process = try ChildProcess(
      "sh",
      [
        "-c", script, "sh", folder.path, "-u", "-D", "-S", folder.file("tmux.sock"), "-f",
        "/dev/null",
      ],
      settings)
    // Its socket is there a moment before it listens: the first command that is answered tells.
    var last = TestKitError("not tried")
    let isReady = Eventually.holds(within: 10) { () -> Bool in
      do throws(TestKitError) {
        try tmux(["set-option", "-g", "status", "off"])
        return true
      } catch {
        last = error
        return false
      }
    }
    guard isReady else { throw TestKitError("tmux did not start: \(last)") }
    try tmux(["set-option", "-g", "remain-on-exit", "on"])
    try tmux(["set-option", "-sg", "escape-time", "0"])
  }

  deinit {
    process.closeInput()
    _ = process.wait(within: 2)
  }

  /// Runs one tmux command and returns what it printed.
  @discardableResult
  package func tmux(_ arguments: [String]) throws(TestKitError) -> String {
    let result = try ChildProcess.run(
      "tmux", ["-u", "-S", folder.file("tmux.sock")] + arguments, TerminalServer.options(folder))
    guard result.exit == .code(0) else {
      throw TestKitError("tmux \(arguments.joined(separator: " ")): \(result.error)")
    }
    return result.output
  }

  func nextName() -> String {
    counter.withLock { count in
      count += 1
      return "s\(count)"
    }
  }

  private static func options(_ folder: TemporaryFolder) -> ChildProcess.Options {
    var options = ChildProcess.Options()
    options.environment = ["TMUX": nil, "LANG": "C.UTF-8", "LC_ALL": nil]
    return options
  }
}
