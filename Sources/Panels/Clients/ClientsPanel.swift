import ConsoleModel
import Terminal

/// Who is connected: groups with what they cost, and the heaviest connections below.
///
/// A server may have 65,000: the collector counts them all and keeps a bounded list; what was not
/// seen is said.
struct ClientsPanel: Panel {
  static let contexts: [[Scope]] = [
    [.clients, .table], [.elements, .table], [.bytes, .pager],
  ]
  let id = PanelID.clients

  /// Below this many rows only one of the two lists is shown.
  private static let rowsForBoth = 10

  private enum List: Sendable { case groups, clients }

  private var grouping = ClientReport.Grouping.address
  private var groups = Table<ClientReport.Group, String>(
    columns: ClientColumns.groups, sortedBy: 1, identify: { $0.name }, filterText: { $0.name })
  private var clients = Table<ClientReport.Client, UInt64>(
    columns: ClientColumns.clients, sortedBy: 4, identify: { $0.id },
    filterText: { "\($0.address) \($0.name) \($0.user) \($0.command) \($0.flags)" })
  private var focused = List.groups
  /// Only this group's connections are listed.
  private var group: String?
  private var detail: ElementList?
  private var node: NodeStatus?

  var scopes: [Scope] { detail?.scopes ?? [.clients, .table] }
  var isInDetail: Bool { detail != nil || group != nil }
  var filter: String { detail?.filter ?? (focused == .groups ? groups.filter : clients.filter) }
  var wantsClients: Bool { true }

  mutating func setFilter(_ text: String, in context: Context) {
    if detail != nil {
      detail?.setFilter(text)
    } else if focused == .groups {
      groups.setFilter(text)
    } else {
      clients.setFilter(text)
    }
  }

  mutating func refresh(_ context: Context) {
    node = context.targetNode.flatMap { context.node($0) }
    let report = node?.clients.value ?? ClientReport()
    groups.setRows(report.groups[grouping] ?? [])
    clients.setRows(
      group.map { name in
        report.clients.filter { ClientColumns.groupName($0, by: grouping) == name }
      } ?? report.clients)
    detail?.fit(RowForm(width: context.body.indented.width, isUnicode: context.isUnicode))
  }

  mutating func reset() { self = ClientsPanel() }

  // MARK: Actions

  mutating func perform(
    _ action: ActionID, argument: String?, in context: Context
  ) -> [Request] {
    if detail != nil {
      _ = detail?.perform(action, isUnicode: context.isUnicode, in: context.body)
      return []
    }
    switch action {
    case .clientGrouping:
      let all = ClientReport.Grouping.allCases
      grouping = all[((all.firstIndex(of: grouping) ?? 0) + 1) % all.count]
      group = nil
      refresh(context)
    case .otherList: focused = focused == .groups ? .clients : .groups
    case .open: openSelected(context)
    case .killClient:
      guard focused == .clients, let client = clients.selected, let node else {
        return [.toast(Toast(.information, "kill: choose a connection: o goes to their list"))]
      }
      return ClientKill.requests(client.id, client, on: node.id, context)
    default:
      let areas = areas(context)
      if focused == .groups {
        _ = groups.perform(action, in: areas.groups)
      } else {
        _ = clients.perform(action, in: areas.clients)
      }
    }
    return []
  }

  private mutating func openSelected(_ context: Context) {
    if focused == .groups {
      guard let row = groups.selected else { return }
      group = row.name
      focused = .clients
      refresh(context)
    } else if let client = clients.selected {
      detail = ClientColumns.parts(of: client)
    }
  }

  mutating func back(in context: Context) -> Bool {
    if detail != nil {
      if detail?.back() != true { detail = nil }
      return true
    }
    guard group != nil else { return false }
    group = nil
    focused = .groups
    refresh(context)
    return true
  }

  mutating func mouse(_ event: MouseEvent, in context: Context) -> [Request] {
    if detail != nil {
      detail?.mouse(event, isUnicode: context.isUnicode, in: context.body)
      return []
    }
    let areas = areas(context)
    if areas.groups.contains(x: event.x, y: event.y) {
      focused = .groups
      return groups.mouse(event, in: areas.groups) ? [.perform(.open)] : []
    }
    if areas.clients.contains(x: event.x, y: event.y) {
      focused = .clients
      return clients.mouse(event, in: areas.clients) ? [.perform(.open)] : []
    }
    return []
  }

