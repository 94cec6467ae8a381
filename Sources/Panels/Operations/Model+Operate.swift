import ConsoleModel
import Terminal

extension Model {
  /// Actions that end in a plan, and the marks they work on; refusals were checked.
  mutating func operate(_ id: ActionID, _ argument: String?) -> [Effect] {
    switch id {
    case .invalidate: return askKeys(.invalidate)
    case .warm: return askKeys(.warm(.command(context.loader)))
    case .invalidatePattern: return askPattern(argument)
    case .shorten: return askShorten(argument ?? "")
    case .adjust: return askAdjust(argument ?? "")
    case .slowlogReset: return askSlowlogReset(argument)
    case .undo: return askUndo(argument)
    case .stopAll:
      say(.warning, "every operation of every console is told to end")
      return [.stopAll]
    case .mark: mark()
    case .clearMarks:
      say(.information, context.marks.isEmpty ? "nothing is marked" : "no key is marked any more")
      context.marks.clear()
    default: break
    }
    return []
  }

  /// Opens the dialog of an operation and asks for its preview.
  mutating func ask(_ request: OperationRequest, notes: [String] = []) -> [Effect] {
    guard !request.nodes.isEmpty else { return refuse("no server has answered yet") }
    if request.takesEveryKey, !context.access.limits.wholeTier {
      return refuse(
        "role \(context.access.role.rawValue) may not change every key of a server: name a pattern")
    }
    var offScreen: Set<KeyName> = []
    if case .keys(let keys) = request.target, keys.count > 1 {
      let visible = activePanel?.visibleKeys(in: context) ?? []
      let shown = Set(visible.filter { request.nodes.contains($0.node) }.map(\.key))
      offScreen = Set(keys).subtracting(shown)
    }
    var request = request
    request.nodes = request.nodes.map(context.operationNode)
    dialog = Dialog(
      .request(request), notes: notes, offScreen: offScreen, environment: context.environment,
      askingKey: lastKey, reason: context.incidentReason, opened: context.now)
    return [.plan(request)]
  }

  private mutating func refuse(_ reason: String) -> [Effect] {
    say(.warning, reason)
    return []
  }

  /// What a confirmation leaves behind in the model.
  mutating func confirmed(_ effect: Effect) {
    guard case .run(let plan) = effect else { return }
    context.incidentReason =
      plan.request.reason.isEmpty ? context.incidentReason : plan.request.reason
    ownOperations.insert(plan.id)
    if context.confirmedCommands.count >= 100 { context.confirmedCommands = [:] }
    context.confirmedCommands[plan.id] = plan.preview.commands
    if case .invalidate = plan.request.action, case .keys(let keys) = plan.request.target {
      if confirmedMarks.count >= 100 { confirmedMarks = [:] }
      confirmedMarks[plan.id] = plan.request.nodes.flatMap { node in
        keys.map { KeyMark(node: context.server(of: node), key: $0) }
      }
    }
    say(.information, "\(OperationText.title(plan.request, context)): confirmed")
  }

  // MARK: Keys

  private mutating func mark() {
    guard let key = activePanel?.keyAtHand(in: context) else {
      _ = refuse("mark: this row names no key")
      return
    }
    guard context.marks.toggle(key) else {
      _ = refuse(
        "mark: \(Format.grouped(UInt64(Marks.maximum))) keys are marked, which is the limit")
      return
    }
    // On to the next row, so that several are marked by holding the key.
    if activePanel?.listsKeys == true { _ = perform(.down) }
  }

  private enum Chosen { case keys([KeyName], NodeID), refused(String) }

  /// The marked keys where a list is open and there are any, else the key of the row.
  private func chosen() -> Chosen {
    let marks = context.marks
    let isList = activePanel?.listsKeys ?? true
    if !marks.isEmpty, isList || activePanel?.keyAtHand(in: context) == nil {
      let nodes = marks.nodes
      // The same name on another server is another key: one server at a time.
      guard let node = nodes.count == 1 ? nodes[0] : context.node else {
        return .refused("marks are on \(nodes.count) servers: choose one with :node NAME")
      }
      let keys = marks.all.filter { $0.node == node }.map(\.key)
      return keys.isEmpty
        ? .refused("no key is marked on \(context.safe(node.rawValue, limit: 40))")
        : .keys(keys, node)
    }
    guard let row = activePanel?.keyAtHand(in: context) else {
      return .refused("no key is selected or marked")
    }
    return .keys([row.key], row.node)
  }

  private mutating func askKeys(_ action: OperationRequest.Action) -> [Effect] {
    switch chosen() {
    case .refused(let reason): return refuse(reason)
    case .keys(let keys, let node):
      return ask(OperationRequest(action, .keys(keys), nodes: [node]))
    }
  }

  private mutating func askPattern(_ argument: String?) -> [Effect] {
    if let argument, !argument.isEmpty {
      return ask(
        OperationRequest(.invalidate, .pattern(Array(argument.utf8)), nodes: writableNodes))
    }
    if active == .keys, let keys = activePanel as? KeysPanel, let search = keys.search {
      guard search.search.filter.isEmpty else {
        // It would hit keys that are not in the list.
        return refuse("the search has filters, which an invalidation does not know: mark the keys")
      }
      return ask(
        OperationRequest(
          .invalidate, .pattern(search.search.pattern), nodes: search.search.nodes))
    }
    input = InputLine(
      kind: .prompt(label: "invalidate keys matching", action: .invalidatePattern))
    return []
  }

