import ConsoleModel
import Operations
import Redis
import Testing

@Suite struct TicketTests {
  private func ticket(_ address: RedisEndpoint.Address, password: String?, user: String?)
    -> RunTicket
  {
    let plan = OperationPlan(
      id: "20261125T165512-3f9a0c",
      request: OperationRequest(
        .shorten(seconds: 30), .keys([KeyName([0, 255, 10]), KeyName("a\u{1B}b")]),
        nodes: [NodeID("c1")]),
      environment: EnvironmentIdentity(name: "shop", environmentClass: .production),
      author: RunFixture.author, preview: OperationPreview(),
      created: WallTime(seconds: 1_764_000_000)
    ).hashed()
    var thresholds = RunThresholds()
    thresholds.abortSeconds = 3.5
    return RunTicket(
      plan: plan,
      servers: [
        RunTicket.Server(
          node: NodeID("c1"), endpoint: RedisEndpoint(address: address, user: user, database: 3),
          access: RedisAccess(password: password.map { Secret($0) }))
      ], mode: .takeOver, folder: "/tmp/x", thresholds: thresholds,
      keysPerMinute: password == nil ? nil : 60, isBreakGlass: true)
  }

  @Test(
    arguments: [
      (RedisEndpoint.Address.tcp(host: "::1", port: 6380), "pä ss\u{0}", "ops"),
      (.unix(path: "/run/r.sock"), nil, nil),
    ] as [(RedisEndpoint.Address, String?, String?)])
  func `a ticket comes through the pipe as it was`(
    address: RedisEndpoint.Address, password: String?, user: String?
  ) throws {
    var sent = ticket(address, password: password, user: user)
    sent.addresses = try AddressMap([(from: "10.0.0.1:6379", to: "127.0.0.1:7001")])
    let got = try RunTicket(json: Array(sent.json.utf8))
    #expect(got.plan == sent.plan)
    #expect(got.plan.hasItsHash)
    #expect(got.mode == .takeOver)
    #expect(got.folder == sent.folder)
    #expect(got.thresholds == sent.thresholds)
    #expect(got.keysPerMinute == sent.keysPerMinute)
    #expect(got.isBreakGlass)
    #expect(got.addresses == sent.addresses)
    #expect(got.servers.map(\.endpoint) == sent.servers.map(\.endpoint))
    #expect(got.servers[0].access.password?.reveal() == password.map { Array($0.utf8) })
  }

  @Test func `Sentinels come through with their own way in and the map of addresses`() throws {
    var sent = ticket(.tcp(host: "h", port: 1), password: "p", user: nil)
    sent.servers[0].sentinels = SentinelGroup(
      master: "carts",
      sentinels: [
        SentinelGroup.Sentinel(
          endpoint: RedisEndpoint(address: .tcp(host: "s1", port: 26379)),
          access: RedisAccess(password: Secret("own")))
      ],
      server: SentinelGroup.Sentinel(
        endpoint: RedisEndpoint(
          address: .tcp(host: "", port: 6379), user: "u", database: 2, isTLS: true),
        access: RedisAccess(password: Secret("p"), tls: TLSSettings(authorityFile: "/ca"))),
      addresses: try AddressMap([
        (from: "10.0.0.1:6379", to: "127.0.0.1:7001"), (from: "*:6380", to: "[::1]:*"),
      ]))
    let got = try #require(
      try RunTicket(json: Array(sent.json.utf8)).servers.first?.sentinels)
    let group = try #require(sent.servers[0].sentinels)
    #expect(got.master == "carts")
    #expect(got.sentinels.map(\.endpoint) == group.sentinels.map(\.endpoint))
    #expect(got.sentinels[0].access.password?.reveal() == Array("own".utf8))
    #expect(got.server.endpoint == group.server.endpoint)
    #expect(got.server.access.tls.authorityFile == "/ca")
    #expect(got.addresses == group.addresses)
  }

  @Test func `TLS and token programs come through, other providers do not`() throws {
    var sent = ticket(.tcp(host: "h", port: 1), password: nil, user: "u")
    sent.servers[0].endpoint.isTLS = true
    sent.servers[0].access = RedisAccess(
      .provider(ProgramToken(["/bin/token", "a b", "\n"])),
      tls: TLSSettings(
        authorityFile: "/ca", certificateFile: "/c", keyFile: "/k", serverName: "s",
        isVerified: false))
    let got = try RunTicket(json: Array(sent.json.utf8))
    #expect(got.servers[0].endpoint == sent.servers[0].endpoint)
    #expect(got.servers[0].access.tls == sent.servers[0].access.tls)
    guard case .provider(let provider) = got.servers[0].access.source else {
      Issue.record("no provider: \(got.servers[0].access.source)")
      return
    }
    #expect(provider as? ProgramToken == ProgramToken(["/bin/token", "a b", "\n"]))
    sent.servers[0].access = RedisAccess(.none)
    let bare = try RunTicket(json: Array(sent.json.utf8))
    #expect(bare.servers[0].endpoint.isTLS && bare.servers[0].access.tls == TLSSettings())
    // Version 1 had neither, and is still read.
    let old = ticket(.tcp(host: "h", port: 1), password: "p", user: nil).json
      .replacing("\"version\":2", with: "\"version\":1", maxReplacements: 1)
    let read = try RunTicket(json: Array(old.utf8))
    #expect(!read.servers[0].endpoint.isTLS)
    #expect(read.servers[0].access.password == Secret("p"))
  }

  @Test func `a part of a ticket is no ticket`() {
    let whole = Array(ticket(.unix(path: "/r"), password: "p", user: nil).json.utf8)
    for end in stride(from: 0, to: whole.count, by: 97) {
      #expect(throws: (any Error).self) { try RunTicket(json: Array(whole[..<end])) }
    }
  }
}
