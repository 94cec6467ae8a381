import Glibc
import Storefront
import TestKit
import Testing

/// The supervisor as a process: whatever ends it or its console, nothing of the demo stays behind.
@Suite(.serialized, .blocking) struct SupervisorTests {
  /// A supervisor that this test started, and what it told.
  private struct Demo {
    let process: ChildProcess
    let temporary: TemporaryFolder
    let server: Int32
    let socket: String

    /// Small and quiet, so that it is up at once; in a temporary folder of its own.
    init() throws {
      temporary = try TemporaryFolder()
      var options = ChildProcess.Options()
      options.hasInput = true
      options.environment = ["TMPDIR": temporary.path]
      process = try ChildProcess(
        BuiltProgram.console(),
        ["demo-supervisor", "--keys", "200", "--rate", "50", "--memory", "16"], options)
      let child = process
      let line = Eventually.value(within: 20) { () -> String? in
        child.outputLines.first { $0.hasPrefix("serving") || $0.hasPrefix("failed") }
      }
      guard case .serving(let socket, let server)? = line.flatMap(DemoEvent.init(line:)) else {
        throw TestKitError("no server: \(line ?? "no line") \(child.errorText)")
      }
      self.socket = socket
      self.server = server
    }

    /// True once the server and every folder are gone.
    var isGone: Bool {
      !ChildProcess.isRunning(server) && TemporaryFolder.list(temporary.path) == []
    }
  }

