import Collectors
import ConsoleModel
import EventLoop
import Operations
import Panels
import Redis
import Storefront
import Terminal

/// One environment while it is on the screen: connections, collectors, and for the demo its
/// supervisor. Nothing of it survives a switch.
final class Session {
  private let startup: Startup
  private let access: Access
  private let loop: EventLoop
  private let mailbox: Mailbox
  private let demo: DemoLauncher?
  private var nodes: NodeRegistry?
  private var collector: EnvironmentCollector?
  /// nil until there is a server.
  private(set) var operations: SessionOperations?
  /// Where Sentinels say where the primary is.
  private var follower: GroupFollower?
  private var demand = Demand()
  private var isDemoOver = false
  private let readers = ReadPlaces()
  private let searcher: KeySearcher
  private let keyspace: KeyspaceWatch

  /// Opens the servers of a plan.
  init(plan: EnvironmentPlan, startup: Startup, access: Access, loop: EventLoop, mailbox: Mailbox) {
    self.startup = startup
    self.access = access
    self.loop = loop
    self.mailbox = mailbox
    demo = nil
    (searcher, keyspace) = Self.walkers(loop, mailbox)
    connect(
      plan.servers, as: plan.identity, loader: plan.loader, addresses: plan.addresses,
      group: plan.group, sentinels: plan.sentinels)
  }

  /// Starts the demo; its server is connected to as soon as it answers.
  init(
    demo startup: Startup, access: Access, loop: EventLoop, mailbox: Mailbox
  ) throws(StartError) {
    self.startup = startup
    self.access = access
    self.loop = loop
    self.mailbox = mailbox
    (searcher, keyspace) = Self.walkers(loop, mailbox)
    do throws(DemoFailure) {
      demo = try DemoLauncher(options: DemoOptions(environment: startup.passwords.environment))
    } catch {
      throw .failed(error.description)
    }
  }

  private static func walkers(
    _ loop: EventLoop, _ mailbox: Mailbox
  ) -> (KeySearcher, KeyspaceWatch) {
    (
      KeySearcher(loop: loop) { mailbox.post(.keySearch($0)) },
      KeyspaceWatch(loop: loop) { mailbox.post(.keyspace($0, $1)) }
    )
  }

  private func connect(
    _ servers: [ServerPlan], as identity: EnvironmentIdentity, loader: [String],
    addresses: AddressMap = AddressMap(), group: GroupPlan? = nil, sentinels: SentinelGroup? = nil
  ) {
    let resolver = Resolver(loop: loop)
    let mailbox = mailbox
    let (startup, access, loop) = (startup, access, loop)
    let plans = ServerPlans(
      servers, group: group, sentinels: group == nil ? [] : Set(servers.map(\.id)))
    let registry = NodeRegistry(servers, plans: plans) {
      NodeConnection(
        $0, personalData: startup.personalData, access: access, loop: loop, resolver: resolver,
        interval: startup.interval)
    }
    self.nodes = registry
    var options = EnvironmentCollector.Options()
    options.interval = startup.interval
    options.personalData = startup.personalData
    options.addresses = addresses
    options.masters = group.map { [$0.master] }
    let collector = EnvironmentCollector(
      environment: identity, nodes: registry.monitored, options: options, directory: registry,
      loop: loop
    ) { mailbox.publish($0) }
    self.collector = collector
    collector.setDemand(demand)
    collector.start()
    let operations = SessionOperations(
      identity, loader: loader, addresses: addresses, startup: startup, access: access, loop: loop,
      mailbox: mailbox, waitingFor: group?.master)
    self.operations = operations
    guard let group, let sentinels, let via = servers.first?.id else {
      operations.onSlowlogReset { [collector] in collector.slowlogWasReset($0) }
      operations.serve(
        registry.all.map { OperationDesk.Node(id: $0.id, probe: $0.probe) },
        servers.map(\.ticketServer))
      return
    }
    let follower = GroupFollower(
      group, sentinels, nodes: registry, collector: collector, operations: operations)
    self.follower = follower
    operations.onSlowlogReset { [collector, weak follower] in
      collector.slowlogWasReset(follower?.server(of: $0) ?? $0)
    }
    follower.start(via: via, interval: startup.interval, loop: loop, resolver: resolver)
  }

  /// Ends everything; a demo's server and folder are gone when this returns.
  func close() {
    operations?.close()
    follower?.stop()
    searcher.stop()
    keyspace.stop()
    collector?.stop()
    nodes?.close()
    demo?.stop()
  }

