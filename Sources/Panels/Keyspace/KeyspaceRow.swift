import ConsoleModel
import Terminal

/// One group of keys: a prefix, a type, a range of times to live.
struct KeyspaceRow: Sendable {
  enum ID: Hashable, Sendable {
    case prefix([UInt8])
    /// Keys of the level above that are in none of its rows.
    case rest
    case named(String)
  }

  var id: ID
  var group: KeyspaceReport.Group
  /// What small prefixes that were folded together may add.
  var mayLack: UInt64 = 0
  /// There are prefixes below it.
  var isOpenable = false
  /// Place in the order in which the report has it.
  var place: Int
  /// Of all keys that were measured; in a sample estimated.
  var keyShare: Double
  var byteShare: Double
  /// Of the row with the most, which the longest bar stands for.
  var largest: Double
  /// Keys and bytes of all servers; nil: `group` has counted them.
  var whole: (keys: Double, bytes: Double)?

  var text: String {
    switch id {
    case .prefix(let name): String(decoding: name.prefix(512), as: UTF8.self)
    case .rest: "(all other keys)"
    case .named(let name): name
    }
  }

  /// Keys as far as they are known: counted, or estimated for all servers.
  var keys: Double { whole.map { $0.keys * keyShare } ?? Double(group.keys) }
  var bytes: Double { whole.map { $0.bytes * byteShare } ?? Double(group.bytes) }

  /// Half of the interval in which the share of bytes is with 95 %; nil: counted.
  var error: Double? { group.byteShare.map { ($0.upperBound - $0.lowerBound) / 2 } }

  private func name(_ context: Context, _ width: Int) -> String {
    switch id {
    case .prefix(let name):
      DrawableText.escape(name, isUnicode: context.isUnicode, limit: width)
    case .rest: text
    case .named(let name): context.safe(name, limit: width)
    }
  }

  /// - Parameter title: of the first column.
  static func columns(_ title: String) -> [Column<KeyspaceRow>] {
    [
      Column(title, minimum: 14, weight: 3, sortKey: { .number(-Double($0.place)) }) {
        row, context, width in
        // Enter goes on below it.
        let mark = row.isOpenable ? (context.isUnicode ? "▸ " : "+ ") : "  "
        return TableCell(
          mark + row.name(context, max(1, width - 2)), row.id == .rest ? .dim : .normal)
      },
      Column("keys", minimum: 7, alignment: .right, priority: 70, sortKey: { .number($0.keys) }) {
        row, _, _ in
        TableCell((row.whole == nil ? "" : "~") + Format.rate(row.keys))
      },
      Column("bytes", minimum: 7, alignment: .right, priority: 90, sortKey: { .number($0.bytes) }) {
        row, _, _ in
        TableCell((row.whole == nil ? "" : "~") + Format.bytes(row.bytes))
      },
      Column(
        "share", minimum: 6, alignment: .right, priority: 85, sortKey: { .number($0.byteShare) }
      ) { row, _, _ in TableCell("\(Format.percent(row.byteShare))%") },
      Column("+/-", minimum: 6, priority: 80, sortKey: { .number($0.error) }) { row, context, _ in
        guard let error = row.error else {
          let isMuch = row.mayLack > row.group.bytes / 100
          return TableCell(isMuch ? "+\(Format.bytes(row.mayLack))" : "", .dim)
        }
        return TableCell((context.isUnicode ? "±" : "+-") + Format.percent(error), .dim)
      },
      Column("", minimum: 8, weight: 1, priority: 40) { row, context, width in
        TableCell(
          context.glyphs.bar(
            row.largest > 0 ? row.byteShare / row.largest : 0, width: min(width, 24)), .graph)
      },
      Column(
        "average", minimum: 7, alignment: .right, priority: 60, sortKey: { .number($0.average) }
      ) { row, _, _ in TableCell(Format.bytes(row.average)) },
    ]
  }

  private var average: Double? {
    group.keys == 0 ? nil : Double(group.bytes) / Double(group.keys)
  }