  private mutating func askShorten(_ argument: String) -> [Effect] {
    let words = argument.split(separator: " ", maxSplits: 1).map(String.init)
    guard let seconds = words.first.flatMap({ Self.seconds($0) }) else {
      return refuse(":soft needs SECONDS from 1, not \(context.safe(argument, limit: 40))")
    }
    guard words.count > 1 else { return askKeys(.shorten(seconds: seconds)) }
    let pattern = Array(words[1].trimmingBlanks.utf8)
    return ask(
      OperationRequest(.shorten(seconds: seconds), .pattern(pattern), nodes: writableNodes))
  }

  private mutating func askAdjust(_ argument: String) -> [Effect] {
    if argument == "none" { return askKeys(.adjust(seconds: nil)) }
    guard let seconds = Self.seconds(argument) else {
      return refuse(":ttl needs SECONDS from 1, or none, not \(context.safe(argument, limit: 40))")
    }
    return askKeys(.adjust(seconds: seconds))
  }

  /// A life that Redis takes: from one second to ten years.
  private static func seconds(_ text: String) -> UInt64? {
    guard text.utf8.allSatisfy({ (48...57).contains($0) }), let value = UInt64(text),
      (1...315_360_000).contains(value)
    else { return nil }
    return value
  }

  // MARK: Servers

  private mutating func askSlowlogReset(_ name: String?) -> [Effect] {
    let target: NodeID
    if let name {
      guard let node = context.node(NodeID(name)) else {
        let names = context.snapshot?.nodes.map(\.id.rawValue) ?? []
        return refuse(
          "SLOWLOG RESET: no node \(context.safe(name, limit: 40))\(Suggestion.phrase(name, among: names))"
        )
      }
      target = node.id
    } else {
      let focused = activePanel?.focus(in: context) ?? context.node
      let count = context.snapshot?.nodes.count ?? 0
      guard let id = focused ?? (count == 1 ? context.targetNode : nil) else {
        return refuse(
          count == 0
            ? "SLOWLOG RESET: no node has answered yet"
            : "SLOWLOG RESET: which node? :slowlog reset NODE")
      }
      target = id
    }
    let address = context.safe(context.node(target)?.address ?? "", limit: 60)
    let shown = context.safe(target.rawValue, limit: 40)
    return ask(
      OperationRequest(.slowlogReset, .server, nodes: [target]),
      notes: [
        "\(shown) (\(address)) forgets its slow log, for every console and client that reads it.",
        "It cannot be undone.",
      ])
  }

  mutating func killClient(_ text: String) -> [Effect] {
    guard let id = UInt64(text), id > 0 else {
      return refuse(":kill needs the ID of a client, not \(context.safe(text, limit: 40))")
    }
    guard let node = context.targetNode else { return refuse("kill: no server has answered yet") }
    let client = context.node(node)?.clients.value.clients.first { $0.id == id }
    return run(ClientKill.requests(id, client, on: node, context))
  }

  // MARK: Operations

  private mutating func askUndo(_ argument: String?) -> [Effect] {
    let known = context.operations?.operations ?? []
    let status: OperationStatus?
    if let argument, !argument.isEmpty {
      status = known.first { $0.id == argument }
      if status == nil {
        let hint = Suggestion.phrase(argument, among: known.map(\.id))
        return refuse("undo: no operation \(context.safe(argument, limit: 60))\(hint)")
      }
    } else if active == .operations {
      status = (activePanel as? OperationsPanel)?.operationAtHand
    } else {
      status = known.first { ownOperations.contains($0.id) && $0.copies > 0 }
    }
    guard let status else { return refuse("undo: which operation? :undo OPERATION") }
    let title = context.safe(status.title, limit: 60)
    guard status.copies > 0 else {
      return refuse("undo: \(title) kept no copies: there is nothing to put back")
    }
    guard status.state.isOver else { return refuse("undo: \(title) is not over yet") }
    let nodes = status.shards.map(\.node)
    return ask(
      OperationRequest(
        .restore(operation: status.id), .server, nodes: nodes.isEmpty ? writableNodes : nodes),
      notes: [
        "Puts back up to \(Format.grouped(status.copies)) keys of \(title).",
        "Keys that have been written since are left as they are.",
      ])
  }

  /// Marks of what is gone would only hit what comes next; what was refused keeps them.
  private mutating func unmark(_ status: OperationStatus) {
    guard let marks = confirmedMarks.removeValue(forKey: status.id) else { return }
    context.marks.remove(marks)
  }

  /// The question before a takeover, about what the plan says, unless somebody is at something else.
  mutating func askTakeOver(_ plan: OperationPlan) -> [Effect] {
    guard dialog == nil, active == .operations,
      plan.environment.name == context.environment.name
    else { return [] }
    let status = context.operations?.operations.first { $0.id == plan.id }
    return run([TakeOverQuestion.request(plan, status, context)])
  }

  /// Operations of all consoles, as they are now.
  mutating func take(_ report: OperationsReport) {
    guard report.environment == context.environment.name else { return }
    let before = context.operations?.operations ?? []
    context.operations = report
    for status in report.operations where !confirmedMarks.isEmpty { unmark(status) }
    for status in report.operations where status.state.isOver && ownOperations.contains(status.id) {
      let old = before.first { $0.id == status.id }
      guard old?.state.isOver != true else { continue }
      announce(status)
    }
    if dialog == nil, active == .operations || active == .history { refreshActive() }
  }

  private mutating func announce(_ status: OperationStatus) {
    let verdict = OperationText.verdict(status, context)
    let text =
      "\(context.safe(status.title, limit: 60)) \(status.state.rawValue)\(verdict.isEmpty ? "" : ": \(verdict)")"
    switch status.state {
    case .failed: say(.critical, text)
    case .aborted: say(.warning, text)
    default:
      say(
        (status.verdict?.stillThere ?? 0) > 0 || status.failed > 0 ? .warning : .information, text)
    }
  }
}
