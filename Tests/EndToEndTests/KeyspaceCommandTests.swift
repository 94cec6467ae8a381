import Documents
import Glibc
import Redis
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

  /// Starts a slow walk, ends it by Ctrl-C once it has begun, and gives what it printed.
  private func stopped(_ words: [String]) throws -> (document: JSONValue, error: String) {
    try shop.server.command(["DEBUG", "POPULATE", "20000", "many", "10"])
    var options = ChildProcess.Options()
    options.environment = Console.environment(home: shop.home)
    let child = try ChildProcess(
      BuiltProgram.console(), ["keyspace", "--env", "dev", "--rate", "1000", "--json"] + words,
      options)
    let watcher = try shop.server.connect()
    // With the second page's call the first page is counted.
    let deadline = Deadline(within: 20)
    while try watcher.command(["INFO", "commandstats"]).text?.contains("cmdstat_scan:calls=2")
      != true
    {
      if deadline.isPast { throw TestKitError("it does not begin") }
    }
    child.send(SIGINT)
    #expect(child.wait(within: 10) == .code(1))
    return (try #require(try CommandShop.documents(child.outputText).first), child.errorText)
  }

  @Test func `Ctrl-C prints what is known so far, and --resume goes on to the whole`() throws {
    let (document, error) = try stopped([])
    #expect(document["state"]?.string == "stopped")
    #expect(error.contains("stopped: the report is of the keys that were visited"))
    let name = try #require(document["resume"]?.string)
    #expect(error.contains("--resume \(name)"))
    // Another environment has other servers, whatever their names are.
    let foreign = try shop.run(["keyspace", "--resume", name], in: "live")
    #expect(foreign.exit == .code(1) && foreign.error.contains("an analysis of dev"))
    let whole = try #require(
      try shop.documents(["keyspace", "--resume", "last", "--rate", "1000000"]).first)
    #expect(whole["state"]?.string == "complete" && whole["resume"] == nil)
    let many = whole["prefixes"]?[0]
    #expect(many?["prefix"]?.string == "many:" && many?["keys"]?.number == 20_000)
    #expect(whole["keys"]?.number == 20_345)
    // It is complete: there is nothing left to go on with.
    let again = try shop.run(["keyspace", "--resume", name])
    #expect(again.exit == .code(1) && again.error.contains("there is no analysis"))
  }

  @Test func `a server that was restarted since is refused with one line`() throws {
    let (document, _) = try stopped([])
    let name = try #require(document["resume"]?.string)
    shop.server.stop()
    try shop.server.start()
    let ended = try shop.run(["keyspace", "--resume", name])
    #expect(ended.exit == .code(1))
    let lines = ended.error.split(separator: "\n")
    #expect(
      lines.count == 1 && ended.error.contains("restarted or replaced since"), "\(ended.error)")
    #expect(ended.error.contains("start again without --resume"))
  }

  @Test func `filters count only the keys that are meant, a sample tells intervals`() throws {
    try shop.server.command(["HSET", "h:1", "f", "v"])
    let filtered = try #require(
      try shop.documents(["keyspace", "--ttl", "<2h", "--type", "string"]).first)
    #expect(filtered["keys"]?.number == 300)
    let hashes = try #require(try shop.documents(["keyspace", "--type", "hash"]).first)
    #expect(hashes["keys"]?.number == 1)
    // Keys that are used by frequency have no idle time.
    let idle = try shop.run(["keyspace", "--idle", ">1h"])
    #expect(idle.exit == .code(1) && idle.error.contains("keeps no idle times"))
    try shop.server.command(["DEBUG", "POPULATE", "20000", "many", "10"])
    let sample = try #require(try shop.documents(["keyspace", "--sample", "2000"]).first)
    #expect(sample["sample"] == .bool(true))
    let keys = try #require(sample["estimated_keys"])
    #expect((keys[0]?.number ?? .infinity) <= 20_346 && (keys[1]?.number ?? 0) >= 20_346)
    let bytes = try #require(sample["estimated_bytes"])
    #expect((bytes[0]?.number ?? 0) > 0 && (bytes[0]?.number ?? 0) <= (bytes[1]?.number ?? 0))
  }

  @Test func `one address of a cluster is enough for all of its primaries`() throws {
    let cluster = try RedisCluster()
    for node in cluster.primaries {
      try node.command(["CONFIG", "SET", "notify-keyspace-events", ""])
    }
    for number in 0..<200 {
      let slot = HashSlot.of(Array("key:\(number)".utf8))
      try cluster.owner(of: slot).command(["SET", "key:\(number)", "v"])
    }
    let port = cluster.nodes[5].port
    var options = ChildProcess.Options()
    options.environment = Console.environment(home: shop.home)
    let child = try ChildProcess(
      BuiltProgram.console(), ["keyspace", "--redis", "127.0.0.1:\(port)", "--json"], options)
    #expect(child.wait(within: 40) == .code(0), "\(child.errorText)")
    let document = try #require(try CommandShop.documents(child.outputText).first)
    #expect(document["keys"]?.number == 200 && document["state"]?.string == "complete")
    #expect(child.errorText == "")
  }

  @Test func `a server that is away is exit code 1, wrong words are 2`() throws {
    shop.server.stop()
    let ended = try shop.run(["keyspace"])
    #expect(ended.exit == .code(1) && !ended.error.isEmpty, "\(ended)")
    #expect(try shop.run(["keyspace", "--depth", "9"]).exit == .code(2))
  }
}
