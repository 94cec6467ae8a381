package import ConsoleModel
private import Terminal

extension Model {
  /// Takes one message at a monotonic time and says what the outside shall do.
  package mutating func update(_ message: Message, now: MonotonicTime) -> [Effect] {
    context.now = max(context.now, now)
    if let toast, toast.until < context.now { self.toast = nil }
    var effects = handle(message)
    effects += run(withPanel(active) { panel, context in panel.due(in: context) } ?? [])
    let wanted = currentDemand
    if wanted != demand {
      demand = wanted
      effects.append(.demand(wanted))
    }
    return effects
  }

  private var currentDemand: Demand {
    Demand(
      focus: activePanel?.focus(in: context), wantsClients: activePanel?.wantsClients ?? false,
      isPaused: context.isPaused)
  }

  private mutating func handle(_ message: Message) -> [Effect] {
    switch message {
    case .input(let event): return handle(event)
    case .snapshot(let snapshot):
      // Rows do not move under a question about them.
      if context.isPaused || dialog != nil {
        pending = snapshot
      } else {
        accept(snapshot)
      }
      return []
    case .tick(_, let wall, let offset, let zone):
      context.wall = wall
      context.wallTaken = context.now
      context.utcOffsetSeconds = max(-86_400, min(86_400, offset))
      context.zone = zone
      return []
    case .keySearch, .described, .inspection, .keyspace: return deliver(message)
    case .planned(let plan):
      _ = dialog?.take(plan, now: context.now)
      return []
    case .operations(let report):
      take(report)
      return []
    case .takeOverPlan(let plan):
      return askTakeOver(plan)
    case .effectFailed(let fault):
      say(.critical, fault.line)
      return []
    case .planFailed(let request, let fault):
      dialog?.take(fault, for: request)
      say(.critical, fault.line)
      return []
    case .notice(let toast):
      say(toast.weight, toast.text)
      return []
    case .environmentSwitched(let identity):
      switched(to: identity)
      return []
    case .accessChanged(let access):
      context.access = access
      context.isRevealed = false
      return []
    case .action(let id, let argument): return perform(id, argument: argument)
    }
  }

  /// Longest queue of answers behind a dialog; what it asks about is a value, so that rows that
  /// move after all change nothing of it.
  private static let maximumHeld = 2048

  private mutating func deliver(_ message: Message) -> [Effect] {
    if dialog != nil, held.count < Self.maximumHeld {
      held.append(message)
      return []
    }
    return panelIDs.flatMap { id in
      run(withPanel(id) { panel, context in panel.receive(message, in: context) } ?? [])
    }
  }

  /// The dialog is gone: what came meanwhile is shown.
  mutating func closeDialog() -> [Effect] {
    dialog = nil
    let waiting = held
    held = []
    let effects = waiting.flatMap { deliver($0) }
    if !context.isPaused, let pending {
      self.pending = nil
      accept(pending)
    } else {
      refreshActive()
    }
    return effects
  }

  mutating func accept(_ snapshot: Snapshot) {
    // A snapshot that was on its way when the environment changed.
    guard snapshot.environment.name == context.environment.name else { return }
    context.snapshot = snapshot
    for id in panelIDs { _ = withPanel(id) { panel, _ in panel.observe(snapshot) } }
    if let notice = snapshot.notices.last(where: { $0.id > lastNotice }) {
      lastNotice = notice.id
      say(notice.weight, notice.text)
    }
    refreshActive()
  }

  /// Another environment: nothing learned, marked, filtered or planned survives.
  private mutating func switched(to identity: EnvironmentIdentity) {
    context.environment = identity
    context.snapshot = nil
    context.isRevealed = false
    context.node = nil
    context.marks.clear()
    // Each environment has its own: none is better than another's.
    context.loader = []
    context.operations = nil
    context.confirmedCommands = [:]
    context.incidentReason = ""
    ownOperations = []
    confirmedMarks = [:]
    held = []
    pending = nil
    lastNotice = 0
    dialog = nil
    input = nil
    trail = []
    for id in panelIDs { _ = withPanel(id) { panel, _ in panel.reset() } }
    show(.overview)
    say(.information, "environment \(identity.name) (\(identity.environmentClass.rawValue))")
  }

  /// Carries out what a panel asked for.
  mutating func run(_ requests: [Request]) -> [Effect] {
    var effects: [Effect] = []
    for request in requests {
      switch request {
      case .effect(let effect): effects.append(effect)
      case .toast(let toast): say(toast.weight, toast.text)
      case .perform(let id, let argument): effects += perform(id, argument: argument)
      case .open(let subject): effects += open(subject)
      case .prompt(let label, let text, let action):
        input = InputLine(kind: .prompt(label: label, action: action), text: text)
      case .plan(let request, let notes): effects += ask(request, notes: notes)
      case .confirm(let title, let lines, let effect):
        dialog = Dialog(
          .question(title: title, lines: lines, effect: effect), environment: context.environment,
          opened: context.now)
      }
    }
    return effects
  }
}
