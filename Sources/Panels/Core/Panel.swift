package import ConsoleModel
package import Terminal

/// The screens, in the order of their digits; Keyspace has `m`, Help has `?`.
package enum PanelID: String, Sendable, Hashable, CaseIterable {
  case overview, nodes, keys, hotKeys, slow, commands, clients, operations, history, topology
  case keyspace
  case help

  package var title: String {
    switch self {
    case .overview: "Overview"
    case .nodes: "Nodes"
    case .keys: "Keys"
    case .hotKeys: "Hot keys"
    case .slow: "Slow"
    case .commands: "Commands"
    case .clients: "Clients"
    case .operations: "Operations"
    case .history: "History"
    case .topology: "Topology"
    case .keyspace: "Keyspace"
    case .help: "Help"
    }
  }

  /// For tab bars where titles have no room; some have only their key there.
  package var shortTitle: String {
    switch self {
    case .overview: "Over"
    case .hotKeys: "Hot"
    case .commands: "Cmd"
    case .operations: "Ops"
    case .history: "Hist"
    case .clients: "Clnts"
    case .topology: "Topo"
    case .keyspace, .help: ""
    case .nodes, .keys, .slow: title
    }
  }

  /// The key that shows it: a digit, `m` for Keyspace, `?` for Help.
  package var digit: Unicode.Scalar {
    switch self {
    case .overview: "1"
    case .nodes: "2"
    case .keys: "3"
    case .hotKeys: "4"
    case .slow: "5"
    case .commands: "6"
    case .clients: "7"
    case .operations: "8"
    case .history: "9"
    case .topology: "0"
    case .keyspace: "m"
    case .help: "?"
    }
  }

  /// The action that shows it.
  package var action: ActionID {
    switch self {
    case .overview: .showOverview
    case .nodes: .showNodes
    case .keys: .showKeys
    case .hotKeys: .showHotKeys
    case .slow: .showSlow
    case .commands: .showCommands
    case .clients: .showClients
    case .operations: .showOperations
    case .history: .showHistory
    case .topology: .showTopology
    case .keyspace: .showKeyspace
    case .help: .help
    }
  }
}

/// One screen: its own state as a value, how that changes, and how it looks.
///
/// A panel never does anything: it returns `Request`s. It is refreshed when a snapshot arrives while
/// it is active and when it becomes active, so `draw` may use what `refresh` has sorted. `draw` must
/// format visible rows only. The smallest useful panel:
///
/// ```swift
/// struct ErrorsPanel: Panel {
///   static let contexts: [[Scope]] = [[.table]]       // every value that `scopes` can take
///   let id = PanelID.errors                           // a case added to PanelID
///   private var table = Table<ErrorFigures, String>(  // row type, identity type
///     columns: [
///       .text("code", minimum: 8, weight: 1) { $0.code },
///       .number("per second", minimum: 10, sort: \.perSecond) { Format.rate($0.perSecond) },
///     ],
///     sortedBy: 1, identify: { $0.code }, filterText: { $0.code })
///
///   var scopes: [Scope] { [.table] }                  // whose keys apply now; `.global` is implied
///   var filter: String { table.filter }
///   mutating func setFilter(_ text: String, in context: Context) { table.setFilter(text) }
///   mutating func refresh(_ context: Context) {       // sort once per snapshot, not per frame
///     table.setRows(context.snapshot?.nodes.flatMap(\.errors) ?? [])
///   }
///   mutating func perform(
///     _ action: ActionID, argument: String?, in context: Context
///   ) -> [Request] {
///     // Moving, sorting, paging: the table knows. Own actions: a case in ActionID, one entry in
///     // Action.registry with this panel's scope, and a branch here.
///     if table.perform(action, in: context.body) { return [] }
///     guard action == .open, let row = table.selected else { return [] }
///     return [.toast(Toast(.information, row.code))]
///   }
///   mutating func mouse(_ event: MouseEvent, in context: Context) -> [Request] {
///     table.mouse(event, in: context.body) ? [.perform(.open)] : []
///   }
///   func draw(_ context: Context, in area: Rect, into grid: inout CellGrid) {
///     table.draw(context, in: area, into: &grid, empty: "no errors since the start")
///   }
/// }
/// ```
/// Then add it to `Model.makePanels()`.
package protocol Panel: Sendable {
  var id: PanelID { get }
  /// Scopes whose actions apply now, innermost first; `.global` is implied.
  var scopes: [Scope] { get }
  /// Every value that `scopes` can take: a test looks for keys that mean two things.
  static var contexts: [[Scope]] { get }

  /// What `/` has set; shown in the message area while it is not empty.
  var filter: String { get }
  mutating func setFilter(_ text: String, in context: Context)

  /// Every snapshot, also while another panel is active: for what only a comparison with the one
  /// before can tell.
  mutating func observe(_ snapshot: Snapshot)
  /// A new snapshot, another size, or the panel became active.
  mutating func refresh(_ context: Context)
  /// An action whose scope is among `scopes`, already checked for refusal.
  mutating func perform(_ action: ActionID, argument: String?, in context: Context) -> [Request]
  /// Answers of effects: `.keySearch`, `.described`, `.inspection`, `.keyspace`; also while not active.
  mutating func receive(_ message: Message, in context: Context) -> [Request]
  /// A press or wheel step inside `context.body`, in screen coordinates.
  mutating func mouse(_ event: MouseEvent, in context: Context) -> [Request]
  /// Shows `subject` (drill-down from another panel); false if it is not its kind.
  mutating func open(_ subject: Subject, in context: Context) -> [Request]?
  /// Leaves the innermost level (detail); false at the list.
  mutating func back(in context: Context) -> Bool
  /// True while a detail is open: Esc closes it before it leaves the panel.
  var isInDetail: Bool { get }
  /// The environment changed: forget marks, filters, plans and everything learned.
  mutating func reset()

  /// What the screen calls for after anything happened while the panel is active, such as details
  /// of rows that came into view; each thing is asked for once.
  mutating func due(in context: Context) -> [Request]

  /// The node whose details are on screen.
  func focus(in context: Context) -> NodeID?
  /// True where CLIENT LIST has to be asked for.
  var wantsClients: Bool { get }

  /// What the selected row, or the detail that is open, is about; nil: no key.
  func keyAtHand(in context: Context) -> KeyMark?
  /// A list, where marks go before the row; in a detail it is the key on screen that is meant.
  var listsKeys: Bool { get }
  /// Keys of the rows on screen.
  func visibleKeys(in context: Context) -> Set<KeyMark>
  /// How many marked keys are not among this list's rows; nil: this is no list of keys.
  func unlisted(_ marks: Marks) -> Int?

  func draw(_ context: Context, in area: Rect, into grid: inout CellGrid)
}

