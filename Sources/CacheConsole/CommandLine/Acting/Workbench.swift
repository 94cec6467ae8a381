import ConsoleModel
import EventLoop
import Operations
import Redis

/// The connections and the engine that a subcommand works with.
struct Workbench {
  let plan: EnvironmentPlan
  let access: Access
  let loop: EventLoop
  let probes: [(id: NodeID, probe: Probe)]
  let desk: OperationDesk
  let planner: Planner
  let clusters: ClusterDirectory

  init(_ plan: EnvironmentPlan, _ startup: Startup, _ access: Access) throws(StartError) {
    self.access = access
    do throws(SystemError) {
      loop = try EventLoop()
      try loop.start()
    } catch {
      throw .failed("\(error)")
    }
    let (loop, resolver) = (loop, Resolver(loop: loop))
    let plan = try Self.resolved(plan, loop, resolver)
    self.plan = plan
    let interval = startup.interval
    probes = plan.servers.map { server in
      (
        server.id,
        Probe(
          endpoint: server.endpoint, access: server.access,
          options: NodeConnection.options(interval: interval), loop: loop, resolver: resolver)
      )
    }
    let clusters = ClusterDirectory(plan.addresses)
    self.clusters = clusters
    desk = OperationDesk(
      environment: plan.identity,
      nodes: probes.map { OperationDesk.Node(id: $0.id, probe: $0.probe) },
      servers: access.isReadOnly ? nil : plan.servers.map(\.ticketServer),
      folder: startup.stateFolder, author: startup.author(role: access.role),
      keysPerMinute: access.limits.keysPerMinute, loader: plan.loader,
      secretVariables: startup.secretVariables, clusters: clusters, loop: loop, clock: Clocks.wall)
    planner = Planner(
      nodes: probes.map { Planner.Node(id: $0.id, probe: $0.probe) }, loop: loop,
      clusters: clusters, clock: Clocks.wall)
  }

  /// Where Sentinels say where the servers are: with the present primary, by the master's name, which
  /// outlives failovers.
  private static func resolved(
    _ plan: EnvironmentPlan, _ loop: EventLoop, _ resolver: Resolver
  ) throws(StartError) -> EnvironmentPlan {
    guard let group = plan.group, let sentinels = plan.sentinels else { return plan }
    let inquiry = SentinelInquiry(sentinels, loop: loop, resolver: resolver)
    let answer: Result<SentinelPrimary, SentinelFailure>?
    do throws(SystemError) {
      answer = try MainWait.run(on: loop, within: SubcommandRun.briefPatience) {
        () async -> Result<SentinelPrimary, SentinelFailure> in
        do throws(SentinelFailure) {
          return .success(try await inquiry.primary())
        } catch {
          return .failure(error)
        }
      }
    } catch {
      throw .failed("\(error)")
    }
    switch answer {
    case .success(let primary):
      var resolved = plan
      var server = plan.member(group.node, announced: primary.announced)
      server?.sentinels = sentinels
      resolved.servers = [server].compactMap { $0 }
      resolved.group = nil
      return resolved
    case .failure(let failure): throw .failed(failure.description)
    case nil: throw .failed("no Sentinel answers")
    }
  }

  func close() { for entry in probes { entry.probe.close() } }

  /// Waits for work on the event loop.
  func wait<Value: Sendable>(
    _ seconds: Double, _ work: @Sendable @escaping () async -> Value
  ) throws(StartError) -> Value {
    let value: Value?
    do throws(SystemError) {
      value = try MainWait.run(on: loop, within: seconds, work)
    } catch {
      throw .failed("\(error)")
    }
    guard let value else { throw .failed("no answer within \(Int(seconds)) s") }
    return value
  }
}
