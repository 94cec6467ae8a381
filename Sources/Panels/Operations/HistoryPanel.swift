import ConsoleModel
import Terminal

/// The audit's entries, newest first: who did what, where, why, and what came of it.
struct HistoryPanel: Panel {
  static let contexts: [[Scope]] = [[.history, .table], [.history, .pager]]
  let id = PanelID.history

  /// An entry for good: a sequence counts in one chain.
  struct RowID: Hashable, Sendable {
    var sequence: UInt64
    var hash: String
  }

  private var table = Table<AuditEntry, RowID>(
    columns: Self.columns, identify: Self.identity,
    filterText: {
      "\($0.event) \($0.operation) \($0.title) \($0.environment) \($0.user) \($0.from) \($0.reason) \($0.result)"
    })
  private var opened: AuditEntry?
  private var sheet = FactSheet()
  private var problems: [String] = []
  private var isRead = false

  private static let identity: @Sendable (AuditEntry) -> RowID = {
    RowID(sequence: $0.sequence, hash: $0.hash)
  }

  private static let columns: [Column<AuditEntry>] = [
    Column("at", minimum: 8, sortKey: { .number(Double($0.at.microseconds)) }) {
      entry, context, _ in TableCell(context.moment(entry.at), .dim)
    },
    Column("event", minimum: 11, priority: 95, sortKey: { .text($0.event) }) {
      entry, context, width in
      TableCell(context.safe(entry.event, limit: width), role(entry))
    },
    Column("operation", minimum: 16, weight: 2, priority: 90, sortKey: { .text($0.title) }) {
      entry, context, width in TableCell(context.safe(entry.title, limit: width))
    },
    Column("who", minimum: 8, priority: 85, sortKey: { .text($0.user) }) {
      entry, context, width in TableCell(context.safe(entry.user, limit: width))
    },
    Column("from", minimum: 10, priority: 40, sortKey: { .text($0.from) }) {
      entry, context, width in TableCell(context.safe(entry.from, limit: width), .dim)
    },
    Column("reason", minimum: 12, weight: 2, priority: 60, sortKey: { .text($0.reason) }) {
      entry, context, width in TableCell(context.safe(entry.reason, limit: width))
    },
    Column("result", minimum: 16, weight: 2, priority: 80, sortKey: { .text($0.result) }) {
      entry, context, width in TableCell(context.safe(entry.result, limit: width))
    },
    Column(
      "#", minimum: 6, alignment: .right, priority: 30,
      sortKey: { .number(Double($0.sequence)) }
    ) { entry, _, _ in TableCell(String(entry.sequence), .dim) },
  ]

  /// What nobody should overlook.
  private static func role(_ entry: AuditEntry) -> StyleRole {
    switch entry.event {
    case "break-glass", "failed": .critical
    case "aborted": .warning
    default: .accent
    }
  }

  var scopes: [Scope] { opened == nil ? [.history, .table] : [.history, .pager] }
  var isInDetail: Bool { opened != nil }
  var filter: String { opened == nil ? table.filter : "" }

  mutating func setFilter(_ text: String, in context: Context) {
    if opened == nil { table.setFilter(text) }
  }

  mutating func refresh(_ context: Context) {
    isRead = context.operations != nil
    problems = context.operations?.problems ?? []
    table.setRows(context.operations?.audit ?? [])
    if let opened { sheet.set(Self.facts(opened, context), context, in: context.body) }
  }

  mutating func reset() { self = HistoryPanel() }

  mutating func perform(
    _ action: ActionID, argument: String?, in context: Context
  ) -> [Request] {
    if opened != nil {
      _ = sheet.perform(action, in: context.body)
    } else if action == .open {
      opened = table.selected
      sheet = FactSheet()
      refresh(context)
    } else {
      _ = table.perform(action, in: listArea(context.body))
    }
    return []
  }

  mutating func back(in context: Context) -> Bool {
    guard opened != nil else { return false }
    opened = nil
    return true
  }

  mutating func mouse(_ event: MouseEvent, in context: Context) -> [Request] {
    if opened != nil {
      sheet.mouse(event, in: context.body)
      return []
    }
    return table.mouse(event, in: listArea(context.body)) ? [.perform(.open)] : []
  }

  // MARK: Drawing

  private func listArea(_ area: Rect) -> Rect {
    area.splitTop(min(problems.count, area.headLines)).rest
  }

  private static func facts(_ entry: AuditEntry, _ context: Context) -> [FactSheet.Fact] {
    func safe(_ text: String) -> String { context.safe(text, limit: 600) }
    return [
      .init("event", safe(entry.event), role(entry)),
      .init("operation", safe(entry.title)),
      .init("at", context.date(entry.at)),
      .init("environment", safe(entry.environment)),
      .init("who", safe(entry.user)),
      .init("from", safe(entry.from)),
      .init("reason", safe(entry.reason)),
      .init("result", safe(entry.result)),
      .init("id", safe(entry.operation), .dim),
      .init("entry", "\(entry.sequence)", .dim),
      .init("hash", safe(entry.hash), .dim),
    ]
  }

  func draw(_ context: Context, in area: Rect, into grid: inout CellGrid) {
    if opened != nil {
      sheet.draw(context, in: area, into: &grid)
      return
    }
    Problems.draw(problems, context, in: area, into: &grid)
    table.draw(
      context, in: listArea(area), into: &grid,
      empty: isRead ? "the audit is empty" : "the audit was not read yet")
  }
}