extension Panel {
  package var filter: String { "" }
  package mutating func setFilter(_ text: String, in context: Context) {}
  package mutating func observe(_ snapshot: Snapshot) {}
  package mutating func receive(_ message: Message, in context: Context) -> [Request] { [] }
  package mutating func mouse(_ event: MouseEvent, in context: Context) -> [Request] { [] }
  package mutating func open(_ subject: Subject, in context: Context) -> [Request]? { nil }
  package mutating func back(in context: Context) -> Bool { false }
  package var isInDetail: Bool { false }
  package mutating func due(in context: Context) -> [Request] { [] }
  package func focus(in context: Context) -> NodeID? { nil }
  package var wantsClients: Bool { false }
  package func keyAtHand(in context: Context) -> KeyMark? { nil }
  package var listsKeys: Bool { false }
  package func visibleKeys(in context: Context) -> Set<KeyMark> { [] }
  package func unlisted(_ marks: Marks) -> Int? { nil }
}

/// What a panel asks of the framework.
package enum Request: Sendable {
  case effect(Effect)
  case toast(Toast)
  /// Runs another action through the same checks as its key.
  case perform(ActionID, argument: String? = nil)
  /// Switches to the panel that shows it; Esc comes back here.
  case open(Subject)
  /// Asks for a line of text and performs `action` with it.
  case prompt(label: String, text: String, action: ActionID)
  /// Opens the dialog of an operation; the notes are what the row says about it, drawable.
  case plan(OperationRequest, notes: [String] = [])
  /// Opens a dialog that `y` confirms.
  case confirm(title: String, lines: [String], effect: Effect)
}

/// Something that a panel can be asked to show.
package enum Subject: Sendable, Hashable {
  case node(NodeID)
  case key(NodeID, KeyName)
  /// Search the node's keys by this glob.
  case pattern(NodeID?, [UInt8])
  /// Search by what was typed: a pattern and filters.
  case query(String)
  case commands(NodeID?)

  /// The panel that shows it.
  package var panel: PanelID {
    switch self {
    case .node: .nodes
    case .key, .pattern, .query: .keys
    case .commands: .commands
    }
  }
}
