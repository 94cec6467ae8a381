import EventLoop
import Redis
import TestKit
import Testing

/// Whom the client believes, what it shows, and what people read when it does not.
@Suite(.blocking, .enabled(if: RedisServer.speaksTLS, "this server is built without TLS"))
struct TLSTests {
  private let authority: TLSAuthority

  init() throws { authority = try TLSAuthority.shared.get() }

  private func server(
    _ identity: TLSAuthority.Identity, _ configure: (inout RedisServer.TLS) -> Void = { _ in }
  ) throws -> RedisServer {
    var tls = RedisServer.TLS(identity, authority: authority.file)
    configure(&tls)
    return try RedisServer(tls: tls)
  }

  private var trusting: TLSSettings { TLSSettings(authorityFile: authority.file) }

  struct Bad: Sendable, CustomTestStringConvertible {
    var name: String
    var identity: @Sendable (TLSAuthority) -> TLSAuthority.Identity
    var message: String
    var nextStep: String
    var testDescription: String { name }
  }

  static let bad: [Bad] = [
    Bad(
      name: "expired", identity: { $0.expired },
      message: "the server's certificate expired on 2020-01-02 03:04 UTC", nextStep: "renew"),
    Bad(
      name: "not yet valid", identity: { $0.future },
      message: "the server's certificate is not valid before 2098-01-01 00:00 UTC",
      nextStep: "clock"),
    Bad(
      name: "wrong host", identity: { $0.wrongHost },
      message: "the server's certificate is for a.example, b.example, 192.0.2.7, not for 127.0.0.1",
      nextStep: "--servername"),
    Bad(
      name: "self-signed", identity: { $0.selfSigned },
      message: "the server's certificate is self-signed and not among the trusted ones",
      nextStep: "--cacert"),
  ]

  @Test(arguments: bad) func `each bad certificate is refused with a line that says which`(
    _ row: Bad
  ) async throws {
    let server = try server(row.identity(authority))
    let error = await Fixture.failure(of: try Fixture.client(server.url, tls: trusting))
    #expect(error?.kind == .tls)
    #expect(error?.message == row.message)
    #expect(error?.nextStep.contains(row.nextStep) == true, "\(String(describing: error))")
    #expect(error?.endpoint == server.url)
    #expect(error?.action == "connecting")
    // Nothing was said before: no name, no password.
    #expect(try server.info("total_commands_processed", "stats").flatMap { Int($0) } ?? 99 < 5)
    // Whoever wants to do without is not kept from it.
    let insecure = try Fixture.client(server.url, tls: TLSSettings(isVerified: false))
    #expect(await Fixture.failure(of: insecure) == nil)
  }

