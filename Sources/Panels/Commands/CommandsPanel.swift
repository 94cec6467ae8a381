import ConsoleModel
import Terminal

struct CommandsPanel: Panel {
  static let contexts: [[Scope]] = [[.table, .commands]]
  let id = PanelID.commands
  var scopes: [Scope] { [.table, .commands] }
  mutating func refresh(_ context: Context) {}
  mutating func perform(
    _ action: ActionID, argument: String?, in context: Context
  ) -> [Request] { [] }
  mutating func reset() {}
  func draw(_ context: Context, in area: Rect, into grid: inout CellGrid) {}
}
