package import ConsoleModel
internal import Documents
package import EventLoop
package import Redis
private import Glibc

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
  /// nil: nothing can be changed from here.
  private let servers: [RunTicket.Server]?
  let keysPerMinute: UInt64?
  /// What runners are started from.
  private let program: String
  let clock: @Sendable () -> WallTime

  /// - Parameters:
  ///   - servers: how the servers are reached by those who may change them; nil for viewers.
  ///   - program: the running binary itself, but in tests.
  ///   - clock: civil time, for the age of copies.
  package init(
    environment: EnvironmentIdentity, nodes: [Node], servers: [RunTicket.Server]?, folder: String,
    author: OperationAuthor, keysPerMinute: UInt64? = nil, loop: EventLoop,
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
    self.loop = loop
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
    for node in nodes {
      do throws(RedisError) {
        var statuses = try await OperationRecords.read(node.probe, known: known)
        try await markOrphans(&statuses, node.probe)
        for status in statuses where status.environment == environment.name {
          if let known = found[status.id], known.updated >= status.updated { continue }
          found[status.id] = status
        }
      } catch {
        problems.append(error.description)
      }
    }
    let sorted = found.values.sorted { ($0.started, $0.id) > ($1.started, $1.id) }
    return (sorted, problems)
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
          "EXISTS", Lease.key(OperationRecords.name(statuses[$0].id), fence: statuses[$0].fence))
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

  /// Goes on with a run whose runner is gone, from its journal here or its mirror.
  package func takeOver(
    _ id: String, report: @escaping @Sendable (RunLauncher.Report) -> Void
  ) async throws(OperationRefusal) {
    guard mayChange else { throw OperationRefusal("this console is read-only") }
    guard OperationID.isValid(id) else {
      throw OperationRefusal("'\(id.prefix(40))' is no operation's name")
    }
    guard let plan = await plan(of: id) else {
      throw OperationRefusal(
        "the plan of operation \(id) is neither in \(folder)/operations nor in Redis: it was a list"
          + " too long to be mirrored, or it is older than a week; take it over where it was started"
      )
    }
    guard plan.environment.name == environment.name else {
      throw OperationRefusal(
        "operation \(id) belongs to environment \(plan.environment.name)")
    }
    if let reason = await stateRefusal(id) { throw OperationRefusal(reason) }
    try launch(plan, .takeOver, isBreakGlass: false, report: report)
  }

  /// Why it cannot be gone on with: it is over, or somebody is at work on it. What has failed can be:
  /// the server may be back. The runner that is started makes sure of it once more, by the lease.
  private func stateRefusal(_ id: String) async -> String? {
    for node in nodes {
      let name = OperationRecords.status(id)
      guard
        let reply = try? await node.probe.send(
          RedisCommand("GET", name), action: "reading operations"),
        let bytes = reply.bytes, let status = try? OperationStatus(json: bytes, file: name)
      else { continue }
      if status.state.isFinal {
        return
          "operation \(id) is \(status.state.rawValue): what is over is not taken over; plan it"
          + " anew if it is needed again"
      }
      let lease = Lease.key(OperationRecords.name(id), fence: status.fence)
      let alive = try? await node.probe.send(
        RedisCommand("EXISTS", lease), action: "reading operations")
      if alive?.unsigned == 1 {
        return "operation \(id) has a runner that is alive (\(status.runner)): pause or abort it"
          + " instead"
      }
      return nil
    }
    let last = RunJournal.last(RunFolder(state: folder, operation: id))
    for state in OperationState.allCases where state.isFinal {
      if last?.event == "ended \(state.rawValue)" {
        return
          "operation \(id) is \(state.rawValue), its journal says: what is over is not taken over"
      }
    }
    return nil
  }

  /// The plan of an operation, as it was confirmed.
  package func plan(of id: String) async -> OperationPlan? {
    let path = RunFolder(state: folder, operation: id).plan
    if let contents = try? FileReader.read(path, limit: OperationRequest.maximumDocumentBytes),
      let plan = try? OperationPlan(json: contents.bytes, file: path), plan.hasItsHash
    {
      return plan
    }
    for node in nodes {
      do throws(RedisError) {
        let reply = try await node.probe.send(
          RedisCommand("GET", OperationRecords.plan(id)), action: "reading a plan")
        if let bytes = reply.bytes,
          let plan = try? OperationPlan(json: bytes, file: OperationRecords.plan(id)),
          plan.hasItsHash
        {
          return plan
        }
      } catch { continue }
    }
    return nil
  }

  private func launch(
    _ plan: OperationPlan, _ mode: RunTicket.Mode, isBreakGlass: Bool,
    report: @escaping @Sendable (RunLauncher.Report) -> Void
  ) throws(OperationRefusal) {
    guard let servers else { throw OperationRefusal("this console is read-only") }
    let ticket = RunTicket(
      plan: plan, servers: servers.filter { plan.request.nodes.contains($0.node) }, mode: mode,
      folder: folder, keysPerMinute: keysPerMinute, isBreakGlass: isBreakGlass, actor: author)
    do throws(RunLaunchError) {
      try RunLauncher.start(ticket, program: program, report: report)
    } catch {
      throw OperationRefusal(error.description)
    }
  }

  /// Tells a run to pause, go on, or end.
  package func control(_ id: String, _ control: OperationControl) async throws(OperationRefusal) {
    guard OperationID.isValid(id) else {
      throw OperationRefusal("'\(id.prefix(40))' is no operation's name")
    }
    try await change { mutator throws(RedisError) in
      try await mutator.control(id, control, by: who)
    }
    if control == .abort { signalRunners { $0 == id } }
  }

  /// Takes what is over out of the list; its journal and its audit stay.
  package func dismiss(_ id: String) async throws(OperationRefusal) {
    guard let status = await operations().operations.first(where: { $0.id == id }) else {
      throw OperationRefusal("there is no operation \(id.prefix(40)) in the list")
    }
    guard status.state.isOver else {
      throw OperationRefusal("operation \(id) is \(status.state.rawValue): abort it first")
    }
    try await change { mutator throws(RedisError) in
      try await mutator.removeRecords([
        OperationRecords.status(id), OperationRecords.plan(id), OperationRecords.checkpoint(id),
        OperationRecords.control(id), OperationRecords.shard(id),
      ])
    }
  }

  /// Aborts every operation of every console of the environment.
  package func stopAll(token: String) async throws(OperationRefusal) {
    // Those of this machine need no server to hear it.
    signalRunners { _ in true }
    try await change { mutator throws(RedisError) in
      try await mutator.stopAll(token, by: who)
    }
  }

  /// On every server, because an operation's mirror is on one of them; one that took it is enough.
  private func change(
    _ body: (Mutator) async throws(RedisError) -> Void
  ) async throws(OperationRefusal) {
    guard let servers else { throw OperationRefusal("this console is read-only") }
    var problems: [String] = []
    for server in servers {
      let mutator = Mutator(endpoint: server.endpoint, access: server.access, loop: loop)
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

  /// SIGTERM to the runners of this machine whose operation is meant.
  private func signalRunners(_ isMeant: (String) -> Bool) {
    for id in PrivateFolder.names(in: "\(folder)/operations") where isMeant(id) {
      let path = RunFolder(state: folder, operation: id).processFile
      guard let contents = try? FileReader.read(path, limit: 64),
        let process = Int32(String(decoding: contents.bytes, as: UTF8.self)), process > 1,
        let title = try? FileReader.read("/proc/\(process)/cmdline", limit: 4096),
        String(decoding: title.bytes, as: UTF8.self).contains(RunLauncher.command)
      else { continue }
      kill(process, SIGTERM)
    }
  }
}

/// Why something was not started, in one line.
package struct OperationRefusal: Error, Sendable, Hashable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) { self.description = description }
}
