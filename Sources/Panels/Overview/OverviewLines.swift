import ConsoleModel
import Terminal

/// The single lines of the overview.
enum OverviewLines {
  /// Hits of the inner tiers together, and what the servers hold.
  static func drawCombined(
    _ snapshot: Snapshot, _ context: Context, in area: Rect, into grid: inout CellGrid
  ) {
    var spans = combined(snapshot, context)
    let nodes = snapshot.nodes
    let live = nodes.filter { $0.state == .live }.count
    let role: StyleRole = live == nodes.count ? .normal : .stale
    if !spans.isEmpty { spans.append(Span("   ")) }
    spans += [
      Span("servers ", .dim),
      Span("\(live)/\(nodes.count) live", live == nodes.count ? .ok : .warning),
      Span("  keys ", .dim), Span(sum(holders(snapshot)) { $0.keys }, role),
      Span("  clients ", .dim), Span(sum(nodes) { $0.connectedClients }, role),
      Span("  in ", .dim), Span(rate(nodes) { $0.inputBytesPerSecond }, role),
      Span("  out ", .dim), Span(rate(nodes) { $0.outputBytesPerSecond }, role),
    ]
    grid.put(spans, x: 1, y: 0, in: area)
  }

  /// A replica's keys are its primary's.
  private static func holders(_ snapshot: Snapshot) -> [NodeStatus] {
    let holders = Set(snapshot.keyspaceNodes)
    return snapshot.nodes.filter { holders.contains($0.id) }
  }

  /// A lookup is lost only if every tier that it passes misses; the edge and the gateway see other
  /// requests and are left out. Of one tier there is nothing to combine.
  private static func combined(_ snapshot: Snapshot, _ context: Context) -> [Span] {
    let inner = snapshot.tiers.filter {
      [.l1, .l2, .l3].contains($0.id) && $0.hitRatio?.isFinite == true
    }
    guard inner.count > 1 else { return [] }
    let missed = inner.reduce(1.0) { $0 * (1 - max(0, min(1, $1.hitRatio ?? 0))) }
    let isLive = inner.allSatisfy { $0.state == .live }
    var spans = [
      Span("combined ", .dim),
      Span("\(Format.percent(1 - missed))%", isLive ? .normal : .stale, .bold),
    ]
    let oldest = inner.filter { $0.state != .live }.compactMap(\.lastReply).min()
    if let age = context.age(oldest) { spans.append(Span(" \(age)", .stale)) }
    return spans
  }

  private static func sum(_ nodes: [NodeStatus], _ value: (NodeFigures) -> UInt64?) -> String {
    let known = nodes.compactMap { value($0.figures) }
    return known.isEmpty
      ? Format.missing : Format.rate(known.reduce(0.0) { $0 + Double($1) })
  }

  private static func rate(_ nodes: [NodeStatus], _ value: (NodeFigures) -> Double?) -> String {
    let known = nodes.compactMap { value($0.figures) }
    return known.isEmpty ? Format.missing : Format.byteRate(known.reduce(0, +))
  }

  /// Notes of tiers that do have figures, the worst state first; the others say theirs in their row.
  static func notes(_ snapshot: Snapshot) -> [(title: String, note: String)] {
    let order: [LiveState] = [.down, .stale, .connecting, .live, .unconfigured]
    let tiers = order.flatMap { state in snapshot.tiers.prefix(8).filter { $0.state == state } }
    return tiers.compactMap { tier in
      guard let note = tier.note, !note.isEmpty, tier.hitRatio != nil || tier.opsPerSecond != nil
      else { return nil }
      return (tier.title, note)
    }
  }

  static func drawNotes(
    _ snapshot: Snapshot, _ context: Context, in area: Rect, into grid: inout CellGrid
  ) {
    for (row, item) in notes(snapshot).prefix(area.height).enumerated() {
      grid.put(
        "\(context.safe(item.title, limit: 20)): \(context.safe(item.note, limit: 300))", x: 1,
        y: row, in: area, style: Style(.dim))
    }
  }

  /// The newest announcements, newest last; the first row of `area` stays blank.
  static func drawNotices(
    _ snapshot: Snapshot, _ context: Context, in area: Rect, into grid: inout CellGrid
  ) {
    let shown = snapshot.notices.suffix(max(0, area.height - 1))
    for (row, notice) in shown.enumerated() {
      let role: StyleRole =
        switch notice.weight {
        case .information: .dim
        case .warning: .warning
        case .critical: .critical
        }
      grid.put(
        [
          Span(context.clock(notice.at), .dim),
          Span(notice.weight == .information ? "  " : " ! ", role, .bold),
          Span(context.safe(notice.text, limit: 400), role),
        ], x: 1, y: row + 1, in: area)
    }
  }

  /// What we cost; on small screens, what is not shown.
  static func drawCost(
    _ snapshot: Snapshot, _ parts: OverviewParts, _ context: Context, in area: Rect,
    into grid: inout CellGrid
  ) {
    if !parts.hidden.isEmpty {
      let names = parts.hidden.map {
        "\(String(Character($0.digit))) \($0.title.lowercased())"
      }
      let mark = context.glyphs.ellipsis
      grid.put(
        "\(mark) hidden: \(names.joined(separator: ", "))", x: 1, y: 0, in: area,
        style: Style(.mark))
      return
    }
    let cost = snapshot.ownCost
    let bytes = Format.byteRate(cost.bytesPerSecond)
    var text = "console costs \(Format.rate(cost.commandsPerSecond)) cmd/s, \(bytes)"
    if let busy = cost.serverMicrosecondsPerSecond, busy.isFinite {
      let share = max(0, busy) / 10_000
      text += ", \(share < 0.005 ? "<0.01" : Format.fixed(min(share, 1e6), 2)) % of server time"
    }
    grid.put(text, x: 1, y: 0, in: area, style: Style(.dim))
  }
}