  // MARK: The demo

  /// Poll this for reading, then call `pollDemo`; −1 without a demo.
  var demoDescriptor: Int32 { isDemoOver ? -1 : demo?.descriptor ?? -1 }

  /// Takes what the demo's supervisor told.
  func pollDemo() {
    for event in demo?.events() ?? [] {
      switch event {
      case .serving(let socket, _):
        guard nodes == nil else { continue }
        let endpoint = RedisEndpoint(address: .unix(path: socket))
        connect(
          [ServerPlan(id: NodeID("demo"), endpoint: endpoint)], as: Startup.demo,
          loader: startup.demoLoader)
      case .filling(let done, let total):
        say(.information, "the demo shop is opening: \(done) of \(total) keys")
      case .filled: say(.information, "the demo shop is open")
      case .restarting: say(.warning, "the demo's server ended and is started again")
      case .failed(let failure): say(.critical, "demo: \(failure)")
      case .ended: isDemoOver = true
      }
    }
  }

  private func say(_ weight: Notice.Weight, _ text: String) {
    mailbox.post(.notice(Toast(weight, DrawableText.escape(text, isUnicode: true, limit: 400))))
  }

  // MARK: Effects

  func setDemand(_ demand: Demand) {
    self.demand = demand
    collector?.setDemand(demand)
  }

  func search(_ search: KeySearch) {
    guard let named = connections(search.nodes, "searching keys") else { return }
    var places: [MonitoredNode] = []
    var origins: [String] = []
    for asked in named {
      let (node, route) = readers.place(for: asked, nodes, collector)
      // What is found is the named server's, wherever it was read.
      places.append(MonitoredNode(id: asked.id, probe: node.probe))
      if let origin = route.origin { origins.append(origin) }
    }
    if !origins.isEmpty {
      var progress = KeySearchProgress(
        id: search.id, state: .running, found: [], foundTotal: 0, visited: 0, keys: nil)
      progress.origin = origins.joined(separator: "; ")
      mailbox.post(.keySearch(progress))
    }
    searcher.start(search, on: places)
  }

  func cancelSearch(_ id: UInt64) { searcher.cancel(id) }

  func analyze(_ request: KeyspaceRequest) {
    let action = "measuring the keyspace"
    guard let named = connections(request.nodes, action) else { return }
    let nodes = named.map { MonitoredNode(id: $0.id, probe: $0.probe) }
    guard request.continues != nil else { return keyspace.start(request, on: nodes) }
    if !keyspace.resume(request, on: nodes) {
      mailbox.post(
        .effectFailed(
          Fault(
            kind: .unsupported, endpoint: request.nodes.map(\.rawValue).joined(separator: ", "),
            action: action, message: "there is nothing to go on with", nextStep: "start it again")))
    }
  }

  func cancelAnalysis(_ id: UInt64) { keyspace.cancel(id) }

  /// nil, and a message, if one of them is not there any more.
  private func connections(_ ids: [NodeID], _ action: String) -> [NodeConnection]? {
    var found: [NodeConnection] = []
    for id in ids {
      guard let node = node(id, action) else { return nil }
      found.append(node)
    }
    return found
  }

  func describe(_ id: NodeID, _ keys: [KeyName]) {
    guard let asked = node(id, "describing keys") else { return }
    let policy = collector?.evictionPolicy(of: id)
    let (readers, nodes, collector, mailbox) = (readers, nodes, collector, mailbox)
    loop.spawn {
      do throws(Fault) {
        let (summaries, _) = try await readers.read(asked, nodes, collector) {
          reader throws(Fault) in
          try await reader.describe(keys, policy: policy)
        }
        mailbox.post(.described(summaries, on: id))
      } catch {
        mailbox.post(.effectFailed(error))
      }
    }
  }

  func inspect(_ request: KeyInspectionRequest) {
    guard let asked = node(request.node, "reading a value") else { return }
    let policy = collector?.evictionPolicy(of: request.node)
    let (readers, nodes, collector, mailbox) = (readers, nodes, collector, mailbox)
    loop.spawn {
      mailbox.post(.inspection(await readers.inspect(request, asked, nodes, collector, policy)))
    }
  }

  private func node(_ id: NodeID, _ action: String) -> NodeConnection? {
    if let node = nodes?[id] { return node }
    mailbox.post(
      .effectFailed(
        Fault(
          kind: .unreachable, endpoint: id.rawValue, action: action,
          message: "there is no such server in this environment")))
    return nil
  }
}
