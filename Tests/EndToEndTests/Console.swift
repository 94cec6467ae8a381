import TestKit
import Testing

/// The built program in a terminal, or on a pipe, with nothing of the machine's configuration.
enum Console {
  /// One tmux server for all tests: starting one takes longer than a session. It ends with this
  /// process, which holds its pipe.
  static let terminals = Result { () throws(TestKitError) in try TerminalServer() }

  /// Variables that hide the user's configuration and fix the zone.
  static func environment(home: TemporaryFolder) -> [String: String?] {
    [
      "HOME": home.path, "XDG_CONFIG_HOME": home.file("config"),
      "XDG_STATE_HOME": home.file("state"), "TZ": "UTC", "NO_COLOR": nil, "COLORTERM": nil,
      "CACHECONSOLE_PASSWORD": nil, "CACHECONSOLE_SENTINEL_PASSWORD": nil, "REDISCLI_AUTH": nil,
      "CACHECONSOLE_DEMO_KEYS": "2000",
    ]
  }

  /// Opens the console itself as the session's program.
  static func open(
    _ arguments: [String], size: TerminalSession.Size = .init(120, 40),
    terminal: String = "xterm-256color", locale: String = "C.UTF-8", home: TemporaryFolder,
    environment: [String: String?] = [:]
  ) throws -> TerminalSession {
    try TerminalSession(
      terminals.get(), [BuiltProgram.console()] + arguments, size: size, terminal: terminal,
      locale: locale,
      environment: Self.environment(home: home).merging(environment) { $1 })
  }

  /// Opens a shell, for tests of what the console leaves behind.
  static func shell(home: TemporaryFolder, size: TerminalSession.Size = .init(120, 40)) throws
    -> TerminalSession
  {
    var variables = environment(home: home)
    variables["PS1"] = "ready> "
    let session = try TerminalSession(
      terminals.get(), ["bash", "--norc", "--noprofile", "-i"], size: size, environment: variables)
    try session.wait(for: "ready>")
    return session
  }

  /// Runs the console without a terminal, to its end.
  static func run(
    _ arguments: [String], home: TemporaryFolder, environment: [String: String?] = [:],
    within seconds: Double = 20
  ) throws -> (exit: ChildProcess.Exit, output: String, error: String) {
    var options = ChildProcess.Options()
    options.environment = Self.environment(home: home).merging(environment) { $1 }
    options.environment["LANG"] = "C.UTF-8"
    return try ChildProcess.run(BuiltProgram.console(), arguments, options, within: seconds)
  }
}

extension Console {
  /// Says yes to a dialog. It takes nothing for a second, and each key in that time makes it wait longer.
  static func confirm(_ session: TerminalSession) throws {
    let isConfirmed = try Eventually.holds(within: 40) { () throws(TestKitError) -> Bool in
      _ = Eventually.holds(within: 1.1) { false }
      try session.press("y")
      return try Eventually.holds(within: 0.5) { () throws(TestKitError) -> Bool in
        try !session.screen().contains("[Esc Cancel]")
      }
    }
    #expect(isConfirmed)
  }
}
