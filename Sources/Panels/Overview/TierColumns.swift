import ConsoleModel
import Terminal

/// The columns of the tier table.
enum TierColumns {
  /// Index of the note column, the first to go.
  static let note = 8
  /// Body width from which no column is hidden.
  static let fullWidth =
    1 + all.reduce(0) { $0 + $1.minimum } + ColumnLayout.gap * (all.count - 1)

  static let all: [Column<TierStatus>] = [
    Column("tier", minimum: 14, priority: 100, sortKey: { .text($0.title) }) {
      tier, context, width in
      TableCell(context.safe(tier.title, limit: width), .normal, .bold)
    },
    Column("state", minimum: 13, priority: 95, sortKey: { .text($0.state.rawValue) }) {
      tier, context, _ in
      context.state(tier.state, detail: tier.stateDetail, lastReply: tier.lastReply)
    },
    Column(
      "hit%", minimum: 5, alignment: .right, priority: 90, sortKey: { .number($0.hitRatio) }
    ) { tier, _, _ in
      TableCell(Format.percent(tier.hitRatio), Mark.figure(tier.state), .bold)
    },
    Column("1h", minimum: 6, weight: 2, priority: 62) { tier, context, width in
      let columns = min(width, 60)
      var cell = TableCell(
        context.hitRatioLine(tier.hitRatioHistory, width: columns),
        Mark.figure(tier.state, .graph))
      cell.marks = context.operationMarks(
        tier.hitRatioHistory, context.hitRatioResolution(tier.hitRatioHistory), width: columns)
      return cell
    },
    Column(
      "ops/s", minimum: 5, alignment: .right, priority: 85, sortKey: { .number($0.opsPerSecond) }
    ) { tier, _, _ in
      TableCell(Format.rate(tier.opsPerSecond), Mark.figure(tier.state))
    },
    Column("p95", minimum: 6, alignment: .right, priority: 80, sortKey: { .number($0.p95) }) {
      tier, context, _ in
      TableCell(context.latency(tier.p95), Mark.figure(tier.state))
    },
    Column(
      "memory", minimum: 9, weight: 2, priority: 70,
      sortKey: { .number($0.memoryUsed.map { Double($0) }) }
    ) { tier, context, width in
      TableCell(
        context.memory(used: tier.memoryUsed, limit: tier.memoryLimit, width: width),
        Mark.figure(tier.state, fullness(tier)))
    },
    Column(
      "evict/s", minimum: 7, alignment: .right, priority: 66,
      sortKey: { .number($0.evictionsPerSecond) }
    ) { tier, _, _ in
      let evicts = (tier.evictionsPerSecond ?? 0) > 0
      return TableCell(
        Format.rate(tier.evictionsPerSecond), Mark.figure(tier.state, evicts ? .warning : .normal))
    },
    Column("note", minimum: 20, weight: 3, priority: 40) { tier, context, width in
      TableCell(context.safe(tier.note ?? "", limit: width), .dim)
    },
  ]

  /// A tier without any figure says why, across the figures' columns.
  static let sentence: @Sendable (TierStatus, Context) -> (column: Int, cell: TableCell)? = {
    tier, context in
    guard let note = tier.note, tier.hitRatio == nil, tier.opsPerSecond == nil,
      tier.memoryUsed == nil, tier.p95 == nil
    else { return nil }
    return (2, TableCell(context.safe(note, limit: 300), tier.state == .down ? .critical : .dim))
  }

  /// Memory that is nearly full warns only by its meter where eviction is the normal state.
  private static func fullness(_ tier: TierStatus) -> StyleRole {
    guard let used = tier.memoryUsed, let limit = tier.memoryLimit, limit > 0 else {
      return .normal
    }
    return Double(used) / Double(limit) > 0.95 ? .warning : .normal
  }
}
