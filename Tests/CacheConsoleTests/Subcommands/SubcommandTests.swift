import CacheConsole
import ConsoleModel
import Testing

@Suite struct SubcommandTests {
  static let operation = "20261125T165512-3f9a0c"

  private func call(_ line: String, _ more: [String] = []) throws -> SubcommandCall {
    let words = line.split(separator: " ").map(String.init) + more
    let arguments = try Arguments(parsing: words)
    guard case .subcommand(let call) = arguments.command else {
      throw UsageError("no subcommand: \(arguments.command)")
    }
    return call
  }

  private static func pace(_ rate: Int = 20_000, full: Bool = false, _ concurrency: Int = 16)
    -> Pace
  {
    Pace(keysPerSecond: rate, isFull: full, concurrency: concurrency)
  }

  private static let forms: [(String, Subcommand)] = [
    (
      "invalidate a b a",
      .invalidate(
        .named([KeyName("a"), KeyName("b")]), soft: nil, sessions: false, keepsCopy: true,
        copiesGuarded: false, pace: pace())
    ),
    (
      "invalidate --pattern product:* --sessions --soft 30 --no-copy --rate=500",
      .invalidate(
        .pattern(Array("product:*".utf8)), soft: 30, sessions: true, keepsCopy: false,
        copiesGuarded: false, pace: pace(500))
    ),
    (
      "invalidate --keys-from - --fast --copy-sessions",
      .invalidate(
        .list("-"), soft: nil, sessions: false, keepsCopy: true, copiesGuarded: true,
        pace: pace(full: true))
    ),
    ("ttl a --seconds 60", .ttl([KeyName("a")], seconds: 60)),
    ("ttl --persist -- -a", .ttl([KeyName("-a")], seconds: nil)),
    ("warm --from hot.dump", .warm(.dump("hot.dump"), keys: nil, pace: pace())),
    (
      "warm --keys-from list --rate 2000 --concurrency 4",
      .warm(.program(nil), keys: .list("list"), pace: pace(2000, 4))
    ),
    ("warm a", .warm(.program(nil), keys: .named([KeyName("a")]), pace: pace())),
    ("warm --command=load", .warm(.program(["load"]), keys: nil, pace: pace())),
    ("inspect a", .inspect(KeyName("a"))), ("inspect -", .inspect(KeyName("-"))),
    ("undo \(operation)", .undo(operation)), ("slowlog-reset", .slowlogReset),
    ("client-kill 18446744073709551615", .clientKill(.max)),
    ("operations", .operations(.list)), ("operations --json", .operations(.list)),
    ("operations pause \(operation)", .operations(.pause(operation))),
    ("operations resume \(operation)", .operations(.resume(operation))),
    ("operations abort \(operation)", .operations(.abort(operation))),
    ("operations take-over \(operation)", .operations(.takeOver(operation))),
    ("operations dismiss \(operation)", .operations(.dismiss(operation, reason: ""))),
    (
      "operations dismiss \(operation) --reason=gone",
      .operations(.dismiss(operation, reason: "gone"))
    ),
    ("operations stop", .operations(.stopAll)),
    ("hot --output f", .hot(output: "f", includesGuarded: false)),
    ("hot --output f --copy-sessions", .hot(output: "f", includesGuarded: true)),
    ("keyspace", .keyspace(order { _ in })),
    (
      "keyspace --pattern a:* --depth 3 --sample 1000 --rate 500",
      .keyspace(
        order {
          $0.pattern = Array("a:*".utf8)
          $0.depth = 3
          $0.sample = 1000
          $0.rate = 500
        })
    ),
    (
      "keyspace --type hash --ttl <60 --size >1mb --idle >1h",
      .keyspace(
        order {
          for (name, value) in [
            (KeyFilter.Name.type, "hash"), (.ttl, "<60"), (.size, ">1mb"), (.idle, ">1h"),
          ] { _ = $0.set(name, value) }
        })
    ),
    ("keyspace --resume \(operation)", .keyspace(order { $0.resume = operation })),
  ]

  private static func order(_ edit: (inout KeyspaceOrder) -> Void) -> KeyspaceOrder {
    var order = KeyspaceOrder()
    edit(&order)
    return order
  }

