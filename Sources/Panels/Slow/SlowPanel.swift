import ConsoleModel
import Terminal

/// The servers' slow logs, newest first, and one entry with every argument.
struct SlowPanel: Panel {
  static let contexts: [[Scope]] = [
    [.slow, .table], [.elements, .table], [.bytes, .pager],
  ]
  let id = PanelID.slow

  /// An entry for good: ids restart with the server.
  struct RowID: Hashable, Sendable {
    var node: NodeID
    var runID: String
    var id: UInt64
  }

  private var table = Table<SlowEntry, RowID>(
    columns: SlowColumns.all, sortedBy: 0,
    identify: { RowID(node: $0.node, runID: $0.runID, id: $0.id) },
    filterText: SlowColumns.filterText,
    isMarked: { entry, context in
      // Most rows are drawn while nothing is marked: their arguments are not looked at then.
      guard !context.marks.isEmpty, let key = SlowKey.key(of: entry) else { return false }
      return context.marks.contains(KeyMark(node: entry.node, key: key))
    })
  private var detail: Detail?

  private struct Detail: Sendable {
    var entry: SlowEntry
    var parts: ElementList
  }

  var scopes: [Scope] { detail.map { $0.parts.scopes } ?? [.slow, .table] }
  var isInDetail: Bool { detail != nil }
  var filter: String { detail?.parts.filter ?? table.filter }

  mutating func setFilter(_ text: String, in context: Context) {
    if detail != nil { detail?.parts.setFilter(text) } else { table.setFilter(text) }
  }

  mutating func refresh(_ context: Context) {
    let entries: [SlowEntry] =
      if let id = context.node { context.node(id)?.slow.value ?? [] } else {
        context.snapshot?.slow ?? []
      }
    table.setRows(entries)
    detail?.parts.fit(RowForm(width: context.body.indented.width, isUnicode: context.isUnicode))
  }

  mutating func reset() {
    table.reset()
    detail = nil
  }

  /// The server whose log `SLOWLOG RESET` would empty.
  func focus(in context: Context) -> NodeID? {
    detail?.entry.node ?? context.node ?? table.selected?.node
  }

  mutating func perform(
    _ action: ActionID, argument: String?, in context: Context
  ) -> [Request] {
    if let open = detail {
      let area = partsArea(open.entry, context)
      _ = detail?.parts.perform(action, isUnicode: context.isUnicode, in: area)
    } else if action == .inspectKey {
      guard let mark = keyAtHand(in: context) else {
        return [.toast(Toast(.information, "this command names no key that is known exactly"))]
      }
      return [.open(.key(mark.node, mark.key))]
    } else if action == .open {
      if let entry = table.selected { detail = Detail(entry: entry, parts: Self.parts(of: entry)) }
    } else {
      _ = table.perform(action, in: listArea(context))
    }
    return []
  }

  // MARK: Keys that operations are about

  func keyAtHand(in context: Context) -> KeyMark? {
    guard let entry = detail?.entry ?? table.selected else { return nil }
    return SlowKey.key(of: entry).map { KeyMark(node: entry.node, key: $0) }
  }

  var listsKeys: Bool { detail == nil }

  func visibleKeys(in context: Context) -> Set<KeyMark> {
    guard detail == nil else { return [] }
    return Set(
      table.visible(in: listArea(context)).compactMap { entry in
        SlowKey.key(of: entry).map { KeyMark(node: entry.node, key: $0) }
      })
  }

  func unlisted(_ marks: Marks) -> Int? {
    guard detail == nil, !marks.isEmpty else { return nil }
    let listed = Set(
      table.shown.compactMap { entry in
        SlowKey.key(of: entry).map { KeyMark(node: entry.node, key: $0) }
      })
    return marks.all.count { !listed.contains($0) }
  }

  mutating func back(in context: Context) -> Bool {
    guard detail != nil else { return false }
    if detail?.parts.back() != true { detail = nil }
    return true
  }

  mutating func mouse(_ event: MouseEvent, in context: Context) -> [Request] {
    if let open = detail {
      let area = partsArea(open.entry, context)
      detail?.parts.mouse(event, isUnicode: context.isUnicode, in: area)
      return []
    }
    return table.mouse(event, in: listArea(context)) ? [.perform(.open)] : []
  }

