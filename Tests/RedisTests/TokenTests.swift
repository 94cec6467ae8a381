import EventLoop
import Redis
import Synchronization
import TestKit
import Testing

/// A provider that a test drives.
private final class Tokens: TokenProvider {
  struct State {
    var password: String
    var life: Duration
    /// What the next calls do instead, oldest first.
    var troubles: [Trouble] = []
    var calls = 0
  }

  enum Trouble: Sendable {
    case fail
    case wrong
    case hang
  }

  let state: Mutex<State>

  init(_ password: String, life: Duration, troubles: [Trouble] = []) {
    state = Mutex(State(password: password, life: life, troubles: troubles))
  }

  var calls: Int { state.withLock { $0.calls } }

  func token(
    on loop: EventLoop, until deadline: EventLoop.Instant
  ) async throws(TokenFailure) -> Token {
    let (state, trouble) = state.withLock { state -> (State, Trouble?) in
      state.calls += 1
      return (state, state.troubles.isEmpty ? nil : state.troubles.removeFirst())
    }
    switch trouble {
    case .fail: throw TokenFailure("the vault is sealed", nextStep: "unseal it")
    case .wrong: return Token(secret: Secret("nonsense"), life: state.life)
    case .hang:
      // Longer than any test, and ended by the cancellation that follows the deadline.
      _ = try? await loop.sleep(for: .seconds(3600))
      throw TokenFailure("ended")
    case nil: return Token(secret: Secret(state.password), life: state.life)
    }
  }
}

@Suite(.blocking) struct TokenTests {
  private let server: RedisServer

  init() throws { server = try RedisServer() }

  /// - Parameter keepsOld: the passwords before it stay good, as tokens do that have not ended yet.
  private func rotate(to password: String, keepsOld: Bool = false) throws {
    try server.command(
      ["ACL", "SETUSER", "iam", "on"] + (keepsOld ? [] : ["resetpass"])
        + [">\(password)", "~*", "+@all"])
  }

  private func client(
    _ tokens: any TokenProvider, through proxy: RecordingProxy? = nil,
    _ configure: (inout RedisClient.Options) -> Void = { _ in }
  ) throws -> RedisClient {
    let url = (proxy?.url ?? server.url).replacing("unix://", with: "unix://iam@")
    return try Fixture.client(url, source: .provider(tokens), configure)
  }

  @Test func `a living connection logs in again with each new token, and no command is lost`()
    async throws
  {
    try rotate(to: "p0")
    let tokens = Tokens("p0", life: .seconds(1))
    let proxy = try RecordingProxy(to: server.address)
    let client = try client(tokens, through: proxy)
    var batches = 0
    for turn in 1...3 {
      try rotate(to: "p\(turn)", keepsOld: true)
      tokens.state.withLock { $0.password = "p\(turn)" }
      let isRenewed = try await Eventually.holds {
        // Transactions all the while: no AUTH may come into one.
        let replies = try await client.pipeline(
          [
            RedisCommand("MULTI"), RedisCommand("INCR", "n"), RedisCommand("INCR", "n"),
            RedisCommand("EXEC"),
          ], action: "testing")
        batches += 1
        guard replies.last?.array?.count == 2 else { return false }
        return proxy.commands.contains(["AUTH", "iam", "p\(turn)"])
      }
      #expect(isRenewed, "no login with p\(turn)")
    }
    let count = try await client.send(RedisCommand("GET", "n"), action: "testing").text
    #expect(count == "\(2 * batches)")
    #expect(client.generation == 1)
    #expect(proxy.bytes.count == 1)
    var isInTransaction = false
    for command in proxy.commands {
      if command[0] == "MULTI" { isInTransaction = true }
      if command[0] == "EXEC" { isInTransaction = false }
      #expect(!(isInTransaction && command[0] == "AUTH"))
    }
  }

  @Test func `each connect asks for a token of its own`() async throws {
    try rotate(to: "old")
    let tokens = Tokens("old", life: .seconds(900))
    let client = try client(tokens)
    #expect(await Fixture.failure(of: client) == nil)
    #expect(tokens.calls == 1)
    // The connection goes, and the token with it.
    try rotate(to: "new")
    tokens.state.withLock { $0.password = "new" }
    try server.command(["CLIENT", "KILL", "USER", "iam"])
    #expect(try await Eventually.holds { await Fixture.failure(of: client) == nil })
    #expect(client.generation == 2)
    #expect(tokens.calls == 2)
    // One that blocks asks as well.
    try server.command(["RPUSH", "q", "x"])
    _ = try await client.blocking(
      RedisCommand("BLPOP", "q", "0"), action: "testing", timeout: .seconds(20))
    #expect(tokens.calls == 3)
  }

