import Collectors
import ConsoleModel
import EventLoop
import Operations
import Panels
import Redis
import Synchronization
import Terminal

/// Planning, starting and watching operations for the screen: answers go into the mailbox.
final class SessionOperations: Sendable {
  /// What works on the servers that there are now.
  private struct Engine {
    var desk: OperationDesk
    var planner: Planner
    /// Whose primary is not known yet; nil: there are servers.
    var waitingFor: String?
  }

  private let engine: Mutex<Engine>
  private let makeEngine: @Sendable ([OperationDesk.Node], [RunTicket.Server]) -> Engine
  private let access: Access
  private let trail: AuditTrail
  private let loop: EventLoop
  private let mailbox: Mailbox
  private let state = Mutex(State())

  private struct State {
    var slowlogWasReset: @Sendable (NodeID) -> Void = { _ in }
    var planning: Task<Void, Never>?
    var watching: Task<Void, Never>?
    var asking: Task<Void, Never>?
    /// The environment was left: nothing of it reaches the screen any more.
    var isClosed = false
    /// By id; what runners told directly is newer than the mirror.
    var known: [String: OperationStatus] = [:]
    var audit: (entries: [AuditEntry], problems: [String]) = ([], [])
    var problems: [String] = []
    var lastPublished: OperationsReport?
  }

  /// Seconds between two looks into the mirror.
  private static let interval = 2.0
  private static let auditLimit = 200

  /// - Parameter waitingFor: the master whose primary is found later; nil: `serve` follows at once.
  init(
    _ identity: EnvironmentIdentity, loader: [String], addresses: AddressMap, startup: Startup,
    access: Access, loop: EventLoop, mailbox: Mailbox, waitingFor: String? = nil
  ) {
    self.access = access
    self.loop = loop
    self.mailbox = mailbox
    let folder = startup.stateFolder
    trail = AuditTrail(folder: folder)
    makeEngine = { nodes, servers in
      let clusters = ClusterDirectory(addresses)
      let desk = OperationDesk(
        environment: identity, nodes: nodes,
        servers: access.isReadOnly ? nil : servers,
        folder: folder, author: startup.author(role: access.role),
        keysPerMinute: access.limits.keysPerMinute, loader: loader,
        secretVariables: startup.secretVariables, clusters: clusters, loop: loop,
        clock: Clocks.wall)
      let planner = Planner(
        nodes: nodes.map { Planner.Node(id: $0.id, probe: $0.probe) }, loop: loop,
        clusters: clusters, clock: Clocks.wall)
      return Engine(desk: desk, planner: planner)
    }
    var engine = makeEngine([], [])
    engine.waitingFor = waitingFor
    self.engine = Mutex(engine)
    let watching = loop.spawn { [self] in await watch() }
    state.withLock { $0.watching = watching }
  }

  /// From now on operations are planned for these servers; those that run go on where they are.
  func serve(_ nodes: [OperationDesk.Node], _ servers: [RunTicket.Server]) {
    let engine = makeEngine(nodes, servers)
    self.engine.withLock { $0 = engine }
    let probes = nodes.map(\.probe)
    let asking = loop.spawn { [self] in await askAccess(probes) }
    state.withLock { state in
      state.asking?.cancel()
      state.asking = asking
      if state.isClosed { asking.cancel() }
    }
  }

  func onSlowlogReset(_ call: @escaping @Sendable (NodeID) -> Void) {
    state.withLock { $0.slowlogWasReset = call }
  }

  private var desk: OperationDesk { engine.withLock { $0.desk } }
  private var planner: Planner { engine.withLock { $0.planner } }

  /// True if nothing can be changed yet, which is said.
  private func isWaiting() -> Bool {
    guard let master = engine.withLock({ $0.waitingFor }) else { return false }
    say(.warning, "the primary of '\(master)' is not known yet: wait until the Sentinels name it")
    return true
  }

  /// From here on nothing is posted; runners go on, and whoever comes back finds them in the mirror.
  func close() {
    state.withLock { state in
      state.isClosed = true
      state.planning?.cancel()
      state.watching?.cancel()
      state.asking?.cancel()
    }
  }

