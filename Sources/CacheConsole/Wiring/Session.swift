import Collectors
import ConsoleModel
import EventLoop
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
  private var demand = Demand()
  private var isDemoOver = false
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
      plan.servers, as: plan.identity, loader: plan.loader, addresses: plan.addresses)
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
    addresses: AddressMap = AddressMap()
  ) {
    let resolver = Resolver(loop: loop)
    let mailbox = mailbox
    let (startup, access, loop) = (startup, access, loop)
    let registry = NodeRegistry(servers) {
      NodeConnection(
        $0, personalData: startup.personalData, access: access, loop: loop, resolver: resolver,
        interval: startup.interval)
    }
    let nodes = registry.all
    self.nodes = registry
    var options = EnvironmentCollector.Options()
    options.interval = startup.interval
    options.personalData = startup.personalData
    options.addresses = addresses
    let collector = EnvironmentCollector(
      environment: identity, nodes: nodes.map { MonitoredNode(id: $0.id, probe: $0.probe) },
      options: options, directory: registry, loop: loop
    ) { mailbox.publish($0) }
    self.collector = collector
    collector.setDemand(demand)
    collector.start()
    operations = SessionOperations(
      identity, servers, nodes, loader: loader, startup: startup, access: access, loop: loop,
      mailbox: mailbox
    ) { [collector] in collector.slowlogWasReset($0) }
  }

  /// Ends everything; a demo's server and folder are gone when this returns.
  func close() {
    operations?.close()
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
    guard let nodes = monitored(search.nodes, "searching keys") else { return }
    searcher.start(search, on: nodes)
  }

  func cancelSearch(_ id: UInt64) { searcher.cancel(id) }

  func analyze(_ request: KeyspaceRequest) {
    let action = "measuring the keyspace"
    guard let nodes = monitored(request.nodes, action) else { return }
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
  private func monitored(_ ids: [NodeID], _ action: String) -> [MonitoredNode]? {
    var found: [MonitoredNode] = []
    for id in ids {
      guard let node = node(id, action) else { return nil }
      found.append(MonitoredNode(id: id, probe: node.probe))
    }
    return found
  }

  func describe(_ id: NodeID, _ keys: [KeyName]) {
    guard let node = node(id, "describing keys") else { return }
    let policy = collector?.evictionPolicy(of: id)
    let (reader, mailbox) = (node.reader, mailbox)
    loop.spawn {
      do throws(Fault) {
        mailbox.post(.described(try await reader.describe(keys, policy: policy), on: id))
      } catch {
        mailbox.post(.effectFailed(error))
      }
    }
  }

  func inspect(_ request: KeyInspectionRequest) {
    guard let node = node(request.node, "reading a value") else { return }
    let policy = collector?.evictionPolicy(of: request.node)
    let (reader, mailbox) = (node.reader, mailbox)
    loop.spawn { mailbox.post(.inspection(await reader.inspect(request, policy: policy))) }
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
