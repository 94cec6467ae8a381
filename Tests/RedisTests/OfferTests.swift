import EventLoop
import Redis
import TestKit
import Testing

/// Servers whose commands are renamed, or refused to the user: each costs its own figure, and is asked for
/// once.
@Suite(.blocking) struct OfferTests {
  private static func errors(_ server: RedisServer) throws -> [String: String] {
    let text = try server.command(["INFO", "errorstats"]).text ?? ""
    return ProbeTests.fields(Array(text.utf8)).filter { $0.key.hasPrefix("errorstat_") }
  }

  @Test func `a renamed command costs its figure and is never asked`() async throws {
    let server = try RedisServer(arguments: [
      "--rename-command", "MEMORY", "", "--rename-command", "OBJECT", "HIDDENOBJECT",
    ])
    try ProbeTests.fill(server)
    let probe = try ProbeTests.probe(server)
    let keys = ["string", "hash", "list"].map(ProbeTests.bytes)
    for use in [Probe.UseMeasure.idleTime, .frequency, .none] {
      let described = try await probe.describe(keys, use: use)
      #expect(described.map(\.type) == ["string", "hash", "list"])
      #expect(described.allSatisfy { $0.timeToLive == .persistent })
      for key in described {
        #expect(key.missing[.memory]?.kind == .unsupported)
        #expect(key.missing[.memory]?.message.contains("has no MEMORY USAGE") == true)
        #expect(key.missing[.encoding]?.kind == .unsupported)
        #expect((key.missing[.use] != nil) == (use != .none))
        #expect(key.missing[.type] == nil && key.memoryBytes == nil)
      }
    }
    // COMMAND INFO had told: nothing was refused.
    #expect(try Self.errors(server) == [:])
    await #expect(throws: RedisError.self) {
      try await probe.objectFrequencies([ProbeTests.bytes("string")])
    }
    #expect(try Self.errors(server) == [:])
  }

  @Test func `what the ACL refuses is asked for once, not once a key`() async throws {
    let server = try RedisServer()
    try ProbeTests.fill(server)
    try server.connect().pipeline((0..<500).map { ["SET", "key:\($0)", "x"] })
    try server.command([
      "ACL", "SETUSER", "w", "on", ">p", "~*", "+@all", "-memory", "-pttl",
    ])
    var endpoint = try RedisURL(parsing: server.url).endpoint
    endpoint.user = "w"
    let probe = Probe(
      endpoint: endpoint, access: RedisAccess(password: Secret("p")), loop: Fixture.loop)
    let keys = (0..<500).map { ProbeTests.bytes("key:\($0)") }
    for _ in 0..<3 {
      let described = try await probe.describe(keys, use: .idleTime)
      #expect(described.count == 500)
      #expect(described.allSatisfy { $0.type == "string" && $0.encoding != nil })
      #expect(described.allSatisfy { $0.missing[.memory]?.kind == .denied })
      #expect(described.allSatisfy { $0.missing[.timeToLive]?.kind == .denied })
      #expect(described.allSatisfy { $0.idleSeconds != nil })
    }
    // Two commands, one line each.
    let log = try server.command(["ACL", "LOG"]).array ?? []
    #expect(log.count == 2)
    // Redis 6.0 has no errorstats.
    if let count = try Self.errors(server)["errorstat_NOPERM"] { #expect(count == "count=2") }
  }

  @Test func `a key that the ACL does not permit says nothing of other keys`() async throws {
    let server = try RedisServer()
    try server.connect().pipeline([["SET", "open:1", "x"], ["SET", "closed:1", "x"]])
    try server.command(["ACL", "SETUSER", "w", "on", ">p", "~open:*", "+@all"])
    var endpoint = try RedisURL(parsing: server.url).endpoint
    endpoint.user = "w"
    let probe = Probe(
      endpoint: endpoint, access: RedisAccess(password: Secret("p")), loop: Fixture.loop)
    let described = try await probe.describe(["closed:1", "open:1"].map(ProbeTests.bytes))
    #expect(described[0].type == nil && described[0].missing.isEmpty)
    #expect(described[1].type == "string" && described[1].memoryBytes != nil)
  }

  @Test func `a refusal is forgotten with its connection and after five minutes`() {
    let offers = ServerOffers()
    let now = EventLoop.now()
    let error = RedisError(
      kind: .denied, endpoint: "e", action: "a", message: "the server's ACL does not permit it")
    offers.note(error, of: "ttl", generation: 1, now: now)
    #expect(offers.refusal(of: "ttl", generation: 1, now: now) == error)
    #expect(offers.refusal(of: "type", generation: 1, now: now) == nil)
    #expect(offers.refusal(of: "ttl", generation: 2, now: now) == nil)
    #expect(offers.refusal(of: "ttl", generation: 1, now: now.advanced(by: .seconds(299))) != nil)
    #expect(offers.refusal(of: "ttl", generation: 1, now: now.advanced(by: .seconds(301))) == nil)
    // An error that is about the moment, not about the command.
    var busy = error
    busy.kind = .server
    offers.note(busy, of: "type", generation: 1, now: now)
    #expect(offers.refusal(of: "type", generation: 1, now: now) == nil)
    offers.noteTried(["type"], generation: 2)
    #expect(offers.haveBeenTried(["type"], generation: 2))
    #expect(!offers.haveBeenTried(["type", "ttl"], generation: 2))
    #expect(!offers.haveBeenTried(["type"], generation: 3))
    #expect(offers.refusal(of: "ttl", generation: 1, now: now) == nil)
  }

  @Test func `what only newer servers have is known from the connect`() async throws {
    let server = try RedisServer()
    let probe = try ProbeTests.probe(server)
    let known = try server.command(["COMMAND", "INFO", "commandlog", "hotkeys"]).array ?? []
    #expect(try await probe.offers(newer: "commandlog|get") == (known.first?.array != nil))
    #expect(try await probe.offers(newer: "hotkeys|get") == (known.last?.array != nil))
    // A user that may not ask: nobody knows.
    try server.command(["ACL", "SETUSER", "w", "on", ">p", "~*", "+@all", "-command"])
    var endpoint = try RedisURL(parsing: server.url).endpoint
    endpoint.user = "w"
    let blind = Probe(
      endpoint: endpoint, access: RedisAccess(password: Secret("p")), loop: Fixture.loop)
    #expect(try await blind.offers(newer: "commandlog|get") == nil)
    #expect(try Self.errors(server)["errorstat_ERR"] == nil)
  }
}
