import Documents
import Glibc
import TestKit
import Testing

/// `keyspace`: what it prints of real servers, and how it ends.
@Suite(.serialized, .blocking) struct KeyspaceCommandTests {
  private let shop: CommandShop

  init() throws { shop = try CommandShop() }

  @Test func `it tells memory by prefix, the biggest keys and times to live`() throws {
    try shop.server.command(["SET", "blob", String(repeating: "x", count: 70_000)])
    let ended = try shop.run(["keyspace"])
    #expect(ended.exit == .code(0), "\(ended)")
    #expect(ended.error == "")
    for part in [
      "measured    346 keys", "search:", "search:g1:", "300", "(all other keys)",
      "string    blob  (cache-1)", "up to 1 d",
    ] { #expect(ended.output.contains(part), "\(part): \(ended.output)") }
    let document = try #require(try shop.documents(["keyspace", "--pattern", "search:*"]).first)
    #expect(document["state"]?.string == "complete")
    #expect(document["prefixes"]?[0]?["prefix"]?.string == "search:")
    #expect(document["prefixes"]?[0]?["prefixes"]?[0]?["prefix"]?.string == "search:g1:")
    #expect(document["biggest_keys"]?[0]?["type"]?.string == "string")
  }

  @Test func `hostile names are printed harmlessly`() throws {
    for name in ["evil\u{1B}[31m:\u{7}x", "日本\u{202E}:b", "two\nlines:x"] {
      try shop.server.command(["SET", name, String(repeating: "x", count: 9_000)])
    }
    for words in [["keyspace"], ["keyspace", "--json"]] {
      let ended = try shop.run(words)
      #expect(ended.exit == .code(0) && CommandShop.isPlain(ended.output + ended.error))
    }
  }

  @Test func `Ctrl-C prints what is known so far`() throws {
    try shop.server.command(["DEBUG", "POPULATE", "20000", "many", "10"])
    var options = ChildProcess.Options()
    options.environment = Console.environment(home: shop.home)
    let child = try ChildProcess(
      BuiltProgram.console(), ["keyspace", "--env", "dev", "--rate", "1000", "--json"], options)
    let watcher = try shop.server.connect()
    let deadline = Deadline(within: 20)
    while try watcher.command(["INFO", "commandstats"]).text?.contains("memory|usage") != true {
      if deadline.isPast { throw TestKitError("it does not begin") }
    }
    child.send(SIGINT)
    #expect(child.wait(within: 10) == .code(1))
    let document = try #require(try CommandShop.documents(child.outputText).first)
    #expect(document["state"]?.string == "stopped")
    #expect(child.errorText.contains("stopped: the report is of the keys that were visited"))
  }

  @Test func `a server that is away is exit code 1, wrong words are 2`() throws {
    shop.server.stop()
    let ended = try shop.run(["keyspace"])
    #expect(ended.exit == .code(1) && !ended.error.isEmpty, "\(ended)")
    #expect(try shop.run(["keyspace", "--depth", "9"]).exit == .code(2))
  }
}
