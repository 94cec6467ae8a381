import ConsoleModel
import Terminal

/// The columns of the topology: what a shard and what a member says in each.
enum TopologyColumns {
  static let all: [Column<TopologyRow>] = [
    Column("shard", minimum: 12, weight: 2, priority: 100, sortKey: { .text(natural($0.name)) }) {
      row, context, width in name(row, context, width)
    },
    Column(
      "state", minimum: 19, priority: 96,
      sortKey: { .number($0.shard.map { $0.hasPrimary ? Double($0.troubled) : .infinity }) }
    ) { row, context, width in
      let cell = row.member == nil ? shardState(row, context) : memberState(row, context)
      return cell
    },
    figure("ops/s", 5, 90, { $0.ops }, isSkewed: { $0.opsSkew }) { Format.rate($0.ops) },
    figure("memory", 6, 88, { $0.memory.map { Double($0) } }, isSkewed: { $0.memorySkew }) {
      Format.bytes($0.memory)
    },
    Column(
      "slots", minimum: 11, alignment: .right, priority: 86,
      sortKey: { .number($0.shard.map { Double($0.slots) }) }
    ) { row, _, _ in slots(row) },
    Column(
      "lag", minimum: 8, alignment: .right, priority: 84,
      sortKey: { .number($0.lagBytes.map { Double($0) }) }
    ) { row, _, _ in lag(row) },
    Column(
      "skew", minimum: 6, alignment: .right, priority: 83, sortKey: { .number($0.shard?.skew) }
    ) { row, context, _ in skew(row, context) },
    Column("coverage", minimum: 16, weight: 3, priority: 72) { row, context, width in
      guard let shard = row.shard, !shard.ranges.isEmpty else { return TableCell("") }
      let width = min(width, 128)
      var cell = TableCell(
        SlotBar.text(shard.ranges, glyphs: context.glyphs, width: width),
        shard.hasPrimary ? .graph : .critical)
      cell.marks = Array(
        Set(shard.openSlots.map { SlotBar.column(of: $0, width: width) }).sorted())
      return cell
    },
    Column(
      "zone", minimum: 10, priority: 70,
      sortKey: { .text($0.member?.zone ?? $0.shard?.zones.joined(separator: " ") ?? "") }
    ) { row, context, width in zone(row, context, width) },
    figure("hit%", 5, 60, { $0.hitRatio }) { Format.percent($0.hitRatio) },
    Column("p95", minimum: 6, alignment: .right, priority: 58, sortKey: { .number($0.figures.p95) })
    { row, context, _ in
      TableCell(hasNone(row) ? "" : context.latency(row.figures.p95), role(row))
    },
    figure("keys", 6, 56, { $0.keys.map { Double($0) } }) { Format.count($0.keys) },
    Column(
      "address", minimum: 18, weight: 1, priority: 50, sortKey: { .text($0.member?.address ?? "") }
    ) { row, context, width in
      guard let member = row.member else { return TableCell("") }
      let other = member.announced.map { " announces \($0)" } ?? ""
      return TableCell(context.safe(member.address + other, limit: width), .dim)
    },
    Column("flags", minimum: 10, priority: 30) { row, context, width in
      let flags = row.member?.flags.prefix(16).joined(separator: " ") ?? ""
      return TableCell(context.safe(flags, limit: width), .dim)
    },
  ]

  private static func role(_ row: TopologyRow, _ role: StyleRole = .normal) -> StyleRole {
    Mark.figure(row.figures.state ?? .live, role)
  }

  /// A Sentinel holds no data: it has no figures that could be missing.
  private static func hasNone(_ row: TopologyRow) -> Bool {
    row.id == .sentinels || (row.member?.role == .sentinel && row.figures.state == nil)
  }

