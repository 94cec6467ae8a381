import ConsoleModel
import Terminal

struct OverviewPanel: Panel {
  static let contexts: [[Scope]] = [[.table, .overview]]
  let id = PanelID.overview
  var scopes: [Scope] { [.table, .overview] }
  mutating func refresh(_ context: Context) {}
  mutating func perform(
    _ action: ActionID, argument: String?, in context: Context
  ) -> [Request] { [] }
  mutating func reset() {}
  func draw(_ context: Context, in area: Rect, into grid: inout CellGrid) {}
}
