import ConsoleModel
import Terminal

/// Which commands cost the servers their time, for one server or all.
struct CommandsPanel: Panel {
  static let contexts: [[Scope]] = [[.table, .commands]]
  let id = PanelID.commands
  var scopes: [Scope] { [.table, .commands] }

  private var table = Table<CommandRow, String>(
    columns: CommandColumns.all, sortedBy: 1, identify: { $0.figures.name },
    filterText: { $0.figures.name })

  var filter: String { table.filter }
  mutating func setFilter(_ text: String, in context: Context) { table.setFilter(text) }

  mutating func refresh(_ context: Context) {
    table.setRows(CommandMerge.rows(chosen(context)))
  }

  private func chosen(_ context: Context) -> [NodeStatus] {
    let nodes = context.snapshot?.nodes ?? []
    guard let id = context.node else { return nodes }
    return nodes.filter { $0.id == id }
  }

  /// The first row says whose commands these are; the table has the rest.
  private func tableArea(_ area: Rect) -> Rect { area.splitTop(1).rest }

  mutating func perform(
    _ action: ActionID, argument: String?, in context: Context
  ) -> [Request] {
    if table.perform(action, in: tableArea(context.body)) { return [] }
    guard action == .open, let row = table.selected else { return [] }
    let name = context.safe(row.figures.name, limit: 60)
    return [
      .toast(
        Toast(
          .information,
          "\(name): \(Format.grouped(row.figures.totalCalls)) calls since the server's start or reset"
        ))
    ]
  }

  mutating func mouse(_ event: MouseEvent, in context: Context) -> [Request] {
    table.mouse(event, in: tableArea(context.body)) ? [.perform(.open)] : []
  }

  mutating func open(_ subject: Subject, in context: Context) -> [Request]? {
    guard case .commands(let node) = subject else { return nil }
    return node.map { [.perform(.node, argument: $0.rawValue)] } ?? []
  }

  mutating func reset() { table.reset() }

  func draw(_ context: Context, in area: Rect, into grid: inout CellGrid) {
    drawTitle(context, in: area.splitTop(1).top, into: &grid)
    table.draw(
      context, in: tableArea(area), into: &grid, empty: "no command has been seen in a window yet")
  }

  private func drawTitle(_ context: Context, in area: Rect, into grid: inout CellGrid) {
    let nodes = chosen(context)
    guard !nodes.isEmpty else { return }
    let name =
      context.node.map { context.safe($0.rawValue, limit: 30) }
      ?? (nodes.count == 1
        ? nodes.first.map { context.safe($0.id.rawValue, limit: 30) } ?? ""
        : "all \(nodes.count) nodes")
    var spans = [Span(name, .accent, .bold)]
    let old = nodes.filter { $0.state != .live || context.isOld($0.commands.at) }
    for node in old.prefix(2) {
      let age = context.age(node.commands.at) ?? "no figures"
      let name = context.safe(node.id.rawValue, limit: 20)
      let word = node.state == .live ? "" : " \(Mark.word(node.state))"
      spans.append(Span("  \(name)\(word): \(age)", .stale))
    }
    if old.count > 2 { spans.append(Span("  +\(old.count - 2) more", .stale)) }
    if let why = missingPercentiles(nodes, context) {
      spans.append(Span("  \(why)", .warning))
    } else {
      spans.append(Span("  without the console's own calls", .dim))
    }
    grid.put(spans, x: 1, y: 0, in: area)
  }

  /// Why there are no percentiles, if there are none.
  private func missingPercentiles(_ nodes: [NodeStatus], _ context: Context) -> String? {
    if let problem = nodes.lazy.compactMap(\.commands.problem).first {
      return context.safe(problem, limit: 200)
    }
    guard table.total > 0, let first = table[0], first.figures.p50 == nil,
      !nodes.contains(where: { $0.commands.value.contains { $0.p50 != nil } })
    else { return nil }
    return "no percentiles: LATENCY HISTOGRAM needs Redis 7.0 and latency-tracking yes"
  }
}

/// One command over the chosen servers.
struct CommandRow: Sendable {
  var figures: CommandFigures
  /// False where one of its servers is not live.
  var isLive: Bool
}