  private static func figure(
    _ title: String, _ minimum: Int, _ priority: Int,
    _ value: @escaping @Sendable (TopologyRow.Figures) -> Double?,
    isSkewed: @escaping @Sendable (TopologyRow.Shard) -> Double? = { _ in nil },
    _ text: @escaping @Sendable (TopologyRow.Figures) -> String
  ) -> Column<TopologyRow> {
    Column(
      title, minimum: minimum, alignment: .right, priority: priority,
      sortKey: { .number(value($0.figures)) }
    ) { row, context, _ in
      let skew = row.shard.flatMap(isSkewed) ?? 0
      let isHigh = skew > TopologyRow.skewLimit
      let isHead = row.shard != nil
      return TableCell(
        hasNone(row) ? "" : text(row.figures), role(row, isHigh ? .warning : .normal),
        isHead && isHigh ? .bold : [])
    }
  }

  // MARK: Name and state

  /// Addresses differ at their ends: `…0.0.11:6379`.
  private static func endKept(_ name: String, _ context: Context, _ width: Int) -> String {
    let whole = context.safe(name, limit: 200)
    guard whole.unicodeScalars.allSatisfy(\.isASCII), whole.utf8.count > width, width > 4,
      let colon = whole.lastIndex(of: ":"), whole.distance(from: colon, to: whole.endIndex) < width
    else { return context.safe(name, limit: width) }
    let mark = context.isUnicode ? "…" : "~"
    return mark + String(whole.suffix(width - 1))
  }

  private static func name(_ row: TopologyRow, _ context: Context, _ width: Int) -> TableCell {
    let glyphs = context.glyphs
    guard let isOpen = row.isOpen else {
      let branch = row.isLast ? glyphs.treeLast : glyphs.treeBranch
      let name = endKept(row.name, context, max(1, width - 3))
      return TableCell("\(branch) \(name)", row.isFollowed ? .accent : .normal)
    }
    // Fonts of the Linux console hold no triangles of this kind.
    let isRich = glyphs.level >= .block
    let mark = isOpen ? (isRich ? "▾" : "-") : (isRich ? "▸" : "+")
    var text = context.safe(row.name, limit: max(1, width - 2))
    if !isOpen, let primary = row.shard?.primary {
      let more = " \(glyphs.separator) " + context.safe(primary, limit: width)
      let used = TextWidth.columns(text + more, isUnicode: context.isUnicode)
      if used + 2 <= width { text += more }
    }
    return TableCell("\(mark) \(text)", .normal, .bold)
  }

  static func shardState(_ row: TopologyRow, _ context: Context) -> TableCell {
    guard let shard = row.shard else { return TableCell("") }
    if row.id != .sentinels, !shard.hasPrimary {
      return TableCell("\(Mark.state(.down, context.glyphs)) no primary", .critical, .bold)
    }
    if shard.troubled > 0 {
      return TableCell(
        "\(Mark.state(.stale, context.glyphs)) \(shard.troubled) of \(shard.members) failing",
        .warning)
    }
    if let text = changed(row, .primary, context) { return text }
    let noun = shard.members == 1 ? "node" : "nodes"
    return TableCell("\(Mark.state(.live, context.glyphs)) \(shard.members) \(noun)", .ok)
  }

  static func memberState(_ row: TopologyRow, _ context: Context) -> TableCell {
    guard let member = row.member else { return TableCell("") }
    let word = member.role == .unknown ? "server" : member.role.rawValue
    func cell(_ state: LiveState, _ text: String, _ role: StyleRole) -> TableCell {
      TableCell("\(Mark.state(state, context.glyphs)) \(text)", role)
    }
    switch member.health {
    case .failed: return cell(.down, "\(word) failed", .critical)
    case .suspected: return cell(.stale, "\(word) suspect", .warning)
    case .loading: return cell(.stale, "\(word) loading", .warning)
    case .online, .unknown: break
    }
    let age = context.age(row.figures.lastReply).map { " \($0)" } ?? ""
    if row.figures.state == .down { return cell(.down, "\(word) down\(age)", .critical) }
    if member.role == .replica, member.link == .down {
      return cell(.down, "\(word) link down", .critical)
    }
    if row.figures.state == .stale { return cell(.stale, "\(word) stale\(age)", .warning) }
    if let text = changed(row, member.role, context) { return text }
    if member.flags.contains("handshake") { return cell(.connecting, "\(word) handshake", .dim) }
    if member.health == .unknown, row.figures.state != .live {
      return cell(.connecting, word, .dim)
    }
    return cell(.live, word, .ok)
  }

