import ConsoleModel
import Terminal

/// Every tier on one screen, with the hottest keys and the newest slow commands.
struct OverviewPanel: Panel {
  static let contexts: [[Scope]] = [[.table, .overview]]
  let id = PanelID.overview
  var scopes: [Scope] { [.table, .overview] }

  private var tiers = Table<TierStatus, TierID>(
    columns: TierColumns.all, identify: { $0.id }, filterText: { "\($0.title) \($0.note ?? "")" },
    sentence: TierColumns.sentence)
  private var hotKeys = OverviewLists.hotKeys
  private var slow = OverviewLists.slow

  var filter: String { tiers.filter }
  mutating func setFilter(_ text: String, in context: Context) { tiers.setFilter(text) }

  mutating func refresh(_ context: Context) {
    guard let snapshot = context.snapshot else { return }
    tiers.setRows(snapshot.tiers)
    // No screen is higher than the grid's limit; more rows could not be seen.
    hotKeys.setRows(Array(snapshot.hotKeys.rows.prefix(CellGrid.maximumRows)))
    slow.setRows(Array(snapshot.slow.prefix(CellGrid.maximumRows)))
  }

  mutating func perform(
    _ action: ActionID, argument: String?, in context: Context
  ) -> [Request] {
    let parts = OverviewParts(context, in: context.body)
    if tiers.perform(action, in: parts.tiers) { return [] }
    guard action == .open, let tier = tiers.selected else { return [] }
    switch tier.id {
    case .l2: return [.perform(.showNodes)]
    case .l1, .l3, .l4, .apiGateway:
      return [.toast(Toast(.information, "\(tier.title): \(tier.note ?? "no details yet")"))]
    }
  }

  mutating func mouse(_ event: MouseEvent, in context: Context) -> [Request] {
    let parts = OverviewParts(context, in: context.body)
    if tiers.mouse(event, in: parts.tiers) { return [.perform(.open)] }
    if event.kind == .press {
      if parts.hotKeys.contains(x: event.x, y: event.y) { return [.perform(.showHotKeys)] }
      if parts.slow.contains(x: event.x, y: event.y) { return [.perform(.showSlow)] }
    }
    return []
  }

  mutating func reset() {
    tiers.reset()
    hotKeys.reset()
    slow.reset()
  }

  func draw(_ context: Context, in area: Rect, into grid: inout CellGrid) {
    guard let snapshot = context.snapshot else {
      grid.put(
        "connecting to \(context.safe(context.environment.name)): no server has answered yet",
        x: 1, y: 0, in: area, style: Style(.dim))
      return
    }
    let parts = OverviewParts(context, in: area)
    tiers.draw(context, in: parts.tiers, into: &grid, empty: "no tier is configured")
    if !parts.combined.isEmpty {
      OverviewLines.drawCombined(snapshot, context, in: parts.combined, into: &grid)
    }
    if !parts.notes.isEmpty, !tiers.isShown(column: TierColumns.note, in: parts.tiers) {
      OverviewLines.drawNotes(snapshot, context, in: parts.notes, into: &grid)
    }
    if !parts.hotKeys.isEmpty {
      hotKeys.draw(
        context, in: parts.hotKeys, into: &grid,
        empty: snapshot.hotKeys.unavailable.map { context.safe($0) } ?? "no hot key seen yet",
        hasFocus: false)
    }
    if !parts.slow.isEmpty {
      slow.draw(
        context, in: parts.slow, into: &grid,
        empty: OverviewLists.whyNoSlow(snapshot, context), hasFocus: false)
    }
    if !parts.notices.isEmpty {
      OverviewLines.drawNotices(snapshot, context, in: parts.notices, into: &grid)
    }
    if !parts.cost.isEmpty {
      OverviewLines.drawCost(snapshot, parts, context, in: parts.cost, into: &grid)
    }
  }
}

/// Where each part is at this size; empty where there is no room, and then `hidden` names it.
struct OverviewParts {
  let tiers: Rect
  var combined = Rect(x: 0, y: 0, width: 0, height: 0)
  var notes = Rect(x: 0, y: 0, width: 0, height: 0)
  var hotKeys = Rect(x: 0, y: 0, width: 0, height: 0)
  var slow = Rect(x: 0, y: 0, width: 0, height: 0)
  var notices = Rect(x: 0, y: 0, width: 0, height: 0)
  var cost = Rect(x: 0, y: 0, width: 0, height: 0)
  var hidden: [PanelID] = []

  /// From this width on the two lists stand side by side.
  private static let sideBySide = 100

  init(_ context: Context, in area: Rect) {
    let snapshot = context.snapshot
    let tierRows = min(8, max(1, snapshot?.tiers.count ?? 0))
    // A table with hidden columns needs a line to say so.
    let wanted = tierRows + (area.width < TierColumns.fullWidth ? 2 : 1)
    let hasCost = area.height > 3
    var (top, rest) = area.splitTop(min(wanted, area.height - (hasCost ? 1 : 0)))
    tiers = top
    if hasCost {
      let (above, below) = rest.splitTop(rest.height - 1)
      rest = above
      cost = below
    }
    (combined, rest) = rest.splitTop(rest.height > 0 ? 1 : 0)
    let noteCount = snapshot.map { OverviewLines.notes($0).count } ?? 0
    if area.width < TierColumns.fullWidth, noteCount > 0, rest.height >= 10 {
      // The lists below need at least eight rows to say anything.
      (notes, rest) = rest.splitTop(max(1, min(noteCount, rest.height - 12)))
    }
    let noticeCount = min(3, snapshot?.notices.count ?? 0)
    if noticeCount > 0, rest.height >= 12 {
      let (above, below) = rest.splitTop(rest.height - noticeCount - 1)
      rest = above
      notices = below
    }
    if rest.height >= 5 { (_, rest) = rest.splitTop(1) }
    if area.width >= Self.sideBySide, rest.height >= 3 {
      let (left, right) = rest.splitLeft(area.width / 2 - 1)
      hotKeys = left
      slow = Rect(x: right.x + 1, y: right.y, width: right.width - 1, height: right.height)
    } else if rest.height >= 7 {
      // Each gets what its rows need, and half of the room at least; the blank line between them
      // belongs to neither.
      let room = rest.height - 1
      let hotRows = 1 + max(1, snapshot?.hotKeys.rows.count ?? 0)
      let slowRows = 1 + max(1, snapshot?.slow.count ?? 0)
      let (above, below) = rest.splitTop(min(hotRows, max(room / 2, room - slowRows)))
      hotKeys = above
      slow = below.splitTop(1).rest
    } else if rest.height >= 3 {
      hotKeys = rest
      hidden = [.slow]
    } else {
      hidden = [.hotKeys, .slow]
    }
  }
}
