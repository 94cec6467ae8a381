import ConsoleModel
import Terminal

/// Every server in a list; Enter shows all that is known of one.
struct NodesPanel: Panel {
  static let contexts: [[Scope]] = [[.table, .nodes], [.pager, .nodeDetail]]
  let id = PanelID.nodes
  var scopes: [Scope] { detail == nil ? [.table, .nodes] : [.pager, .nodeDetail] }

  private var table = Table<NodeStatus, NodeID>(
    columns: NodeColumns.all, identify: { $0.id },
    filterText: {
      "\($0.id.rawValue) \($0.address) \($0.state.rawValue) \($0.figures.role ?? "") \($0.fault?.line ?? "")"
    }, sentence: NodeColumns.sentence)
  private var detail: NodeDetail?

  var filter: String { detail?.filter ?? table.filter }

  mutating func setFilter(_ text: String, in context: Context) {
    if detail == nil {
      table.setFilter(text)
    } else {
      detail?.setFilter(text, in: context)
    }
  }

  mutating func refresh(_ context: Context) {
    if let snapshot = context.snapshot { table.setRows(snapshot.nodes) }
    detail?.refresh(context)
  }

  mutating func perform(
    _ action: ActionID, argument: String?, in context: Context
  ) -> [Request] {
    if detail != nil {
      _ = detail?.perform(action, in: context)
      return []
    }
    if table.perform(action, in: listArea(context.body)) { return [] }
    if action == .open, let node = table.selected { show(node.id, context) }
    return []
  }

  mutating func mouse(_ event: MouseEvent, in context: Context) -> [Request] {
    if detail != nil {
      detail?.mouse(event, in: context)
      return []
    }
    return table.mouse(event, in: listArea(context.body)) ? [.perform(.open)] : []
  }

  mutating func open(_ subject: Subject, in context: Context) -> [Request]? {
    guard case .node(let node) = subject else { return nil }
    table.select(id: node)
    show(node, context)
    return []
  }

  private mutating func show(_ node: NodeID, _ context: Context) {
    var new = NodeDetail(node: node)
    new.refresh(context)
    detail = new
  }

  mutating func back(in context: Context) -> Bool {
    guard let open = detail else { return false }
    if open.filter.isEmpty {
      detail = nil
    } else {
      detail?.setFilter("", in: context)
    }
    return true
  }

  var isInDetail: Bool { detail != nil }

  mutating func reset() {
    detail = nil
    table.reset()
  }

  func focus(in context: Context) -> NodeID? { detail?.node }

  func draw(_ context: Context, in area: Rect, into grid: inout CellGrid) {
    if let detail {
      detail.draw(context, in: area, into: &grid)
      return
    }
    let empty =
      context.snapshot == nil ? "no server has answered yet" : "no server is configured"
    table.draw(context, in: listArea(area), into: &grid, empty: empty)
    if let node = table.selected, listArea(area) != area {
      drawSummary(node, context, in: area.splitTop(area.height - 2).rest, into: &grid)
    }
  }

  /// Where there is room, two lines below the list say about the selected server what columns that
  /// are hidden would.
  private func listArea(_ area: Rect) -> Rect {
    area.height >= 10 ? area.splitTop(area.height - 2).top : area
  }

  private func drawSummary(
    _ node: NodeStatus, _ context: Context, in area: Rect, into grid: inout CellGrid
  ) {
    let product = node.identity.map { "\($0.product) \($0.version)" } ?? ""
    grid.put(
      [
        Span(context.safe(node.id.rawValue, limit: 30), .accent, .bold), Span("  "),
        Span(context.safe(node.address, limit: 60)), Span("  "),
        Span(context.safe(node.figures.role ?? "", limit: 12), .dim), Span("  "),
        Span(context.safe(product, limit: 30), .dim),
      ], x: 1, y: 0, in: area)
    if let fault = node.fault {
      grid.put(context.safe(fault.line, limit: 500), x: 1, y: 1, in: area, style: Style(.critical))
    }
  }
}

