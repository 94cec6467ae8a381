import ConsoleModel
package import Terminal

/// The question in the middle of the screen, with the environment it is about.
struct DialogView {
  private let dialog: Dialog
  private let context: Context
  private let text: PlanText
  private let box: Rect
  /// Inside of the border.
  private let pad: Rect
  private let hasBorder: Bool
  /// Where the preview scrolls.
  private let body: Rect
  private let field: Dialog.Field?
  /// What to type, on as many lines as it needs.
  private let prompt: [[Span]]

  /// Lines of the preview, and how many of them are on screen.
  var lines: Int { text.lines.count }
  var page: Int { lines > body.height ? max(1, body.height - 1) : max(1, body.height) }

  init(_ dialog: Dialog, _ context: Context) {
    self.dialog = dialog
    self.context = context
    field = dialog.field(at: context.wall)
    let screen = Rect(x: 0, y: 0, width: context.columns, height: context.rows)
    let width = min(screen.width, 100)
    // On the smallest screens the words need the cells of the border.
    hasBorder = screen.height > 8 && width >= 30
    let inner = hasBorder ? width - 4 : width
    text = PlanText(dialog, context, width: inner)
    // Environment, title, keys, and where there is a field its two lines.
    prompt = Self.prompt(field, dialog, width: inner, maximum: max(1, screen.height - 6))
    let fieldRows = prompt.isEmpty ? 0 : prompt.count + 1
    let fixed = 3 + fieldRows + (hasBorder ? 2 : 0)
    let height = min(screen.height, max(fixed + text.lines.count, hasBorder ? 8 : 5))
    box = Rect(
      x: (screen.width - width) / 2, y: (screen.height - height) / 2, width: width, height: height)
    if hasBorder {
      let inside = box.inset(by: 1)
      pad = Rect(x: inside.x + 1, y: inside.y, width: inside.width - 2, height: inside.height)
    } else {
      pad = box
    }
    let below = pad.splitTop(2).rest
    body = below.splitTop(below.height - 1 - fieldRows).top
  }

  func draw(into grid: inout CellGrid) {
    grid.fill(box, style: Style(), blank: true)
    if hasBorder {
      Box.draw(
        box, title: "", style: Style(Header.role(of: dialog.environment.environmentClass)),
        into: &grid)
    }
    grid.put(
      Header.environment(context, taken: context.columns - pad.width), x: 0, y: 0, in: pad)
    grid.put([Span(title, .critical, .bold)], x: 0, y: 1, in: pad)
    drawBody(into: &grid)
    drawField(into: &grid)
    drawAnswers(into: &grid)
  }

  private var title: String {
    switch dialog.subject {
    case .question(let title, _, _): title
    case .request(let request): OperationText.title(request, context)
    }
  }

  private func drawBody(into grid: inout CellGrid) {
    guard body.height > 0 else { return }
    let count = lines
    let rows = count > body.height ? body.height - 1 : body.height
    let first = max(0, min(dialog.scroll, count - rows))
    for row in 0..<min(rows, max(0, count - first)) {
      grid.put(text.spans(first + row), x: 0, y: row, in: body)
    }
    guard count > body.height else { return }
    // What does not fit is counted.
    let mark = context.glyphs.ellipsis
    let arrows = context.isUnicode ? "↑↓" : "Up/Down"
    let (above, below) = (first, count - first - rows)
    let parts = [above > 0 ? "\(above) above" : nil, below > 0 ? "\(below) below" : nil]
    grid.put(
      "\(mark) \(parts.compactMap { $0 }.joined(separator: ", ")): \(arrows)", x: 0,
      y: body.height - 1, in: body, style: Style(.mark))
  }

  /// A name that is cut could not be typed: it goes on in the next line.
  private static func prompt(
    _ field: Dialog.Field?, _ dialog: Dialog, width: Int, maximum: Int
  ) -> [[Span]] {
    switch field {
    case nil: return []
    case .reason: return [[Span("Why? "), Span("kept in the audit. Enter goes on", .dim)]]
    case .name:
      let name = dialog.confirmationText ?? ""
      let (head, tail) = ("Type ", ", then y")
      if head.utf8.count + name.utf8.count + tail.utf8.count <= width || maximum < 2 {
        return [[Span(head), Span(name, .accent, .bold), Span(tail)]]
      }
      if head.utf8.count + name.utf8.count <= width {
        return [[Span(head), Span(name, .accent, .bold)]]
      }
      var lines = [[Span("Type, then y:")]]
      var rest = Substring(name)
      while !rest.isEmpty, lines.count < maximum {
        // The last line that there is room for marks the cut.
        let piece = lines.count == maximum - 1 ? rest : rest.prefix(max(1, width))
        lines.append([Span(String(piece), .accent, .bold)])
        rest = rest.dropFirst(piece.count)
      }
      return lines
    }
  }

  private func drawField(into grid: inout CellGrid) {
    guard let field else { return }
    let y = pad.height - 2
    for (row, line) in prompt.enumerated() {
      grid.put(line, x: 0, y: max(2, y - prompt.count) + row, in: pad)
    }
    let input = field == .reason ? dialog.reason : dialog.typed
    let used = grid.put("> ", x: 0, y: y, in: pad, style: Style(.key))
    input.draw(x: used, y: y, in: pad, into: &grid)
  }

  private func drawAnswers(into grid: inout CellGrid) {
    var spans = [Span("[Esc Cancel]", .selection, .bold), Span("  ")]
    if let obstacle = dialog.obstacle(now: context.now, wall: context.wall) {
      let isHard = dialog.isExpired(at: context.wall) || dialog.trouble != nil
      spans.append(Span(obstacle, isHard ? .critical : .dim))
    } else {
      spans.append(Span("y \(title)", .critical))
    }
    // How long the plan holds, where there is room.
    if let plan = dialog.plan, plan.preview.isComplete, !dialog.isExpired(at: context.wall) {
      let left = Double(plan.expires.microseconds &- context.wall.microseconds) / 1e6
      let text = "void in \(Format.duration(seconds: left))"
      let used = spans.reduce(0) { $0 + TextWidth.columns($1.text, isUnicode: context.isUnicode) }
      if used + 2 + text.utf8.count <= pad.width {
        grid.put(
          text, x: pad.width - text.utf8.count, y: pad.height - 1, in: pad, style: Style(.dim))
      }
    }
    grid.put(spans, x: 0, y: pad.height - 1, in: pad)
  }
}

/// A frame of lines.
package enum Box {
  package static func draw(_ area: Rect, title: String, style: Style, into grid: inout CellGrid) {
    guard area.width >= 2, area.height >= 2 else { return }
    let set: [Character] =
      grid.isUnicode
      ? ["┌", "┐", "└", "┘", "─", "│"] : ["+", "+", "+", "+", "-", "|"]
    let line = String(repeating: set[4], count: area.width - 2)
    grid.put("\(set[0])\(line)\(set[1])", x: 0, y: 0, in: area, style: style)
    grid.put("\(set[2])\(line)\(set[3])", x: 0, y: area.height - 1, in: area, style: style)
    for y in 1..<max(1, area.height - 1) {
      grid.put(String(set[5]), x: 0, y: y, in: area, style: style)
      grid.put(String(set[5]), x: area.width - 1, y: y, in: area, style: style)
    }
    if !title.isEmpty, area.width > 6 {
      grid.put(" \(title) ", x: 2, y: 0, in: area, style: style, limit: area.width - 4)
    }
  }
}