  // MARK: Drawing

  /// Both lists one above the other, or the focused one alone on a low screen.
  private func areas(_ context: Context) -> (groups: Rect, clients: Rect) {
    let area = context.body
    let rest = area.splitTop(headLines(context, area).count).rest
    if rest.height < Self.rowsForBoth {
      return focused == .groups
        ? (rest, Rect(x: 0, y: 0, width: 0, height: 0))
        : (Rect(x: 0, y: 0, width: 0, height: 0), rest)
    }
    // The groups take what they need, up to half.
    let wanted = min(rest.height / 2, max(4, groups.count + 2))
    let (top, below) = rest.splitTop(wanted)
    return (top, below)
  }

  func draw(_ context: Context, in area: Rect, into grid: inout CellGrid) {
    if let detail {
      detail.draw(context, in: area, into: &grid, empty: "")
      return
    }
    let used = grid.put(lines: headLines(context, area), in: area.indented)
    let rest = area.splitTop(used).rest
    if let reading = node?.clients, reading.at == nil {
      let problem = reading.problem ?? "no answer yet: CLIENT LIST is asked for while this is open"
      grid.put(
        paragraph: DrawableText.escape(problem, isUnicode: context.isUnicode, limit: 400), y: 0,
        in: rest.indented, style: Style(reading.problem == nil ? .dim : .warning))
      return
    }
    let areas = areas(context)
    groups.draw(
      context, in: areas.groups, into: &grid, empty: "no connection seen",
      hasFocus: focused == .groups)
    clients.draw(
      context, in: areas.clients, into: &grid,
      empty: group == nil
        ? "no connection seen" : "none of this group is among the heaviest connections",
      hasFocus: focused == .clients)
  }

  private func headLines(_ context: Context, _ area: Rect) -> [[Span]] {
    guard let node else {
      return FlowLine.lines(
        [[Span("clients", .title, .bold)], [Span("no server has answered yet", .dim)]],
        width: area.indented.width, maximum: 1, isUnicode: context.isUnicode)
    }
    let report = node.clients.value
    var facts: [[Span]] = [
      [
        Span("on ", .dim),
        Span(context.safe(node.id.rawValue, limit: 24), .title, .bold),
      ]
    ]
    facts.append(coverage(report))
    let others = report.otherGroups[grouping] ?? 0
    let more = others > 0 ? " (+\(Format.grouped(UInt64(others))) smaller groups)" : ""
    facts.append([Span("by ", .dim), Span(grouping.rawValue, .accent), Span(more, .mark)])
    if let group {
      facts.append([
        Span("only ", .dim),
        Span(group.isEmpty ? "(none)" : context.safe(group, limit: 32), .accent),
        Span(" Esc shows all", .dim),
      ])
    }
    if let age = context.age(node.clients.at) { facts.append([Span("age ", .dim), Span(age)]) }
    if node.clients.at != nil, let problem = node.clients.problem {
      facts.append([
        Span(DrawableText.escape(problem, isUnicode: context.isUnicode, limit: 120), .warning)
      ])
    }
    let rest = area.height - 2
    if rest < Self.rowsForBoth {
      facts.append([
        Span("o ", .key, .bold),
        Span(focused == .groups ? "shows the heaviest clients" : "shows the groups", .dim),
      ])
    }
    if let count = context.snapshot?.nodes.count, count > 1 {
      facts.append([Span("n ", .key, .bold), Span("next of \(count) nodes", .dim)])
    }
    return FlowLine.lines(
      facts, width: area.indented.width, maximum: area.headLines,
      isUnicode: context.isUnicode)
  }

  /// `61,204 of 65,000 seen`: figures below are sums over what was seen.
  private func coverage(_ report: ClientReport) -> [Span] {
    let seen = UInt64(max(0, report.seen))
    guard let connected = report.connected else {
      return [Span(Format.grouped(seen)), Span(" seen", .dim)]
    }
    return [
      Span(
        "\(Format.grouped(seen)) of \(Format.grouped(connected))",
        seen < connected ? .warning : .normal), Span(" seen", .dim),
    ]
  }
}
