import ConsoleModel
import Terminal

/// The keys that take most lookups, as far as the server's own counters tell.
struct HotKeysPanel: Panel {
  static let contexts: [[Scope]] = [[.hotKeys, .table]]
  let id = PanelID.hotKeys

  /// A key of a server: the same name may be hot on several.
  struct RowID: Hashable, Sendable {
    var node: NodeID
    var key: KeyName
  }

  struct Row: Sendable {
    var rank: Int
    var hot: HotKeyReport.Row
    /// The largest share of the list: what the longest bar stands for.
    var largest: Double
  }

  private var table = Table<Row, RowID>(
    columns: Self.columns, identify: { RowID(node: $0.hot.node, key: $0.hot.key) },
    filterText: {
      "\($0.hot.node.rawValue) " + String(decoding: $0.hot.key.bytes.prefix(512), as: UTF8.self)
    }, isMarked: { $1.marks.contains(KeyMark(node: $0.hot.node, key: $0.hot.key)) })
  private var report = HotKeyReport()
  private var at: MonotonicTime?
  /// Why a server has none, by server, in the servers' order.
  private var problems: [String] = []

  private static let columns: [Column<Row>] = [
    Column(
      "key", minimum: 12, weight: 3,
      sortKey: { .text(String(decoding: $0.hot.key.bytes.prefix(512), as: UTF8.self)) }
    ) {
      row, context, width in
      TableCell(
        DrawableText.escape(row.hot.key.bytes, isUnicode: context.isUnicode, limit: width))
    },
    Column("#", minimum: 4, alignment: .right, priority: 70, sortKey: { .number(-Double($0.rank)) })
    {
      row, _, _ in TableCell(String(row.rank), .dim)
    },
    Column("share", minimum: 6, alignment: .right, priority: 90, sortKey: { .number($0.hot.share) })
    {
      row, _, _ in
      TableCell(row.hot.share == nil ? Format.missing : "\(Format.percent(row.hot.share))%")
    },
    Column("", minimum: 8, weight: 1, priority: 60) { row, context, width in
      // Bars compare the rows with each other; the figure beside them is the share itself.
      let share = row.hot.share.map { row.largest > 0 ? $0 / row.largest : 0 }
      return TableCell(
        context.glyphs.bar(share, width: min(width, 24)), .graph)
    },
    Column(
      "freq", minimum: 5, alignment: .right, priority: 80,
      sortKey: { .number($0.hot.frequency.map { Double($0) }) }
    ) {
      row, _, _ in TableCell(row.hot.frequency.map(String.init) ?? Format.missing)
    },
    Column("node", minimum: 10, priority: 50, sortKey: { .text($0.hot.node.rawValue) }) {
      row, context, width in
      TableCell(context.safe(row.hot.node.rawValue, limit: width))
    },
    Column("source", minimum: 12, priority: 40, sortKey: { .text($0.hot.source) }) {
      row, context, width in
      TableCell(context.safe(row.hot.source, limit: width), .dim)
    },
  ]

  var scopes: [Scope] { [.hotKeys, .table] }
  var filter: String { table.filter }
  mutating func setFilter(_ text: String, in context: Context) { table.setFilter(text) }

  mutating func refresh(_ context: Context) {
    if let id = context.node, let node = context.node(id) {
      report = node.hotKeys.value
      at = node.hotKeys.at
      problems = [node.hotKeys.problem, report.unavailable].compactMap { $0 }
    } else {
      report = context.snapshot?.hotKeys ?? HotKeyReport()
      // The oldest answer is what the whole list can be trusted for.
      at = context.snapshot?.nodes.compactMap(\.hotKeys.at).min()
      let nodes = context.snapshot?.nodes ?? []
      problems = nodes.compactMap { node in
        (node.hotKeys.value.unavailable ?? node.hotKeys.problem).map {
          nodes.count > 1 ? "\(node.id.rawValue): \($0)" : $0
        }
      }
      if problems.isEmpty, let reason = report.unavailable { problems = [reason] }
    }
    let largest = report.rows.compactMap(\.share).max() ?? 0
    table.setRows(
      report.rows.enumerated().map { Row(rank: $0.offset + 1, hot: $0.element, largest: largest) })
  }

