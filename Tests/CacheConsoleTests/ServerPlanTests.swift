import CacheConsole
import ConsoleModel
import Redis
import Testing

/// How servers are reached that another one told of.
@Suite struct ServerPlanTests {
  private static let here = NodeAddress(host: "127.0.0.1", port: 7001)
  private static let a = NodeAddress(host: "a.shop", port: 6379)
  private static let b = NodeAddress(host: "b.shop", port: 6379)

  private static func plan(serverName: String?) throws -> ServerPlan {
    ServerPlan(
      id: NodeID("seed"),
      endpoint: try RedisURL(parsing: "rediss://console@seed.shop:6379/3").endpoint,
      access: RedisAccess(.none, tls: TLSSettings(serverName: serverName)))
  }

  @Test func `behind a forward each is verified by the name that it announces itself`() throws {
    let first = try Self.plan(serverName: nil).reaching(
      NodeID("a"), announced: Self.a, at: Self.here)
    #expect(first.endpoint.description == "rediss://127.0.0.1:7001/3")
    #expect(first.endpoint.user == "console" && first.endpoint.database == 3)
    #expect(first.access.tls.serverName == "a.shop")
    // Whoever told of it, through a forward too: not by the other one's name.
    let second = first.reaching(NodeID("b"), announced: Self.b, at: Self.here)
    #expect(second.access.tls.serverName == "b.shop")
    let direct = second.reaching(NodeID("a"), announced: Self.a, at: Self.a)
    #expect(direct.access.tls.serverName == nil)
  }

  @Test func `a name that was given is for all`() throws {
    let first = try Self.plan(serverName: "cache.example").reaching(
      NodeID("a"), announced: Self.a, at: Self.here)
    #expect(first.access.tls.serverName == "cache.example")
    let second = first.reaching(NodeID("b"), announced: Self.b, at: Self.b)
    #expect(second.access.tls.serverName == "cache.example")
  }
}
