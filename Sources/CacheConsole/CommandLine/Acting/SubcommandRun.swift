import Collectors
import ConsoleModel
import Documents
import EventLoop
import Glibc
import Operations
import Redis

/// Carries out a subcommand: the same plans, checks and runners as the screen.
struct SubcommandRun {
  let startup: Startup
  let call: SubcommandCall

  /// Seconds that a run may take while somebody waits for it: a week, after which its records expire.
  static let patience = 7.0 * 86_400
  /// Seconds for what only asks servers a few things.
  static let briefPatience = 60.0

  var options: ActionOptions { call.options }

  func run() throws(StartError) -> Int32 {
    guard case .servers(let plan) = try startup.target() else {
      throw .usage(
        "\(call.subcommand.name.rawValue): name the servers with --redis URL or --env NAME"
          + " (there is no configuration)")
    }
    if let warning = plan.warning { StandardStreams.complain(warning) }
    let access = startup.access(plan)
    if let reason = call.refusal(access) { throw .failed(reason) }
    let bench = try Workbench(plan, startup, access)
    defer { bench.close() }
    switch call.subcommand {
    case .inspect(let key): return try inspect(key, bench)
    case .operations(let control): return try operations(control, bench)
    case .hot(let output, let includesGuarded):
      return try recordHotKeys(output, includesGuarded: includesGuarded, bench)
    case .keyspace(let order): return try analyze(order, bench)
    case .invalidate, .ttl, .warm, .undo, .slowlogReset, .clientKill: return try act(bench)
    }
  }

  // MARK: Planned ones

  private func act(_ bench: Workbench) throws(StartError) -> Int32 {
    let nodes: [NodeID]
    do throws(UsageError) {
      nodes = try options.nodes(of: bench.plan.servers.map(\.id))
    } catch {
      throw .usage(error.description)
    }
    guard
      let request = try call.request(
        nodes: nodes, loader: bench.plan.loader, folder: Self.currentFolder())
    else { throw .usage("\(call.subcommand.name.rawValue) plans nothing") }
    let plan = try self.plan(request, bench)
    if options.isDryRun {
      show(plan)
      return 0
    }
    if plan.preview.keys.value == 0, !plan.request.isAboutServer {
      show(plan)
      StandardStreams.complain(
        "nothing to do: " + Self.nothing(plan))
      return 0
    }
    let confirmed = try Confirmation(options: options).confirm(plan) { show(plan) }
    return try start(confirmed, bench)
  }

  private static func nothing(_ plan: OperationPlan) -> String {
    if plan.preview.restoresLives { return "none of its keys is there any more" }
    return plan.writesAbsent ? "every key is there" : "no key matches"
  }

  /// Counts, telling a terminal how far it is.
  private func plan(
    _ request: OperationRequest, _ bench: Workbench
  ) throws(StartError) -> OperationPlan {
    let (desk, planner, access) = (bench.desk, bench.planner, bench.access)
    let teller = ProgressLine(isShown: !options.json)
    let result = try bench.wait(Self.patience) { () async -> Result<OperationPlan, Fault> in
      do throws(Fault) {
        var (request, undo) = try await desk.resolved(request)
        if let reason = PlanCheck.refusal(request, in: desk.environment, access: access) {
          throw desk.fault(request, reason)
        }
        request.pace = request.pace.limited(by: access.limits)
        let plan = try await planner.plan(
          request, environment: desk.environment, author: desk.author, undo: undo,
          seed: UInt64.random(in: .min ... .max)
        ) { teller.tell(counting: $0) }
        if let reason = PlanCheck.refusal(plan, access: access) {
          throw desk.fault(request, reason)
        }
        return .success(plan)
      } catch {
        return .failure(error)
      }
    }
    teller.clear()
    switch result {
    case .success(let plan): return plan
    case .failure(let fault): throw .failed(fault.line)
    }
  }

  private func show(_ plan: OperationPlan) {
    if options.json {
      StandardStreams.print(plan.json)
    } else {
      for line in PlanText.lines(plan) { StandardStreams.print(line) }
    }
  }

  private func start(_ plan: OperationPlan, _ bench: Workbench) throws(StartError) -> Int32 {
    let (desk, planner, access) = (bench.desk, bench.planner, bench.access)
    let listener = RunListener(ProgressLine(isShown: !options.json))
    let isBreakGlass = options.isBreakGlass
    if isBreakGlass {
      guard access.role == .admin else {
        throw .failed("--break-glass is for administrators; your role is \(access.role.rawValue)")
      }
      StandardStreams.complain(
        "BREAK GLASS: \(plan.request.title) runs even if nothing can record it; it will be audited")
    }
    let refusal = try bench.wait(Self.briefPatience) { () async -> OperationRefusal? in
      do throws(OperationRefusal) {
        try await desk.checkAndRun(
          plan, planner: planner, access: access, now: Clocks.wall(), isBreakGlass: isBreakGlass
        ) { listener.take($0) }
        return nil
      } catch {
        return error
      }
    }
    if let refusal { throw .failed("not started: \(refusal.description)") }
    return try follow(listener, bench, id: plan.id)
  }

  /// Waits for the end of a run, or only until its runner has everything.
  func follow(
    _ listener: RunListener, _ bench: Workbench, id: String
  ) throws(StartError) -> Int32 {
    if options.detaches {
      guard listener.waitUntilHanded(within: Self.briefPatience) else {
        throw .failed("the runner did not take its ticket: see cacheconsole operations")
      }
      answer("cacheconsole.operation.started", "started \(id): see cacheconsole operations") {
        $0.field("operation", id)
      }
      return 0
    }
    var end = listener.waitForEnd()
    if let problem = end.problem { StandardStreams.complain(problem) }
    if end.problem == nil, end.status?.state.isOver != true, end.status?.state != .partial {
      // Its last words were lost, as where this process was stopped for long.
      end.status = try recorded(id, end.status, bench) ?? end.status
    }
    guard let status = end.status else { throw .failed("the runner of \(id) told nothing") }
    if options.json {
      StandardStreams.print(status.json)
    } else {
      for line in StatusText.lines(status) { StandardStreams.print(line) }
    }
    return status.state == .done && end.problem == nil ? 0 : 1
  }

  /// How a run ended, from its mirror, else from its journal; nil: neither knows an end.
  private func recorded(
    _ id: String, _ last: OperationStatus?, _ bench: Workbench
  ) throws(StartError) -> OperationStatus? {
    let desk = bench.desk
    let found = try bench.wait(Self.briefPatience) { await desk.operations() }
    if let status = found.operations.first(where: { $0.id == id && $0.state.isOver }) {
      return status
    }
    let event = RunJournal.last(RunFolder(state: startup.stateFolder, operation: id))?.event
    guard var status = last,
      let state = OperationState.allCases.first(where: {
        $0.isOver && event == "ended \($0.rawValue)"
      })
    else { return nil }
    status.state = state
    return status
  }

  /// What was done, as a line or as a document of its own.
  func answer(_ schema: String, _ text: String, _ fields: (inout JSONWriter) -> Void) {
    guard options.json else {
      StandardStreams.print(Printable.line(text, limit: 4000))
      return
    }
    var writer = JSONWriter()
    writer.object { json in
      json.field("schema", schema)
      json.field("version", UInt64(1))
      fields(&json)
    }
    StandardStreams.print(writer.text)
  }

  static func currentFolder() -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    guard unsafe getcwd(&buffer, buffer.count) != nil else { return "/" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