  @Test(arguments: [
    ("keyspace --ttl soon", "ttl:<60"), ("keyspace --size 1x", "size:>1mb"),
    ("keyspace --type a*", "type:hash"), ("keyspace --resume x", "not the name of an analysis"),
    ("keyspace --resume last --depth 3", "leave out --depth"),
  ])
  func `what an analysis does not understand is said`(line: String, part: String) {
    #expect { try call(line) } throws: { "\($0)".contains(part) }
  }

  @Test func `every form is read`() throws {
    for (line, expected) in Self.forms {
      #expect(try call(line).subcommand == expected, "\(line)")
    }
    let used = Set(Self.forms.map(\.1.name))
    #expect(used == Set(SubcommandName.allCases))
  }

  @Test func `the options that all have are read`() throws {
    let words = [
      "invalidate", "--redis", "h:1", "--redis=h:2", "--node", "h:1", "--password-file", "p",
      "--ask-password", "--read-only", "--role", "operator", "--config", "c", "--dry-run", "--json",
      "--yes", "--reason", "ticket 7", "--confirm", "search:* 1.0M", "--break-glass", "k",
    ]
    let arguments = try Arguments(parsing: words)
    #expect(arguments.redisURLs == ["h:1", "h:2"])
    #expect(arguments.passwordFile == "p" && arguments.asksPassword && arguments.isReadOnly)
    #expect(arguments.role == .operatorRole && arguments.configurationFile == "c")
    guard case .subcommand(let call) = arguments.command else {
      Issue.record("no subcommand")
      return
    }
    var expected = ActionOptions()
    expected.nodes = ["h:1"]
    expected.isDryRun = true
    expected.json = true
    expected.isConfirmed = true
    expected.reason = "ticket 7"
    expected.confirmation = "search:* 1.0M"
    expected.isBreakGlass = true
    #expect(call.options == expected)
    #expect(try Arguments(parsing: ["inspect", "--env", "prod", "k"]).environment == "prod")
    #expect(try self.call("undo \(Self.operation) --detach").options.detaches)
  }

  @Test(arguments: [
    ("invalidat a", "did you mean invalidate?"), ("audti", "did you mean audit?"),
    ("invalidate", "needs KEY..., --pattern GLOB or --keys-from"),
    ("invalidate a --pattern b", "exclude each other"),
    ("invalidate --pattern a --keys-from b", "exclude each other"),
    ("invalidate a --sessions", "belongs to --pattern"),
    ("invalidate a --sof 3", "did you mean --soft?"),
    ("invalidate -a", "written after --"), ("invalidate a --rate 0", "from 1 to"),
    ("invalidate a --rate 1.5", "not a whole number"),
    ("invalidate a --rate -5", "not a whole number"),
    ("invalidate a --rate 99999999999999999999999", "not a whole number"),
    ("invalidate a --rate 5 --fast", "exclude each other"),
    ("invalidate a --rate 5 --rate 6", "given twice"), ("invalidate a --soft 0", "from 1 to"),
    ("invalidate a --soft", "--soft needs a value: --soft SECONDS"),
    ("invalidate a --fast=1", "takes no value"), ("invalidate --pattern=", "needs a value"),
    ("invalidate a --no-copy --copy-sessions", "exclude each other"),
    ("invalidate a --confirm x", "goes with --yes"),
    ("invalidate a --dry-run --detach", "starts nothing"),
    ("invalidate a --env x --redis y", "exclude each other"),
    ("invalidate a --role root", "none of viewer, operator, admin"),
    ("ttl a", "one of --seconds N and --persist"), ("ttl --seconds 5", "needs KEY"),
    ("ttl a --seconds 5 --persist", "one of"), ("ttl a --seconds 9999999999999", "from 1 to"),
    ("warm", "warm needs"), ("warm --from d --keys-from k", "takes all of its file"),
    ("warm --from d --command c", "takes all of its file"),
    ("warm a --concurrency 0", "from 1 to 1000"),
    ("warm a --pattern b", "no option '--pattern'"),
    ("inspect", "needs KEY"), ("inspect a b", "'b' is a second"),
    ("inspect a --yes", "no option '--yes'"),
    ("undo", "needs OPERATION"), ("undo ../../etc/passwd", "not the name of an operation"),
    ("slowlog-reset now", "does not take 'now'"), ("client-kill", "needs ID"),
    ("client-kill 0", "from 1 to"), ("client-kill x", "not a whole number"),
    ("operations halt", "does not know 'halt'"), ("operations pause", "needs the name"),
    ("operations stop 20261125T165512-3f9a0c", "abort stops one"),
    ("operations abort x", "not the name of an operation"), ("hot", "needs --output FILE"),
    ("hot x --output f", "does not take 'x'"),
  ]) func `mistakes are named`(line: String, expected: String) {
    do throws(UsageError) {
      _ = try Arguments(parsing: line.split(separator: " ").map(String.init))
      Issue.record("accepted \(line)")
    } catch {
      #expect(error.description.contains(expected), "\(error)")
    }
  }

