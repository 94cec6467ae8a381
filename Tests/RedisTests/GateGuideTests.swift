import EventLoop
import Redis
import TestKit
import Testing

/// docs/security.md: its lists are the program's, and its ACL rules do what it says, on a server that
/// is started with exactly these.
@Suite(.blocking) struct GateGuideTests {
  private let guide: SecurityGuide
  private let folder: TemporaryFolder
  private let server: RedisServer

  init() throws {
    guide = try SecurityGuide()
    folder = try TemporaryFolder()
    try folder.write("users.acl", guide.aclFile())
    server = try RedisServer(arguments: [
      "--aclfile", folder.file("users.acl"), "--maxmemory-policy", "allkeys-lfu",
    ])
  }

  private func connect(as user: String) throws -> RedisConnection {
    let connection = try server.connect()
    #expect(try connection.command(["AUTH", user, SecurityGuide.password]) == .simple("OK"))
    return connection
  }

  private static func isDenied(_ reply: RedisReply) -> Bool {
    guard case .error(let text) = reply else { return false }
    // Servers from 7.0 on refuse DEBUG to everybody, before they look at the user.
    return text.hasPrefix("NOPERM") || text.hasPrefix("ERR DEBUG command not allowed")
  }

  @Test func `the lists are those of the program`() {
    #expect(guide.blocks.contains(CommandGate.serverReads.map(\.text)))
    #expect(guide.blocks.contains(CommandGate.keyReads.map(\.text)))
    #expect(guide.blocks.contains(CommandGate.newerReads.map(\.text)))
    let settings = CommandGate.harmlessSettings.map { "`\($0)`" }.joined(separator: ", ")
    #expect(guide.text.contains("is one of \(settings):"))
    #expect(guide.text.contains("at most 1,000 more") && CommandForm.maximumRepeats == 1000)
  }

  @Test func `the rules make the same users as commands and as a file`() throws {
    let other = try RedisServer()
    for user in [SecurityGuide.viewer, SecurityGuide.administrating] {
      for command in try guide.commands(of: user) {
        #expect(try other.command(command) == .simple("OK"), "\(command)")
      }
      let made = try Self.rules(of: user, on: other)
      #expect(made.contains("+get") && made.contains("-@all"))
      #expect(try Self.rules(of: user, on: server) == made)
      // They can be run again.
      for command in try guide.commands(of: user) { try other.command(command) }
      #expect(try Self.rules(of: user, on: other) == made)
    }
  }

  /// Each server process has an order of its own.
  private static func rules(of user: String, on server: RedisServer) throws -> Set<String> {
    func words(_ reply: RedisReply) -> [String] {
      reply.array?.flatMap(words)
        ?? reply.text?.split(separator: " ").map(String.init) ?? ["\(reply)"]
    }
    return Set(words(try server.command(["ACL", "GETUSER", user])))
  }

  @Test func `the viewer reads in every permitted form`() async throws {
    try GateSamples.fill(server)
    var url = try RedisURL(parsing: server.url)
    url.endpoint.user = SecurityGuide.viewer
    let probe = Probe(
      endpoint: url.endpoint, access: RedisAccess(password: Secret(SecurityGuide.password)),
      loop: Fixture.loop)
    var answered = 0
    for form in CommandGate.serverReads + CommandGate.keyReads {
      for sample in GateSamples.of(form, key: GateSamples.key(for: form.statName)) {
        do throws(RedisError) {
          _ = try await probe.send(GateSamples.command(sample), action: "testing")
          answered += 1
        } catch {
          #expect(error.kind != .denied, "\(sample): \(error)")
        }
      }
    }
    // All but CLUSTER and what the server is too old for.
    #expect(answered > 75)
    // Nothing was asked for that the rules do not give, the handshake included.
    #expect(try server.command(["ACL", "LOG"]).array == [])
    let access = try await probe.accessControl()
    #expect(access.user == Array(SecurityGuide.viewer.utf8))
    #expect(access.badge(mayChange: false) == "")
    if try server.command(["ACL", "DRYRUN", "default", "GET", "a"]).text == "OK" {
      #expect(access.badge(mayChange: true) == "acl cacheconsole-viewer: may not write")
    }
  }