  @Test func `who has not signed it is named, and the system's roots do not know our authority`()
    async throws
  {
    let server = try server(authority.server)
    let other = try TLSAuthority("Other CA")
    for settings in [TLSSettings(), TLSSettings(authorityFile: other.file)] {
      let error = await Fixture.failure(of: try Fixture.client(server.url, tls: settings))
      #expect(error?.kind == .tls)
      #expect(
        error?.message == "the server's certificate was signed by 'Test CA', who is not trusted")
    }
  }

  @Test func `names, addresses and a server name of one's own are checked`() async throws {
    let server = try server(authority.server)
    let port = try #require(server.tlsPort)
    for host in ["127.0.0.1", "localhost"] {
      let client = try Fixture.client("rediss://\(host):\(port)", tls: trusting)
      #expect(await Fixture.failure(of: client) == nil, "\(host)")
    }
    var named = trusting
    named.serverName = "cache.example"
    #expect(await Fixture.failure(of: try Fixture.client(server.url, tls: named)) == nil)
    named.serverName = "other.example"
    let error = await Fixture.failure(of: try Fixture.client(server.url, tls: named))
    #expect(
      error?.message.hasSuffix("not for other.example") == true, "\(String(describing: error))")
    // The server's own certificate may be what is trusted.
    let pinned = TLSSettings(authorityFile: authority.server.certificate)
    #expect(await Fixture.failure(of: try Fixture.client(server.url, tls: pinned)) == nil)
    let itself = try self.server(authority.selfSigned)
    let known = TLSSettings(authorityFile: authority.selfSigned.certificate)
    #expect(await Fixture.failure(of: try Fixture.client(itself.url, tls: known)) == nil)
  }

  @Test(arguments: ["TLSv1.2", "TLSv1.3"]) func `each version serves alone`(
    version: String
  ) async throws {
    let server = try server(authority.server) { $0.protocols = version }
    let client = try Fixture.client(server.url, tls: trusting)
    let big = [UInt8](repeating: 7, count: 1 << 20)
    let replies = try await client.pipeline(
      [RedisCommand("SET", Array("k".utf8), big), RedisCommand("GET", "k")], action: "testing")
    #expect(replies[1].bytes == big)
    // And a client certificate that is missing, known, and unknown.
    let strict = try self.server(authority.server) {
      $0.protocols = version
      $0.demandsClientCertificate = true
    }
    let missing = await Fixture.failure(of: try Fixture.client(strict.url, tls: trusting))
    #expect(missing?.kind == .tls)
    #expect(missing?.message == "the server demands a client certificate")
    var settings = trusting
    settings.certificateFile = authority.client.certificate
    settings.keyFile = authority.client.key
    #expect(await Fixture.failure(of: try Fixture.client(strict.url, tls: settings)) == nil)
    let other = try TLSAuthority("Other CA")
    settings.certificateFile = other.client.certificate
    settings.keyFile = other.client.key
    let unknown = await Fixture.failure(of: try Fixture.client(strict.url, tls: settings))
    #expect(unknown?.kind == .tls)
    #expect(
      unknown?.message.contains("client certificate") == true, "\(String(describing: unknown))")
  }

  @Test func `older versions are refused`() async throws {
    // No server of today offers them: what one would answer to our hello.
    let alert: [UInt8] = [0x15, 0x03, 0x01, 0, 2, 2, 70]
    let server = try FakeServer(script: [.awaitRequest, .send(alert), .hang])
    let url = server.url.replacing("redis://", with: "rediss://")
    let error = await Fixture.failure(of: try Fixture.client(url, tls: trusting))
    #expect(error?.message == "the server speaks neither TLS 1.2 nor TLS 1.3")
  }

  @Test func `TLS to a plain port, and plain to a TLS port, say what to use instead`()
    async throws
  {
    let secure = try server(authority.server)
    let plain = secure.url.replacing("rediss://", with: "redis://")
    let wrong = await Fixture.failure(of: try Fixture.client(plain))
    #expect(wrong?.nextStep.contains("rediss://") == true, "\(String(describing: wrong))")
    let open = try RedisServer(.loopback)
    let url = open.url.replacing("redis://", with: "rediss://")
    // Redis waits for the end of what looks like a line, or answers an error to it.
    let client = try Fixture.client(url, tls: trusting) { $0.connectTimeout = .seconds(1) }
    let other = await Fixture.failure(of: client)
    #expect(other?.kind == .tls || other?.kind == .timeout)
    #expect(other?.nextStep.contains("redis://") == true, "\(String(describing: other))")
    let answering = try FakeServer(script: [
      .awaitRequest, .send(Array("-ERR Protocol error\r\n".utf8)), .hang,
    ])
    let redis = answering.url.replacing("redis://", with: "rediss://")
    let error = await Fixture.failure(of: try Fixture.client(redis, tls: trusting))
    #expect(error?.kind == .tls)
    #expect(error?.message == "what answers at this port does not speak TLS")
    let closing = try FakeServer(script: [.awaitRequest])
    let closed = await Fixture.failure(
      of: try Fixture.client(
        closing.url.replacing("redis://", with: "rediss://"), tls: trusting))
    #expect(closed?.message == "the server closed the connection during the TLS handshake")
  }

  @Test func `TLS in pieces of one byte works, both ways`() async throws {
    let server = try server(authority.server)
    let proxy = try RecordingProxy(
      to: .loopback(port: try #require(server.tlsPort)), on: .loopback, piece: 1)
    let url = proxy.url.replacing("redis://", with: "rediss://")
    let client = try Fixture.client(url, tls: trusting)
    let value = (0..<20_000).map { UInt8(truncatingIfNeeded: $0) }
    let replies = try await client.pipeline(
      [RedisCommand("SET", Array("k".utf8), value), RedisCommand("GET", "k")], action: "testing")
    #expect(replies[1].bytes == value)
    // And none of it was readable on the way.
    #expect(proxy.commands.isEmpty)
  }

  @Test func `more than a socket takes, while the server stands still, arrives whole`()
    async throws
  {
    let server = try server(authority.server)
    let client = try Fixture.client(server.url, tls: trusting)
    #expect(await Fixture.failure(of: client) == nil)
    server.pause()
    let value = (0..<(12 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let sending = Fixture.loop.spawn { () -> [RESPValue]? in
      try? await client.pipeline(
        [RedisCommand("SET", Array("big".utf8), value), RedisCommand("GET", "big")],
        action: "testing", timeout: .seconds(60))
    }
    // More commands come while the first waits for room.
    let echoes = (0..<20).map { number in
      Fixture.loop.spawn { () -> String? in
        try? await client.send(
          RedisCommand("ECHO", "\(number)"), action: "testing", timeout: .seconds(60)
        ).text
      }
    }
    // All have been written as far as the socket takes them; nothing of ours comes after that.
    for _ in 0..<3 { await Fixture.loop.spawn {}.value }
    server.resume()
    #expect(await sending.value?.last?.bytes == value)
    for (number, echo) in echoes.enumerated() { #expect(await echo.value == "\(number)") }
    #expect(client.generation == 1)
  }

  @Test func `files that cannot be used are named, before anything is connected to`() async throws {
    let folder = try TemporaryFolder()
    let empty = try folder.write("empty.pem", "no certificate\n")
    let open = try folder.write(
      "open.key", ChildProcess.readText(authority.client.key) ?? "", mode: 0o600)
    _ = try ChildProcess.run("chmod", ["644", open])
    let encrypted = folder.file("encrypted.key")
    _ = try ChildProcess.run(
      "openssl",
      ["ec", "-in", authority.client.key, "-aes256", "-passout", "pass:x", "-out", encrypted])
    let certificate = authority.client.certificate
    let cases: [(TLSSettings, String)] = [
      (TLSSettings(authorityFile: "/nonexistent"), "no such file"),
      (TLSSettings(authorityFile: empty), "holds no certificate in PEM form"),
      (TLSSettings(authorityFile: folder.path), "is not a regular file"),
      (TLSSettings(certificateFile: certificate), "without its private key"),
      (TLSSettings(keyFile: open), "without its certificate"),
      (TLSSettings(certificateFile: certificate, keyFile: open), "chmod o-rwx"),
      (TLSSettings(certificateFile: certificate, keyFile: encrypted), "is encrypted"),
      (TLSSettings(certificateFile: certificate, keyFile: empty), "is no private key"),
      (
        TLSSettings(certificateFile: certificate, keyFile: authority.server.key),
        "does not belong to the certificate"
      ),
    ]
    for (settings, text) in cases {
      do throws(TLSFileError) {
        try settings.check()
        Issue.record("accepted: \(text)")
      } catch {
        #expect(error.description.contains(text), "\(error)")
      }
    }
    let client = try Fixture.client(
      "rediss://127.0.0.1:1", tls: TLSSettings(authorityFile: empty))
    #expect(await Fixture.failure(of: client)?.kind == .unreachable)
  }

  @Test func `a file that is replaced counts at the next connection`() async throws {
    let server = try server(authority.server)
    let folder = try TemporaryFolder()
    let other = try TLSAuthority("Other CA")
    let trusted = folder.file("trusted.pem")
    _ = try ChildProcess.run("cp", [other.file, trusted])
    let settings = TLSSettings(authorityFile: trusted)
    #expect(
      await Fixture.failure(of: try Fixture.client(server.url, tls: settings))?.kind == .tls)
    _ = try ChildProcess.run("cp", [authority.file, trusted + ".new"])
    _ = try ChildProcess.run("mv", [trusted + ".new", trusted])
    #expect(await Fixture.failure(of: try Fixture.client(server.url, tls: settings)) == nil)
  }

  @Test func `fifty connections at once all get through, eight handshakes at a time`()
    async throws
  {
    let server = try server(authority.server)
    let clients = try (0..<50).map { _ in try Fixture.client(server.url, tls: trusting) }
    await withTaskGroup(of: RedisError?.self) { group in
      for client in clients { group.addTask { await Fixture.failure(of: client) } }
      for await error in group { #expect(error == nil) }
    }
    // Nine silent servers: the ninth waits its turn, and all end by their deadlines.
    let silent = try FakeServer(script: FakeServer.silent)
    let url = silent.url.replacing("redis://", with: "rediss://")
    await withTaskGroup(of: RedisError?.self) { group in
      for _ in 0..<9 {
        group.addTask {
          let client = try? Fixture.client(url, tls: TLSSettings(isVerified: false)) {
            $0.connectTimeout = .milliseconds(300)
          }
          guard let client else { return nil }
          return await Fixture.failure(of: client)
        }
      }
      for await error in group { #expect(error?.kind == .timeout) }
    }
    #expect(await Fixture.failure(of: try Fixture.client(server.url, tls: trusting)) == nil)
  }
}
