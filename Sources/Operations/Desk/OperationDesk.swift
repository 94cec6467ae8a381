package import ConsoleModel
internal import Documents
package import EventLoop
package import Redis

/// What a console does with the operations of its environment: looks at them, tells their runners what
/// to do, starts runners. For a viewer it is made without servers to change: then it only looks.
package struct OperationDesk: Sendable {
  package struct Node: Sendable {
    package var id: NodeID
    package var probe: Probe

    package init(id: NodeID, probe: Probe) {
      self.id = id
      self.probe = probe
    }
  }

  package let environment: EnvironmentIdentity
  package let nodes: [Node]
  /// The state folder.
  package let folder: String
  package let author: OperationAuthor
  package let loop: EventLoop
  /// The environment's program for warm-ups; empty: there is none.
  let loader: [String]
  /// Variables of this process that hold passwords: runners, and the loaders that they start, get none.
  private let secretVariables: Set<String>
  /// nil: nothing can be changed from here.
  private let servers: [RunTicket.Server]?
  let clusters: ClusterDirectory
  let keysPerMinute: UInt64?
  /// What runners are started from.
  private let program: String
  let clock: @Sendable () -> WallTime

  /// - Parameters:
  ///   - servers: how the servers are reached by those who may change them; nil for viewers.
  ///   - loader: the only program that a plan from elsewhere may name.
  ///   - secretVariables: names of environment variables that runners do not inherit.
  ///   - clusters: what is known of the servers' clusters; the planner's, too.
  ///   - program: the running binary itself, but in tests.
  ///   - clock: civil time, for the age of copies.
  package init(
    environment: EnvironmentIdentity, nodes: [Node], servers: [RunTicket.Server]?, folder: String,
    author: OperationAuthor, keysPerMinute: UInt64? = nil, loader: [String] = [],
    secretVariables: Set<String> = [], clusters: ClusterDirectory = ClusterDirectory(),
    loop: EventLoop,
    program: String = RunLauncher.ownProgram, clock: @escaping @Sendable () -> WallTime
  ) {
    self.program = program
    self.clock = clock
    self.environment = environment
    self.nodes = nodes
    self.servers = servers
    self.folder = folder
    self.author = author
    self.keysPerMinute = keysPerMinute
    self.loader = loader
    self.secretVariables = secretVariables
    self.loop = loop
    self.clusters = clusters
  }

  package var mayChange: Bool { servers != nil }

  private var who: String { "\(author.user)@\(author.host)" }

  // MARK: Looking

  /// The newest operations of all consoles, newest first; a server that does not answer is named.
  ///
  /// - Parameter known: what the last look found; what is over is not asked for again.
  package func operations(
    known: [String: OperationStatus] = [:]
  ) async -> (operations: [OperationStatus], problems: [String]) {
    var found: [String: OperationStatus] = [:]
    var problems: [String] = []
    for answer in await answers(known) {
      switch answer {
      case .success(let statuses):
        for status in statuses where status.environment == environment.name {
          if let known = found[status.id], known.updated >= status.updated { continue }
          found[status.id] = status
        }
      case .failure(let error): problems.append(error.description)
      }
    }
    let sorted = found.values.sorted { ($0.started, $0.id) > ($1.started, $1.id) }
    return (sorted, problems)
  }

  /// What each server says, in their order; all are asked at once, since some may hang.
  private func answers(
    _ known: [String: OperationStatus]
  ) async -> [Result<[OperationStatus], RedisError>] {
    let answers = await withTaskGroup(
      of: (Int, Result<[OperationStatus], RedisError>).self
    ) { group in
      for (index, node) in nodes.enumerated() {
        group.addTask {
          do throws(RedisError) {
            let probe = try await clusters.records(node.id, node.probe)
            var statuses = try await OperationRecords.read(probe, known: known)
            try await markOrphans(&statuses, probe)
            return (index, .success(statuses))
          } catch {
            return (index, .failure(error))
          }
        }
      }
      var answers: [(Int, Result<[OperationStatus], RedisError>)] = []
      for await answer in group { answers.append(answer) }
      return answers
    }
    return answers.sorted { $0.0 < $1.0 }.map(\.1)
  }

  /// A run whose lease is gone has no runner any more.
  private func markOrphans(
    _ statuses: inout [OperationStatus], _ probe: Probe
  ) async throws(RedisError) {
    let running = statuses.indices.filter { !statuses[$0].state.isOver && statuses[$0].fence > 0 }
    guard !running.isEmpty else { return }
    let replies = try await probe.pipeline(
      running.map {
        RedisCommand(
          "EXISTS",
          Lease.key(
            probe.own(OperationRecords.name(statuses[$0].id)), fence: statuses[$0].fence))
      }, action: "reading operations")
    for (index, reply) in zip(running, replies) where reply.unsigned == 0 {
      statuses[index].state = .orphaned
      statuses[index].note = "its runner is gone: it can be taken over"
      statuses[index].rate = nil
      statuses[index].etaSeconds = nil
    }
  }

  // MARK: Changing

  /// Starts the runner of a confirmed plan.
  package func run(
    _ plan: OperationPlan, isBreakGlass: Bool = false,
    report: @escaping @Sendable (RunLauncher.Report) -> Void
  ) throws(OperationRefusal) {
    try launch(plan, .start, isBreakGlass: isBreakGlass, report: report)
  }

  func launch(
    _ plan: OperationPlan, _ mode: RunTicket.Mode, isBreakGlass: Bool,
    report: @escaping @Sendable (RunLauncher.Report) -> Void
  ) throws(OperationRefusal) {
    guard let servers else { throw Self.readOnly }
    let ticket = RunTicket(
      plan: plan, servers: clusters.servers(of: plan, among: servers),
      addresses: clusters.addresses, mode: mode, folder: folder, keysPerMinute: keysPerMinute,
      isBreakGlass: isBreakGlass, actor: author)
    do throws(RunLaunchError) {
      try RunLauncher.start(
        ticket, program: program, withoutVariables: secretVariables, report: report)
    } catch {
      throw OperationRefusal(error.description)
    }
  }

  /// Tells a run to pause, go on, or end.
  package func control(_ id: String, _ control: OperationControl) async throws(OperationRefusal) {
    guard mayChange else { throw Self.readOnly }
    guard OperationID.isValid(id) else { throw Self.noName(id) }
    // The state folder has runs of every environment: another one's is not told from here.
    if let plan = planHere(id), plan.environment.name != environment.name {
      throw Self.belongsElsewhere(plan)
    }
    // A runner of this machine needs no server to hear it, and servers may hang.
    let told = control == .abort ? LocalRunners.abort(in: folder) { $0 == id } : 0
    do throws(OperationRefusal) {
      try await change { mutator throws(RedisError) in
        try await mutator.control(id, control, by: who)
      }
    } catch {
      if told == 0 { throw error }
    }
  }

  /// Aborts every operation of every console of the environment.
  package func stopAll(token: String) async throws(OperationRefusal) {
    guard mayChange else { throw Self.readOnly }
    // Those of this machine need no server to hear it. This user's runs elsewhere go on.
    let told = LocalRunners.abort(in: folder) { [self] in
      planHere($0)?.environment.name == environment.name
    }
    do throws(OperationRefusal) {
      try await change { mutator throws(RedisError) in
        try await mutator.stopAll(token, by: who)
      }
    } catch {
      guard told > 0 else { throw error }
      let runners = told == 1 ? "the runner" : "\(told) runners"
      throw OperationRefusal(
        "\(runners) of this machine \(told == 1 ? "was" : "were") told, those of others were not:"
          + " \(error.description)")
    }
  }

  /// On every server, because an operation's mirror is on one of them; one that took it is enough.
  func change(
    _ body: (Mutator) async throws(RedisError) -> Void
  ) async throws(OperationRefusal) {
    guard let servers else { throw Self.readOnly }
    var problems: [String] = []
    for server in servers {
      let mutator = Mutator(
        endpoint: server.endpoint, access: server.access,
        route: await recordsRoute(server.node),
        sentinels: server.sentinels.map { SentinelRoute($0, loop: loop) }, loop: loop)
      defer { mutator.close() }
      do throws(RedisError) {
        try await body(mutator)
      } catch {
        problems.append(error.description)
      }
    }
    guard problems.count < servers.count else {
      throw OperationRefusal("no server took it: \(problems.joined(separator: "; "))")
    }
  }

  private func recordsRoute(_ id: NodeID) async -> ClusterRoute? {
    guard let node = nodes.first(where: { $0.id == id }) else { return nil }
    return await clusters.recordsRoute(id, node.probe)
  }

  static let readOnly = OperationRefusal("this console is read-only")

  static func belongsElsewhere(_ plan: OperationPlan) -> OperationRefusal {
    let name = PlainText.safe(plan.environment.name, limit: 60)
    return OperationRefusal("operation \(plan.id) belongs to environment \(name)")
  }

  static func noName(_ id: String) -> OperationRefusal {
    OperationRefusal("'\(PlainText.safe(id, limit: 40))' is no operation's name")
  }
}

/// Why something was not started, in one line.
package struct OperationRefusal: Error, Sendable, Hashable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) { self.description = description }
}
