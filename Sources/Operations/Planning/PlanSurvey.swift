import ConsoleModel
import EventLoop
import Redis
import Synchronization

/// One plan in the making: what each server said so far, and who is told.
final class PlanSurvey: Sendable {
  let planner: Planner
  let draft: OperationPlan
  let undo: UndoTarget?
  let started: EventLoop.Instant
  let seed: UInt64
  private let update: @Sendable (OperationPlan) -> Void
  private let commands: [String]
  private let state = Mutex(State())

  private struct State {
    var findings: [NodeFindings] = []
    var notes: [String] = []
    var nextUpdate: EventLoop.Instant?
  }

  var request: OperationRequest { draft.request }
  var options: Planner.Options { planner.options }

  /// Are the keys that are counted those that are not there?
  var writesAbsent: Bool { request.writesAbsent && undo?.restoresLives != true }

  init(
    planner: Planner, draft: OperationPlan, undo: UndoTarget?, started: EventLoop.Instant,
    seed: UInt64,
    update: @Sendable @escaping (OperationPlan) -> Void
  ) {
    self.planner = planner
    self.draft = draft
    self.undo = undo
    self.started = started
    self.seed = seed
    self.update = update
    let lines = OperationCommands.lines(draft.request, undo: undo)
    let isOnCluster = planner.nodes.contains { $0.slots != nil }
    commands = isOnCluster && !lines.isEmpty ? lines + [OperationCommands.onCluster] : lines
  }

  /// The plan when all is known.
  func run() async throws(Fault) -> OperationPlan {
    try await readFacts()
    switch request.target {
    case .pattern(let glob): try await count(filter(glob))
    case .keys(let keys): try await count(keys)
    case .server: try await lookAtSource()
    }
    return plan
  }

  /// Who answers now, and the first figure alone.
  func recheck() async throws(Fault) -> (identities: [NodeID: String], keys: KeyCount?) {
    try await readFacts()
    switch request.target {
    case .pattern(let glob): _ = try await sample(filter(glob))
    case .keys(let keys): try await sample(keys)
    case .server: try await readDump()
    }
    let preview = plan.preview
    let identities = Dictionary(
      preview.shards.map { ($0.node, $0.runID) }, uniquingKeysWith: { first, _ in first })
    return (identities, request.isAboutServer ? nil : preview.keys)
  }

  private func filter(_ glob: [UInt8]) -> KeyFilter {
    KeyFilter(glob, takesSessions: request.namesSessions)
  }

  private func readFacts() async throws(Fault) {
    let action = "planning \(request.verb)"
    let facts = try await planner.forEach(request.nodes) { _, node throws(Fault) in
      var facts = try await ServerFacts.read(node.probe, action: action)
      if let identity = node.identity { facts.runID = identity }
      return facts
    }
    state.withLock { state in
      for (node, facts) in zip(request.nodes, facts) {
        let address = planner.nodes.first { $0.id == node }?.probe.endpoint.description ?? ""
        state.findings.append(NodeFindings(node: node, address: address, facts: facts))
      }
    }
  }

  /// The options with each server's share of what is for all.
  var optionsOfEach: Planner.Options {
    var each = options
    each.describedKeys = max(50, options.describedKeys / max(1, request.nodes.count))
    if request.pace.isFull { each.keysPerSecond = each.fullKeysPerSecond }
    return each
  }

  // MARK: What is known

  var findings: [NodeFindings] { state.withLock { $0.findings } }

  func finding(_ index: Int) -> NodeFindings { state.withLock { $0.findings[index] } }

  func change(_ index: Int, _ change: (inout NodeFindings) -> Void) {
    state.withLock { change(&$0.findings[index]) }
  }

  /// The same while a count goes on, which is told now and then.
  func progress(_ index: Int, _ tally: KeyTally, since start: EventLoop.Instant) {
    state.withLock { state in
      let now = EventLoop.now()
      state.findings[index].progress(
        tally, seconds: Double(start.duration(to: now).nanoseconds) / 1e9)
      if state.nextUpdate.map({ now >= $0 }) ?? true { tell(&state) }
    }
  }

  func note(_ line: String) { state.withLock { $0.notes.append(line) } }

  func publish() { state.withLock { tell(&$0) } }

  /// Under the lock, so that a plan never follows a newer one.
  private func tell(_ state: inout State) {
    state.nextUpdate = EventLoop.now().advanced(
      by: .milliseconds(Int64(options.updateSeconds * 1000)))
    update(plan(state))
  }

  private var plan: OperationPlan { state.withLock { plan($0) } }

  private func plan(_ state: State) -> OperationPlan {
    var plan = draft
    plan.preview = PreviewBuilder(
      request: request, findings: state.findings, commands: commands, notes: state.notes,
      restoresLives: undo?.restoresLives == true
    ).preview()
    return plan
  }
}