  /// Under the lock, so that what was posted before the end is in the mailbox when that is emptied.
  private func post(_ message: Message) {
    state.withLock { state in
      if !state.isClosed { mailbox.post(message) }
    }
  }

  // MARK: Planning

  func plan(_ request: OperationRequest) {
    let task = loop.spawn { [self] in await makePlan(request) }
    state.withLock { state in
      state.planning?.cancel()
      state.planning = task
    }
  }

  func cancelPlan() {
    state.withLock { state in
      state.planning?.cancel()
      state.planning = nil
    }
  }

  private func makePlan(_ request: OperationRequest) async {
    let (desk, planner) = engine.withLock { ($0.desk, $0.planner) }
    if let reason = PlanCheck.refusal(request, in: desk.environment, access: access) {
      return post(.planFailed(request, desk.fault(request, reason)))
    }
    do throws(Fault) {
      var (request, undo) = try await desk.resolved(request)
      request.pace = request.pace.limited(by: access.limits)
      let plan = try await planner.plan(
        request, environment: desk.environment, author: desk.author, undo: undo,
        seed: UInt64.random(in: .min ... .max)
      ) { [self] in post(.planned($0)) }
      if let reason = PlanCheck.refusal(plan, access: access) {
        throw desk.fault(request, reason)
      }
      post(.planned(plan))
    } catch {
      guard error.kind != .cancelled else { return }
      post(.planFailed(request, error))
    }
  }

  // MARK: Running

  func run(_ confirmed: OperationPlan) {
    if isWaiting() { return }
    let (desk, planner) = engine.withLock { ($0.desk, $0.planner) }
    loop.spawn { [self] in
      // The reason was typed after the plan was made.
      let plan = confirmed.hashed()
      do throws(OperationRefusal) {
        try await desk.checkAndRun(
          plan, planner: planner, access: access, now: Clocks.wall()
        ) { [self] in take($0, plan) }
        say(.information, "started: \(plan.request.title)")
      } catch {
        say(.critical, "not started: \(error.description)")
      }
    }
  }

  func examine(_ id: String) {
    loop.spawn { [self] in
      do throws(OperationRefusal) {
        post(.takeOverPlan(try await desk.examine(id, access: access)))
      } catch {
        say(.critical, "not taken over: \(error.description)")
      }
    }
  }

  func takeOver(_ plan: OperationPlan) {
    if isWaiting() { return }
    loop.spawn { [self] in
      do throws(OperationRefusal) {
        try await desk.takeOver(plan, access: access) { [self] in take($0, nil) }
        say(.information, "taking over \(plan.id)")
      } catch {
        say(.critical, "not taken over: \(error.description)")
      }
    }
  }

  func control(_ id: String, _ control: OperationControl) {
    if isWaiting() { return }
    loop.spawn { [self] in
      do throws(OperationRefusal) {
        try await desk.control(id, control)
        say(.information, "\(control.rawValue): told the runner of \(id)")
      } catch {
        say(.critical, error.description)
      }
    }
  }

  func dismiss(_ id: String, _ reason: String) {
    if isWaiting() { return }
    loop.spawn { [self] in
      do throws(OperationRefusal) {
        try await desk.dismiss(id, reason: reason)
        state.withLock { $0.known[id] = nil }
        await readAudit()
        publish()
      } catch {
        say(.critical, "not dismissed: \(error.description)")
      }
    }
  }

  func stopAll() {
    if isWaiting() { return }
    loop.spawn { [self] in
      do throws(OperationRefusal) {
        try await desk.stopAll(token: String(UInt64.random(in: .min ... .max), radix: 16))
        say(.warning, "every operation of every console here was told to stop")
      } catch {
        say(.critical, error.description)
      }
    }
  }

