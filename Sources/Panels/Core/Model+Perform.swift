private import ConsoleModel
private import Terminal

extension Model {
  /// The one way in which an action happens, whoever asked: key, mouse, palette, panel.
  mutating func perform(_ id: ActionID, argument: String? = nil) -> [Effect] {
    guard let action = Action.with(id) else { return [] }
    if let reason = action.refusal(in: self) {
      say(.warning, "\(action.label ?? action.command ?? action.title): \(reason)")
      return []
    }
    switch id {
    case .quit: return [.quit]
    case .suspend: return [.suspend]
    case .redraw: return [.redraw]
    case .pause: pause()
    case .nextTheme: return setTheme(after: context.theme)
    case .theme: return setTheme(named: argument ?? "")
    case .environment: return switchEnvironment(to: argument ?? "")
    case .node: chooseNode(argument)
    case .nextNode: chooseNextNode()
    case .reveal:
      context.isRevealed.toggle()
      say(
        context.isRevealed ? .warning : .information,
        context.isRevealed ? "personal data is shown in the clear" : "personal data is masked")
      refreshActive()
    case .command: input = InputLine(kind: .command)
    case .filter: input = InputLine(kind: .filter, text: activeFilter)
    case .help:
      if active != .help {
        trail.append(active)
        show(.help, keepingTrail: true)
      }
      if let argument {
        _ = withPanel(.help) { panel, context in panel.setFilter(argument, in: context) }
      }
    case .back: goBack()
    case .showOverview: show(.overview)
    case .showNodes: show(.nodes)
    case .showKeys:
      if let argument { return open(.query(argument)) }
      show(.keys)
    case .showHotKeys: show(.hotKeys)
    case .showSlow: show(.slow)
    case .showCommands: show(.commands)
    case .showClients: show(.clients)
    case .nextPanel: step(1)
    case .previousPanel: step(-1)
    case .showOperations: show(.operations)
    case .showHistory: show(.history)
    case .showTopology: show(.topology)
    case .showKeyspace: show(.keyspace)
    case .invalidate, .invalidatePattern, .shorten, .adjust, .warm, .mark, .clearMarks,
      .slowlogReset, .undo, .stopAll:
      return operate(id, argument)
    case .analyzeQuery:
      // Typed anywhere, it shows where its answer comes.
      if active != .keyspace { show(.keyspace) }
      return performInPanel(action, argument)
    case .killClient:
      if let argument { return killClient(argument) }
      return performInPanel(action, argument)
    default: return performInPanel(action, argument)
    }
    return []
  }

  /// Everything that belongs to the panel, if its scope is open now.
  private mutating func performInPanel(_ action: Action, _ argument: String?) -> [Effect] {
    guard action.scopes.contains(where: scopes.contains) else {
      say(.information, "\(action.title): not on this screen")
      return []
    }
    return run(
      withPanel(active) { panel, context in
        panel.perform(action.id, argument: argument, in: context)
      } ?? [])
  }

  private mutating func pause() {
    context.isPaused.toggle()
    if !context.isPaused, let pending {
      self.pending = nil
      accept(pending)
    }
    say(.information, context.isPaused ? "paused: p goes on" : "live")
  }

  private mutating func step(_ direction: Int) {
    let ids = panelIDs
    guard let at = ids.firstIndex(of: active), !ids.isEmpty else { return }
    show(ids[(at + direction + ids.count) % ids.count])
  }

  /// Esc outside of inputs and dialogs: detail, filter, where we came from, overview.
  private mutating func goBack() {
    let didClose =
      withPanel(active) { panel, context in panel.back(in: context) } ?? false
    if didClose {
      if activePanel?.isInDetail == false, let origin = trail.popLast() {
        show(origin, keepingTrail: true)
      }
      return
    }
    if !activeFilter.isEmpty {
      _ = withPanel(active) { panel, context in panel.setFilter("", in: context) }
      return
    }
    if let origin = trail.popLast() {
      show(origin, keepingTrail: true)
    } else {
      show(.overview)
    }
    toast = nil
  }

  // MARK: Themes, environments, nodes

  private mutating func setTheme(after name: String) -> [Effect] {
    guard !context.themes.isEmpty else { return [] }
    let at = context.themes.firstIndex(of: name) ?? -1
    return setTheme(named: context.themes[(at + 1) % context.themes.count])
  }

  private mutating func setTheme(named name: String) -> [Effect] {
    guard context.themes.contains(name) else {
      say(.warning, "no theme \(name)\(Suggestion.phrase(name, among: context.themes))")
      return []
    }
    context.theme = name
    say(.information, "theme \(name)")
    return [.setTheme(name)]
  }

  private mutating func switchEnvironment(to name: String) -> [Effect] {
    let names = context.environments.map(\.name)
    guard names.contains(name) else {
      say(.warning, "no environment \(name)\(Suggestion.phrase(name, among: names))")
      return []
    }
    return [.switchEnvironment(name)]
  }

  private mutating func chooseNode(_ name: String?) {
    guard let name, !name.isEmpty else {
      context.node = nil
      say(.information, "all nodes")
      refreshActive()
      return
    }
    guard let node = context.node(NodeID(name)) else {
      let names = context.snapshot?.nodes.map(\.id.rawValue) ?? []
      say(.warning, "no node \(name)\(Suggestion.phrase(name, among: names))")
      return
    }
    context.node = node.id
    say(.information, "node \(node.id.rawValue)")
    refreshActive()
  }

  private mutating func chooseNextNode() {
    let ids = context.snapshot?.nodes.map(\.id) ?? []
    guard let first = ids.first else { return }
    if let node = context.node, let at = ids.firstIndex(of: node) {
      context.node = at + 1 < ids.count ? ids[at + 1] : nil
    } else {
      context.node = first
    }
    refreshActive()
  }
}