  @Test func `a refused token says so, at the connect and at the renewal`() async throws {
    try rotate(to: "good")
    let never = try client(Tokens("bad", life: .seconds(900)))
    let error = await Fixture.failure(of: never)
    #expect(error?.kind == .auth)
    #expect(error?.message.hasPrefix("the server refused the token: WRONGPASS") == true)
    #expect(error?.nextStep.contains("CACHECONSOLE_PASSWORD") == false)

    let tokens = Tokens("good", life: .seconds(1))
    let client = try client(tokens)
    #expect(await Fixture.failure(of: client) == nil)
    tokens.state.withLock { $0.troubles = [.wrong] }
    // Still answered when the refusal comes: what waits then is told.
    let errors = Mutex<[RedisError]>([])
    #expect(
      try await Eventually.holds {
        if let error = await Fixture.failure(of: client) { errors.withLock { $0.append(error) } }
        return client.generation == 2 || client.state != .connected
      })
    for error in errors.withLock({ $0 }) { #expect(error.kind == .auth, "\(error)") }
    #expect(try await Eventually.holds { await Fixture.failure(of: client) == nil })
    #expect(client.generation == 2)
  }

  @Test
  func `a refusal that the server swallows ends the connection, and nobody gets another's reply`()
    async throws
  {
    // As Redis 7.2 to 8.2 do behind a command whose reply waits: PING's answer comes, AUTH's does not.
    let fake = try FakeServer(script: [
      .answer { Array((($0 == 0) ? "+OK\r\n+OK\r\n" : "$5\r\nlogin\r\n").utf8) }
    ])
    let client = try Fixture.client(
      fake.url.replacing("redis://", with: "redis://iam@"),
      source: .provider(Tokens("good", life: .seconds(1))))
    #expect(await Fixture.failure(of: client) == nil)
    #expect(try await Eventually.holds { client.state != .connected })
    #expect(client.generation == 1)
  }

  @Test func `a provider that fails is asked again while the old token lives`() async throws {
    try rotate(to: "good")
    // What is left after the failure, a fifth, is long beside what a busy machine holds a thread up.
    let tokens = Tokens("good", life: .seconds(10))
    let client = try client(tokens)
    #expect(await Fixture.failure(of: client) == nil)
    tokens.state.withLock { $0.troubles = [.fail] }
    #expect(try await Eventually.holds { tokens.calls >= 3 })
    #expect(await Fixture.failure(of: client) == nil)
    #expect(client.generation == 1)

    let sealed = try self.client(Tokens("good", life: .seconds(1), troubles: [.fail]))
    let error = await Fixture.failure(of: sealed)
    #expect(error?.kind == .auth)
    #expect(error?.message == "there is no token: the vault is sealed")
    #expect(error?.nextStep == "unseal it")

    // Without a new one it ends with the old one.
    let ending = Tokens("good", life: .seconds(1))
    let last = try self.client(ending)
    #expect(await Fixture.failure(of: last) == nil)
    ending.state.withLock { $0.troubles = [Tokens.Trouble](repeating: .fail, count: 1000) }
    #expect(try await Eventually.holds { last.state != .connected })
    #expect(ending.calls < 20)
    #expect(await Fixture.failure(of: last)?.message == "there is no token: the vault is sealed")
  }

  @Test func `a provider that hangs is a time-out, and others go on`() async throws {
    try rotate(to: "good")
    let hanging = try client(Tokens("good", life: .seconds(900), troubles: [.hang])) {
      $0.tokenTimeout = .milliseconds(200)
    }
    let waiting = Fixture.loop.spawn { await Fixture.failure(of: hanging) }
    let other = try client(Tokens("good", life: .seconds(900)))
    #expect(await Fixture.failure(of: other) == nil)
    let error = await waiting.value
    #expect(error?.kind == .timeout)
    #expect(error?.message.contains("the token's source gave no answer within 1 s") == true)
    #expect(try await Eventually.holds { await Fixture.failure(of: hanging) == nil })
  }