  @Test func `it serves a private, bounded, unsaved LFU cache`() throws {
    let demo = try Demo()
    let client = try RedisConnection(.unix(path: demo.socket))
    for (name, value) in [
      ("maxmemory", "16777216"), ("maxmemory-policy", "allkeys-lfu"), ("lfu-log-factor", "100"),
      ("save", ""), ("appendonly", "no"), ("port", "0"),
    ] {
      #expect(
        try client.command(["CONFIG", "GET", name]).array?.last?.text == value, "\(name)")
    }
    var status = stat()
    let folder = String(demo.socket.dropLast("/redis.sock".count))
    #expect(unsafe lstat(folder, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o700)
  }

  @Test func `the end of the console's pipe ends server and folder`() throws {
    let demo = try Demo()
    #expect(ChildProcess.isRunning(demo.server))
    demo.process.closeInput()
    #expect(demo.process.wait(within: 10) == .code(0))
    #expect(demo.isGone)
  }

  @Test(arguments: [SIGTERM, SIGHUP, SIGINT])
  func `a signal ends server and folder`(signal: Int32) throws {
    let demo = try Demo()
    demo.process.send(signal)
    #expect(demo.process.wait(within: 10) == .code(0))
    #expect(demo.isGone)
  }

  @Test func `a server that hangs is ended all the same`() throws {
    let demo = try Demo()
    kill(demo.server, SIGSTOP)
    demo.process.closeInput()
    #expect(demo.process.wait(within: 10) == .code(0))
    #expect(demo.isGone)
  }

  @Test func `kill -9 of its parent ends server, supervisor and folder`() throws {
    let temporary = try TemporaryFolder()
    var options = ChildProcess.Options()
    options.hasInput = true
    options.environment = ["TMPDIR": temporary.path]
    // The shell holds the only writing end, as the console does; it says the supervisor's pid.
    let script =
      "exec 5> >(exec 5>&-; echo pid $BASHPID; exec '\(try BuiltProgram.console())' "
      + "demo-supervisor --keys 200 --rate 50); read forever"
    let parent = try ChildProcess("bash", ["-c", script], options)
    let serving = Eventually.value(within: 20) { () -> DemoEvent? in
      parent.outputLines.first { $0.hasPrefix("serving") }.flatMap(DemoEvent.init(line:))
    }
    guard case .serving(_, let server)? = serving,
      let line = parent.outputLines.first(where: { $0.hasPrefix("pid ") }),
      let supervisor = Int32(line.dropFirst(4))
    else { throw TestKitError("no demo: \(parent.outputText) \(parent.errorText)") }
    #expect(ChildProcess.isRunning(server))
    #expect(ChildProcess.isRunning(supervisor))
    parent.send(SIGKILL)
    #expect(
      Eventually.holds(within: 10) {
        !ChildProcess.isRunning(server) && !ChildProcess.isRunning(supervisor)
          && TemporaryFolder.list(temporary.path) == []
      })
  }

  @Test func `a server that ended by itself is started again`() throws {
    let demo = try Demo()
    kill(demo.server, SIGKILL)
    let child = demo.process
    #expect(
      Eventually.holds(within: 10) {
        child.outputLines.contains("restarting")
          && child.outputLines.count { $0.hasPrefix("serving") } == 2
      })
    #expect(try RedisConnection(.unix(path: demo.socket)).command(["PING"]) == .simple("PONG"))
    child.closeInput()
    #expect(child.wait(within: 10) == .code(0))
    #expect(TemporaryFolder.list(demo.temporary.path) == [])
  }

  @Test func `what a killed supervisor left is cleaned up by the next one, a living one's is not`()
    throws
  {
    let temporary = try TemporaryFolder()
    var options = ChildProcess.Options()
    options.hasInput = true
    options.environment = ["TMPDIR": temporary.path]
    let words = ["demo-supervisor", "--keys", "200", "--rate", "50"]
    func start() throws -> (ChildProcess, server: Int32) {
      let child = try ChildProcess(BuiltProgram.console(), words, options)
      let event = Eventually.value(within: 20) { () -> DemoEvent? in
        child.outputLines.first { $0.hasPrefix("serving") }.flatMap(DemoEvent.init(line:))
      }
      guard case .serving(_, let server)? = event else {
        throw TestKitError("no demo: \(child.outputText)")
      }
      return (child, server)
    }
    let (killed, left) = try start()
    let (living, other) = try start()
    killed.send(SIGKILL)
    #expect(killed.wait(within: 5) == .signal(SIGKILL))
    #expect(TemporaryFolder.list(temporary.path)?.count == 2)
    let (next, _) = try start()
    #expect(!ChildProcess.isRunning(left))
    #expect(ChildProcess.isRunning(other))
    #expect(TemporaryFolder.list(temporary.path)?.count == 2)
    for child in [living, next] {
      child.closeInput()
      #expect(child.wait(within: 10) == .code(0))
    }
    #expect(TemporaryFolder.list(temporary.path) == [])
  }

  @Test func `without redis-server it says what to do`() throws {
    let empty = try TemporaryFolder()
    var options = ChildProcess.Options()
    options.environment = ["PATH": empty.path, "TMPDIR": empty.path]
    let result = try ChildProcess.run(BuiltProgram.console(), ["demo-supervisor"], options)
    #expect(result.exit == .code(1))
    #expect(result.output.contains("install it: script/bootstrap"))
    #expect(TemporaryFolder.list(empty.path) == [])
  }

  @Test func `the launcher tells the socket, the progress and the end`() throws {
    var options = DemoOptions()
    options.keys = 200
    options.rate = 50
    let launcher = try DemoLauncher(options: options, program: BuiltProgram.console())
    let socket = try launcher.waitForSocket()
    let client = try RedisConnection(.unix(path: socket))
    #expect(try client.command(["PING"]) == .simple("PONG"))
    let filled = Eventually.holds(within: 20) { launcher.events().contains(.filled) }
    #expect(filled)
    #expect((try client.command(["DBSIZE"]).integer ?? 0) >= 190)
    launcher.stop()
    #expect(!ChildProcess.isRunning(launcher.processID))
    #expect(launcher.events().last == .ended)
    #expect(throws: TestKitError.self) { try RedisConnection(.unix(path: socket)) }
  }
}
