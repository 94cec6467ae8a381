import Collectors
import ConsoleModel
import EventLoop
import Panels
import Redis
import Storefront
import Terminal

/// `--once`: two looks, one interval apart; one screen or one JSON document; then the end.
struct OnceRun {
  let startup: Startup
  let json: Bool

  /// Seconds beyond the collector's own deadlines, which end it first.
  private static let patience = 60.0

  func run() throws(StartError) -> Int32 {
    let isUnicode = TerminalLocale.adopt()
    let target = try startup.target()
    do throws(SystemError) {
      let loop = try EventLoop()
      try loop.start()
      switch target {
      case .servers(let plan):
        if let warning = plan.warning { StandardStreams.complain(warning) }
        guard let sentinels = plan.sentinels else {
          return try look(
            plan.servers, plan.identity, startup.access(plan), loop, isUnicode,
            addresses: plan.addresses)
        }
        return try look(plan, sentinels, loop, isUnicode)
      case .demo:
        let demo: DemoLauncher
        let socket: String
        do throws(DemoFailure) {
          demo = try DemoLauncher(options: DemoOptions(environment: startup.passwords.environment))
          socket = try demo.waitForSocket()
        } catch {
          return fail(error.description)
        }
        defer { demo.stop() }
        let server = ServerPlan(
          id: NodeID("demo"), endpoint: RedisEndpoint(address: .unix(path: socket)))
        return try look([server], Startup.demo, startup.access(nil), loop, isUnicode)
      }
    } catch {
      return fail("\(error)")
    }
  }

  /// What Sentinels watch; without them there is nothing to look at.
  private func look(
    _ plan: EnvironmentPlan, _ sentinels: SentinelGroup, _ loop: EventLoop, _ isUnicode: Bool
  ) throws(SystemError) -> Int32 {
    let inquiry = SentinelInquiry(sentinels, loop: loop, resolver: Resolver(loop: loop))
    let answer = try MainWait.run(on: loop, within: Self.patience) {
      () async -> (Result<SentinelPrimary, SentinelFailure>, [NodeAddress]) in
      do throws(SentinelFailure) {
        return (.success(try await inquiry.primary()), await inquiry.others())
      } catch {
        return (.failure(error), [])
      }
    }
    guard let (found, others) = answer, let via = plan.servers.first?.id, let group = plan.group
    else { return fail("no Sentinel answers within \(Int(Self.patience)) s") }
    var servers = plan.servers
    var primaries: [String: SentinelClient.Told] = [:]
    var worst: Int32 = 0
    switch found {
    case .success(let primary):
      primaries[group.master] = primary.told
      let id = NodeID(primary.endpoint.description)
      if let member = plan.member(id, announced: primary.announced),
        !servers.contains(where: { $0.id == id })
      {
        servers.insert(member, at: 0)
      }
    case .failure(let failure):
      guard failure.kind == .unconfirmed else { return fail(failure.description) }
      StandardStreams.complain(failure.description)
      worst = 1
    }
    let news = TopologyTracker.SentinelNews(others: others, via: via, primaries: primaries)
    return max(
      worst,
      try look(
        servers, plan.identity, startup.access(plan), loop, isUnicode, addresses: plan.addresses,
        plans: ServerPlans(servers, group: group, sentinels: Set(plan.servers.map(\.id))),
        master: group.master, news: news))
  }

  private func look(
    _ servers: [ServerPlan], _ identity: EnvironmentIdentity, _ access: Access, _ loop: EventLoop,
    _ isUnicode: Bool, addresses: AddressMap = AddressMap(), plans: ServerPlans? = nil,
    master: String? = nil, news: TopologyTracker.SentinelNews? = nil
  ) throws(SystemError) -> Int32 {
    let resolver = Resolver(loop: loop)
    let interval = startup.interval
    let directory = ProbeDirectory(servers, plans: plans) { server in
      Probe(
        endpoint: server.endpoint, access: server.access,
        options: NodeConnection.options(interval: interval), loop: loop, resolver: resolver)
    }
    defer { directory.close() }
    var options = EnvironmentCollector.Options()
    options.interval = startup.interval
    options.personalData = startup.personalData
    options.addresses = addresses
    options.masters = master.map { [$0] }
    let collector = EnvironmentCollector(
      environment: identity, nodes: directory.nodes, options: options, directory: directory,
      loop: loop
    ) { _ in }
    collector.follow { news }
    let limit = 2 * startup.interval + Self.patience
    guard
      let snapshot = try MainWait.run(on: loop, within: limit, { await collector.collectOnce() })
    else { return fail("no answer within \(Int(limit)) s") }
    let text = json ? SnapshotJSON.make(snapshot) : screen(snapshot, identity, access, isUnicode)
    guard StandardStreams.print(text) else { return 1 }
    let failures = snapshot.nodes.filter { $0.state != .live }
    for node in failures {
      // Servers of the command line are named by their address, which the fault's line begins with.
      let name = node.id.rawValue == node.address ? "" : "\(node.id.rawValue): "
      let line = node.fault?.line ?? "\(node.address): \(node.state.rawValue)"
      StandardStreams.complain(name + line)
    }
    return failures.isEmpty ? 0 : 1
  }

  private func screen(
    _ snapshot: Snapshot, _ identity: EnvironmentIdentity, _ access: Access, _ isUnicode: Bool
  ) -> String {
    let size = TerminalSize.ofStandardOutput() ?? (columns: 120, rows: 40)
    let zone = Clocks.zone(at: snapshot.at)
    let context = Context(
      environment: identity, access: access,
      capabilities: Capabilities(isUnicode: isUnicode, colorDepth: .mono), columns: size.columns,
      rows: size.rows, interval: startup.interval, utcOffsetSeconds: zone.offsetSeconds,
      zone: zone.name)
    return OnceScreen.text(snapshot, context: context)
  }

  private func fail(_ text: String) -> Int32 {
    StandardStreams.complain(text)
    return 1
  }
}
