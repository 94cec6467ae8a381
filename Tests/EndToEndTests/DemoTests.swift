import Glibc
import TestKit
import Testing

/// The demo as a newcomer meets it: nothing configured, everything on screen true.
@Suite(.serialized, .blocking) struct DemoTests {
  private let home: TemporaryFolder
  private let temporary: TemporaryFolder

  init() throws {
    home = try TemporaryFolder()
    temporary = try TemporaryFolder()
  }

  private func open(_ arguments: [String] = []) throws -> TerminalSession {
    try Console.open(
      arguments + ["--interval", "1"], home: home, environment: ["TMPDIR": temporary.path])
  }

  /// Processes whose command line names this test's demo folder.
  private var serverProcesses: [Int32] {
    (TemporaryFolder.list("/proc") ?? []).compactMap { Int32($0) }.filter { pid in
      (ChildProcess.readText("/proc/\(pid)/cmdline") ?? "").contains(temporary.path)
    }
  }

  @Test func `it opens live, and the flash sale heads the hot keys within 10 seconds`() throws {
    let session = try open()
    let began = Deadline.now
    try session.waitUntil("live figures") { screen in
      screen.contains("L2 redis") && screen.contains("1/1")
    }
    try session.press("4")
    try session.waitUntil("the flash sale's product first", within: 12) { screen in
      let rows = screen.split(separator: "\n").map { $0.dropFirst() }
      let first = rows.first { $0.hasPrefix("product:") || $0.hasPrefix("category:") }
      return first?.hasPrefix("product:1181:de") == true
    }
    #expect(Double(Deadline.now - began) / 1e9 < 12)
    try session.press("6")
    try session.waitUntil("commands") { $0.contains("get ") && $0.contains("hgetall") }
    try session.press("5")
    try session.waitUntil("a slow command", within: 40) {
      $0.contains("SMEMBERS") || $0.contains("SORT") || $0.contains("SINTER")
    }
    try session.press("q")
    #expect(try session.waitForEnd() == .code(0))
    #expect(
      Eventually.holds { serverProcesses.isEmpty && TemporaryFolder.list(temporary.path) == [] })
  }

  @Test func `kill -9 of the console ends server, supervisor and folder`() throws {
    let session = try open(["--demo"])
    try session.wait(for: "1/1")
    #expect(serverProcesses.count == 1)
    kill(try session.processID(), SIGKILL)
    #expect(
      Eventually.holds(within: 40) {
        serverProcesses.isEmpty && TemporaryFolder.list(temporary.path) == []
      })
  }

  @Test func `Ctrl-C and Ctrl-Z in the console do not reach the demo's server`() throws {
    let session = try open(["--demo"])
    try session.wait(for: "1/1")
    let server = try #require(serverProcesses.first)
    let console = try session.processID()
    #expect(getsid(server) != getsid(console))
    #expect(getpgid(server) != getpgid(console))
    try session.press("C-c")
    try session.waitForEnd()
    #expect(Eventually.holds { !ChildProcess.isRunning(server) })
  }

  @Test func `--once shows the demo and leaves nothing`() throws {
    let result = try Console.run(
      ["--demo", "--once", "--json", "--interval", "1"], home: home,
      environment: ["TMPDIR": temporary.path])
    #expect(result.exit == .code(0), "\(result.error)")
    let snapshot = try JSONValue(parsing: result.output)
    #expect(snapshot["environment"]?.string == "demo")
    let ratio = try #require(snapshot["nodes"]?[0]?["hit_ratio"]?.number)
    #expect((0.85...1).contains(ratio))
    #expect((snapshot["nodes"]?[0]?["ops_per_second"]?.number ?? 0) > 500)
    #expect(
      Eventually.holds { serverProcesses.isEmpty && TemporaryFolder.list(temporary.path) == [] })
  }

  @Test func `without redis-server the reason and the remedy are one line`() throws {
    let empty = try TemporaryFolder()
    let result = try Console.run(
      ["--demo", "--once"], home: home,
      environment: ["TMPDIR": temporary.path, "PATH": empty.path])
    #expect(result.exit == .code(1))
    #expect((result.output + result.error).contains("script/bootstrap"))
  }
}
