import ConsoleModel
import Terminal

struct NodesPanel: Panel {
  static let contexts: [[Scope]] = [[.table, .nodes]]
  let id = PanelID.nodes
  var scopes: [Scope] { [.table, .nodes] }
  mutating func refresh(_ context: Context) {}
  mutating func perform(
    _ action: ActionID, argument: String?, in context: Context
  ) -> [Request] { [] }
  mutating func reset() {}
  func draw(_ context: Context, in area: Rect, into grid: inout CellGrid) {}
}
