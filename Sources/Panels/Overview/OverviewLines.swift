import ConsoleModel
import Terminal

/// The single lines of the overview.
enum OverviewLines {
  /// Hits of all tiers together, and who is asked at last.
  static func drawCombined(
    _ snapshot: Snapshot, _ context: Context, in area: Rect, into grid: inout CellGrid
  ) {
    let counted = snapshot.tiers.filter { $0.hitRatio != nil && $0.state != .unconfigured }
    guard !counted.isEmpty else {
      grid.put("combined  no lookups seen yet", x: 1, y: 0, in: area, style: Style(.dim))
      return
    }
    // A lookup is lost only if every tier that it passes misses.
    let missed = counted.reduce(1.0) { $0 * (1 - max(0, min(1, $1.hitRatio ?? 0))) }
    let isLive = counted.allSatisfy { $0.state == .live }
    let oldest = counted.compactMap(\.lastReply).min()
    var spans = [
      Span("combined ", .dim),
      Span("\(Format.percent(1 - missed)) %", isLive ? .normal : .stale, .bold),
      Span(
        " of lookups hit \(counted.count == 1 ? "the tier" : "one of \(counted.count) tiers")", .dim
      ),
    ]
    if !isLive, let age = context.age(oldest) { spans.append(Span(", oldest \(age)", .stale)) }
    grid.put(spans, x: 1, y: 0, in: area)
  }

  /// Notes of tiers that do have figures; the others say theirs in their row.
  static func notes(_ snapshot: Snapshot) -> [(title: String, note: String)] {
    snapshot.tiers.prefix(8).compactMap { tier in
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
    let bytes = Format.bytes(cost.bytesPerSecond)
    var text = "console costs \(Format.rate(cost.commandsPerSecond)) cmd/s, \(bytes)/s"
    if let busy = cost.serverMicrosecondsPerSecond, busy.isFinite {
      let share = max(0, busy) / 10_000
      text += ", \(share < 0.005 ? "<0.01" : Format.fixed(min(share, 1e6), 2)) % of server time"
    }
    grid.put(text, x: 1, y: 0, in: area, style: Style(.dim))
  }
}
