import EventLoop
import Redis
import TestKit
import Testing

/// Every way in which a server is reached or not, and what people read then.
@Suite(.blocking) struct ConnectingTests {
  @Test func `a Unix socket, IPv4, IPv6 and a name all reach the server`() async throws {
    let unix = try RedisServer()
    let four = try RedisServer(.loopback)
    let port = try SocketIO.freePort()
    // A server that listens on IPv6 only: the name has to be tried in both families.
    let six = try RedisServer(arguments: ["--port", "\(port)", "--bind", "::1"])
    let fourPort = try #require(try RedisURL(parsing: four.url).port)
    for url in [
      unix.url, four.url, "redis://localhost:\(fourPort)", "redis://[::1]:\(port)",
    ] {
      let reply = try await Fixture.client(url).send(RedisCommand("PING"), action: "pinging")
      #expect(reply.text == "PONG", "\(url)")
    }
    withExtendedLifetime((unix, four, six)) {}
  }

  @Test func `the connection bears the console's name and is in its database`() async throws {
    let server = try RedisServer()
    let client = try Fixture.client(server.url + "?db=3")
    let info = try await client.send(RedisCommand("CLIENT", "INFO"), action: "asking").text ?? ""
    #expect(info.contains("name=cacheconsole"))
    #expect(info.contains("db=3"))
  }

  @Test func `passwords: none, wrong, right, and one that the server does not want`() async throws {
    let server = try RedisServer(password: "s3cret")
    let missing = await Fixture.failure(of: try Fixture.client(server.url))
    #expect(missing?.kind == .auth)
    #expect(missing?.message == "a password is needed")
    #expect(missing?.nextStep.contains("CACHECONSOLE_PASSWORD") == true)
    let wrong = await Fixture.failure(of: try Fixture.client(server.url, password: "no"))
    #expect(wrong?.kind == .auth)
    #expect(wrong?.message == "the user or the password is wrong")
    #expect(wrong?.description.contains("no\"") == false)
    let right = try Fixture.client(server.url, password: "s3cret")
    #expect(await Fixture.failure(of: right) == nil)
    let open = try RedisServer()
    #expect(await Fixture.failure(of: try Fixture.client(open.url, password: "extra")) == nil)
  }

  @Test func `an ACL user logs in with name and password, and is told what it may not`()
    async throws
  {
    let server = try RedisServer()
    try server.command(["ACL", "SETUSER", "eva", "on", ">pw", "~*", "+@all", "-flushall", "-get"])
    var url = try RedisURL(parsing: server.url)
    url.endpoint.user = "eva"
    var options = RedisClient.Options()
    options.gate = .unrestricted
    let client = RedisClient(
      endpoint: url.endpoint, access: RedisAccess(password: Secret("pw")), options: options,
      loop: Fixture.loop)
    #expect(try await client.send(RedisCommand("ACL", "WHOAMI"), action: "asking").text == "eva")
    let denied = await Fixture.failure(of: client, RedisCommand("GET", "x"))
    #expect(denied?.kind == .denied)
    #expect(denied?.nextStep == "grant +get to the user")
    let unknown = await Fixture.failure(of: client, RedisCommand("NOSUCH", "x"))
    #expect(unknown?.kind == .unsupported)
    #expect(unknown?.message == "the server does not know NOSUCH")
    let subcommand = await Fixture.failure(of: client, RedisCommand("CLIENT", "NOSUCH"))
    #expect(subcommand?.kind == .unsupported)
    #expect(subcommand?.message == "the server does not know CLIENT NOSUCH")
  }

  @Test func `nothing listens: TCP, Unix socket, unknown name`() async throws {
    let port = try SocketIO.freePort()
    let refused = await Fixture.failure(of: try Fixture.client("redis://127.0.0.1:\(port)"))
    #expect(refused?.kind == .unreachable)
    #expect(refused?.endpoint == "127.0.0.1:\(port)")
    #expect(refused?.message == "connection refused")
    #expect(refused?.nextStep.contains("running") == true)
    let both = await Fixture.failure(of: try Fixture.client("redis://[::1]:\(port)"))
    #expect(both?.endpoint == "[::1]:\(port)")
    let missing = await Fixture.failure(of: try Fixture.client("unix:///nonexistent/r.sock"))
    #expect(missing?.kind == .unreachable)
    #expect(missing?.message == "the socket does not exist")
    let nowhere = await Fixture.failure(of: try Fixture.client("redis://no-such-host.invalid"))
    #expect(nowhere?.kind == .unreachable || nowhere?.kind == .timeout)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var script: [FakeServer.Step]
    var kind: RedisError.Kind
    var message: String
    var testDescription: String { name }
  }

  static let ok = Array("+OK\r\n".utf8)

