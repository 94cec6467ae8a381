import ConsoleModel
package import Terminal

/// The question in the middle of the screen, with the environment it is about.
enum DialogView {
  static func draw(_ dialog: Dialog, _ context: Context, into grid: inout CellGrid) {
    let box = frame(dialog, in: grid.bounds)
    grid.fill(box, style: Style(), blank: true)
    var pad = box
    // On the smallest screens the words need the cells of the border.
    if box.height > 7, box.width >= 30 {
      Box.draw(
        box, title: "", style: Style(Header.role(of: dialog.environment.environmentClass)),
        into: &grid)
      let inner = box.inset(by: 1)
      pad = Rect(x: inner.x + 1, y: inner.y, width: inner.width - 2, height: inner.height)
    }
    var y = 0
    func line(_ spans: [Span], last: Bool = false) {
      // The last line, with the keys, is never pushed out.
      guard y < pad.height - (last ? 0 : 1) else { return }
      grid.put(spans, x: 0, y: y, in: pad)
      y += 1
    }
    line(Header.environment(context, taken: context.columns - pad.width))
    line([Span(dialog.title, .critical, .bold)])
    if pad.height > 8 { y += 1 }
    // The question, its input and the keys come before the explanation.
    let fixed = y + (dialog.needsName ? 3 : 1)
    for text in wrapped(dialog.lines, width: pad.width).prefix(max(0, pad.height - fixed)) {
      line([Span(text)])
    }
    let armed = dialog.isArmed(at: context.now)
    if dialog.needsName {
      line([
        Span("Type "), Span(context.safe(dialog.target), .accent, .bold), Span(", then y"),
      ])
      let row = min(y, pad.height - 2)
      if row >= 0 {
        let used = grid.put("> ", x: 0, y: row, in: pad, style: Style(.key))
        dialog.typed.draw(x: used, y: row, in: pad, into: &grid)
      }
    }
    y = max(0, pad.height - 1)
    let canConfirm = armed && (!dialog.needsName || dialog.nameMatches)
    line(
      [
        Span("[Esc Cancel]", .selection, .bold), Span("  "),
        canConfirm
          ? Span("y \(dialog.title)", .critical)
          : Span(
            dialog.needsName && !dialog.nameMatches ? "y after the name" : "y in a moment", .dim),
      ], last: true)
  }

  /// Words in lines of at most `width` scalars.
  private static func wrapped(_ paragraphs: [String], width: Int) -> [String] {
    var lines: [String] = []
    for paragraph in paragraphs {
      var line = ""
      for word in paragraph.split(separator: " ") {
        if !line.isEmpty, line.unicodeScalars.count + 1 + word.unicodeScalars.count > width {
          lines.append(line)
          line = ""
        }
        line += (line.isEmpty ? "" : " ") + word
      }
      lines.append(line)
    }
    return lines
  }

  private static func frame(_ dialog: Dialog, in screen: Rect) -> Rect {
    let longest = ([dialog.title] + dialog.lines).map(\.unicodeScalars.count).max() ?? 0
    let width = min(screen.width, max(50, min(longest + 26, 76)))
    let rows = wrapped(dialog.lines, width: width - 4).count
    let height = min(screen.height, rows + (dialog.needsName ? 9 : 7))
    return Rect(
      x: (screen.width - width) / 2, y: (screen.height - height) / 2, width: width,
      height: height)
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
