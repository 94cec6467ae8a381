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
        return try look(
          plan.servers, plan.identity, startup.access(plan), loop, isUnicode,
          addresses: plan.addresses)
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

  private func look(
    _ servers: [ServerPlan], _ identity: EnvironmentIdentity, _ access: Access, _ loop: EventLoop,
    _ isUnicode: Bool, addresses: AddressMap = AddressMap()
  ) throws(SystemError) -> Int32 {
    let resolver = Resolver(loop: loop)
    let interval = startup.interval
    let directory = ProbeDirectory(servers) { server in
      Probe(
        endpoint: server.endpoint, access: server.access,
        options: NodeConnection.options(interval: interval), loop: loop, resolver: resolver)
    }
    defer { directory.close() }
    var options = EnvironmentCollector.Options()
    options.interval = startup.interval
    options.personalData = startup.personalData
    options.addresses = addresses
    let collector = EnvironmentCollector(
      environment: identity, nodes: directory.nodes, options: options, directory: directory,
      loop: loop
    ) { _ in }
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
