import ConsoleModel
import Terminal

/// What the list of operations shows of each.
enum OperationColumns {
  static let all: [Column<OperationStatus>] = [
    Column("operation", minimum: 14, weight: 2, sortKey: { .text($0.title) }) {
      status, context, width in TableCell(context.safe(status.title, limit: width))
    },
    Column(
      "began", minimum: 8, priority: 70, sortKey: { .number(Double($0.started.microseconds)) }
    ) { status, context, _ in TableCell(context.moment(status.started), .dim) },
    Column("state", minimum: 11, priority: 95, sortKey: { .text($0.state.rawValue) }) {
      status, context, _ in
      let state = OperationText.state(status.state, context.glyphs)
      return TableCell(state.text, state.role)
    },
    Column("", minimum: 8, weight: 1, priority: 65) { status, context, width in
      TableCell(context.glyphs.meter(status.progress, width: min(width, 20)), .graph)
    },
    Column("%", minimum: 4, alignment: .right, priority: 85, sortKey: { .number($0.progress) }) {
      status, _, _ in TableCell(OperationText.percent(status.progress))
    },
    Column(
      "keys/s", minimum: 6, alignment: .right, priority: 75, sortKey: { .number($0.rate) }
    ) { status, _, _ in
      TableCell(status.state.isOver ? "" : Format.rate(status.rate))
    },
    Column("ETA", minimum: 6, alignment: .right, priority: 80, sortKey: { .number($0.etaSeconds) })
    { status, _, _ in
      TableCell(status.state.isOver ? "" : Format.duration(seconds: status.etaSeconds ?? .nan))
    },
    Column(
      "changed", minimum: 9, alignment: .right, priority: 78,
      sortKey: { .number(Double($0.changed)) }
    ) { status, _, _ in TableCell(Format.grouped(status.changed)) },
    Column(
      "failed", minimum: 6, alignment: .right, priority: 72,
      sortKey: { .number(Double($0.failed)) }
    ) { status, _, _ in
      TableCell(Format.grouped(status.failed), status.failed > 0 ? .critical : .dim)
    },
    Column("who", minimum: 8, priority: 60, sortKey: { .text($0.author.user) }) {
      status, context, width in TableCell(context.safe(status.author.user, limit: width))
    },
    Column("result", minimum: 18, weight: 2, priority: 68) { status, context, width in
      TableCell(
        OperationText.verdict(status, context, limit: width),
        status.verdict.map(OperationText.role) ?? .dim)
    },
  ]
}

/// Everything that is known of one operation.
enum OperationFacts {
  static func of(_ status: OperationStatus, _ context: Context) -> [FactSheet.Fact] {
    func safe(_ text: String) -> String { context.safe(text, limit: 600) }
    let state = OperationText.state(status.state, context.glyphs)
    let author = status.author
    let seat = [author.host, author.terminal, author.from.isEmpty ? "" : "from \(author.from)"]
      .filter { !$0.isEmpty }.joined(separator: " ")
    var facts: [FactSheet.Fact] = [
      .init("state", state.text, state.role),
      .init("progress", progress(status)),
      .init("note", safe(status.note), .warning),
      .init("began", context.date(status.started)),
      .init("ended", status.finished.map(context.date) ?? ""),
      .init("who", safe("\(author.user) (\(author.role.rawValue)) \(seat)")),
      .init("reason", safe(status.reason)),
    ]
    facts += verdict(status, context)
    for shard in status.shards.prefix(200) {
      facts.append(.init("server", line(shard, context), shard.failed > 0 ? .warning : .normal))
      if let fault = shard.fault { facts.append(.init("", safe(fault), .critical)) }
    }
    if status.shards.count > 200 {
      facts.append(.init("", "and \(status.shards.count - 200) more servers", .mark))
    }
    for (index, command) in (context.confirmedCommands[status.id] ?? []).prefix(50).enumerated() {
      facts.append(.init(index == 0 ? "commands" : "", safe(command), .accent))
    }
    facts += [
      .init(
        "copies", status.copies > 0 ? "\(Format.grouped(status.copies)) keys: u puts them back" : ""
      ),
      .init(
        "runner", safe(status.runner) + (status.fence > 0 ? ", fence \(status.fence)" : ""), .dim),
      .init("operation", safe(status.id), .dim),
      .init("plan", safe(status.planHash), .dim),
    ]
    return facts
  }

  private static func progress(_ status: OperationStatus) -> String {
    var parts = ["\(OperationText.percent(status.progress))"]
    // How much a loader prints that was given no list is known when it has ended.
    let expected = status.expected > 0 ? " of \(Format.grouped(status.expected))" : ""
    parts.append("\(Format.grouped(status.changed))\(expected) changed")
    if status.skipped > 0 { parts.append("\(Format.grouped(status.skipped)) skipped") }
    if status.failed > 0 { parts.append("\(Format.grouped(status.failed)) failed") }
    if status.indeterminate > 0 {
      parts.append("\(Format.grouped(status.indeterminate)) not known")
    }
    if !status.state.isOver {
      if let rate = status.rate { parts.append("\(Format.rate(rate)) keys/s") }
      if let eta = status.etaSeconds { parts.append("ETA \(Format.duration(seconds: eta))") }
    }
    return parts.joined(separator: ", ")
  }

  private static func verdict(_ status: OperationStatus, _ context: Context) -> [FactSheet.Fact] {
    guard let verdict = status.verdict else { return [] }
    let role = OperationText.role(verdict)
    var facts = [FactSheet.Fact("verdict", context.safe(verdict.text, limit: 600), role)]
    let parts = OperationText.parts(verdict).joined(separator: ", ")
    let at = verdict.at.map { ", at \(context.clock($0))" } ?? ""
    facts.append(.init("", "\(parts) (\(Format.grouped(verdict.checked)) read again\(at))", role))
    if verdict.isFresh {
      facts.append(.init("", "nothing born before the start is served any more", .ok))
    }
    return facts
  }

  private static func line(_ shard: ShardStatus, _ context: Context) -> String {
    var parts = [
      "\(context.safe(shard.node.rawValue, limit: 40)) \(shard.state.rawValue)",
      "\(Format.grouped(shard.visited)) of \(Format.grouped(shard.size)) visited",
      "\(Format.grouped(shard.changed)) changed",
    ]
    if shard.skipped > 0 { parts.append("\(Format.grouped(shard.skipped)) skipped") }
    if shard.failed > 0 { parts.append("\(Format.grouped(shard.failed)) failed") }
    if shard.indeterminate > 0 { parts.append("\(Format.grouped(shard.indeterminate)) not known") }
    if shard.bytes > 0 { parts.append(Format.bytes(shard.bytes)) }
    return parts.joined(separator: ", ")
  }
}

extension Context {
  /// Local time of day; the date where it is not today's.
  func moment(_ time: WallTime) -> String {
    let civil = CivilTime(time, offsetSeconds: utcOffsetSeconds)
    let today = CivilTime(wall, offsetSeconds: utcOffsetSeconds)
    return civil.date == today.date ? civil.clock : String(civil.date.suffix(8))
  }

  /// Local date and time of day.
  func date(_ time: WallTime) -> String {
    let civil = CivilTime(time, offsetSeconds: utcOffsetSeconds)
    return "\(civil.date) \(civil.clock) \(safe(zone, limit: 8))"
  }
}
