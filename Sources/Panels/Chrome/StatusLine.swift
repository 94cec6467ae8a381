import ConsoleModel
import Terminal

/// The line above the keys while nothing else is said there: what runs, what is marked, what filters.
enum StatusLine {
  static func draw(_ model: Model, in area: Rect, into grid: inout CellGrid) {
    let context = model.context
    var facts: [[Span]] = []
    if let running = running(context) { facts.append(running) }
    if !model.activeFilter.isEmpty {
      facts.append([
        Span("filter ", .dim), Span("/" + model.activeFilter, .accent),
        Span("  Esc clears it", .dim),
      ])
    }
    let used = facts.joined().reduce(2 * facts.count) {
      $0 + TextWidth.columns($1.text, isUnicode: context.isUnicode)
    }
    // The last columns are those of the key that clears them.
    let marks = marks(model, room: area.width - 1 - used - 10)
    if !marks.isEmpty { facts.append(marks) }
    let spans = facts.enumerated().flatMap {
      $0.offset == 0 ? $0.element : [Span("  ")] + $0.element
    }
    if !spans.isEmpty { grid.put(spans, x: 1, y: 0, in: area) }
  }

  /// The same on a screen that has no line for it; returns the columns used.
  static func drawShort(_ model: Model, in area: Rect, into grid: inout CellGrid) -> Int {
    let context = model.context
    var parts: [Span] = []
    if let status = active(context) {
      let sign = context.glyphs.level >= .block ? "▶" : ">"
      parts.append(Span("\(sign)\(OperationText.percent(status.progress)) ", .accent, .bold))
    }
    let count = markCount(context)
    if !count.isEmpty { parts.append(Span(count + " ", .accent, .bold)) }
    guard !parts.isEmpty else { return 0 }
    return min(area.width, 1 + grid.put(parts, x: 1, y: 0, in: area))
  }

  /// `3 marked`; empty if nothing is.
  static func markCount(_ context: Context) -> String {
    context.marks.isEmpty ? "" : "\(Format.grouped(UInt64(context.marks.count))) marked"
  }

  // MARK: Operations

  /// The newest operation that is not over.
  private static func active(_ context: Context) -> OperationStatus? {
    context.operations?.operations.first { !$0.state.isOver }
  }

  /// `▶ invalidate search:* 42% 18k/s ETA 12s +1`
  private static func running(_ context: Context) -> [Span]? {
    guard let status = active(context) else { return nil }
    let state = OperationText.state(status.state, context.glyphs)
    let sign = String(state.text.prefix(1))
    var text = "\(sign) \(context.safe(status.title, limit: 36)) "
    switch status.state {
    case .running, .starting: break
    default: text += "\(status.state.rawValue) "
    }
    text += OperationText.percent(status.progress)
    if status.state == .running {
      if let rate = status.rate { text += " \(Format.rate(rate))/s" }
      if let eta = status.etaSeconds { text += " ETA \(Format.duration(seconds: eta))" }
    }
    let others = (context.operations?.operations.count { !$0.state.isOver } ?? 1) - 1
    if others > 0 { text += " +\(others)" }
    return [Span(text, state.role == .ok ? .accent : state.role, .bold)]
  }

  // MARK: Marks

  /// `3 marked: product:1181:de, … (1 not in this list)`
  private static func marks(_ model: Model, room: Int) -> [Span] {
    let context = model.context
    guard !context.marks.isEmpty else { return [] }
    let hidden = model.activePanel?.unlisted(context.marks)
    let note = hidden.map { $0 > 0 ? " (\($0) not in this list)" : "" } ?? ""
    let head = markCount(context)
    var names = ""
    var left = room - head.utf8.count - note.utf8.count - 4
    for (index, mark) in context.marks.all.enumerated() {
      let name = context.safe(mark.key.bytes, limit: 32)
      let columns = TextWidth.columns(name, isUnicode: context.isUnicode) + 2
      guard columns + 3 <= left else {
        names += index == 0 ? "" : ", \(context.glyphs.ellipsis)"
        break
      }
      names += (index == 0 ? "" : ", ") + name
      left -= columns
    }
    return [
      Span(head, .accent, .bold), Span(names.isEmpty ? "" : ": \(names)"), Span(note, .warning),
      Span("  U", .key, .bold), Span(" clears", .dim),
    ]
  }
}