  static let cases: [Case] = [
    .init(
      name: "HTTP", script: FakeServer.http, kind: .protocol,
      message: "the port does not speak Redis (it answered HTTP)"),
    .init(
      name: "TLS", script: [.awaitRequest, .send([0x15, 0x03, 0x01, 0, 2, 2, 70])],
      kind: .protocol, message: "the port does not speak Redis (it answered TLS)"),
    .init(
      name: "SSH", script: [.send(Array("SSH-2.0-OpenSSH_9.2p1\r\n".utf8)), .hang],
      kind: .protocol, message: "the port does not speak Redis (it answered SSH)"),
    .init(
      name: "escapes in the answer",
      script: [.awaitRequest, .send([0x1B, 0x5B, 0x32, 0x4A]), .hang],
      kind: .protocol,
      message: "the port does not speak Redis (it answered \"\\x1b[2J\")"),
    .init(
      name: "drop in the middle of a reply", script: FakeServer.dropMidReply, kind: .unreachable,
      message: "the connection was closed in the middle of a reply"),
    .init(
      name: "drop in the middle of a later reply",
      script: [.awaitRequest, .send(ok), .awaitRequest, .send(Array("*2\r\n$3\r\nab".utf8))],
      kind: .unreachable, message: "the connection was closed in the middle of a reply"),
    .init(
      name: "closed without an answer", script: [.awaitRequest], kind: .unreachable,
      message: "the server closed the connection without an answer"),
    .init(
      name: "a reply of 512 MB", script: FakeServer.hugeReply, kind: .limit,
      message: "a reply is larger than 32 MB"),
    .init(
      name: "512 MB in a line without an end",
      script: [
        .awaitRequest, .send(ok), .awaitRequest, .send(Array("+".utf8)),
        .repeatBlock([UInt8](repeating: 120, count: 65_536), count: 512 << 20),
      ], kind: .limit, message: "a reply is larger than 32 MB"),
    .init(
      name: "512 MB in strings of 1 MB",
      script: [
        .awaitRequest, .send(ok), .awaitRequest, .send(Array("*512\r\n".utf8)),
        .repeatBlock(
          Array("$1048576\r\n".utf8) + [UInt8](repeating: 120, count: 1 << 20) + [13, 10],
          count: 512 << 20),
      ], kind: .limit, message: "a reply is larger than 32 MB"),
    .init(
      name: "10,000 arrays deep", script: FakeServer.deepReply, kind: .limit,
      message: "a reply is nested deeper than 8 levels"),
    .init(
      name: "an array of 1,000,000,000", script: FakeServer.wideReply, kind: .limit,
      message: "a reply has more than 1048576 elements"),
    .init(
      name: "silence", script: FakeServer.silent, kind: .timeout,
      message: "connected, but the server does not answer"),
    .init(
      name: "too many clients",
      script: [.send(Array("-ERR max number of clients reached\r\n".utf8))], kind: .limit,
      message: "the server takes no more connections (maxclients reached)"),
    .init(
      name: "protected mode",
      script: [.send(Array("-DENIED Redis is running in protected mode\r\n".utf8)), .hang],
      kind: .denied,
      message: "the server is in protected mode and takes local connections only"),
    .init(
      name: "loading",
      script: [
        .awaitRequest, .send(ok), .awaitRequest,
        .send(Array("-LOADING Redis is loading the dataset in memory\r\n".utf8)), .hang,
      ], kind: .server, message: "the server is loading its data"),
    .init(
      name: "a reply too many", script: [.awaitRequest, .send(ok + ok), .hang], kind: .protocol,
      message: "the server sent a reply that nobody asked for"),
  ]

  @Test(arguments: cases)
  func `what is no good server gives one clear error, in bounded memory`(_ row: Case) async throws {
    let server = try FakeServer(script: row.script)
    let before = Self.anonymousMegabytes
    let client = try Fixture.client(server.url) {
      if row.kind == .timeout { $0.connectTimeout = .milliseconds(500) }
    }
    let error = await Fixture.failure(of: client, timeout: .seconds(20))
    #expect(error?.kind == row.kind)
    #expect(error?.message == row.message)
    #expect(error?.endpoint == server.url.dropFirst("redis://".count).description)
    let growth = Self.anonymousMegabytes - before
    #expect(growth < 200, "grew by \(growth) MB")
    // The client is still good for the next question.
    #expect(await Fixture.failure(of: client, timeout: .milliseconds(300)) != nil)
  }

  @Test func `a reset is told from a close`() async throws {
    let server = try FakeServer(script: [.awaitRequest, .send(Self.ok), .awaitRequest, .reset])
    let error = await Fixture.failure(of: try Fixture.client(server.url))
    #expect(error?.kind == .unreachable)
    #expect(error?.message.contains("closed the connection") == true)
  }

  /// RssAnon of this process.
  static var anonymousMegabytes: Int {
    let status = ChildProcess.readText("/proc/self/status") ?? ""
    let kilobytes = EventLoopTests.field("RssAnon", status)?.prefix { $0.isNumber }
    return (kilobytes.flatMap { Int($0) } ?? 0) / 1024
  }
}

extension RedisURL {
  var port: UInt16? {
    if case .tcp(_, let port) = endpoint.address { port } else { nil }
  }
}
