import ConsoleModel
import EventLoop
import Operations
import Redis
import TestKit
import Testing

/// Which servers an operation on a cluster reaches, and which it must not.
@Suite(.blocking) struct ClusterReachTests {
  private static var bare: RedisCluster.Options {
    var options = RedisCluster.Options()
    options.replicasOfEach = 0
    return options
  }

  private static func probe(_ port: UInt16) -> Probe {
    Probe(
      endpoint: RedisEndpoint(address: .tcp(host: "127.0.0.1", port: port)), loop: RunFixture.loop)
  }

  private static func planner(
    _ fixture: ClusterOperationFixture, and node: NodeID, _ probe: Probe
  ) -> Planner {
    Planner(
      nodes: [
        Planner.Node(id: ClusterOperationFixture.node, probe: fixture.probe),
        Planner.Node(id: node, probe: probe),
      ], loop: RunFixture.loop, clusters: fixture.clusters, clock: RunFixture.wall)
  }

  private static func plan(
    _ planner: Planner, _ nodes: [NodeID]
  ) async throws -> OperationPlan {
    try await planner.plan(
      OperationRequest(.invalidate, .pattern(Array("search:*".utf8)), nodes: nodes),
      environment: ClusterOperationFixture.environment, author: RunFixture.author, undo: nil,
      seed: 1, update: { _ in })
  }

  @Test func `two clusters are two operations, and a plan stays with its own`() async throws {
    let fixture = try ClusterOperationFixture(Self.bare)
    let second = try RedisCluster(Self.bare)
    let probe = Self.probe(second[0].port)
    defer { probe.close() }
    let name = NodeID("second")
    let planner = Self.planner(fixture, and: name, probe)
    do {
      _ = try await Self.plan(planner, [ClusterOperationFixture.node, name])
      Issue.record("both clusters are in one plan")
    } catch let fault as Fault {
      #expect(fault.message.contains("more than one cluster"))
      #expect(fault.nextStep.contains("--node"))
    }
    let plan = try await Self.plan(planner, [name])
    #expect(plan.preview.shards.count == 3)
    let configured = [
      fixture.server,
      RunTicket.Server(node: name, endpoint: probe.endpoint),
    ]
    let ports = Set(second.nodes.map(\.port))
    let found = fixture.clusters.servers(of: plan, among: configured)
    #expect(found.count == 3)
    for server in found {
      guard case .tcp(_, let port) = server.endpoint.address else { continue }
      #expect(ports.contains(port))
    }
    // Who has not heard of the second cluster sends nothing of its plan to the first.
    let others = ClusterDirectory()
    _ = try await others.kind(ClusterOperationFixture.node, fixture.probe)
    #expect(others.servers(of: plan, among: configured).isEmpty)
  }

  @Test func `a server that does not answer is named in the plan`() async throws {
    let fixture = try ClusterOperationFixture(Self.bare)
    try fixture.fill("search:", 30)
    let gone = try RedisServer()
    guard case .loopback(let port) = gone.address else { return }
    let probe = Self.probe(port)
    defer { probe.close() }
    gone.kill9()
    let name = NodeID("elsewhere")
    let planner = Self.planner(fixture, and: name, probe)
    let plan = try await Self.plan(planner, [ClusterOperationFixture.node, name])
    #expect(plan.preview.shards.count == 3)
    #expect(
      plan.preview.warnings.contains {
        $0.hasPrefix("elsewhere does not answer") && $0.contains("nothing is done there")
      }, "\(plan.preview.warnings)")
    let alone = try await Self.plan(planner, [ClusterOperationFixture.node])
    #expect(!alone.preview.warnings.contains { $0.contains("elsewhere") })
  }

  @Test(.enabled(if: RedisCluster.hasShardsAndNames))
  func `behind forwards an operation reaches all shards through the map`() async throws {
    var options = Self.bare
    options.arguments = { number, port in
      [
        "--cluster-announce-hostname", "n\(number).shop.invalid",
        "--cluster-preferred-endpoint-type", "hostname",
        "--cluster-announce-port", "\(1000 + number)",
        "--cluster-announce-bus-port", "\(port + 10_000)",
      ]
    }
    var proxies: [RecordingProxy] = []
    let fixture = try ClusterOperationFixture(options) { cluster in
      proxies = try cluster.nodes.map { try RecordingProxy(to: $0.address, on: .loopback) }
      let ports = proxies.map { proxy -> UInt16 in
        if case .loopback(let port) = proxy.address { port } else { 0 }
      }
      let pairs = ports.enumerated().map {
        (from: "n\($0).shop.invalid:\(1000 + $0)", to: "127.0.0.1:\($1)")
      }
      return (try AddressMap(pairs), ports[0])
    }
    try fixture.fill("search:", 900)
    let plan = try await fixture.plan(fixture.pattern("search:*"))
    #expect(plan.preview.keys == .exact(900))
    let status = await RunFixture.run(fixture.ticket(plan))
    #expect(status.state == .done, "\(status.note)")
    #expect(status.changed == 900)
    #expect(try fixture.count("search:*") == 0)
    #expect(proxies.allSatisfy { proxy in proxy.commands.contains { $0.first == "EVAL" } })
  }
}
