import CacheConsole
import ConsoleModel
import Redis
import Synchronization
import TestKit
import Testing

@Suite struct StartupTests {
  private static let configuration = """
    { schema: 'cacheconsole.config', version: 1, default_environment: 'dev', environments: {
      dev: { class: 'development', servers: [{ url: 'redis://h1' }] },
      prod: { class: 'production', read_only: true, reveal: true,
        servers: [{ url: 'redis://h2', password_environment: 'P' }, { url: 'h3', ask_password: true }] } } }
    """

  private func startup(
    _ words: [String], configuration: String? = StartupTests.configuration,
    environment: [String: String] = [:], typed: String? = nil
  ) throws -> Startup {
    Startup(
      arguments: try Arguments(parsing: words),
      configuration: try configuration.map {
        try Configuration(parsing: Array($0.utf8), file: "c.json5")
      },
      passwords: PasswordSources(environment: environment, ask: { _ in typed }))
  }

  private func plan(_ startup: Startup) throws -> EnvironmentPlan? {
    if case .servers(let plan) = try startup.target() { plan } else { nil }
  }

  @Test func withNothingTheDemoOpens() throws {
    let bare = try plan(startup([], configuration: nil))
    let asked = try plan(startup(["--demo"]))
    #expect(bare == nil && asked == nil)
  }

  @Test func theDefaultEnvironmentOpens() throws {
    let opened = try #require(try plan(startup([])))
    #expect(opened.identity == EnvironmentIdentity(name: "dev", environmentClass: .development))
    #expect(opened.servers.map(\.id) == [NodeID("redis-1")])
    #expect(opened.mayReveal && !opened.isReadOnly)
  }

  @Test func passwordsComeFromTheirSources() throws {
    let opened = try #require(
      try plan(startup(["--env", "prod"], environment: ["P": "one"], typed: "two")))
    #expect(
      opened.servers.map { $0.access.password?.reveal() } == [Array("one".utf8), Array("two".utf8)])
    #expect(opened.isReadOnly)
    let access = try startup([]).access(opened)
    #expect(access.isReadOnly && !access.mayReveal)
    #expect(access.reason.contains("read_only"))
  }

  @Test func tokensAndTLSReachThePlanWithFullPaths() throws {
    let authority = try TLSAuthority.shared.get()
    let file = """
      { schema: 'cacheconsole.config', version: 1, environments: { e: { class: 'staging', servers: [
        { name: 'a', url: 'rediss://a', token_command: ['aws-token', 'x'],
          tls: { cacert: '\(authority.file)', servername: 's' } },
        { name: 'b', url: 'redis://b' }] } } }
      """
    let opened = try #require(try plan(startup([], configuration: file)))
    #expect(opened.servers.map(\.endpoint.isTLS) == [true, false])
    #expect(
      opened.servers[0].access.tls
        == TLSSettings(authorityFile: authority.file, serverName: "s"))
    guard case .provider(let provider) = opened.servers[0].access.source else {
      Issue.record("\(opened.servers[0].access.source)")
      return
    }
    #expect(provider as? ProgramToken == ProgramToken(["aws-token", "x"]))
    #expect(!opened.identity.isUnverified && opened.warning == nil)
    let insecure = try #require(
      try plan(startup(["--redis", "rediss://h", "--redis", "h2", "--tls-insecure"])))
    #expect(insecure.identity.isUnverified)
    #expect(insecure.warning?.contains("TLS NOT VERIFIED for rediss://h:6379:") == true)
    var options = TLSOptions()
    options.cacert = "ca.pem"
    #expect(options.settings(in: "/home/eva").authorityFile == "/home/eva/ca.pem")
  }

  @Test(
    arguments: [
      (["--redis", "h", "--cacert", "f"], "no server is a rediss:// one"),
      (["--redis", "rediss://h", "--cacert", "/nonexistent"], "/nonexistent cannot be opened"),
      (["--env", "prdo"], "did you mean 'prod'?"), (["--env", "prod"], "variable P is not set"),
      (["--redis", "redis://u:secret@h"], "holds a password"),
      (["--redis", "ftp://h"], "unknown scheme"),
      (["--redis", "h:99999"], "port"),
      (["--redis", "h", "--password-file", "/nonexistent"], "no such password file"),
      (["--redis", "h", "--ask-password"], "no password was given"),
    ] as [([String], String)])
  func mistakesAreClearAndHoldNoSecret(words: [String], expected: String) throws {
    let startup = try startup(words)
    do throws(StartError) {
      _ = try startup.target()
      Issue.record("accepted \(words)")
    } catch {
      #expect(error.message.contains(expected), "\(error)")
      #expect(!"\(error)".contains("secret"))
    }
  }

  @Test func readOnlyOfTheCommandLineHoldsEverywhere() throws {
    let opened = try #require(try plan(startup(["--read-only"])))
    #expect(opened.isReadOnly)
    let access = try startup(["--read-only"]).access(nil)
    #expect(access.isReadOnly && !access.mayReveal)
  }

  @Test func serversOfTheCommandLineAreTreatedAsProduction() throws {
    let opened = try #require(
      try plan(startup(["--redis", "h:1", "--redis", "h:1"], environment: ["REDISCLI_AUTH": "x"])))
    #expect(opened.identity.environmentClass == .production)
    #expect(opened.servers.map(\.id.rawValue) == ["h:1", "h:1 #2"])
    #expect(opened.servers.allSatisfy { $0.access.password?.reveal() == [UInt8(ascii: "x")] })
  }

  @Test func identitiesAreRememberedAndAChangeIsAnnouncedOnce() throws {
    let folder = try TemporaryFolder()
    let store = IdentityStore(folder: folder.path + "/state/cacheconsole")
    var snapshot = Snapshot(
      environment: .init(name: "e", environmentClass: .staging), at: WallTime(seconds: 5),
      taken: MonotonicTime(nanoseconds: 0),
      nodes: [
        NodeStatus(
          id: NodeID("n"), address: "a:1",
          identity: ServerIdentity(runID: "aaaaaaaaaaaa", product: "redis", version: "7"))
      ])
    let first = IdentityStore.merge(store.load(), with: snapshot)
    #expect(first.changes.isEmpty)
    #expect(store.save(first.entries))
    #expect(store.load() == first.entries)
    snapshot.nodes[0].identity?.runID = "bbbbbbbbbbbb"
    let second = IdentityStore.merge(store.load(), with: snapshot)
    #expect(second.changes.count == 1)
    #expect(second.changes.first?.contains("another server process") == true)
    #expect(IdentityStore.merge(second.entries, with: snapshot).changes.isEmpty)
  }
}
