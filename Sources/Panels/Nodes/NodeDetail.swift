import ConsoleModel
import Terminal

/// All that is known of one server, as text with sections: figures, histories, events, INFO.
struct NodeDetail: Sendable {
  let node: NodeID
  private(set) var filter = ""
  private var pager = TextPager()
  private var lines: [Line] = []
  /// Lines before filtering, for "n of m".
  private var total = 0

  /// One line; INFO is kept as a place in the document, so that only visible lines become text.
  enum Line: Sendable {
    case blank
    case heading(String)
    /// Several figures side by side, each `width` columns wide.
    case figures([NodeFacts.Fact], width: Int)
    case history(NodeFacts.History)
    case text(String, StyleRole)
    case info(section: Int, field: Int)
  }

  init(node: NodeID) { self.node = node }

  mutating func setFilter(_ text: String, in context: Context) {
    filter = text
    refresh(context)
    _ = pager.perform(.top, lines: lines.count, in: body(context.body))
  }

  /// The first row names the server; the rest scrolls.
  private func body(_ area: Rect) -> Rect { area.splitTop(1).rest }

  mutating func perform(_ action: ActionID, in context: Context) -> Bool {
    pager.perform(action, lines: lines.count, in: body(context.body))
  }

  mutating func mouse(_ event: MouseEvent, in context: Context) {
    pager.mouse(event, lines: lines.count, in: body(context.body))
  }

  // MARK: Lines

  mutating func refresh(_ context: Context) {
    guard let status = context.node(node) else { return }
    let needle = FilterText(filter)
    var all: [Line] = []
    if let fault = status.fault {
      all += FlowLine.wrap(
        context.safe(fault.line, limit: 600), width: context.columns - 2, maximum: 5,
        isUnicode: context.isUnicode
      ).map { .text($0, .critical) }
    }
    if let problem = status.extras.infoProblem {
      all += FlowLine.wrap(
        context.safe("INFO: " + problem, limit: 600), width: context.columns - 2, maximum: 3,
        isUnicode: context.isUnicode
      ).map { .text($0, .warning) }
    }
    let columns = max(1, min(4, (context.columns - 2) / 38))
    for group in NodeFacts.groups(status, context) {
      let facts = group.facts.filter {
        needle.isEmpty || needle.matches("\(group.title) \($0.label) \($0.value)")
      }
      guard !facts.isEmpty else { continue }
      all += [.blank, .heading(group.title)]
      let width = (context.columns - 2) / columns
      let rows = (facts.count + columns - 1) / columns
      for row in 0..<rows {
        // Down the columns first, as people read a list.
        let cells = stride(from: row, to: facts.count, by: rows).map { facts[$0] }
        all.append(.figures(cells, width: width))
      }
    }
    let histories = NodeFacts.histories(status).filter {
      needle.isEmpty || needle.matches("history \($0.label)")
    }
    if !histories.isEmpty {
      all += [.blank, .heading("history (10 minutes, newest on the right)")]
      all += histories.map(Line.history)
    }
    appendExtras(status, context, needle, to: &all)
    appendEvents(status, context, needle, to: &all)
    appendInfo(status, context, needle, to: &all)
    lines = Array(all.drop { if case .blank = $0 { true } else { false } })
    // Fewer lines than before: the last page stays full.
    pager.clamp(lines: lines.count, in: body(context.body))
  }

  private func appendEvents(
    _ status: NodeStatus, _ context: Context, _ needle: FilterText, to all: inout [Line]
  ) {
    var events: [Line] = status.latencyEvents.value.prefix(50).compactMap { event in
      let text =
        "\(context.safe(event.name, limit: 40)): latest \(event.latestMilliseconds)ms, worst \(event.worstMilliseconds)ms, at \(context.clock(event.at))"
      return needle.isEmpty || needle.matches("latency events \(text)") ? .text(text, .normal) : nil
    }
    if let problem = status.latencyEvents.problem, needle.isEmpty {
      events.append(.text(context.safe(problem, limit: 300), .dim))
    }
    if !events.isEmpty { all += [.blank, .heading("latency events")] + events }
    let errors: [Line] = status.errors.prefix(100).compactMap { error in
      let text =
        "\(context.safe(error.code, limit: 40)): \(Format.rate(error.perSecond))/s, \(Format.grouped(error.total)) in all"
      return needle.isEmpty || needle.matches("errors \(text)") ? .text(text, .warning) : nil
    }
    if !errors.isEmpty { all += [.blank, .heading("errors")] + errors }
  }

