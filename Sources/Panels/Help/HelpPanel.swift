import ConsoleModel
import Terminal

/// Keys and commands, generated from the registry.
struct HelpPanel: Panel {
  static let contexts: [[Scope]] = [[.table, .help]]
  let id = PanelID.help
  var scopes: [Scope] { [.table, .help] }

  private var table = Table<ActionRow, ActionID>(
    columns: [
      Column("keys", minimum: 14, priority: 100, sortKey: { .text($0.keys(true)) }) {
        row, context, _ in
        TableCell(row.keys(context.isUnicode), .key, .bold)
      },
      Column("does", minimum: 22, weight: 2, priority: 95, sortKey: { .text($0.action.title) }) {
        row, _, _ in
        TableCell(row.action.title)
      },
      Column("command", minimum: 22, weight: 0, priority: 60, sortKey: { .text($0.command) }) {
        row, _, _ in TableCell(row.command, .accent)
      },
      Column("where", minimum: 12, priority: 20, sortKey: { .text($0.place) }) { row, _, _ in
        TableCell(row.place, .dim)
      },
      Column("reach", minimum: 7, priority: 30, sortKey: { .text($0.action.reach.rawValue) }) {
        row, context, _ in
        let isRefused = row.action.reach == .change && context.access.isReadOnly
        return TableCell(
          isRefused ? "refused" : row.action.reach.rawValue, isRefused ? .warning : .dim)
      },
    ],
    identify: { $0.action.id },
    filterText: { "\($0.keys(false)) \($0.action.title) \($0.command) \($0.action.id.rawValue)" })

  init() { table.setRows(Action.registry.map(ActionRow.init)) }

  var filter: String { table.filter }
  mutating func setFilter(_ text: String, in context: Context) { table.setFilter(text) }
  mutating func refresh(_ context: Context) {}

  mutating func perform(
    _ action: ActionID, argument: String?, in context: Context
  ) -> [Request] {
    if table.perform(action, in: context.body) { return [] }
    guard action == .open, let row = table.selected else { return [] }
    return execute(row.action)
  }

  /// Enter does what the row says, as in lazygit; what needs an argument opens the command line.
  private func execute(_ action: Action) -> [Request] {
    if let command = action.command, action.argument != .none {
      return [.prompt(label: ":\(command)", text: "", action: action.id)]
    }
    guard action.scopes.contains(.global), action.id != .open else {
      return [.toast(Toast(.information, "\(action.title): on the screens that show it"))]
    }
    // A look around the help changes nothing: what does is typed or asked for where it is meant.
    guard action.reach != .change else {
      let way = action.command.map { ":\($0)" } ?? "its key"
      return [.toast(Toast(.information, "\(action.title): by \(way), not from here"))]
    }
    return [.perform(action.id)]
  }

  mutating func mouse(_ event: MouseEvent, in context: Context) -> [Request] {
    table.mouse(event, in: context.body) ? [.perform(.open)] : []
  }

  mutating func reset() { table.setFilter("") }

  func draw(_ context: Context, in area: Rect, into grid: inout CellGrid) {
    table.draw(context, in: area, into: &grid, empty: "no actions")
  }
}

/// One action as Help prints it.
struct ActionRow: Sendable {
  var action: Action

  func keys(_ isUnicode: Bool) -> String {
    action.keys.map { $0.label(isUnicode: isUnicode) }.joined(separator: " ")
  }

  var command: String {
    guard let command = action.command else { return "" }
    switch action.argument {
    case .none: return ":\(command)"
    case .optional(let name, _): return ":\(command) [\(name)]"
    case .required(let name, _): return ":\(command) \(name)"
    }
  }

  var place: String {
    action.scopes.map { scope in
      switch scope {
      case .global: "all"
      case .table: "lists"
      case .pager: "text"
      case .overview: "overview"
      case .nodes: "nodes"
      case .nodeDetail: "node"
      case .commands: "commands"
      case .help: "help"
      case .keys: "keys"
      case .keyValue: "value"
      case .hotKeys: "hot keys"
      case .slow: "slow"
      case .clients: "clients"
      case .operations: "operations"
      case .history: "history"
      case .topology: "topology"
      case .keyspace: "keyspace"
      case .keyspaceRunning: "measuring"
      case .keySearching: "searching"
      case .elements: "parts"
      case .bytes: "bytes"
      }
    }.joined(separator: ", ")
  }
}