  /// What a runner of this console tells.
  private func take(_ report: RunLauncher.Report, _ plan: OperationPlan?) {
    switch report {
    case .status(let status):
      state.withLock { $0.known[status.id] = status }
      publish()
      guard status.state == .done, plan?.request.action == .slowlogReset else { return }
      let slowlogWasReset = state.withLock { $0.slowlogWasReset }
      for node in plan?.request.nodes ?? [] { slowlogWasReset(node) }
    case .handed: break
    case .ended(let problem):
      if let problem { say(.critical, problem) }
      loop.spawn { [self] in
        await readAudit()
        publish()
      }
    }
  }

  // MARK: Watching

  /// What the servers' ACLs say, once, for the badge in the header: the first server's that says
  /// anything. All are asked at once: one that is down must not keep the others' answer back.
  private func askAccess(_ probes: [Probe]) async {
    let mayChange = !access.isReadOnly
    let badges = await withTaskGroup(of: (Int, String).self) { group in
      for (index, probe) in probes.enumerated() {
        group.addTask {
          // A server that is down has its own line; its ACL is not what matters now.
          (index, (try? await probe.accessControl().badge(mayChange: mayChange)) ?? "")
        }
      }
      var badges: [(index: Int, text: String)] = []
      for await badge in group { badges.append(badge) }
      return badges.sorted { $0.index < $1.index }
    }
    guard let badge = badges.first(where: { !$0.text.isEmpty })?.text else { return }
    var told = access
    told.badge = badge
    post(.accessChanged(told))
  }

  private func watch() async {
    var turn = 0
    while !Task.isCancelled {
      let known = state.withLock { $0.known }
      let found = await desk.operations(known: known)
      let hasNews = state.withLock { state in
        state.problems = found.problems
        var hasNews = false
        for status in found.operations {
          if let known = state.known[status.id], known.updated > status.updated,
            status.state != .orphaned
          {
            continue
          }
          if state.known[status.id] != status { hasNews = true }
          state.known[status.id] = status
        }
        if found.problems.isEmpty, forget(&state.known, but: found.operations) { hasNews = true }
        return hasNews
      }
      if hasNews || turn % 5 == 0 {
        await readAudit()
      }
      publish()
      turn += 1
      do { try await loop.sleep(for: .seconds(Self.interval)) } catch { return }
    }
  }

  /// What another console has dismissed is in no server's list any more. A run that has just begun, or
  /// whose mirror is late, is in none yet.
  private func forget(
    _ known: inout [String: OperationStatus], but listed: [OperationStatus]
  ) -> Bool {
    let ids = Set(listed.map(\.id))
    let limit = Clocks.wall().microseconds - 30_000_000
    let gone = known.values.filter {
      !ids.contains($0.id) && ($0.state.isOver || $0.state == .orphaned || $0.state == .partial)
        && $0.updated.microseconds < limit
    }
    for status in gone { known[status.id] = nil }
    return !gone.isEmpty
  }

  private func readAudit() async {
    let trail = trail
    let audit = await OffLoop.run { () throws(Never) in trail.recent(limit: Self.auditLimit) }
    state.withLock { $0.audit = audit }
  }

  private func publish() {
    var report = OperationsReport(environment: desk.environment.name, at: Clocks.monotonic())
    let isNew = state.withLock { state in
      let sorted = state.known.values.sorted { ($0.started, $0.id) > ($1.started, $1.id) }
      report.operations = Array(sorted.prefix(100))
      if sorted.count > 200 { state.known = state.known.filter { report.has($0.key) } }
      report.audit = state.audit.entries
      report.problems = state.audit.problems + state.problems
      var comparable = report
      comparable.at = state.lastPublished?.at ?? report.at
      defer { state.lastPublished = report }
      return comparable != state.lastPublished
    }
    if isNew { post(.operations(report)) }
  }

  func say(_ weight: Notice.Weight, _ text: String) {
    post(.notice(Toast(weight, DrawableText.escape(text, isUnicode: true, limit: 400))))
  }
}

extension OperationsReport {
  fileprivate func has(_ id: String) -> Bool { operations.contains { $0.id == id } }
}

extension ServerPlan {
  var ticketServer: RunTicket.Server {
    RunTicket.Server(node: id, endpoint: endpoint, access: access, sentinels: sentinels)
  }
}
