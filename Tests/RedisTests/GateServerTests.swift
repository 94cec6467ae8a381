import EventLoop
import Redis
import TestKit
import Testing

/// The gate's list against what real servers say of their commands, and against what they do.
@Suite(.blocking) struct GateServerTests {
  /// Reads of the server that people have looked at: none changes anything for anybody else. Servers
  /// do not flag them `readonly`, which speaks of keys only.
  static let reviewed: Set<String> = [
    "acl|dryrun", "acl|whoami", "asking", "client|getname", "client|id", "client|info",
    "client|list",
    "cluster|info", "cluster|myid", "cluster|nodes", "cluster|shards", "cluster|slots",
    "command|count", "command|info", "config|get", "info", "lastsave", "latency|doctor",
    "latency|graph", "latency|histogram", "latency|history", "latency|latest", "memory|doctor",
    "memory|stats", "ping", "readonly", "role", "slowlog|get", "slowlog|len", "time",
  ]
  /// These carry the flag and are refused all the same.
  static let flaggedButRefused: Set<String> = [
    "keys", "touch", "pfcount", "xread", "dump", "georadius_ro", "georadiusbymember_ro", "bitcount",
    "hgetall", "smembers",
  ]
  static let flaggedSince7: Set<String> = ["eval_ro", "evalsha_ro", "fcall_ro", "sort_ro"]

  /// Names that the server flags `readonly`, subcommands too where it tells (since 7.0).
  private static func flagged(_ server: RedisServer) throws -> Set<String> {
    var names: Set<String> = []
    func take(_ entries: [RedisReply]) {
      for entry in entries {
        guard let parts = entry.array, parts.count > 2, let name = parts[0].text else { continue }
        if parts[2].array?.contains(where: { $0.text == "readonly" }) == true {
          names.insert(name.lowercased())
        }
        if parts.count > 9 { take(parts[9].array ?? []) }
      }
    }
    take(try server.command(["COMMAND"]).array ?? [])
    return names
  }

  @Test func `each permitted command is flagged readonly, or stands on the reviewed list`() throws {
    let flagged = try Self.flagged(RedisServer())
    #expect(flagged.count > 50)
    for name in CommandGate.keyReadNames {
      let container = GateSamples.words(of: name)[0]
      #expect(flagged.contains(name) || flagged.contains(container), "\(name)")
    }
    #expect(Set(CommandGate.serverReadNames) == Self.reviewed)
    #expect(Set(CommandGate.keyReadNames).isDisjoint(with: Self.reviewed))
  }

  @Test func `what only newer servers have is read by them in every permitted form`() async throws {
    let server = try RedisServer()
    let client = try Fixture.client(server.url) { $0.gate = .readOnly }
    for form in CommandGate.newerReads {
      let isKnown = try await client.knows(newer: form.statName, action: "testing")
      for sample in GateSamples.of(form) {
        let error = await Fixture.failure(of: client, GateSamples.command(sample))
        #expect(error?.kind != .denied, "\(sample): \(error as Any)")
        #expect(isKnown == false || error?.message.contains("syntax error") != true, "\(sample)")
        // Of CLUSTER a server in no cluster says only that.
        if isKnown == false { #expect(error != nil, "\(sample)") }
      }
    }
    #expect(
      Set(CommandGate.newerReadNames) == ["cluster|slot-stats", "commandlog|get", "hotkeys|get"])
    #expect(Set(CommandGate.newerReadNames).isDisjoint(with: CommandGate.serverReadNames))
    // Nothing was started, reset or set.
    for words in [["HOTKEYS", "START"], ["COMMANDLOG", "RESET", "slow"], ["HOTKEYS", "RESET"]] {
      let error = await Fixture.failure(of: client, GateSamples.command(words))
      #expect(error?.message.contains("was not sent") == true, "\(words)")
    }
  }

  @Test func `what carries the flag and is not on the list is refused before any byte`()
    async throws
  {
    let server = try RedisServer()
    let proxy = try RecordingProxy(to: server.address)
    let client = try Fixture.client(proxy.url) { $0.gate = .readOnly }
    let flagged = try Self.flagged(server)
    #expect(Self.flaggedButRefused.subtracting(flagged) == [])
    let permitted = Set(CommandGate.keyReadNames)
    let containers = Set(permitted.map { GateSamples.words(of: $0)[0] })
    var asked = 0
    for name in flagged.union(Self.flaggedButRefused).union(Self.flaggedSince7).sorted()
    where !permitted.contains(name) && !containers.contains(name) {
      for count in 0...4 {
        let words = GateSamples.words(of: name) + [String](repeating: "a", count: count)
        let error = await Fixture.failure(of: client, GateSamples.command(words))
        #expect(error?.kind == .denied, "\(words)")
        #expect(error?.message.contains("was not sent") == true, "\(words)")
        asked += 1
      }
    }
    #expect(asked >= 5 * (Self.flaggedButRefused.count + Self.flaggedSince7.count))
    #expect(proxy.bytes.isEmpty)
  }