  @Test(arguments: [
    ["inspect", "a\u{FFFD}b"], ["invalidate", "--pattern", "\u{FFFD}*"], ["invalidate", ""],
    ["invalidate", "k", "--reason", "a\nb"], ["invalidate", "k", "--reason", "a\u{2028}b"],
    ["invalidate", "k", "--reason", String(repeating: "x", count: 501)],
    ["client-kill", "\u{1B}[31m"], ["operations", "\u{202E}"], ["undo", "a\nb"],
    ["hot", "--\u{7}"],
  ]) func `odd bytes are refused, and never printed as they are`(words: [String]) {
    do throws(UsageError) {
      _ = try Arguments(parsing: words)
      Issue.record("accepted \(words)")
    } catch {
      let isSafe = error.description.unicodeScalars.allSatisfy {
        ![.control, .format, .lineSeparator].contains($0.properties.generalCategory)
      }
      #expect(isSafe, "\(error.description.debugDescription)")
    }
  }

  @Test func `no words can make it trap`() {
    var random = SystemRandomNumberGenerator()
    let pool =
      SubcommandName.allCases.map(\.rawValue)
      + SubcommandName.allCases.flatMap(\.options).map(\.name)
      + [
        "--", "-", "", "a", "*", "0", "18446744073709551616", "--x=", "=", "--help", "stop",
        "\u{0}",
      ]
    for _ in 0..<5000 {
      let words = (0..<Int.random(in: 1...7, using: &random)).map { _ in
        pool.randomElement(using: &random) ?? ""
      }
      _ = try? Arguments(parsing: words)
    }
  }

  @Test func `a viewer is refused whatever changes, and nothing else`() throws {
    let viewer = Access(isReadOnly: true, reason: "started with --read-only", mayReveal: false)
    let admin = Access(isReadOnly: false, reason: "", mayReveal: true)
    for (line, _) in Self.forms {
      let call = try call(line)
      let isFree =
        line.hasPrefix("inspect") || line.hasPrefix("keyspace")
        || ["operations", "operations --json"].contains(line)
      #expect((call.refusal(viewer) == nil) == isFree, "\(line)")
      #expect(call.refusal(admin) == nil)
    }
    #expect(
      try call("invalidate a --dry-run").refusal(viewer)
        == "invalidate is refused to viewers: started with --read-only")
  }

  @Test func `each has a help that names all of its options`() throws {
    for name in SubcommandName.allCases {
      let help = SubcommandHelp.make(name)
      for option in name.options { #expect(help.contains(option.name), "\(name) \(option.name)") }
      #expect(help.split(separator: "\n").allSatisfy { $0.count <= 100 }, "\(help)")
      #expect(
        try Arguments(parsing: [name.rawValue, "--nonsense", "--help"]).command
          == .subcommandHelp(name))
      #expect(HelpText.make().contains("  \(name.rawValue) "))
    }
    #expect(try call("inspect -- --help").subcommand == .inspect(KeyName("--help")))
  }

  @Test(
    arguments: [
      ("load --fast  x", ["load", "--fast", "x"]), (#"a 'b c' "d e"f"#, ["a", "b c", "d ef"]),
      (#"a\ b '' "" c\\d"#, ["a b", "", "", #"c\d"#]),
      (#"'a\b' "a\b" "a\"b""#, [#"a\b"#, #"a\b"#, "a\"b"]),
      ("a$HOME `b` *", ["a$HOME", "`b`", "*"]), (#""it's" 'say "x"'"#, ["it's", #"say "x""#]),
      ("ü 'ö ä'", ["ü", "ö ä"]),
    ] as [(String, [String])])
  func `a command is cut as a shell cuts it`(text: String, words: [String]) throws {
    #expect(try CommandWords.split(text, option: "--command") == words)
  }

  @Test(arguments: ["", "   ", "'a", "\"a", "a\\", "''", "a\0b"])
  func `a command that is none is refused`(text: String) {
    #expect(throws: UsageError.self) { try CommandWords.split(text, option: "--command") }
  }
}