  @Test func `the server refuses the viewer every command that writes`() throws {
    let connection = try connect(as: SecurityGuide.viewer)
    var asked = 0
    func ask(_ entries: [RedisReply], _ container: [String]) throws {
      for entry in entries {
        guard let parts = entry.array, parts.count > 2, let name = parts[0].text,
          let arity = parts[1].integer, let flags = parts[2].array?.compactMap(\.text)
        else { continue }
        let words = container + [name.split(separator: "|").last.map(String.init) ?? name]
        if flags.contains("write") {
          // The server looks at the number of arguments first.
          let missing = max(0, Int(abs(arity)) - words.count)
          let reply = try connection.command(words + [String](repeating: "a", count: missing))
          #expect(Self.isDenied(reply), "\(words): \(reply)")
          asked += 1
        }
        if parts.count > 9, container.isEmpty { try ask(parts[9].array ?? [], [name]) }
      }
    }
    try ask(try server.command(["COMMAND"]).array ?? [], [])
    #expect(asked > 80)
    for words in Self.refusedToAll + [
      ["SLOWLOG", "RESET"], ["CLIENT", "KILL", "ID", "1"], ["MULTI"], ["WATCH", "a"],
      ["DUMP", "a"],
    ] {
      #expect(Self.isDenied(try connection.command(words)), "\(words)")
    }
    #expect(try server.command(["DBSIZE"]).integer == 0)
  }

  private static let refusedToAll: [[String]] = [
    ["FLUSHALL"], ["FLUSHDB"], ["CONFIG", "SET", "hz", "10"], ["CONFIG", "RESETSTAT"],
    ["CONFIG", "REWRITE"], ["KEYS", "*"], ["DEBUG", "SLEEP", "0"], ["SHUTDOWN", "NOSAVE"],
    ["EVAL", "return 1", "0"], ["SCRIPT", "FLUSH"], ["ACL", "SETUSER", "x"], ["ACL", "LIST"],
    ["REPLICAOF", "NO", "ONE"], ["MONITOR"], ["PUBLISH", "a", "b"], ["BGSAVE"], ["SAVE"],
    ["LATENCY", "RESET"], ["MEMORY", "PURGE"], ["CLIENT", "PAUSE", "1"], ["SWAPDB", "0", "1"],
    ["RENAME", "a", "b"], ["SORT", "a"],
  ]

  @Test func `the operator's rules give what operations need`() throws {
    let connection = try connect(as: SecurityGuide.administrating)
    func run(_ words: String...) throws -> RedisReply {
      let reply = try connection.command(words)
      if case .error(let text) = reply { Issue.record("\(words): \(text)") }
      return reply
    }
    _ = try run("SET", "a", "1", "PX", "100000")
    _ = try run("SET", "b", "1")
    let dump = try connection.command(bytes: [Array("DUMP".utf8), Array("a".utf8)])
    guard case .bulk(let payload) = dump else {
      Issue.record("DUMP: \(dump)")
      return
    }
    let restored = try connection.command(bytes: [
      Array("RESTORE".utf8), Array("c".utf8), Array("0".utf8), payload,
    ])
    #expect(restored == .simple("OK"))
    #expect(try run("PEXPIRE", "a", "5000").integer == 1)
    #expect(try run("PEXPIREAT", "b", "99999999999999").integer == 1)
    #expect(try run("PERSIST", "a").integer == 1)
    #expect(try run("EXPIRE", "a", "100").integer == 1)
    #expect(try run("UNLINK", "a", "b").integer == 2)
    #expect(try run("DEL", "c").integer == 1)
    _ = try run("WATCH", "n")
    _ = try run("MULTI")
    _ = try run("INCR", "n")
    #expect(try run("EXEC").array == [.integer(1)])
    _ = try run("MULTI")
    _ = try run("DISCARD")
    _ = try run("HSET", "h", "f", "v")
    _ = try run("ZADD", "z", "1", "a", "2", "b", "3", "c")
    #expect(try run("ZREM", "z", "a").integer == 1)
    #expect(try run("ZREMRANGEBYRANK", "z", "0", "0").integer == 1)
    _ = try run("RPUSH", "l", "a")
    #expect(try run("LRANGE", "l", "0", "-1").array?.count == 1)
    _ = try run("XADD", "x", "MAXLEN", "~", "10", "*", "f", "v")
    _ = try run("XTRIM", "x", "MAXLEN", "0")
    _ = try run("SLOWLOG", "RESET")
    _ = try run("CLIENT", "KILL", "ID", "999999")
    for words in Self.refusedToAll {
      #expect(Self.isDenied(try connection.command(words)), "\(words)")
    }
  }

  @Test func `the operator's rules cover all that the console sends`() throws {
    let connection = try connect(as: SecurityGuide.administrating)
    // Too few or wrong arguments are an error of another kind; the server looks at the name first.
    for name in Mutator.commands.union(CommandGate.keyReadNames).union(CommandGate.serverReadNames)
      .union(["client|setname", "command|info", "select"]).sorted()
    {
      let words = GateSamples.words(of: name)
      let found = try server.command(["COMMAND", "INFO", words[0]]).array?.first?.array
      let arity = max(0, Int(abs(found?[1].integer ?? 1)) - words.count)
      let reply = try connection.command(words + [String](repeating: "a", count: arity))
      #expect(!Self.isDenied(reply), "\(name): \(reply)")
      if name == "multi" { _ = try connection.command(["DISCARD"]) }
    }
  }
}