  @Test func `every permitted form is one that a server takes`() async throws {
    let server = try RedisServer()
    try GateSamples.fill(server)
    let client = try Fixture.client(server.url) { $0.gate = .readOnly }
    for form in CommandGate.serverReads + CommandGate.keyReads {
      for sample in GateSamples.of(form, key: GateSamples.key(for: form.statName)) {
        let error = await Fixture.failure(of: client, GateSamples.command(sample))
        #expect(error?.kind != .denied, "\(sample): \(error as Any)")
        // Several sections came with 7.0.
        guard form.text != "INFO section…" else { continue }
        #expect(error?.message.contains("syntax error") != true, "\(sample)")
      }
    }
  }

  @Test func `a form that passed opens the gate for no other form of its name`() async throws {
    let server = try RedisServer()
    let proxy = try RecordingProxy(to: server.address)
    let client = try Fixture.client(proxy.url) { $0.gate = .readOnly }
    let pairs: [([String], [String])] = [
      (["GET", "a"], ["GET", "a", "b"]), (["GET", "a"], ["GET"]),
      (["SCAN", "0"], ["SCAN", "x"]), (["SCAN", "0"], ["SCAN", "0", "TYPE", "string"]),
      (["SCAN", "0", "COUNT", "10"], ["SCAN", "0", "TYPE", "string"]),
      (["SCAN", "0", "COUNT", "10"], ["SCAN", "0", "COUNT", "1000000"]),
      (["INFO", "server"], ["INFO", "a b"]), (["PING"], ["PING", "x"]),
      (["ZRANGE", "z", "0", "1"], ["ZRANGE", "z", "a", "b"]),
      (["XRANGE", "x", "-", "+"], ["XRANGE", "x", "$", "+"]),
      (["MEMORY", "USAGE", "a", "SAMPLES", "5"], ["MEMORY", "USAGE", "a", "SAMPLES", "0"]),
      (["CONFIG", "GET", "hz"], ["CONFIG", "GET", "requirepass"]),
      (["CONFIG", "GET", "hz"], ["CONFIG", "SET", "hz", "10"]),
      (["SLOWLOG", "GET", "1"], ["SLOWLOG", "RESET"]),
      (["ACL", "DRYRUN", "default", "UNLINK", "a"], ["ACL", "DELUSER", "default", "UNLINK", "a"]),
    ]
    for (good, bad) in pairs {
      let (good, bad) = (GateSamples.command(good), GateSamples.command(bad))
      // Twice: the second is cleared without a look.
      for _ in 0..<2 { _ = await Fixture.failure(of: client, good) }
      #expect(await Fixture.failure(of: client, bad)?.kind == .denied, "\(bad)")
      _ = await Fixture.failure(of: client, good)
      for batch in [[bad, good], [good, bad], [good, good, bad, good]] {
        await #expect(throws: RedisError.self, "\(bad)") {
          try await client.pipeline(batch, action: "testing")
        }
      }
    }
    let good = Set(pairs.map(\.0)).union([["CLIENT", "SETNAME", "cacheconsole"]])
    for sent in proxy.commands where sent.prefix(2) != ["COMMAND", "INFO"] {
      #expect(good.contains(sent), "\(sent)")
    }
  }

  @Test func `thousands of random commands through the gate change nothing on a server`()
    async throws
  {
    let server = try RedisServer(arguments: ["--slowlog-log-slower-than", "0"])
    try GateSamples.fill(server)
    let client = try Fixture.client(server.url) { $0.gate = .readOnly }
    let keys = ["string", "hash", "list", "set", "zset", "stream", "hll", "mortal", "none"]
    let extra = ["STORE", "TYPE", "string", "RESET", "SET", "GET", "EX", "1", "COUNT", "0", "DEL"]
    let forms = CommandGate.serverReads + CommandGate.keyReads
    var generator = SplitMix64(seed: 7)
    let before = try server.info("rdb_changes_since_last_save")
    let settings = try server.command(["CONFIG", "GET", "*"])
    var sent = 0
    for _ in 0..<3000 {
      guard let form = forms.randomElement(using: &generator),
        let key = keys.randomElement(using: &generator),
        var words = GateSamples.of(form, key: key).randomElement(using: &generator)
      else { continue }
      if Bool.random(using: &generator) {
        let word = extra.randomElement(using: &generator) ?? ""
        let at = Int.random(in: 0...words.count, using: &generator)
        if at < words.count, Bool.random(using: &generator) {
          words[at] = word
        } else {
          words.insert(word, at: at)
        }
      }
      if await Fixture.failure(of: client, GateSamples.command(words))?.kind != .denied {
        sent += 1
      }
    }
    #expect(sent > 1500)
    #expect(try server.info("rdb_changes_since_last_save") == before)
    #expect(try server.command(["CONFIG", "GET", "*"]) == settings)
    // Its entries are still there: nobody has reset it.
    #expect(try server.command(["SLOWLOG", "LEN"]).integer == 128)
  }
}
