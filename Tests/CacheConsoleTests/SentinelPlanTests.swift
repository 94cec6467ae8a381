import CacheConsole
import ConsoleModel
import Documents
import Redis
import Synchronization
import TestKit
import Testing

/// Environments whose servers Sentinels know: command line and configuration.
@Suite struct SentinelPlanTests {
  private func plan(
    _ words: [String], _ body: String? = nil, environment: [String: String] = [:],
    ask: @escaping @Sendable (String) -> String? = { _ in nil }
  ) throws -> EnvironmentPlan {
    let startup = Startup(
      arguments: try Arguments(parsing: words),
      configuration: try body.map {
        try Configuration(
          parsing: Array(
            "{ schema: 'cacheconsole.config', version: 1, environments: { shop: { class: 'staging', \($0) } } }"
              .utf8), file: "c.json5")
      }, passwords: PasswordSources(environment: environment, ask: ask))
    guard case .servers(let plan) = try startup.target() else { throw TestKitError("the demo") }
    return plan
  }

  private static func text(_ access: RedisAccess) -> String? {
    access.password.map { String(decoding: $0.reveal(), as: UTF8.self) }
  }

  @Test func `the command line: addresses, the master, and a password for each kind`() throws {
    let home = try TemporaryFolder()
    let file = try home.write("sentinel.password", "theirs\n")
    let opened = try plan(
      [
        "--sentinel", "10.0.1.11", "--sentinel=watch@10.0.1.12:5000", "--master",
        "redis://console@shop/3", "--sentinel-auth", file, "--map",
        "10.0.1.21:6379=127.0.0.1:7001",
      ], environment: ["REDISCLI_AUTH": "ours", "CACHECONSOLE_SENTINEL_PASSWORD": "not this"])
    #expect(opened.servers.map(\.endpoint.description) == ["10.0.1.11:26379", "10.0.1.12:5000"])
    #expect(opened.servers.map(\.endpoint.user) == [nil, "watch"])
    #expect(opened.servers.map { Self.text($0.access) } == ["theirs", "theirs"])
    let group = try #require(opened.group)
    #expect(group.master == "shop" && Self.text(group.member.access) == "ours")
    #expect(group.member.endpoint.user == "console" && group.member.endpoint.database == 3)
    #expect(!group.member.endpoint.isTLS)
    let server = try #require(
      opened.sentinels?.server(at: NodeAddress(host: "10.0.1.21", port: 6379)))
    #expect(server.endpoint.description == "127.0.0.1:7001/3")
    #expect(opened.identity.environmentClass == .production)
  }

  @Test func `nothing of the servers is sent to Sentinels unless it is said`() throws {
    let words = ["--sentinel", "h", "--master", "shop"]
    let ours = try plan(words, environment: ["CACHECONSOLE_PASSWORD": "ours"])
    #expect(Self.text(ours.servers[0].access) == nil)
    #expect(try Self.text(#require(ours.group).member.access) == "ours")
    let theirs = try plan(words, environment: ["CACHECONSOLE_SENTINEL_PASSWORD": "theirs"])
    #expect(Self.text(theirs.servers[0].access) == "theirs")
    #expect(try Self.text(#require(theirs.group).member.access) == nil)
    let asked = try plan(words + ["--ask-password"], ask: { $0.contains("shop") ? "typed" : nil })
    #expect(Self.text(asked.servers[0].access) == nil)
    #expect(try Self.text(#require(asked.group).member.access) == "typed")
  }

  @Test func `TLS is each kind's own`() throws {
    let authority = try TLSAuthority.shared.get()
    let words = ["--cacert", authority.file]
    let both = try plan(["--sentinel", "rediss://h", "--master", "rediss://shop"] + words)
    #expect(both.servers[0].endpoint.description == "rediss://h:26379")
    #expect(both.servers[0].access.tls.authorityFile == authority.file)
    #expect(try #require(both.group).member.endpoint.isTLS)
    let half = try plan(["--sentinel", "h", "--master", "rediss://shop"] + words)
    #expect(!half.servers[0].endpoint.isTLS)
    #expect(try #require(half.group).member.access.tls.authorityFile == authority.file)
    let insecure = try plan(["--sentinel", "h", "--master", "rediss://shop", "--tls-insecure"])
    #expect(insecure.identity.isUnverified)
    #expect(insecure.warning?.contains("the servers of 'shop'") == true)
  }

  @Test func `the configuration: a login for the servers and one for the Sentinels`() throws {
    let home = try TemporaryFolder()
    let (ours, theirs) = (try home.write("a", "ours\n"), try home.write("b", "theirs\n"))
    let opened = try plan(
      ["--env", "shop"],
      """
      sentinels: ['10.0.1.11:26379', '10.0.1.12'], master: 'shop',
      login: { user: 'console', database: 2, password_file: '\(ours)', tls: { insecure: true } },
      sentinel_login: { user: 'watch', password_file: '\(theirs)' },
      addresses: { '10.0.1.21:6379': '127.0.0.1:7001' }
      """)
    #expect(opened.servers.map(\.endpoint.description) == ["10.0.1.11:26379", "10.0.1.12:26379"])
    #expect(opened.servers.map(\.endpoint.user) == ["watch", "watch"])
    #expect(opened.servers.map { Self.text($0.access) } == ["theirs", "theirs"])
    let member = try #require(opened.group).member
    #expect(member.endpoint.user == "console" && member.endpoint.database == 2)
    #expect(member.endpoint.isTLS && Self.text(member.access) == "ours")
    #expect(opened.identity.isUnverified && opened.file == "c.json5")
    #expect(!opened.addresses.isEmpty)
    let bare = try plan(
      ["--env", "shop"], "sentinels: ['h'], master: 'm'", environment: ["REDISCLI_AUTH": "ours"])
    #expect(Self.text(bare.servers[0].access) == nil)
    #expect(try Self.text(#require(bare.group).member.access) == "ours")
  }

  @Test(
    arguments: [
      (["--sentinel", "h"], "--sentinel needs --master NAME"),
      (["--master", "m"], "--master goes with --sentinel"),
      (["--sentinel-auth", "f"], "--sentinel-auth goes with --sentinel"),
      (["--sentinel", "h", "--master", "m", "--redis", "x"], "--redis exclude each other"),
      (["--sentinel", "h", "--master", "m", "--env", "x"], "--env exclude each other"),
      (["--sentinel", "h", "--master", "m", "--demo"], "--demo exclude each other"),
      (["--sentinel", "unix:///x", "--master", "m"], "not a socket"),
      (["--sentinel", "redis://u:pw@h", "--master", "m"], "holds a password"),
      (["--sentinel", "h", "--master", "redis://u:pw@m"], "holds a password"),
      (["--sentinel", "h:1/2", "--master", "m"], "no databases"),
      (["--sentinel", "h", "--master", "redis://m:6379"], "the Sentinels know the address"),
      (["--sentinel", "h", "--master", "a b"], "no name of a master"),
      (["--sentinel", "h", "--master", "m", "--cacert", "f"], "nothing would be encrypted"),
      (["inspect", "k", "--redis", "h", "--map", "a:1=b:1"], "--map goes with --sentinel"),
    ] as [([String], String)])
  func `mistakes of the command line are named`(words: [String], expected: String) {
    do {
      _ = try plan(words)
      Issue.record("accepted \(words)")
    } catch let error as UsageError {
      #expect(error.description.contains(expected), "\(error)")
    } catch let error as StartError {
      #expect(error.message.contains(expected), "\(error)")
      #expect(error.exitCode == 2 && !error.message.contains("pw"))
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test(
    arguments: [
      ("sentinels: ['h'], master: 'm', servers: [{ url: 'x' }]", "has servers and sentinels"),
      ("sentinels: ['h']", "master' is missing"),
      ("sentinels: [], master: 'm'", "lists the Sentinels' addresses"),
      ("sentinels: 'h', master: 'm'", "lists the Sentinels' addresses"),
      ("sentinels: [7], master: 'm'", "a list of addresses"),
      ("sentinels: ['redis://u:pw@h'], master: 'm'", "holds a password"),
      ("servers: [{ url: 'x' }], master: 'm'", "master' goes with"),
      ("servers: [{ url: 'x' }], login: {}", "login' goes with"),
      ("servers: [{ url: 'x' }], sentinel_login: {}", "sentinel_login' goes with"),
      ("sentinels: ['h'], master: 'm', login: { usr: 'x' }", "did you mean 'user'?"),
      ("sentinels: ['h'], master: 'm', sentinel_login: { database: 1 }", "unknown key"),
      (
        "sentinels: ['h'], master: 'm', login: { password_file: 'f', ask_password: true }",
        "more than one of"
      ),
      ("sentinels: ['h'], master: 'm', login: { tls: { cert: 'f' } }", "go together"),
    ] as [(String, String)])
  func `mistakes of the file are named`(body: String, expected: String) {
    do {
      _ = try plan(["--env", "shop"], body)
      Issue.record("accepted \(body)")
    } catch let error as DocumentError {
      #expect(error.description.contains(expected), "\(error)")
      #expect(!error.description.contains("pw"))
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test func `a file that is missing and a variable that is not set say whose they are`() throws {
    for (body, expected) in [
      (
        "login: { password_environment: 'P' }",
        "the servers of 'm' in shop: the environment variable P"
      ),
      (
        "sentinel_login: { password_environment: 'P' }",
        "the Sentinels of shop: the environment variable P"
      ),
      ("login: { ask_password: true }", "no password was given for the servers of 'm' in shop"),
      ("login: { tls: { cacert: '/nonexistent' } }", "the servers of 'm' in shop: "),
    ] {
      do throws(any Error) {
        _ = try plan(["--env", "shop"], "sentinels: ['h'], master: 'm', " + body)
        Issue.record("accepted \(body)")
      } catch {
        #expect((error as? StartError)?.message.contains(expected) == true, "\(error)")
      }
    }
  }
}