  mutating func reset() {
    table.reset()
    report = HotKeyReport()
    at = nil
    problems = []
  }

  mutating func perform(
    _ action: ActionID, argument: String?, in context: Context
  ) -> [Request] {
    if action == .open || action == .inspectKey {
      return table.selected.map { [.open(.key($0.hot.node, $0.hot.key))] } ?? []
    }
    if action == .copyKey {
      return table.selected.map { KeyCopy.requests($0.hot.key, context) } ?? []
    }
    _ = table.perform(action, in: listArea(context))
    return []
  }

  // MARK: Keys that operations are about

  func keyAtHand(in context: Context) -> KeyMark? {
    table.selected.map { KeyMark(node: $0.hot.node, key: $0.hot.key) }
  }

  var listsKeys: Bool { true }

  func visibleKeys(in context: Context) -> Set<KeyMark> {
    Set(table.visible(in: listArea(context)).map { KeyMark(node: $0.hot.node, key: $0.hot.key) })
  }

  func unlisted(_ marks: Marks) -> Int? {
    let listed = Set(table.shown.map { KeyMark(node: $0.hot.node, key: $0.hot.key) })
    return marks.all.count { !listed.contains($0) }
  }

  mutating func mouse(_ event: MouseEvent, in context: Context) -> [Request] {
    table.mouse(event, in: listArea(context)) ? [.perform(.open)] : []
  }

  private func listArea(_ context: Context) -> Rect {
    context.body.splitTop(headLines(context, context.body).count).rest
  }

  private func headLines(_ context: Context, _ area: Rect) -> [[Span]] {
    var facts: [[Span]] = []
    if let node = context.node {
      facts.append([Span("on ", .dim), Span(context.safe(node.rawValue, limit: 24))])
    }
    if facts.isEmpty, let count = context.snapshot?.nodes.count, count > 1 {
      facts.append([Span("on ", .dim), Span("\(count) nodes")])
    }
    let whole = report.keys.map { " of \(Format.grouped($0))" } ?? ""
    if report.sampled > 0 || report.keys != nil {
      facts.append([Span("sampled ", .dim), Span(Format.grouped(report.sampled) + whole)])
    }
    if let keys = report.keys, keys > 0 {
      let share = min(1, Double(report.sampled) / Double(keys))
      facts.append([Span("\(Format.percent(share))%", .dim)])
    }
    if let age = context.age(at) { facts.append([Span("age ", .dim), Span(age)]) }
    if !report.rows.isEmpty {
      facts += problems.prefix(4).map {
        [Span(DrawableText.escape($0, isUnicode: context.isUnicode, limit: 200), .warning)]
      }
    }
    return FlowLine.lines(
      facts, width: area.indented.width, maximum: area.headLines,
      isUnicode: context.isUnicode)
  }

  func draw(_ context: Context, in area: Rect, into grid: inout CellGrid) {
    let used = grid.put(lines: headLines(context, area), in: area.indented)
    let rest = area.splitTop(used).rest
    guard report.rows.isEmpty else {
      table.draw(context, in: rest, into: &grid, empty: "")
      return
    }
    guard !problems.isEmpty else {
      let text = at == nil ? "no sample yet" : "no key stands out yet"
      grid.put(text, x: 0, y: 0, in: rest.indented, style: Style(.dim))
      return
    }
    var y = 0
    for problem in problems {
      guard y < rest.height else { break }
      y += grid.put(
        paragraph: DrawableText.escape(problem, isUnicode: context.isUnicode, limit: 400), y: y,
        in: rest.indented, style: Style(.warning))
    }
  }
}
