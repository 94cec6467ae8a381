import Documents
import ConsoleModel
import Glibc
import Operations
import TestKit
import Testing

@testable import CacheConsole

/// Every subcommand in the hands of a viewer, seen from the server.
///
/// `operation-runner` and `demo-loader` are not among them: they are how the program starts itself, with
/// a ticket on standard input that only somebody who has the server's password could write.
@Suite(.serialized, .blocking) struct ViewerSubcommandTests {
  private let shop: ViewerShop

  init() throws {
    shop = try ViewerShop()
    // Whoever starts it has gone further than a viewer may.
    try shop.home.write("load", "#!/bin/sh\ntouch '\(shop.home.file("loaded"))'\n", mode: 0o700)
  }

  /// Every form of every subcommand that would change something.
  private func forms(_ name: SubcommandName) -> [[String]] {
    let operation = shop.operation
    let word = name.rawValue
    switch name {
    case .invalidate:
      return [
        ["product:1"], ["--pattern", "*", "--sessions", "--fast"], ["--keys-from", "-"],
        ["--keys-from", shop.home.file("keys.txt"), "--soft", "30"],
        ["session:1", "--copy-sessions"],
        ["product:1", "--no-copy", "--dry-run"],
      ].map { [word] + $0 }
    case .ttl: return [[word, "product:1", "--seconds", "5"], [word, "product:1", "--persist"]]
    case .warm:
      return [
        ["--from", shop.home.file("copies")], ["product:1"], ["--keys-from", "-"],
        ["--command", "touch \(shop.home.file("loaded"))"],
      ].map { [word] + $0 }
    case .undo: return [[word, operation]]
    case .slowlogReset: return [[word]]
    case .clientKill: return [[word, "1", "--node", "cache-1"]]
    case .operations:
      return ["pause", "resume", "abort", "take-over", "dismiss"].map { [word, $0, operation] }
        + [[word, "stop"]]
    case .hot:
      return [
        [word, "--output", shop.home.file("recorded")],
        [word, "--output", shop.home.file("recorded"), "--copy-sessions"],
      ]
    case .inspect, .keyspace: return []
    }
  }

  /// Ways to say yes; what is wrong usage is never refused, but not understood.
  private static func assents(_ name: SubcommandName, _ form: [String]) -> [[String]] {
    guard name.isPlanned else { return [[]] }
    let yes = ["--yes", "--reason", "because", "--confirm", form.count > 1 ? form[1] : "x"]
    return [[], yes, yes + ["--break-glass"]]
      + (form.contains("--dry-run") ? [] : [yes + ["--detach"]])
  }

  private func run(
    _ words: [String], input: String = "product:1\ncart:1\n"
  ) throws -> (exit: ChildProcess.Exit, output: String, error: String) {
    var options = ChildProcess.Options()
    options.environment = Console.environment(home: shop.home)
    options.environment["LANG"] = "C.UTF-8"
    options.hasInput = true
    let child = try ChildProcess(BuiltProgram.console(), words, options)
    // Who is refused before the list is read closes the pipe.
    try? child.write(input)
    child.closeInput()
    guard let exit = child.wait(within: 30) else { throw TestKitError("\(words) does not end") }
    return (exit, child.outputText, child.errorText)
  }

