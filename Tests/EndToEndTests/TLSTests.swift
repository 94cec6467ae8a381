import TestKit
import Testing

/// The program over TLS, as people start it.
@Suite(.serialized, .blocking) struct TLSTests {
  private let home: TemporaryFolder
  private let authority: TLSAuthority

  init() throws {
    home = try TemporaryFolder()
    authority = try TLSAuthority.shared.get()
  }

  private func server(
    _ identity: TLSAuthority.Identity? = nil, demandsClientCertificate: Bool = false
  ) throws -> RedisServer {
    var tls = RedisServer.TLS(identity ?? authority.server, authority: authority.file)
    tls.demandsClientCertificate = demandsClientCertificate
    return try RedisServer(tls: tls)
  }

  @Test func `once and json over TLS, with a client certificate`() throws {
    let server = try server(demandsClientCertificate: true)
    let options = [
      "--redis", server.url, "--cacert", authority.file, "--cert", authority.client.certificate,
      "--key", authority.client.key, "--interval", "0.5",
    ]
    let text = try Console.run(["--once"] + options, home: home)
    #expect(text.exit == .code(0), "\(text)")
    #expect(text.error.isEmpty)
    #expect(!text.output.contains("NOT VERIFIED"))
    let json = try Console.run(["--once", "--json"] + options, home: home)
    let snapshot = try JSONValue(parsing: json.output)
    #expect(snapshot["nodes"]?[0]?["state"]?.string == "live", "\(json)")
    #expect(snapshot["nodes"]?[0]?["address"]?.string == server.url)
    #expect(snapshot["warnings"]?.array?.isEmpty == true)
  }

  @Test func `a bad certificate is a line that says which, and exit code 1`() throws {
    for (identity, line) in [
      (authority.expired, "expired on 2020-01-02"),
      (authority.wrongHost, "is for a.example, b.example, 192.0.2.7, not for 127.0.0.1"),
      (authority.selfSigned, "is self-signed"),
    ] {
      let server = try server(identity)
      let result = try Console.run(
        ["--once", "--redis", server.url, "--cacert", authority.file, "--interval", "0.5"],
        home: home)
      #expect(result.exit == .code(1))
      #expect(result.error.contains(line), "\(result)")
    }
    let server = try server()
    let missing = try Console.run(
      ["--once", "--redis", server.url, "--cacert", "/nonexistent.pem"], home: home)
    #expect(missing.exit == .code(1))
    #expect(missing.error.contains("the CA file /nonexistent.pem cannot be opened"))
    let plain = try Console.run(
      ["--once", "--redis", "redis://127.0.0.1:1", "--tls-insecure"], home: home)
    #expect(plain.exit == .code(2))
    #expect(plain.error.contains("no server is a rediss:// one"))
  }

  @Test func `without verification the warning comes first and stays on every screen`() throws {
    let server = try server(authority.selfSigned)
    let options = ["--redis", server.url, "--tls-insecure", "--interval", "0.5"]
    let once = try Console.run(["--once"] + options, home: home)
    #expect(once.exit == .code(0), "\(once)")
    #expect(once.error.contains("WARNING: TLS NOT VERIFIED for \(server.url)"))
    #expect(once.output.prefix { $0 != "\n" }.contains("TLS NOT VERIFIED"))
    let json = try Console.run(["--once", "--json"] + options, home: home)
    #expect(
      try JSONValue(parsing: json.output)["warnings"]?[0]?.string?.hasPrefix("TLS NOT VERIFIED")
        == true)
    let session = try Console.open(options, size: .init(60, 20), home: home)
    try session.wait(for: "1/1")
    for panel in ["1", "2", "4", "7"] {
      try session.press(panel)
      try session.wait(for: "[\(panel)]")
      #expect(try session.screen().prefix { $0 != "\n" }.contains("TLS NOT VERIFIED"))
    }
  }

  @Test func `an operation's own process connects by TLS and asks the token program itself`() throws
  {
    let server = try server()
    try server.command(["ACL", "SETUSER", "iam", "on", ">first", "~*", "+@all"])
    try server.command(["SET", "product:1", "x"])
    let token = try home.write("token", "first\nexpires_in 2\n")
    let log = home.file("asked")
    let program = try home.write("program", "#!/bin/sh\necho $PPID >>\(log)\ncat \(token)\n")
    _ = try ChildProcess.run("chmod", ["700", program])
    let configuration = try home.write(
      "c.json5",
      """
      { schema: 'cacheconsole.config', version: 1, environments: { dev: { class: 'development',
        servers: [{ name: 'cache', url: '\(server.url.replacing("rediss://", with: "rediss://iam@"))',
          token_command: ['\(program)'], tls: { cacert: '\(authority.file)' } }] } } }
      """)
    let result = try Console.run(
      ["invalidate", "--config", configuration, "--env", "dev", "product:1", "--yes"], home: home,
      within: 60)
    #expect(result.exit == .code(0), "\(result)")
    #expect(result.output.contains("1 changed of 1 expected"), "\(result)")
    #expect(try server.command(["EXISTS", "product:1"]) == .integer(0))
    let askers = Set((ChildProcess.readText(log) ?? "").split(separator: "\n"))
    #expect(askers.count >= 2, "the console and its runner: \(askers)")
    // The server knows no other way in than the token.
    let denied = try Console.run(
      [
        "--once", "--redis", server.url.replacing("rediss://", with: "rediss://iam@"), "--cacert",
        authority.file,
      ],
      home: home, environment: ["CACHECONSOLE_PASSWORD": "wrong"])
    #expect(denied.error.contains("the user or the password is wrong"))
  }
}