enum CommandMerge {
  /// One row a command; over several servers rates add up, shares are of all their command time,
  /// means are weighted by calls, and percentiles are the worst server's.
  static func rows(_ nodes: [NodeStatus]) -> [CommandRow] {
    if nodes.count == 1, let node = nodes.first {
      return node.commands.value.map { CommandRow(figures: $0, isLive: node.state == .live) }
    }
    var merged: [String: CommandRow] = [:]
    var busy: [String: Double] = [:]
    for node in nodes {
      for figures in node.commands.value {
        let time = figures.callsPerSecond * (figures.meanMicroseconds ?? 0)
        busy[figures.name, default: 0] += time.isFinite ? max(0, time) : 0
        guard var row = merged[figures.name] else {
          merged[figures.name] = CommandRow(figures: figures, isLive: node.state == .live)
          continue
        }
        row.isLive = row.isLive && node.state == .live
        row.figures.callsPerSecond += figures.callsPerSecond
        row.figures.failedPerSecond += figures.failedPerSecond
        row.figures.rejectedPerSecond += figures.rejectedPerSecond
        row.figures.totalCalls =
          row.figures.totalCalls.addingReportingOverflow(figures.totalCalls)
          .partialValue
        row.figures.p50 = worst(row.figures.p50, figures.p50)
        row.figures.p95 = worst(row.figures.p95, figures.p95)
        row.figures.p99 = worst(row.figures.p99, figures.p99)
        merged[figures.name] = row
      }
    }
    let all = busy.values.reduce(0, +)
    return merged.values.map { row in
      var row = row
      let time = busy[row.figures.name] ?? 0
      row.figures.timeShare = all > 0 ? time / all : 0
      row.figures.meanMicroseconds =
        row.figures.callsPerSecond > 0 ? time / row.figures.callsPerSecond : nil
      return row
    }.sorted { $0.figures.name < $1.figures.name }
  }

  private static func worst(_ left: Double?, _ right: Double?) -> Double? {
    guard let left else { return right }
    return right.map { max(left, $0) } ?? left
  }
}

enum CommandColumns {
  static let all: [Column<CommandRow>] = [
    Column("command", minimum: 14, weight: 1, priority: 100, sortKey: { .text($0.figures.name) }) {
      row, context, width in
      TableCell(
        context.safe(row.figures.name, limit: width), row.isLive ? .normal : .stale, .bold)
    },
    figure("time%", 6, 95, { $0.timeShare }) { figures, _ in Format.percent(figures.timeShare) },
    Column("", minimum: 6, weight: 2, priority: 55) { row, context, width in
      TableCell(
        context.glyphs.bar(row.figures.timeShare, width: min(width, 40)),
        row.isLive ? .graph : .stale)
    },
    figure("calls/s", 7, 90, { $0.callsPerSecond }) { figures, _ in
      Format.rate(figures.callsPerSecond)
    },
    figure("mean", 6, 80, { $0.meanMicroseconds }) { figures, context in
      context.latency(figures.meanMicroseconds)
    },
    figure("p50", 6, 65, { $0.p50 }) { figures, context in context.latency(figures.p50) },
    figure("p95", 6, 85, { $0.p95 }) { figures, context in context.latency(figures.p95) },
    figure("p99", 6, 82, { $0.p99 }) { figures, context in context.latency(figures.p99) },
    trouble("failed/s", 8, 75, { $0.failedPerSecond }),
    trouble("rejected/s", 10, 60, { $0.rejectedPerSecond }),
  ]

  private static func figure(
    _ title: String, _ minimum: Int, _ priority: Int,
    _ value: @escaping @Sendable (CommandFigures) -> Double?,
    _ text: @escaping @Sendable (CommandFigures, Context) -> String
  ) -> Column<CommandRow> {
    Column(
      title, minimum: minimum, alignment: .right, priority: priority,
      sortKey: { .number(value($0.figures)) }
    ) { row, context, _ in
      TableCell(text(row.figures, context), row.isLive ? .normal : .stale)
    }
  }

  private static func trouble(
    _ title: String, _ minimum: Int, _ priority: Int,
    _ value: @escaping @Sendable (CommandFigures) -> Double
  ) -> Column<CommandRow> {
    Column(
      title, minimum: minimum, alignment: .right, priority: priority,
      sortKey: { .number(value($0.figures)) }
    ) { row, _, _ in
      let rate = value(row.figures)
      return TableCell(Format.rate(rate), row.isLive ? (rate > 0 ? .critical : .dim) : .stale)
    }
  }
}