  @Test(arguments: ViewerShop.Means.allCases)
  func `every subcommand is refused to a viewer with the reason, and nothing reaches the server`(
    means: ViewerShop.Means
  ) throws {
    try shop.configure(means)
    let state = try shop.state()
    let digest = try shop.server.command(["DEBUG", "DIGEST"])
    let watcher = try shop.server.connect()
    let before = try CommandStatistics(watcher)
    var refused: Set<SubcommandName> = []
    for name in SubcommandName.allCases {
      for form in forms(name) {
        // By the other means the same check refuses: one assent of each form is enough there.
        let assents = Self.assents(name, form)
        for assent in means == .readOnlyFlag ? assents : Array(assents.suffix(1)) {
          let words = form + assent + ["--env", "shop"] + means.words
          let result = try run(words)
          #expect(result.exit == .code(1), "\(words): \(result)")
          #expect(
            result.error.contains("\(name.rawValue) is refused to viewers: \(means.reason)"),
            "\(words): \(result.error)")
          #expect(result.output == "", "\(words)")
          refused.insert(name)
        }
      }
    }
    #expect(refused == Set(SubcommandName.allCases.filter { $0.reach == .change }))
    // Refused before there is a connection.
    #expect(proxy == [])
    // What only looks is not refused.
    try look(means)
    let names = Set(proxy.map(AllowList.name))
    #expect(names.isSuperset(of: ["info", "zrange", "type", "getrange"]), "\(names)")
    #expect(AllowList.strangers(proxy) == [])
    #expect(try AllowList.strangers(from: before, to: CommandStatistics(watcher)) == [])
    #expect(try shop.server.command(["DEBUG", "DIGEST"]) == digest)
    #expect(try shop.state() == state)
    for file in ["loaded", "recorded"] {
      #expect(unsafe access(shop.home.file(file), F_OK) != 0, "\(file) was made")
    }
  }

  private var proxy: [[String]] { shop.proxy.commands }

  private func look(_ means: ViewerShop.Means) throws {
    for words in [
      ["inspect", "product:1"], ["inspect", "product:1", "--json"], ["inspect", "cart:1"],
      ["inspect", "l"], ["inspect", "s"], ["inspect", "z"], ["inspect", "x"], ["operations"],
      ["keyspace"], ["keyspace", "--sample", "100", "--json"],
      ["operations", "--json"], ["--once"], ["--once", "--json"],
    ] {
      let result = try run(words + ["--env", "shop"] + means.words)
      #expect(result.exit == .code(0), "\(words): \(result)")
      #expect(!result.output.isEmpty)
    }
    let session = try run(["inspect", "session:1", "--env", "shop"] + means.words)
    #expect(session.exit == .code(0))
    #expect(!session.output.contains("secret"))
    let list = try run(["operations", "--env", "shop"] + means.words)
    #expect(list.output.contains("\(shop.operation)  orphaned"))
    for words in [["audit", "--read-only"], ["audit", "--verify"], ["audit", "--json"]] {
      #expect(try run(words).exit == .code(0))
    }
  }

  @Test func `the same words of who may change things do, and the proxy sees it`() throws {
    try shop.configure(nil)
    let watcher = try shop.server.connect()
    let before = try CommandStatistics(watcher)
    let result = try run(["invalidate", "product:1", "--yes", "--env", "shop"])
    #expect(result.exit == .code(0), "\(result)")
    #expect(try shop.server.command(["EXISTS", "product:1"]) == .integer(0))
    #expect(AllowList.strangers(proxy).contains { $0.first == "UNLINK" })
    #expect(
      try AllowList.strangers(from: before, to: CommandStatistics(watcher)).contains("unlink"))
  }

  // MARK: Roles of the system's file

  /// In this process, because no variable and no option leads to another system file.
  private func startup(_ words: [String], roles: String, user: String) throws -> Startup {
    let folder = shop.home.file("etc")
    try PrivateFolder.make(folder)
    let file = try shop.home.write(
      "etc/config.json5",
      """
      { schema: 'cacheconsole.config', version: 1, roles: { \(roles) }, environments: {
        shop: { class: 'development', loader: ['\(shop.home.file("load"))'],
          servers: [{ name: 'cache-1', url: '\(shop.proxy.url)' }] } } }
      """)
    let environment = ["HOME": shop.home.path, "XDG_STATE_HOME": shop.home.file("state")]
    let configuration = try ConfigurationLoader(
      explicit: nil, environment: environment, systemFile: file, systemOwner: geteuid()
    ).load()
    return Startup(
      arguments: try Arguments(parsing: words), configuration: configuration,
      passwords: PasswordSources(environment: environment, ask: { _ in nil }),
      identity: Identity(user: user, uid: 4_711))
  }

  @Test(arguments: [
    ("default: 'operator', users: { eve: 'viewer' }", "eve is viewer by roles.users.eve in "),
    ("users: { alice: 'admin' }", "eve is viewer by roles, where neither you nor a group"),
    (
      "default: 'operator', limits: { operator: { environments: ['stage'] } }",
      "role operator may change stage, not 'shop'"
    ),
  ])
  func `who may not change an environment by the system's roles is refused each subcommand`(
    roles: String, reason: String
  ) throws {
    let state = try shop.state()
    for name in SubcommandName.allCases {
      for form in forms(name) {
        for assent in Self.assents(name, form) {
          let words = form + assent + ["--env", "shop"]
          let startup = try startup(words, roles: roles, user: "eve")
          guard case .subcommand(let call) = startup.arguments.command else {
            Issue.record("\(words) is no subcommand")
            continue
          }
          do throws(StartError) {
            let code = try SubcommandRun(startup: startup, call: call).run()
            Issue.record("\(words) ended with \(code)")
          } catch {
            #expect(error.exitCode == 1)
            #expect(
              error.message.hasPrefix("\(name.rawValue) is refused to viewers: \(reason)"),
              "\(error.message)")
          }
        }
      }
    }
    #expect(proxy == [])
    #expect(try shop.state() == state)
  }
}