  private func appendInfo(
    _ status: NodeStatus, _ context: Context, _ needle: FilterText, to all: inout [Line]
  ) {
    guard let info = status.info else {
      if needle.isEmpty, status.extras.infoProblem == nil {
        all += [
          .blank,
          .text(context.isPaused ? "INFO is not read while paused" : "INFO is being read", .dim),
        ]
      }
      return
    }
    for (section, content) in info.sections.enumerated() {
      let fields = content.fields.indices.filter { index in
        let field = content.fields[index]
        return needle.isEmpty || needle.matches("\(content.name) \(field.name) \(field.value)")
      }
      guard !fields.isEmpty else { continue }
      all += [.blank, .heading("INFO \(content.name)")]
      all += fields.map { .info(section: section, field: $0) }
    }
  }

  // MARK: Drawing

  func draw(_ context: Context, in area: Rect, into grid: inout CellGrid) {
    guard let status = context.node(node) else {
      grid.put(
        "\(context.safe(node.rawValue, limit: 40)) is not among the servers any more", x: 1, y: 0,
        in: area, style: Style(.dim))
      return
    }
    drawTitle(status, context, in: area.splitTop(1).top, into: &grid)
    let content = body(area)
    let inner = Rect(
      x: content.x + 1, y: content.y, width: content.width - 1, height: content.height)
    if lines.isEmpty {
      grid.put(
        "nothing matches \"\(filter)\" (Esc clears the filter)", x: 0, y: 0, in: inner,
        style: Style(.dim))
    }
    let role = Mark.figure(status.state)
    pager.draw(lines: lines.count, in: inner, into: &grid, isUnicode: context.isUnicode) { index in
      spans(lines[index], status, role, context, width: inner.width)
    }
  }

  private func drawTitle(
    _ status: NodeStatus, _ context: Context, in area: Rect, into grid: inout CellGrid
  ) {
    let state = context.state(status.state, detail: "", lastReply: status.lastReply)
    var spans = [
      Span(context.safe(status.id.rawValue, limit: 40), .accent, .bold), Span("  "),
      Span(state.text, state.style.role), Span("  "),
      Span(context.safe(status.figures.role ?? "", limit: 16)), Span("  "),
      Span(context.safe(status.address, limit: 60), .dim),
    ]
    if let identity = status.identity {
      spans.append(
        Span(
          "  \(context.safe(identity.product, limit: 16)) \(context.safe(identity.version, limit: 20))",
          .dim))
    }
    grid.put(spans, x: 1, y: 0, in: area)
  }

  private func spans(
    _ line: Line, _ status: NodeStatus, _ role: StyleRole, _ context: Context, width: Int
  ) -> [Span] {
    switch line {
    case .blank: return []
    case .heading(let text): return [Span(context.safe(text, limit: 80), .header, .bold)]
    case .text(let text, let role): return [Span(text, role)]
    case .history(let history):
      let room = max(4, min(150, width - 36))
      let line =
        history.isRatio
        ? context.hitRatioLine(history.series, .fine, width: room)
        : context.sparkline(history.series, .fine, width: room, maximum: history.maximum)
      return [Span(history.label.padded(to: 12), .dim)]
        + context.graph(
          line, role == .stale ? .stale : .graph,
          marks: context.operationMarks(history.series, .fine, width: room, node: status.id))
        + [Span("  " + history.text(context), role, .bold)]
    case .figures(let facts, let width):
      return facts.flatMap { fact -> [Span] in
        let value = DrawableText.escape(
          fact.value, isUnicode: context.isUnicode, limit: max(1, width - 20))
        let columns = TextWidth.columns(value, isUnicode: context.isUnicode)
        let padding = String(repeating: " ", count: max(1, width - 18 - columns))
        return [
          Span(fact.label.padded(to: 18), .dim),
          Span(value, role == .stale ? .stale : fact.role), Span(padding),
        ]
      }
    case .info(let section, let field):
      // The document may have changed since the lines were made: never trust the place.
      guard let info = status.info, info.sections.indices.contains(section),
        info.sections[section].fields.indices.contains(field)
      else { return [] }
      let entry = info.sections[section].fields[field]
      return [
        Span(context.safe(entry.name, limit: 60).padded(to: 34) + " ", .dim),
        Span(context.safe(entry.value), role),
      ]
    }
  }
}

extension String {
  /// With blanks up to `width` scalars; longer text stays whole.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - unicodeScalars.count))
  }
}
