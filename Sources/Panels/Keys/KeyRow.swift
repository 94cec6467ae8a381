import ConsoleModel
import Terminal

/// One found key. Its place in the list is its identity: keys may be long, and are compared once.
struct KeyRow: Sendable {
  var node: NodeID
  var index: Int
  var summary: KeySummary
  /// When the server described it; nil: not asked or not answered.
  var described: MonotonicTime?

  /// Columns of a key that sorting and filtering look at.
  private static let searched = 512

  var searchText: String {
    String(decoding: summary.key.bytes.prefix(Self.searched), as: UTF8.self)
  }

  /// Idle time or LFU counter: a server has one of the two.
  var use: String {
    if let frequency = summary.frequency { return "freq \(frequency)" }
    if let idle = summary.idleSeconds { return "idle \(Format.duration(idle))" }
    return ""
  }

  /// Most used first in both units.
  var useKey: Double? {
    if let frequency = summary.frequency { return Double(frequency) }
    return summary.idleSeconds.map { -Double($0) }
  }

  var timeToLiveKey: Double? {
    switch summary.timeToLive {
    case nil, .gone: nil
    case .persistent: .infinity
    case .milliseconds(let value): Double(value)
    }
  }

  /// With whose key it is.
  static let columnsWithNode: [Column<KeyRow>] =
    columns + [
      Column("node", minimum: 10, priority: 72, sortKey: { .text($0.node.rawValue) }) {
        row, context, width in
        TableCell(context.safe(row.node.rawValue, limit: width), .dim)
      }
    ]

  static let columns: [Column<KeyRow>] = [
    Column("key", minimum: 16, weight: 1, sortKey: { .text($0.searchText) }) {
      row, context, width in
      TableCell(
        DrawableText.escape(
          row.summary.key.bytes, isUnicode: context.isUnicode, limit: width),
        row.summary.type == "none" ? .dim : .normal)
    },
    Column("type", minimum: 7, priority: 90, sortKey: { .text($0.summary.type ?? "") }) {
      row, context, width in
      guard let type = row.summary.type else { return TableCell("") }
      let shown = type == "none" ? "gone" : context.safe(type, limit: width)
      return TableCell(shown, type == "none" ? .warning : .accent)
    },
    Column("data", minimum: 6, priority: 80, sortKey: { .number($0.summary.isPersonal ? 1 : 0) }) {
      row, _, _ in
      TableCell(row.summary.isPersonal ? "masked" : "", .masked)
    },
    Column(
      "ttl", minimum: 7, alignment: .right, priority: 85, sortKey: { .number($0.timeToLiveKey) }
    ) { row, context, _ in
      guard let described = row.described else { return TableCell("") }
      return TableCell(
        KeyFacts.timeToLive(row.summary.timeToLive, age: context.now.seconds(since: described)))
    },
    Column(
      "memory", minimum: 7, alignment: .right, priority: 75,
      sortKey: { .number($0.summary.memoryBytes.map { Double($0) }) }
    ) { row, _, _ in
      TableCell(row.described == nil ? "" : Format.bytes(row.summary.memoryBytes))
    },
    Column("encoding", minimum: 9, priority: 60, sortKey: { .text($0.summary.encoding ?? "") }) {
      row, context, width in
      TableCell(
        row.summary.encoding.map { context.safe($0, limit: width) } ?? "", .dim)
    },
    Column("use", minimum: 10, priority: 70, sortKey: { .number($0.useKey) }) { row, _, _ in
      TableCell(row.use)
    },
  ]
}
