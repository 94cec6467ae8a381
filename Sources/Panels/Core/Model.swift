package import ConsoleModel
import Terminal

/// The whole screen as a value. `update` changes it, `render` draws it; both are pure.
package struct Model: Sendable {
  package var context: Context
  package private(set) var active = PanelID.overview
  /// In the order of their digits.
  var panels: [any Panel]
  /// Where Esc leads after a drill-down, innermost last.
  var trail: [PanelID] = []
  /// The text input at the bottom; nil: keys are actions.
  package internal(set) var input: InputLine?
  package internal(set) var dialog: Dialog?
  /// The message shown, and until when.
  package internal(set) var toast: (message: Toast, until: MonotonicTime)?
  /// Commands that were entered, newest last, bounded.
  var history: [String] = []
  var lastNotice: UInt64 = 0
  /// The key that is being handled: the one that asked, if a dialog opens.
  var lastKey: Key?
  /// Answers that would move rows while a dialog is open; bounded.
  var held: [Message] = []
  /// Operations that were confirmed here: their end is announced.
  var ownOperations: Set<String> = []
  /// Marks that go once their operation has started, by operation; bounded.
  var confirmedMarks: [String: [KeyMark]] = [:]
  /// What arrived while the screen was paused.
  var pending: Snapshot?
  var demand = Demand()

  package init(context: Context) {
    self.context = context
    panels = Self.makePanels()
    if let snapshot = context.snapshot {
      self.context.snapshot = nil
      accept(snapshot)
    }
  }

  /// Every panel with its initial state.
  static func makePanels() -> [any Panel] {
    let all: [any Panel] = [
      OverviewPanel(), NodesPanel(), KeysPanel(), HotKeysPanel(), SlowPanel(), CommandsPanel(),
      ClientsPanel(), OperationsPanel(), HistoryPanel(), TopologyPanel(), KeyspacePanel(),
      HelpPanel(),
    ]
    return PanelID.allCases.compactMap { id in all.first { $0.id == id } }
  }

  /// The types behind `makePanels`, for tests that walk every panel.
  package static var panelTypes: [any Panel.Type] { makePanels().map { type(of: $0) } }

  package var panelIDs: [PanelID] { panels.map(\.id) }

  package var activePanel: (any Panel)? { panels.first { $0.id == active } }

  /// Scopes whose keys apply now, outside of dialogs and text inputs.
  package var scopes: [Scope] { activePanel?.scopes ?? [] }

  package var activeFilter: String { activePanel?.filter ?? "" }

  /// Servers that an operation without a row acts on: the chosen one, else all that take writes.
  var writableNodes: [NodeID] {
    if let node = context.node, context.node(node) != nil { return [node] }
    // One that was a primary until a failover may not have heard of it.
    let primaries = context.sentinelPrimaries
    if !primaries.isEmpty { return primaries.map(\.node) }
    return (context.snapshot?.nodes ?? []).filter {
      $0.figures.role != "slave" && $0.figures.role != "replica" && !$0.isSentinel
    }.map(\.id)
  }

  // MARK: Panels

  /// Changes the active panel in place: no copy of its rows is made.
  mutating func withPanel<Result>(
    _ id: PanelID, _ body: (inout any Panel, Context) -> Result
  ) -> Result? {
    guard let index = panels.firstIndex(where: { $0.id == id }) else { return nil }
    let context = self.context
    return body(&panels[index], context)
  }

  mutating func refreshActive() {
    _ = withPanel(active) { panel, context in panel.refresh(context) }
  }

  /// Makes `id` the active panel; Esc will lead to Overview.
  mutating func show(_ id: PanelID, keepingTrail: Bool = false) {
    guard panelIDs.contains(id) else {
      say(.warning, "\(id.title) is not part of this build")
      return
    }
    if !keepingTrail { trail = [] }
    active = id
    refreshActive()
  }

  /// Shows `subject` in the panel that can; Esc comes back.
  mutating func open(_ subject: Subject) -> [Effect] {
    let origin = active
    guard panelIDs.contains(subject.panel) else {
      say(.warning, "\(subject.panel.title) is not part of this build")
      return []
    }
    show(subject.panel, keepingTrail: true)
    if origin != active { trail.append(origin) }
    let requests = withPanel(active) { panel, context in panel.open(subject, in: context) }
    return run(requests.flatMap { $0 } ?? [])
  }

  // MARK: Messages

  /// How long a message stays, in seconds: one reading of a long line.
  static let toastSeconds = 8.0

  mutating func say(_ weight: Notice.Weight, _ text: String) {
    toast = (Toast(weight, text), context.now.advanced(bySeconds: Self.toastSeconds))
  }
}