  /// `new primary 4s` while that is news.
  private static func changed(
    _ row: TopologyRow, _ role: TopologyMember.Role, _ context: Context
  ) -> TableCell? {
    guard let change = row.change, change.to == role else { return nil }
    let age = context.now.seconds(since: change.at)
    guard age < TopologyRow.changeSeconds else { return nil }
    return TableCell(
      "\(Mark.state(.live, context.glyphs)) new \(role.rawValue) \(Format.age(seconds: age))",
      .accent, .bold)
  }

  // MARK: Figures

  private static func slots(_ row: TopologyRow) -> TableCell {
    guard let shard = row.shard, shard.slots > 0 else { return TableCell("") }
    let share = Double(shard.slots) / Double(SlotRange.slotCount)
    return TableCell(
      "\(Format.grouped(UInt64(shard.slots))) \(Format.percent(share))%",
      shard.hasPrimary ? .normal : .critical)
  }

  private static func lag(_ row: TopologyRow) -> TableCell {
    let isReplica = row.member?.role == .replica
    guard row.lagBytes != nil || row.lagSeconds != nil else {
      return TableCell(isReplica ? Format.missing : "", .dim)
    }
    let seconds = row.lagSeconds.map { " \(Format.duration($0))" } ?? ""
    // The server itself counts a replica out after so long (min-replicas-max-lag's default).
    let isLate = (row.lagSeconds ?? 0) > 10
    return TableCell(
      Format.bytes(row.lagBytes) + seconds, role(row, isLate ? .warning : .normal))
  }

  private static func skew(_ row: TopologyRow, _ context: Context) -> TableCell {
    guard let shard = row.shard, let skew = shard.skew, skew.isFinite else { return TableCell("") }
    let isHigh = skew > TopologyRow.skewLimit
    let text = "\(context.glyphs.multiplication)\(factor(skew))\(isHigh ? "!" : "")"
    return TableCell(text, isHigh ? .warning : .dim, isHigh ? .bold : [])
  }

  /// `1.6`, `12`; more than 999 says no more.
  static func factor(_ skew: Double) -> String {
    skew < 9.95 ? Format.fixed(skew, 1) : Format.fixed(min(skew, 999), 0)
  }

  private static func zone(_ row: TopologyRow, _ context: Context, _ width: Int) -> TableCell {
    if let zone = row.member?.zone { return TableCell(context.safe(zone, limit: width), .dim) }
    guard let shard = row.shard, !shard.zones.isEmpty else { return TableCell("") }
    let count = shard.zones.count
    // Replicas in the primary's zone do not survive it.
    return count == 1 && shard.members > 1
      ? TableCell("one zone", .warning) : TableCell("\(count) zones", .dim)
  }

  /// Numbers in names sort by value: `shard 2` before `shard 10`.
  static func natural(_ name: String) -> String {
    var result = ""
    var digits = ""
    for character in name.unicodeScalars.prefix(256) {
      if ("0"..."9").contains(character) {
        digits.unicodeScalars.append(character)
      } else {
        result += padded(digits)
        digits = ""
        result.unicodeScalars.append(character)
      }
    }
    return result + padded(digits)
  }

  private static func padded(_ digits: String) -> String {
    digits.isEmpty ? "" : String(repeating: "0", count: max(0, 20 - digits.utf8.count)) + digits
  }
}
