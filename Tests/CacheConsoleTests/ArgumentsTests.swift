import Documents
import CacheConsole
import Redis
import Testing

@Suite struct ArgumentsTests {
  @Test func allOptionsAreTaken() throws {
    let parsed = try Arguments(parsing: [
      "--redis", "redis://a:1", "--redis=unix:///x", "--config", "c", "--read-only", "--interval",
      "0.5", "--theme", "mono", "--no-mouse", "--once", "--json",
    ])
    #expect(parsed.redisURLs == ["redis://a:1", "unix:///x"])
    #expect(parsed.configurationFile == "c")
    #expect(parsed.isReadOnly)
    #expect(parsed.interval == 0.5)
    #expect(parsed.theme == "mono")
    #expect(!parsed.mouse)
    #expect(parsed.command == .once(json: true))
  }

  @Test(arguments: [
    (["--reids", "x"], "did you mean --redis?"),
    (["--redis"], "--redis needs a value"),
    (["--read-only=yes"], "takes no value"),
    (["--json"], "--json needs --once"),
    (["--interval", "0"], "not a number of seconds"),
    (["--interval", "nan"], "not a number of seconds"),
    (["--interval", "1e9"], "not a number of seconds"),
    (["--demo", "--redis", "x"], "exclude each other"),
    (["--env", "a", "--redis", "x"], "exclude each other"),
    (["--cacert", "f"], "go with --redis rediss://"),
    (["--env", "e", "--tls-insecure"], "tls section"),
    (["--redis", "rediss://h", "--cert", "c"], "--cert and --key go together"),
    (["--redis", "rediss://h", "--key", "k"], "--cert and --key go together"),
    (
      ["--redis", "rediss://h", "--tls-insecure", "--cacert", "f"],
      "--cacert has no use with --tls-insecure"
    ),
    (["--redis", "rediss://h", "--servername", "a/b"], "--servername is no host name"),
    (["inspect", "k", "--env", "e", "--cacert", "f"], "go with --redis rediss://"),
    (["localhost:6379"], "--redis URL"),
    (["--password-file", "f"], "--password-file is for --redis servers"),
    (["ttl", "k", "--env", "a", "--ask-password", "5"], "--ask-password is for --redis servers"),
    (["--\u{1B}[31m"], "unknown option '--\u{FFFD}[31m'"),
  ])
  func mistakesAreNamed(words: [String], expected: String) {
    do throws(UsageError) {
      _ = try Arguments(parsing: words)
      Issue.record("accepted \(words)")
    } catch {
      #expect(error.description.contains(expected), "\(error.description)")
    }
  }

  @Test func theOptionsForTLSAreThoseOfSubcommandsToo() throws {
    let words = [
      "--redis", "rediss://h", "--cert", "c", "--key", "k", "--servername", "s", "--cacert", "a",
    ]
    var expected = TLSOptions()
    (expected.cert, expected.key, expected.servername, expected.cacert) = ("c", "k", "s", "a")
    #expect(try Arguments(parsing: words).tls == expected)
    #expect(try Arguments(parsing: ["inspect"] + words + ["x"]).tls == expected)
    #expect(
      try Arguments(parsing: ["inspect", "--redis", "rediss://h", "--tls-insecure", "x"]).tls
        .insecure)
  }

  @Test func `nodes are reached where --map says`() throws {
    let words = [
      "--redis", "h", "--map", "10.0.0.7:6379=127.0.0.1:7001", "--map=*:6379=127.0.0.1:*",
    ]
    let addresses = try Arguments(parsing: words).addresses
    #expect(
      addresses.reachable(NodeAddress(host: "10.0.0.7", port: 6379))
        == NodeAddress(host: "127.0.0.1", port: 7001))
    #expect(
      addresses.reachable(NodeAddress(host: "x", port: 6379))
        == NodeAddress(host: "127.0.0.1", port: 6379))
  }

  @Test(
    arguments: [
      (["--redis", "h", "--map", "10.0.0.7"], "write ANNOUNCED=REACHED"),
      (["--redis", "h", "--map", "a=b"], "--map: a is no address"),
      (["--map", "a:1=b:2"], "--map is for --redis servers"),
      (["--env", "x", "--map", "a:1=b:2"], "has its own 'addresses'"),
    ] as [([String], String)])
  func `maps that lead nowhere are refused`(words: [String], expected: String) {
    do throws(UsageError) {
      _ = try Arguments(parsing: words)
      Issue.record("accepted \(words)")
    } catch {
      #expect(error.description.contains(expected), "\(error)")
    }
  }

  @Test func helpNamesEveryOption() {
    let help = HelpText.make()
    for option in Option.allCases { #expect(help.contains(option.rawValue)) }
    #expect(help.split(separator: "\n").allSatisfy { $0.count <= 100 })
  }

  @Test func helpAndVersionWinOverTheRest() throws {
    #expect(try Arguments(parsing: ["--help", "--nonsense"]).command == .help)
    #expect(try Arguments(parsing: ["--version"]).command == .version)
  }

  @Test(
    arguments: [
      ("--tehme", "--theme"), ("--readonly", "--read-only"), ("--jsn", "--json"), ("--zzzzzz", nil),
    ] as [(String, String?)])
  func suggestionsAreTheNearestWord(typed: String, expected: String?) {
    #expect(Suggestion.closest(to: typed, in: Option.allCases.map(\.rawValue)) == expected)
  }
}