  /// The arguments, then who sent them.
  private static func parts(of entry: SlowEntry) -> ElementList {
    let count = entry.arguments.count
    return ElementList(count: count + 2, labelTitle: "argument", contentTitle: "value") { index in
      guard index < count else {
        return index == count
          ? ElementRow("client", entry.client) : ElementRow("client name", entry.clientName)
      }
      let content: ElementRow.Content =
        switch entry.arguments[index] {
        case .bytes(let bytes): .bytes(bytes)
        case .masked(let length): .masked(length: length)
        }
      return ElementRow(
        label: Array((index == 0 ? "command" : String(index)).utf8), content: content)
    }
  }

  // MARK: Drawing

  func draw(_ context: Context, in area: Rect, into grid: inout CellGrid) {
    if let detail {
      let used = grid.put(lines: detailLines(detail.entry, context, area), in: area.indented)
      detail.parts.draw(
        context, in: area.splitTop(used).rest, into: &grid, empty: "no arguments")
      return
    }
    let used = grid.put(lines: headLines(context, area), in: area.indented)
    table.draw(context, in: area.splitTop(used).rest, into: &grid, empty: emptyText(context))
  }

  private func listArea(_ context: Context) -> Rect {
    context.body.splitTop(headLines(context, context.body).count).rest
  }

  private func partsArea(_ entry: SlowEntry, _ context: Context) -> Rect {
    context.body.splitTop(detailLines(entry, context, context.body).count).rest
  }

  private func emptyText(_ context: Context) -> String {
    let hasAnswer = context.snapshot?.nodes.contains { $0.slow.at != nil } ?? false
    return hasAnswer ? "the slow log is empty" : "no answer yet"
  }

  private func headLines(_ context: Context, _ area: Rect) -> [[Span]] {
    var facts: [[Span]] = []
    if let node = context.node {
      facts.append([Span("on ", .dim), Span(context.safe(node.rawValue, limit: 24))])
    } else if let count = context.snapshot?.nodes.count, count > 1 {
      facts.append([Span("on ", .dim), Span("\(count) nodes")])
    }
    facts.append([
      Span(Format.grouped(UInt64(table.total))),
      Span(table.total == 1 ? " entry" : " entries", .dim),
    ])
    let nodes =
      context.snapshot?.nodes.filter { context.node == nil || $0.id == context.node } ?? []
    if let age = context.age(nodes.compactMap(\.slow.at).min()) {
      facts.append([Span("age ", .dim), Span(age)])
    }
    for node in nodes {
      guard let problem = node.slow.problem else { continue }
      let text = "\(node.id.rawValue): \(problem)"
      facts.append([
        Span(DrawableText.escape(text, isUnicode: context.isUnicode, limit: 120), .warning)
      ])
    }
    return FlowLine.lines(
      facts, width: area.indented.width, maximum: area.headLines,
      isUnicode: context.isUnicode)
  }

  private func detailLines(_ entry: SlowEntry, _ context: Context, _ area: Rect) -> [[Span]] {
    let civil = CivilTime(entry.at, offsetSeconds: context.utcOffsetSeconds)
    let duration = Format.microseconds(Double(entry.microseconds), isUnicode: context.isUnicode)
    let micro = context.isUnicode ? "µs" : "us"
    return FlowLine.lines(
      [
        [Span("\(civil.date) \(civil.clock) \(context.zone)", .title, .bold)],
        [
          Span(duration, SlowColumns.role(entry.microseconds), .bold),
          Span(" (\(Format.grouped(entry.microseconds)) \(micro))", .dim),
        ],
        [Span("node ", .dim), Span(context.safe(entry.node.rawValue, limit: 64))],
        [Span("entry ", .dim), Span(Format.grouped(entry.id))],
        [Span(Format.grouped(UInt64(entry.arguments.count))), Span(" arguments", .dim)],
      ], width: area.indented.width, maximum: area.height >= 10 ? 3 : 2,
      isUnicode: context.isUnicode
    )
  }
}