  @Test func `the login of a connection that blocks waits for what blocks`() async throws {
    try rotate(to: "good")
    let tokens = Tokens("good", life: .seconds(1))
    let client = try client(tokens) { $0.commandTimeout = .milliseconds(300) }
    let popped = Fixture.loop.spawn { () -> String? in
      try? await client.blocking(
        RedisCommand("BLPOP", "q", "0"), action: "testing", timeout: .seconds(60)
      ).array?.last?.text
    }
    // Asked again, and longer ago than a command may take.
    #expect(try await Eventually.holds { tokens.calls >= 2 })
    try await Fixture.loop.sleep(for: .milliseconds(700))
    try server.command(["RPUSH", "q", "x"])
    #expect(await popped.value == "x")
  }
}

/// Tokens that a program prints.
@Suite(.blocking) struct ProgramTokenTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func token(
    _ script: String, within seconds: Double = 20
  ) async -> Result<Token, TokenFailure> {
    do throws(TokenFailure) {
      return .success(
        try await ProgramToken(["sh", "-c", script]).token(
          on: Fixture.loop, until: EventLoop.now().advanced(by: .seconds(seconds))))
    } catch {
      return .failure(error)
    }
  }

  @Test(
    arguments: [
      ("echo abc", "abc", 900), ("printf abc", "abc", 900),
      ("printf 'abc\\r\\nexpires_in 60\\r\\n'", "abc", 60),
      ("printf 'abc\\nexpires_in 60\\n\\n'", "abc", 60),
      ("echo noise >&2; echo 'a?b=c&d'", "a?b=c&d", 900),
    ])
  func `a token and its life are read`(script: String, token: String, seconds: Int64) async throws {
    let got = try await self.token(script).get()
    #expect(got.secret.reveal() == Array(token.utf8))
    #expect(got.life == .seconds(seconds))
  }

  @Test(
    arguments: [
      ("exit 3", "ended with exit code 3; it wrote nothing to standard error"),
      ("echo 'no\\tcredentials' >&2; echo more >&2; exit 1", "exit code 1; it said: no"),
      ("kill -9 $$", "was ended by signal 9"), ("true", "printed no token"),
      ("echo", "printed no token"), ("echo 's3cret b'", "a blank or a control character"),
      ("echo s3cret; echo expires_in 0", "is not: expires_in SECONDS"),
      ("echo s3cret; echo expires_in 99999999999", "is not: expires_in SECONDS"),
      ("echo s3cret; echo expires 60", "is not: expires_in SECONDS"),
      ("echo s3cret; echo expires_in 60; echo x", "more than a token"),
      ("head -c 70000 /dev/zero | tr '\\0' x", "more than 64 KiB"),
      ("yes", "more than 64 KiB"),
    ])
  func `what is no token is told without quoting it`(script: String, text: String) async throws {
    switch await token(script) {
    case .success: Issue.record("accepted")
    case .failure(let failure):
      #expect(failure.message.contains(text), "\(failure)")
      #expect(!failure.message.contains("s3cret"))
    }
  }

  @Test func `one that hangs is ended with all that it started`() async throws {
    let pid = folder.file("pid")
    let start = EventLoop.now()
    let result = await token(
      "echo asking >&2; sleep 600 & echo $! >\(pid); wait", within: 0.5)
    guard case .failure(let failure) = result else {
      Issue.record("accepted")
      return
    }
    #expect(failure.isTimeout)
    #expect(failure.message.contains("did not end in time"))
    #expect(start.duration(to: EventLoop.now()) < .seconds(15))
    let child = try #require(
      Int32((ChildProcess.readText(pid) ?? "").filter { $0.isNumber }))
    #expect(try await Eventually.holds { !ChildProcess.isRunning(child) })
  }

  @Test func `what it leaves behind keeps nobody waiting`() async throws {
    let got = try await token("echo abc; sleep 600 &").get()
    #expect(got.secret.reveal() == Array("abc".utf8))
  }

  @Test func `a program that is not there is named`() async throws {
    do throws(TokenFailure) {
      _ = try await ProgramToken(["/nonexistent/token"]).token(
        on: Fixture.loop, until: EventLoop.now().advanced(by: .seconds(20)))
      Issue.record("accepted")
    } catch {
      #expect(error.message.contains("'/nonexistent/token' cannot start: it is not there"))
    }
  }

  @Test func `a client logs in with what a program prints`() async throws {
    let server = try RedisServer(password: "from-a-program")
    let file = try folder.write("token", "from-a-program\nexpires_in 60\n")
    let client = try Fixture.client(server.url, source: .provider(ProgramToken(["cat", file])))
    #expect(await Fixture.failure(of: client) == nil)
  }
}
