import Documents
import CacheConsole
import ConsoleModel
import Glibc
import TestKit
import Redis
import Testing

@Suite struct ConfigurationTests {
  private static let head = "{ schema: 'cacheconsole.config', version: 1,\n"

  private static func server(_ body: String) -> String {
    "environments: { a: { class: 'staging', servers: [{ \(body) }] } }"
  }

  private func parse(_ body: String) throws(DocumentError) -> Configuration {
    try Configuration(parsing: Array((Self.head + body + "}").utf8), file: "c.json5")
  }

  @Test func aLaterFileOnlyTakesMoreCare() throws {
    let server = "servers: [{url: 'x'}]"
    var system = try parse("environments: { a: { class: 'staging', \(server) } }")
    system.merge(
      try parse(
        "personal_data: { patterns: ['x:*'] }, environments: { a: { class: 'development', \(server) } }"
      ))
    #expect(system.environment(named: "a")?.environmentClass == .staging)
    #expect(
      system.personalData.patterns.map { String(decoding: $0, as: UTF8.self) }
        == PersonalDataPolicy.standardPatterns + ["x:*"])
  }

  @Test func theDocumentedExampleLoads() throws {
    let file = Repository.root + "/docs/config.example.json5"
    let contents = try #require(try FileReader.read(file))
    let configuration = try Configuration(parsing: contents.bytes, file: file)
    #expect(configuration.environments.map(\.name) == ["shop-dev", "shop-prod"])
    #expect(configuration.defaultEnvironment == "shop-dev")
    let production = try #require(configuration.environment(named: "shop-prod"))
    #expect(production.environmentClass == .production)
    #expect(production.isReadOnly && !production.mayReveal)
    #expect(production.servers.map(\.name) == ["redis-1", "redis-2", "redis-3", "redis-4"])
    #expect(production.servers[3].tokenCommand.first == "/usr/local/bin/elasticache-token")
    #expect(production.servers[3].tls.isEmpty)
    #expect(configuration.personalData == .standard)
    #expect(
      configuration.environment(named: "shop-dev")?.loader
        == ["/usr/local/bin/shop-loader", "--database", "shop"])
    #expect(production.loader == [])
  }

  @Test(
    arguments: [
      ("interval: 'x'", 2, "'interval' is a string, expected a number"),
      ("interval: 0", 2, "must be from"),
      ("intervall: 2", 2, "did you mean 'interval'?"),
      ("\n\nenvironments: { a: { class: 'prod', servers: [{url:'x'}] } }", 4, "one of development"),
      ("environments: { a: { servers: [{url:'x'}] } }", 2, "class' is missing"),
      ("environments: { a: { class: 'staging' } }", 2, "at least one server"),
      ("environments: { a: { class: 'staging', servers: [{}] } }", 2, "url' is missing"),
      (
        "environments: { a: { class: 'staging', servers: [{url:'x', urll: 'y'}] } }", 2,
        "unknown key 'environments.a.servers[0].urll'; did you mean 'url'?"
      ),
      (
        "environments: { a: { class: 'staging', servers: [{url:'x', name: 'n'},\n{url:'y', name: 'n'}] } }",
        3, "two servers are named 'n'"
      ),
      (
        "environments: { a: { class: 'staging', servers: [{url:'x', ask_password: true, password_file: 'f'}] } }",
        2, "more than one of"
      ),
      ("default_environment: 'shop'", 1, "not among its environments"),
      ("theme: 1", 2, "expected a string"),
      (
        "environments: { a: { class: 'staging', servers: [{url:'x'}], loader: 'x' } }", 2,
        "expected a list of strings"
      ),
      (
        "environments: { a: { class: 'staging', servers: [{url:'x'}], loader: [] } }", 2,
        "names no program"
      ),
      (
        "environments: { a: { class: 'staging', servers: [{url:'x'}], loader: ['bin/x'] } }", 2,
        "a relative path"
      ),
      (
        "environments: { a: { class: 'staging', servers: [{url:'x'}], loader: ['x', 'a\\0b'] } }",
        2,
        "zero byte"
      ),
      (server("url: 'redis://x', tls: {}"), 2, "the url is not a rediss:// one"),
      (server("url: 'rediss://x', tls: { cacrt: 'f' }"), 2, "did you mean 'cacert'"),
      (server("url: 'rediss://x', tls: { cert: 'f' }"), 2, "go together"),
      (server("url: 'rediss://x', tls: { key: 'f' }"), 2, "go together"),
      (server("url: 'rediss://x', tls: { insecure: true, cacert: 'f' }"), 2, "has no use with"),
      (server("url: 'rediss://x', tls: { servername: 'a b' }"), 2, "is no host name"),
      (server("url: 'rediss://x', tls: { cacert: '' }"), 2, "is empty"),
      (
        "environments: { a: { class: 'staging', servers: [{url:'x'}], addresses: { 'h': 'i:1' } } }",
        2,
        "'environments.a.addresses': h is no address: write host:port"
      ),
      (
        "environments: { a: { class: 'staging', servers: [{url:'x'}], addresses: { 'h:1': 7 } } }",
        2,
        "leads from"
      ),
      (server("url: 'x', token_command: []"), 2, "names no program"),
      (server("url: 'x', token_command: ['./x']"), 2, "a relative path"),
      (server("url: 'x', token_command: ['x'], password_file: 'f'"), 2, "more than one of"),
    ] as [(String, Int, String)])
  func mistakesNameTheKeyAndTheLine(body: String, line: Int, expected: String) {
    do throws(DocumentError) {
      _ = try parse(body)
      Issue.record("accepted \(body)")
    } catch {
      #expect(error.description.contains(expected), "\(error.description)")
      #expect((error.line ?? 1) == line, "\(error.description)")
    }
  }

  @Test(arguments: [
    ("{version: 1}", "'schema' is missing"), ("{schema: 'x', version: 1}", "schema is 'x'"),
    ("{schema: 'cacheconsole.config', version: 2}", "a newer cacheconsole wrote it"),
    ("{schema: 'cacheconsole.config'}", "'version' is missing"), ("[]", "expected an object"),
    ("{", "c.json5:1"),
  ])
  func headersAreChecked(text: String, expected: String) {
    do throws(DocumentError) {
      _ = try Configuration(parsing: Array(text.utf8), file: "c.json5")
      Issue.record("accepted \(text)")
    } catch {
      #expect(error.description.contains(expected), "\(error.description)")
    }
  }

  @Test func `announced addresses lead where the file says`() throws {
    let configuration = try parse(
      "environments: { a: { class: 'staging', servers: [{url:'x'}],"
        + " addresses: { '10.0.0.7:6379': '127.0.0.1:7001', '*:6380': 'localhost:*' } } }")
    let addresses = configuration.environments[0].addresses
    #expect(
      addresses.reachable(NodeAddress(host: "10.0.0.7", port: 6379))
        == NodeAddress(host: "127.0.0.1", port: 7001))
    #expect(
      addresses.reachable(NodeAddress(host: "b", port: 6380))
        == NodeAddress(host: "localhost", port: 6380))
    #expect(
      addresses.reachable(NodeAddress(host: "b", port: 1)) == NodeAddress(host: "b", port: 1))
  }

  @Test func aLaterFileOnlyLowersRights() throws {
    var system = try parse(
      "read_only: true, environments: { a: { class: 'production', read_only: true, reveal: false, servers: [{url:'x'}] } }"
    )
    system.merge(
      try parse(
        "read_only: false, environments: { a: { class: 'development', reveal: true, servers: [{url:'y'}] }, b: { class: 'staging', servers: [{url:'z'}] } }"
      ))
    let merged = try #require(system.environment(named: "a"))
    #expect(system.isReadOnly)
    #expect(merged.isReadOnly && !merged.mayReveal)
    #expect(merged.environmentClass == .production)
    #expect(merged.servers.map(\.url) == ["y"])
    #expect(system.environment(named: "b") != nil)
  }

  @Test func aFileWithAPasswordMustBePrivate() throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/config.json5"
    try folder.write(
      "config.json5",
      Self.head
        + "environments: { a: { class: 'staging', servers: [{url:'redis://u:secret@h'}] } } }")
    let loader = ConfigurationLoader(explicit: file, environment: [:])
    _ = unsafe chmod(file, 0o644)
    do throws(DocumentError) {
      _ = try loader.load()
      Issue.record("accepted a readable file with a password")
    } catch {
      #expect(error.description.contains("chmod 600"))
      #expect(!error.description.contains("secret"))
    }
    _ = unsafe chmod(file, 0o600)
    #expect(try loader.load()?.environments.count == 1)
  }

  @Test func aNamedFileMustExist() {
    let loader = ConfigurationLoader(explicit: "/nonexistent/c.json5", environment: [:])
    #expect(throws: DocumentError.self) { try loader.load() }
    let usual = ConfigurationLoader(explicit: nil, environment: ["XDG_CONFIG_HOME": "/nonexistent"])
    #expect(usual.files.last == "/nonexistent/cacheconsole/config.json5")
  }
}
