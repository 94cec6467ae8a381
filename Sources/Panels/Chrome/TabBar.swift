import Terminal

/// The panels with their keys; the current one is in brackets, so that colour is not its only sign.
enum TabBar {
  private struct Tab {
    var id: PanelID
    var text: String
    var x: Int
    var width: Int
  }

  static func draw(_ model: Model, in area: Rect, into grid: inout CellGrid) {
    for tab in tabs(model, width: area.width) {
      let isCurrent = tab.id == model.active
      grid.put(
        tab.text, x: tab.x, y: 0, in: area,
        style: isCurrent ? Style(.selection, .bold) : Style(.key))
    }
  }

  static func hit(x: Int, _ model: Model, in area: Rect) -> PanelID? {
    tabs(model, width: area.width).first { x >= area.x + $0.x && x < area.x + $0.x + $0.width }?.id
  }

  /// Titles while they fit, then short ones; else only the current one has its title, the others their key.
  private static func tabs(_ model: Model, width: Int) -> [Tab] {
    let full = lay(model) { id, isCurrent in
      isCurrent ? "[\(key(id))]\(id.title)" : "\(key(id)) \(id.title)"
    }
    if let last = full.last, last.x + last.width <= width { return full }
    let middle = lay(model, gap: 1) { id, isCurrent in
      if isCurrent { return "[\(key(id))]\(id.title)" }
      return id.shortTitle.isEmpty ? key(id) : "\(key(id)) \(id.shortTitle)"
    }
    if let last = middle.last, last.x + last.width <= width { return middle }
    let short = lay(model) { id, isCurrent in isCurrent ? "[\(key(id))]\(id.title)" : key(id) }
    if let last = short.last, last.x + last.width <= width { return short }
    // Narrower still: only where we are.
    return lay(model) { id, isCurrent in isCurrent ? "[\(key(id))]\(id.title)" : "" }
  }

  private static func key(_ id: PanelID) -> String { String(Character(id.digit)) }

  private static func lay(
    _ model: Model, gap: Int = 2, _ text: (PanelID, Bool) -> String
  ) -> [Tab] {
    var x = 1
    return model.panelIDs.compactMap { id in
      let title = text(id, id == model.active)
      guard !title.isEmpty else { return nil }
      let tab = Tab(id: id, text: title, x: x, width: title.unicodeScalars.count)
      x += tab.width + (tab.width > 1 ? gap : 1)
      return tab
    }
  }
}
