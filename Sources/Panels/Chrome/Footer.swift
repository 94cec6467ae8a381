import ConsoleModel
import Terminal

/// The last lines: text input or message, and the keys that apply now.
enum Footer {
  static func draw(_ model: Model, _ frame: Frame, into grid: inout CellGrid) {
    let hasOwnLine = !frame.message.isEmpty
    let drew = drawMessage(model, in: hasOwnLine ? frame.message : frame.footer, into: &grid)
    if hasOwnLine {
      if !drew { StatusLine.draw(model, in: frame.message, into: &grid) }
      drawKeys(model, in: frame.footer, into: &grid)
    } else if !drew {
      // Without a line of its own what runs and what is marked takes the keys' place.
      let used = StatusLine.drawShort(model, in: frame.footer, into: &grid)
      drawKeys(model, in: frame.footer.splitLeft(used).rest, into: &grid)
    }
  }

  /// True if there was something to say.
  private static func drawMessage(
    _ model: Model, in area: Rect, into grid: inout CellGrid
  ) -> Bool {
    if let input = model.input {
      drawInput(input, in: area, into: &grid)
      return true
    }
    if let toast = model.toast {
      let message = toast.message
      let (word, role): (String, StyleRole) =
        switch message.weight {
        case .information: ("", .normal)
        case .warning: (model.context.isUnicode ? "▲ " : "! ", .warning)
        case .critical: (model.context.isUnicode ? "✖ " : "x ", .critical)
        }
      // Marks are never out of sight.
      let marks = StatusLine.markCount(model.context)
      let used = marks.isEmpty || area.width < 40 ? 0 : marks.utf8.count + 2
      grid.put(
        word + message.text, x: 1, y: 0, in: area, style: Style(role),
        limit: max(1, area.width - 1 - used))
      if used > 0 {
        grid.put(marks, x: area.width - used + 1, y: 0, in: area, style: Style(.accent, .bold))
      }
      return true
    }
    return false
  }

  private static func drawInput(_ input: InputLine, in area: Rect, into grid: inout CellGrid) {
    var line = area
    // The input keeps at least half of the line.
    let shown = input.completions.count > 1 && area.width >= 40 ? input.completions : []
    if !shown.isEmpty {
      let width = area.width / 2
      line.width -= width
      let side = Rect(x: line.maxX, y: area.y, width: width, height: area.height)
      grid.put(shown.joined(separator: "  "), x: 1, y: 0, in: side, style: Style(.dim))
    }
    let used = grid.put(
      input.prefix, x: 1, y: 0, in: line, style: Style(.key, .bold), limit: line.width / 2)
    input.field.draw(x: 1 + used, y: 0, in: line, into: &grid)
  }

  private static func drawKeys(_ model: Model, in area: Rect, into grid: inout CellGrid) {
    let isUnicode = model.context.isUnicode
    var entries: [[Span]] = []
    // Help is never pushed out; then what belongs to this panel: the rest is the same everywhere.
    let actions = Action.applicable(in: model.scopes)
    for action in actions.filter({ $0.id == .help }) + actions.filter({ $0.id != .help }) {
      guard let label = action.label, let key = action.keys.first else { continue }
      let isRefused = action.refusal(in: model) != nil
      entries.append([
        Span(key.label(isUnicode: isUnicode), isRefused ? .dim : .key, .bold),
        Span(" \(label)\(isRefused ? " (refused)" : "")", .dim),
      ])
    }
    var x = 1
    for (index, entry) in entries.enumerated() {
      let width = entry.reduce(0) { $0 + TextWidth.columns($1.text, isUnicode: isUnicode) }
      let isLast = index == entries.count - 1
      guard x + width + (isLast ? 0 : 2) <= area.width else {
        grid.put(
          isUnicode ? "…" : "~", x: min(x, area.width - 1), y: 0, in: area, style: Style(.mark))
        return
      }
      grid.put(entry, x: x, y: 0, in: area)
      x += width + 2
    }
  }
}
