import TestKit
import Testing

/// The fixtures themselves: a test that stands on a broken fixture proves nothing.
@Suite(.serialized, .blocking) struct TestKitTests {
  @Test func `a blocking suite runs off the pool`() {
    #expect(ChildProcess.readText("/proc/thread-self/comm") == "blocking\n")
  }

  @Test func `a server starts, answers another client, hangs, recovers and restarts`() throws {
    for transport in [RedisServer.Transport.unixSocket, .loopback] {
      let server = try RedisServer(transport, arguments: ["--maxmemory", "64mb"])
      #expect(try server.command(["SET", "k", "v"]) == .simple("OK"))
      #expect(try server.command(["GET", "k"]).text == "v")
      #expect(try server.info("maxmemory") == "67108864")
      let run = try server.info("run_id")
      server.pause()
      let paused = try server.connect(within: 0.1)
      #expect(throws: TestKitError.self) { try paused.command(["PING"]) }
      server.resume()
      #expect(try server.command(["PING"]) == .simple("PONG"))
      server.kill9()
      #expect(throws: TestKitError.self) { try server.connect() }
      try server.start()
      #expect(try server.info("run_id") != run)
      #expect(try server.command(["GET", "k"]) == .null)
    }
  }

  @Test func `a server with a password refuses without it`() throws {
    let server = try RedisServer(password: "s3cret")
    let stranger = try RedisConnection(server.address)
    #expect(try stranger.command(["GET", "k"]).errorText?.hasPrefix("NOAUTH") == true)
    #expect(try server.command(["PING"]) == .simple("PONG"))
  }

  @Test func `a server ends with its owner and leaves nothing behind`() throws {
    var server: RedisServer? = try RedisServer()
    let pid = try #require(server?.processID)
    guard case .unix(let path) = try #require(server).address else { return }
    #expect(ChildProcess.isRunning(pid))
    server = nil
    #expect(!ChildProcess.isRunning(pid))
    #expect(TemporaryFolder.list(String(path.dropLast("/redis.sock".count))) == nil)
  }

  @Test func `a child gets its input, says its output, and its end is told`() throws {
    var options = ChildProcess.Options()
    options.hasInput = true
    options.environment = ["GREETING": "hello"]
    let script =
      "read line; echo \"$GREETING $line\"; echo oops >&2; ls /proc/self/fd | wc -l; exit 3"
    let child = try ChildProcess("sh", ["-c", script], options)
    try child.write("world\n")
    #expect(child.wait(within: 5) == .code(3))
    #expect(child.outputLines.first == "hello world")
    #expect(child.outputLines.last == "4")
    #expect(child.errorText == "oops\n")
    let sleeper = try ChildProcess("sleep", ["30"])
    #expect(sleeper.end() == .signal(15))
  }

  @Test func `a proxy records what a client sends and passes everything on`() throws {
    let server = try RedisServer()
    let proxy = try RecordingProxy(to: server.address)
    let client = try RedisConnection(proxy.address)
    try client.command(["SET", "a", "1"])
    #expect(try client.command(["GET", "a"]).text == "1")
    #expect(proxy.commands == [["SET", "a", "1"], ["GET", "a"]])
  }

  @Test func `a fake server plays its script`() throws {
    let fake = try FakeServer(script: FakeServer.http)
    let client = try RedisConnection(fake.address)
    #expect(throws: TestKitError.self) { try client.command(["PING"]) }
    let drop = try FakeServer(.unixSocket, script: FakeServer.dropMidReply)
    let other = try RedisConnection(drop.address)
    #expect(throws: TestKitError("the server closed the connection")) {
      try other.command(["GET", "k"])
    }
    #expect(drop.connections == 1)
  }

  @Test func `a terminal runs a program, types, resizes and reads the screen`() throws {
    let server = try TerminalServer()
    let session = try TerminalSession(
      server, ["bash", "--norc", "--noprofile"], size: .init(80, 24), terminal: "vt100",
      environment: ["PS1": "ready> "])
    try session.wait(for: "ready>")
    try session.type("echo $TERM $LANG $(tput cols)x$(tput lines)")
    try session.press("Enter")
    try session.wait(for: "vt100 C.UTF-8 80x24")
    try session.resize(.init(40, 10))
    try session.type("tput cols; exit 4")
    try session.press("Enter")
    #expect(try session.waitForEnd() == .code(4))
    #expect(try session.rows().count == 10)
  }
}
