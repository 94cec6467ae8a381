import ConsoleModel
import Terminal

/// The two lists under the tiers: the same widget as everywhere, without a selection.
enum OverviewLists {
  struct HotID: Hashable, Sendable {
    var node: NodeID
    var key: KeyName
  }

  struct SlowID: Hashable, Sendable {
    var runID: String
    var id: UInt64
    var node: NodeID
  }

  static let hotKeys = Table<HotKeyReport.Row, HotID>(
    columns: [
      Column("hot keys", minimum: 16, weight: 3, priority: 100) { row, context, width in
        TableCell(
          context.safe(row.key.bytes, limit: width), Mark.figure(context.liveState(of: row.node)))
      },
      Column("", minimum: 6, weight: 1, priority: 60) { row, context, width in
        TableCell(
          context.glyphs.bar(row.share ?? row.frequency.map { Double($0) / 255 }, width: width),
          Mark.figure(context.liveState(of: row.node), .graph))
      },
      Column("share", minimum: 6, alignment: .right, priority: 90) { row, context, _ in
        let text =
          row.share.map { Format.percent($0) + "%" } ?? row.frequency.map { "lfu \($0)" }
          ?? Format.missing
        return TableCell(text, Mark.figure(context.liveState(of: row.node)))
      },
      Column("node", minimum: 12, priority: 70) { row, context, width in
        context.nodeCell(row.node, width: width)
      },
    ], identify: { HotID(node: $0.node, key: $0.key) }, filterText: { _ in "" })

  /// What an empty slow list means: none, not asked yet, or not allowed to ask.
  static func whyNoSlow(_ snapshot: Snapshot, _ context: Context) -> String {
    if let problem = snapshot.nodes.lazy.compactMap(\.slow.problem).first {
      return context.safe(problem, limit: 300)
    }
    return snapshot.nodes.contains { $0.slow.at != nil }
      ? "no slow command seen" : "the slow log was not read yet"
  }

  static let slow = Table<SlowEntry, SlowID>(
    columns: [
      Column("slow at", minimum: 8, priority: 100) { row, context, _ in
        TableCell(context.clock(row.at), .dim)
      },
      Column("took", minimum: 6, alignment: .right, priority: 90) { row, context, _ in
        TableCell(
          context.latency(Double(row.microseconds)), Mark.figure(context.liveState(of: row.node)))
      },
      Column("command", minimum: 16, weight: 3, priority: 95) { row, context, width in
        TableCell(row.line(context, limit: width), Mark.figure(context.liveState(of: row.node)))
      },
      Column("node", minimum: 12, priority: 70) { row, context, width in
        context.nodeCell(row.node, width: width)
      },
    ], identify: { SlowID(runID: $0.runID, id: $0.id, node: $0.node) }, filterText: { _ in "" })
}
