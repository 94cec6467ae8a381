import Glibc
import TestKit
import Testing

/// However the console ends, the terminal is as it was.
@Suite(.serialized, .blocking) struct LifecycleTests {
  private let home: TemporaryFolder
  private let server: RedisServer
  private let session: TerminalSession

  init() throws {
    home = try TemporaryFolder()
    server = try RedisServer()
    session = try Console.shell(home: home)
    try session.type("stty -g > \(home.file("before"))")
    try session.press("Enter")
    try start()
  }

  private func start() throws {
    try session.type(
      "clear; \(BuiltProgram.console()) --redis \(server.url); echo \"ended $?\"; stty -g > \(home.file("after"))"
    )
    try session.press("Enter")
    try session.wait(for: "[1]Overview")
  }

  /// The shell is back, with its modes, its screen, its cursor and its echo.
  private func expectSaneTerminal(_ code: String) throws {
    try session.wait(for: "ended \(code)")
    #expect(Eventually.holds { ChildProcess.readText(home.file("after"))?.isEmpty == false })
    let before = ChildProcess.readText(home.file("before"))
    #expect(before?.isEmpty == false)
    #expect(ChildProcess.readText(home.file("after")) == before)
    #expect(try session.format("#{alternate_on} #{cursor_flag} #{mouse_any_flag}") == "0 1 0")
    #expect(try !session.screen().contains("[1]Overview"))
    try session.type("echo still $((40 + 2))")
    try session.press("Enter")
    try session.wait(for: "still 42")
    #expect(try session.screen().contains("echo still"))
  }

  @Test(arguments: ["q", "C-c"]) func `a key ends it with 0`(key: String) throws {
    try session.press(key)
    try expectSaneTerminal("0")
  }

  @Test func `:q ends it with 0`() throws {
    try session.type(":q")
    try session.press("Enter")
    try expectSaneTerminal("0")
  }

  @Test(arguments: [SIGTERM, SIGHUP, SIGSEGV, SIGILL, SIGABRT])
  func `a signal restores the terminal`(signal: Int32) throws {
    kill(try session.foregroundProcessID(), signal)
    try expectSaneTerminal("\(128 + signal)")
  }

  @Test func `Ctrl-Z gives the shell back and fg the screen, with its size of now`() throws {
    try session.press("C-z")
    try session.wait(for: "Stopped")
    #expect(try session.format("#{alternate_on} #{cursor_flag}") == "0 1")
    try session.type("echo while $((20 + 1))")
    try session.press("Enter")
    try session.wait(for: "while 21")
    try session.resize(.init(80, 24))
    // A suspended list's rest is not run, so that it is said again.
    try session.type("fg; echo \"ended $?\"; stty -g > \(home.file("after"))")
    try session.press("Enter")
    try session.wait(for: "[1]Overview")
    try session.press("?")
    try session.wait(for: "[?]")
    #expect(try session.rows().count == 24)
    try session.press("q")
    try expectSaneTerminal("0")
  }

  @Test func `a terminal that goes away ends the console`() throws {
    let process = try session.foregroundProcessID()
    #expect(ChildProcess.isRunning(process))
    kill(try session.processID(), SIGKILL)
    try session.close()
    #expect(Eventually.holds { !ChildProcess.isRunning(process) })
  }

  @Test func `resizing while it runs redraws every size cleanly`() throws {
    for size in [
      TerminalSession.Size(80, 24), .init(40, 10), .init(200, 50), .init(20, 4), .init(1, 1),
      .init(120, 40),
    ] {
      try session.resize(size)
      try session.press("C-l")
      if size.columns >= 40 {
        try session.waitUntil("the overview at \(size)") { screen in
          screen.contains("[1]Overview") && screen.contains("help")
        }
      }
      #expect(try session.rows().allSatisfy { $0.count <= size.columns })
    }
    try session.press("q")
    try expectSaneTerminal("0")
  }
}
