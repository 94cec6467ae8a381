import TestKit
import Testing

/// Servers that hang, die, refuse or are none: the screen says so and keeps answering.
@Suite(.serialized, .blocking) struct OutageTests {
  private let home: TemporaryFolder

  init() throws { home = try TemporaryFolder() }

  /// Seconds that a key's effect may take to be seen through tmux on a slow machine; less than the 3 s
  /// that a console would take which waited for the server that hangs.
  private static let soon = 2.5

  @Test func `a server that hangs is named, ages, lets keys answer, and comes back by itself`()
    throws
  {
    let server = try RedisServer()
    let other = try RedisServer(.loopback)
    let session = try Console.open(
      ["--redis", server.url, "--redis", other.url, "--interval", "0.5"], home: home)
    try session.waitUntil("both live") { $0.contains("2/2") }
    server.pause()
    let name = String(try #require(server.socketPath).split(separator: "/").last ?? "")
    try session.waitUntil("the hung server in the header", within: 40) { screen in
      let header = screen.prefix { $0 != "\n" }
      return header.contains("hangs") || header.contains("down")
    }
    // The other one is still live, and keys are answered while one server hangs.
    for (key, title) in [("2", "[2]Nodes"), ("5", "[5]Slow"), ("1", "[1]Overview")] {
      try session.press(key)
      try session.wait(for: title, within: Self.soon)
    }
    let screen = try session.screen()
    #expect(screen.contains("1/2"), "\(screen)")
    #expect(screen.contains(name) || screen.contains("redis"), "\(screen)")
    server.resume()
    try session.waitUntil("live again", within: 40) { screen in
      let header = screen.prefix { $0 != "\n" }
      return screen.contains("2/2") && !header.contains("hangs") && !header.contains("down")
    }
  }

  @Test func `a server that is killed and restarted is down, then live, with a right hit ratio`()
    throws
  {
    let server = try RedisServer()
    let session = try Console.open(["--redis", server.url, "--interval", "0.5"], home: home)
    try session.waitUntil("live") { $0.contains("1/1") }
    server.kill9()
    try session.waitUntil("down", within: 40) { $0.prefix { $0 != "\n" }.contains("down") }
    try session.press("2")
    try session.wait(for: "[2]Nodes", within: Self.soon)
    try session.press("1")
    try server.start()
    let client = try server.connect()
    try client.command(["SET", "k", "v"])
    let round = (0..<4).map { ["GET", $0 == 3 ? "missing" : "k"] }
    try session.waitUntil("live again with 75 %", within: 60) { screen in
      for _ in 0..<10 { _ = try? client.pipeline(round) }
      let row = screen.split(separator: "\n").first { $0.contains("L2 redis") } ?? ""
      return row.contains("75.0")
    }
    try session.wait(for: "another server process answers")
  }

  @Test func `password, HTTP, a closed port and a broken reply are clear lines on screen`() throws {
    let secured = try RedisServer(.loopback, password: "s3cret")
    let http = try FakeServer(script: FakeServer.http)
    let drop = try FakeServer(script: FakeServer.dropMidReply)
    let huge = try FakeServer(script: FakeServer.hugeReply)
    let deep = try FakeServer(script: FakeServer.deepReply)
    let port = try SocketIO.freePort()
    let cases: [(String, [String: String?], String)] = [
      (secured.url, [:], "a password is needed"),
      (secured.url, ["CACHECONSOLE_PASSWORD": "hunter2"], "wrong"),
      (http.url, [:], "HTTP"), (drop.url, [:], "closed"), (huge.url, [:], "larger than"),
      (deep.url, [:], "nested deeper"), ("redis://127.0.0.1:\(port)", [:], "connection refused"),
    ]
    let sessions = try cases.map { url, variables, text in
      (
        text,
        try Console.open(
          ["--redis", url, "--interval", "1"], size: .init(200, 50), home: home,
          environment: variables)
      )
    }
    for (text, session) in sessions {
      try session.waitUntil("\"\(text)\"", within: 40) { $0.contains(text) }
      #expect(try !session.screen().contains("hunter2"))
      try session.press("2")
      try session.wait(for: "[2]Nodes", within: Self.soon)
      try session.press("q")
      #expect(try session.waitForEnd() == .code(0))
    }
  }
}
