import EventLoop
import Redis
import TestKit
import Testing

/// What a server's ACL says about the console's user, and how the header words it.
@Suite(.blocking) struct GateAccessTests {
  private static func ask(_ server: RedisServer, _ user: String) async throws -> AccessControl {
    var url = try RedisURL(parsing: server.url)
    url.endpoint.user = user
    return try await Probe(
      endpoint: url.endpoint, access: RedisAccess(password: Secret("pw")), loop: Fixture.loop
    )
    .accessControl()
  }

  /// Before 7.0 nobody can ask what a user may do.
  private static func offersDryRun(_ server: RedisServer) throws -> Bool {
    try server.command(["ACL", "DRYRUN", "default", "GET", "a"]).text == "OK"
  }

  @Test func `the default user of an open server may do everything`() async throws {
    let server = try RedisServer()
    let probe = Probe(endpoint: try RedisURL(parsing: server.url).endpoint, loop: Fixture.loop)
    let found = try await probe.accessControl()
    #expect(found.user == Array("default".utf8))
    #expect(found.badge(mayChange: true) == "")
    guard try Self.offersDryRun(server) else {
      #expect(found == AccessControl(user: Array("default".utf8)))
      #expect(found.badge(mayChange: false) == "")
      return
    }
    #expect(
      [found.unlink, found.set, found.pexpire, found.restore]
        == [.allowed, .allowed, .allowed, .allowed])
    #expect(found.badge(mayChange: false) == "acl default: may write")
    // Nothing was run.
    #expect(try server.command(["DBSIZE"]).integer == 0)
  }

  @Test(arguments: [
    (["-unlink"], "acl console: may not UNLINK", "acl console: may write"),
    (["-unlink", "-restore"], "acl console: may not UNLINK, RESTORE", "acl console: may write"),
    (["-@all", "+@read", "+acl|whoami", "+acl|dryrun"], "acl console: may not write", ""),
    (["resetkeys", "~product:*"], "acl console: may not write every key", ""),
    // Who may not ask is not told that something is wrong.
    (["-@all", "+@read", "+acl|whoami"], "", ""),
    (["-acl"], "", ""),
  ])
  func `a user's limits are told`(rules: [String], operatorBadge: String, viewerBadge: String)
    async throws
  {
    let server = try RedisServer()
    try server.command(
      ["ACL", "SETUSER", "console", "on", ">pw", "~*", "+@all"] + rules)
    let found = try await Self.ask(server, "console")
    let isOffered = try Self.offersDryRun(server)
    #expect(found.badge(mayChange: true) == (isOffered ? operatorBadge : ""))
    #expect(found.badge(mayChange: false) == (isOffered ? viewerBadge : ""))
    #expect(found.user == (rules == ["-acl"] ? nil : Array("console".utf8)))
  }

  @Test func `a user with a name of strange letters is asked for and drawn safely`() async throws {
    let server = try RedisServer()
    let name = "Ä\u{202E}x" + String(repeating: "y", count: 100)
    try server.command(["ACL", "SETUSER", name, "on", ">pw", "~*", "+@all", "-set"])
    let found = try await Self.ask(server, name)
    #expect(found.user == Array(name.utf8))
    let badge = found.badge(mayChange: true)
    #expect(badge.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } && badge.count < 60)
    if try Self.offersDryRun(server) {
      #expect(found.set == .denied && badge.hasSuffix(": may not SET"))
    }
  }

  @Test func `a server that is not there is an error, not a permission`() async throws {
    let server = try RedisServer()
    let probe = Probe(endpoint: try RedisURL(parsing: server.url).endpoint, loop: Fixture.loop)
    server.stop()
    await #expect(throws: RedisError.self) { try await probe.accessControl() }
  }
}
