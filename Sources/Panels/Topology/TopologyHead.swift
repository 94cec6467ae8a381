import ConsoleModel
import Terminal

/// What is said of the whole above its shards: is it well, which slots nobody serves, what moves.
struct TopologyHead: Sendable {
  private let topology: Topology
  /// The shard that stands out most: its name, by how much and in what; nil: none does.
  private var largestSkew: (name: String, skew: Double, figure: String)?
  /// Names of servers by their identity, for open slots.
  private let titles: [String: String]

  /// Uncovered ranges and open slots that are named; the others are counted.
  private static let maximumNamed = 12

  init(_ topology: Topology, rows: [TopologyRow]) {
    self.topology = topology
    let ids = Set(topology.openSlots.flatMap { [$0.source, $0.target].compactMap(\.self) })
    var titles: [String: String] = [:]
    if !ids.isEmpty {
      for member in topology.shards.flatMap(\.members) where ids.contains(member.serverID) {
        titles[member.serverID] = member.title
      }
    }
    self.titles = titles
    for row in rows {
      guard let shard = row.shard, let skew = shard.skew, skew > TopologyRow.skewLimit,
        skew > largestSkew?.skew ?? 0
      else { continue }
      largestSkew = (row.name, skew, shard.opsSkew == skew ? "ops" : "memory")
    }
  }

  /// - Parameter place: which of how many topologies this is, from 1.
  func lines(
    _ context: Context, in area: Rect, place: Int, of count: Int, following: [Span]?
  ) -> [[Span]] {
    let width = area.indented.width
    let bar = area.height >= 18 ? bar(context, width: width - 1) : nil
    let maximum = area.height >= 18 ? 4 : area.headLines
    guard maximum > 0 else { return [] }
    func flow(_ facts: [[Span]], _ lines: Int) -> [[Span]] {
      FlowLine.lines(facts, width: width, maximum: lines, isUnicode: context.isUnicode)
    }
    let trouble = trouble(context)
    var more = facts(context)
    if count > 1 {
      more.append([
        Span("\(place) of \(count) ", .dim), Span("n ", .key, .bold), Span("next", .dim),
      ])
    }
    if let following { more.insert(following, at: 0) }
    let state = state(context)
    // With one line in all, what is wrong goes before what is normal.
    guard maximum > 1, !trouble.isEmpty else {
      return flow(state + trouble + more, maximum) + (bar.map { [$0] } ?? [])
    }
    let top = flow(state + more, maximum > 3 ? 2 : 1)
    return top + flow(trouble, maximum - top.count) + (bar.map { [$0] } ?? [])
  }

  /// All slots in one line, gaps in the colour of trouble; nil where there are no slots.
  private func bar(_ context: Context, width: Int) -> [Span]? {
    guard let coverage = topology.coverage, width > 0 else { return nil }
    let line = SlotBar.text(coverage.covered, glyphs: context.glyphs, width: width)
    let whole = SlotBar.text([SlotRange].all, glyphs: context.glyphs, width: 1)
    var spans: [Span] = []
    var run = ""
    var isWhole = true
    for sign in line {
      if (String(sign) == whole) != isWhole, !run.isEmpty {
        spans.append(Span(run, isWhole ? .graph : .critical))
        run = ""
      }
      isWhole = String(sign) == whole
      run.append(sign)
    }
    return spans + [Span(run, isWhole ? .graph : .critical)]
  }

  /// What a primary with its replicas is called.
  static func noun(_ kind: Topology.Kind) -> String { kind == .cluster ? "shard" : "group" }

  // MARK: Facts

  private func state(_ context: Context) -> [[Span]] {
    var spans = [Span(topology.kind.rawValue, .title, .bold)]
    if !topology.name.isEmpty {
      spans.append(Span(" " + context.safe(topology.name, limit: 24), .accent))
    }
    switch topology.state {
    case .ok: spans.append(Span(" ok", .ok, .bold))
    case .fail: spans.append(Span(" FAILED", .critical, .bold))
    case .unknown: break
    }
    var facts = [spans]
    if let coverage = topology.coverage {
      let isWhole = coverage.uncovered.isEmpty
      facts.append([
        Span(
          "\(Format.grouped(UInt64(coverage.served)))/\(Format.grouped(UInt64(SlotRange.slotCount))) slots",
          isWhole ? .normal : .critical, isWhole ? [] : .bold)
      ])
    }
    return facts
  }

  private func facts(_ context: Context) -> [[Span]] {
    func counted(_ count: Int, _ noun: String) -> [Span] {
      [Span("\(Format.grouped(UInt64(count))) "), Span(count == 1 ? noun : noun + "s", .dim)]
    }
    var facts = [
      counted(topology.shards.count, Self.noun(topology.kind)),
      counted(topology.memberCount, "node"),
    ]
    if !topology.sentinels.isEmpty { facts.append(counted(topology.sentinels.count, "sentinel")) }
    if let largest = largestSkew {
      facts.append([
        Span("skew ", .dim),
        Span(
          "\(context.safe(largest.name, limit: 20)) \(context.glyphs.multiplication)\(TopologyColumns.factor(largest.skew)) \(largest.figure)",
          .warning),
      ])
    }
    if let epoch = topology.epoch { facts.append([Span("epoch ", .dim), Span("\(epoch)")]) }
    let from = topology.source.map { " from \(context.safe($0.rawValue, limit: 20))" } ?? ""
    if let age = context.age(topology.readAt) {
      facts.append([
        Span("read\(from) ", .dim), Span(age, context.isOld(topology.readAt) ? .stale : .normal),
      ])
    } else {
      facts.append([Span("not read yet\(from)", .dim)])
    }
    return facts
  }

  private func trouble(_ context: Context) -> [[Span]] {
    var facts: [[Span]] = []
    if let fault = topology.fault {
      facts.append([Span(context.safe(fault.line, limit: 240), .critical)])
    }
    let uncovered = topology.coverage?.uncovered ?? []
    if !uncovered.isEmpty {
      var texts = uncovered.prefix(Self.maximumNamed).map(\.text)
      if uncovered.count > Self.maximumNamed {
        texts.append("\(uncovered.count - Self.maximumNamed) more ranges")
      }
      // One fact each, so that a narrow screen counts what it leaves out.
      facts += texts.enumerated().map { index, text in
        [Span(index == 0 ? "uncovered slots \(text)" : text, .critical, .bold)]
      }
    }
    facts += topology.openSlots.prefix(Self.maximumNamed).map { slot in
      let arrow = " \(context.glyphs.arrowRight) "
      let way = "\(title(slot.source, context))\(arrow)\(title(slot.target, context))"
      return [Span("slot \(slot.slot) \(slot.direction.rawValue) ", .warning), Span(way)]
    }
    if topology.openSlots.count > Self.maximumNamed {
      facts.append([
        Span("\(topology.openSlots.count - Self.maximumNamed) more open slots", .warning)
      ])
    }
    facts += topology.notes.prefix(4).map { [Span(context.safe($0, limit: 200), .warning)] }
    return facts
  }

  private func title(_ id: String?, _ context: Context) -> String {
    guard let id else { return "?" }
    // A node id has 40 letters; its first eight tell it from others.
    return titles[id].map { context.safe($0, limit: 24) } ?? context.safe(id, limit: 9)
  }
}