  // MARK: From a report

  /// Rows of some groups of the same report, the parts of a whole.
  struct Maker {
    private let report: KeyspaceReport
    private let whole: (keys: Double, bytes: Double)?

    init(_ report: KeyspaceReport) {
      self.report = report
      if let keys = report.estimatedKeys, let bytes = report.estimatedBytes {
        whole = (
          (keys.lowerBound + keys.upperBound) / 2, (bytes.lowerBound + bytes.upperBound) / 2
        )
      } else {
        whole = nil
      }
    }

    func prefixes(of parent: KeyspaceReport.Prefix) -> [KeyspaceRow] {
      var parts = parent.children.map { child in
        (
          id: ID.prefix(child.name), group: child.group, mayLack: child.mayLackBytes,
          isOpenable: !child.children.isEmpty
        )
      }
      let listed = parent.children.reduce((keys: UInt64(0), bytes: UInt64(0))) {
        ($0.keys &+ $1.group.keys, $0.bytes &+ $1.group.bytes)
      }
      if parent.group.keys > listed.keys {
        parts.append(
          (
            id: .rest,
            group: KeyspaceReport.Group(
              keys: parent.group.keys - listed.keys,
              bytes: parent.group.bytes - min(listed.bytes, parent.group.bytes)),
            mayLack: 0, isOpenable: false
          ))
      }
      return rows(parts)
    }

    func named(_ groups: [KeyspaceReport.Named]) -> [KeyspaceRow] {
      rows(
        groups.filter { $0.group.keys > 0 }.map {
          (id: ID.named($0.name), group: $0.group, mayLack: 0, isOpenable: false)
        })
    }

    private func rows(
      _ parts: [(id: ID, group: KeyspaceReport.Group, mayLack: UInt64, isOpenable: Bool)]
    ) -> [KeyspaceRow] {
      let all = report.root.group
      func share(_ part: UInt64, _ all: UInt64) -> Double {
        all == 0 ? 0 : Double(part) / Double(all)
      }
      let largest = parts.map { share($0.group.bytes, all.bytes) }.max() ?? 0
      return parts.enumerated().map { place, part in
        KeyspaceRow(
          id: part.id, group: part.group, mayLack: part.mayLack, isOpenable: part.isOpenable,
          place: place, keyShare: share(part.group.keys, all.keys),
          byteShare: share(part.group.bytes, all.bytes), largest: largest, whole: whole)
      }
    }
  }
}

/// One of the biggest keys.
struct BigKeyRow: Sendable {
  struct ID: Hashable, Sendable {
    var node: NodeID
    var key: KeyName
  }

  var rank: Int
  var key: KeyspaceReport.BigKey

  var id: ID { ID(node: key.node, key: key.key) }

  static let columns: [Column<BigKeyRow>] = [
    Column(
      "key", minimum: 16, weight: 1,
      sortKey: { .text(String(decoding: $0.key.key.bytes.prefix(512), as: UTF8.self)) }
    ) { row, context, width in
      TableCell(
        DrawableText.escape(row.key.key.bytes, isUnicode: context.isUnicode, limit: width))
    },
    Column(
      "bytes", minimum: 8, alignment: .right, priority: 90,
      sortKey: { .number(Double($0.key.bytes)) }
    ) { row, _, _ in TableCell(Format.bytes(row.key.bytes)) },
    Column("type", minimum: 8, priority: 80, sortKey: { .text($0.key.type) }) {
      row, context, width in
      TableCell(context.safe(row.key.type, limit: width), .accent)
    },
    Column("#", minimum: 4, alignment: .right, priority: 50, sortKey: { .number(-Double($0.rank)) })
    { row, _, _ in TableCell(String(row.rank), .dim) },
    Column("node", minimum: 10, priority: 60, sortKey: { .text($0.key.node.rawValue) }) {
      row, context, width in
      TableCell(context.safe(row.key.node.rawValue, limit: width), .dim)
    },
  ]
}