/// The columns of the node list.
enum NodeColumns {
  static let all: [Column<NodeStatus>] = [
    Column("node", minimum: 12, weight: 1, priority: 100, sortKey: { .text($0.id.rawValue) }) {
      node, context, width in
      TableCell(context.safe(node.id.rawValue, limit: width), .normal, .bold)
    },
    Column("state", minimum: 13, priority: 95, sortKey: { .text($0.state.rawValue) }) {
      node, context, _ in
      if node.figures.isLoading == true {
        let share = node.figures.loadingShare.map { " \(Format.percent($0))%" } ?? ""
        return TableCell("\(Mark.state(.stale, context.glyphs)) loading\(share)", .warning)
      }
      return context.state(node.state, detail: "", lastReply: node.lastReply)
    },
    Column("role", minimum: 7, priority: 60, sortKey: { .text($0.figures.role ?? "") }) {
      node, context, width in
      TableCell(
        context.safe(node.figures.role ?? Format.missing, limit: width), Mark.figure(node.state))
    },
    figure("hit%", 5, 90, { $0.hitRatio }) { figures, _ in Format.percent(figures.hitRatio) },
    figure("ops/s", 5, 88, { $0.opsPerSecond }) { figures, _ in Format.rate(figures.opsPerSecond) },
    figure("p95", 6, 80, { $0.p95 }) { figures, context in context.latency(figures.p95) },
    figure("cpu%", 5, 75, { $0.cpuShare }) { figures, _ in Format.percent(figures.cpuShare) },
    Column(
      "memory", minimum: 11, weight: 1, priority: 78,
      sortKey: { .number($0.figures.memoryUsed.map { Double($0) }) }
    ) { node, context, width in
      TableCell(
        context.memory(
          used: node.figures.memoryUsed, limit: node.figures.memoryLimit, width: width),
        Mark.figure(node.state))
    },
    figure("frag", 5, 45, { $0.allocatorFragmentationRatio }) { figures, _ in
      figures.allocatorFragmentationRatio.map { Format.fixed($0, 2) } ?? Format.missing
    },
    figure("evict/s", 7, 58, { $0.evictionsPerSecond }) { figures, _ in
      Format.rate(figures.evictionsPerSecond)
    },
    figure("clients", 7, 70, { $0.connectedClients.map { Double($0) } }) { figures, _ in
      Format.count(figures.connectedClients)
    },
    figure("lag", 6, 55, { $0.replicaLagBytes.map { Double($0) } }) { figures, _ in
      Format.bytes(figures.replicaLagBytes)
    },
    figure("ping", 6, 52, { $0.pingMicroseconds }) { figures, context in
      context.latency(figures.pingMicroseconds)
    },
    Column("version", minimum: 8, priority: 40, sortKey: { .text($0.identity?.version ?? "") }) {
      node, context, width in
      TableCell(
        context.safe(node.identity?.version ?? Format.missing, limit: width),
        Mark.figure(node.state))
    },
    Column("address", minimum: 18, weight: 1, priority: 50, sortKey: { .text($0.address) }) {
      node, context, width in
      TableCell(context.safe(node.address, limit: width), .dim)
    },
    Column(
      "age", minimum: 5, alignment: .right, priority: 65,
      sortKey: { .number($0.lastReply.map { -Double($0.nanoseconds) }) }
    ) { node, context, _ in
      TableCell(context.age(node.lastReply) ?? Format.missing, Mark.figure(node.state, .dim))
    },
    Column("fault", minimum: 20, weight: 3, priority: 35, sortKey: { .text($0.fault?.line ?? "") })
    {
      node, context, width in
      TableCell(
        node.fault.map { context.safe($0.line, limit: width) } ?? "", .critical)
    },
  ]

  private static func figure(
    _ title: String, _ minimum: Int, _ priority: Int,
    _ value: @escaping @Sendable (NodeFigures) -> Double?,
    _ text: @escaping @Sendable (NodeFigures, Context) -> String
  ) -> Column<NodeStatus> {
    Column(
      title, minimum: minimum, alignment: .right, priority: priority,
      sortKey: { .number(value($0.figures)) }
    ) { node, context, _ in
      TableCell(text(node.figures, context), Mark.figure(node.state))
    }
  }

  /// A server that never answered says why, across the figures' columns.
  static let sentence: @Sendable (NodeStatus, Context) -> (column: Int, cell: TableCell)? = {
    node, context in
    guard node.lastReply == nil else { return nil }
    let text = node.fault.map(\.line) ?? "\(node.address): no answer yet"
    return (2, TableCell(context.safe(text, limit: 400), node.fault == nil ? .dim : .critical))
  }
}
