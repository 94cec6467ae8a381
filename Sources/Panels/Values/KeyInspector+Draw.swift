import ConsoleModel
import Terminal

extension KeyInspector {
  func draw(_ context: Context, in area: Rect, into grid: inout CellGrid) {
    let used = grid.put(lines: headLines(context, area), in: area.indented)
    let inner = area.splitTop(used).rest
    if let name {
      name.draw(in: inner.indented, into: &grid)
      return
    }
    if let fault = page?.fault, isContentEmpty {
      grid.put(paragraph: fault.line, y: 0, in: inner.indented, style: Style(.critical))
      return
    }
    switch content {
    case .bytes(let viewer): viewer.draw(in: inner.indented, into: &grid)
    case .elements(let list): list.draw(context, in: inner, into: &grid, empty: emptyText)
    case .none:
      let (text, role) = remark(context)
      grid.put(paragraph: text, y: 0, in: inner.indented, style: Style(role))
    }
  }

  /// Where the value is drawn: what the head leaves.
  func contentArea(_ context: Context, _ area: Rect) -> Rect {
    area.splitTop(min(area.height, headLines(context, area).count)).rest
  }

  private var isContentEmpty: Bool {
    if case .none = content { return true }
    return false
  }

  private var emptyText: String {
    page?.nextPage == nil
      ? "no elements" : "no elements on this page: n reads on (the server pages by its buckets)"
  }

  // MARK: Head

  /// The key, what is known of it, and where in its value we are.
  private func headLines(_ context: Context, _ area: Rect) -> [[Span]] {
    // At least three rows stay for the value itself.
    let room = max(1, area.height - 3)
    let width = area.indented.width
    let title = [
      Span(
        DrawableText.escape(key.bytes, isUnicode: context.isUnicode, limit: width), .title, .bold)
    ]
    let facts = FlowLine.lines(
      facts(context), width: width, maximum: min(4, max(0, (area.height - 2) / 4)),
      isUnicode: context.isUnicode)
    let position = FlowLine.lines(
      position(context, width), width: width, maximum: 1, isUnicode: context.isUnicode)
    return Array(([title] + (room > 1 ? position : []) + facts).prefix(room))
  }

  private func facts(_ context: Context) -> [[Span]] {
    var facts: [[Span]] = []
    let server = fact("node", context.safe(node.rawValue, limit: 64))
    let origin = page?.origin.map {
      [[Span("from ", .dim), Span(context.safe($0, limit: 120), .accent)]]
    }
    guard let summary = page?.summary else { return [server] }
    if let type = summary.type { facts.append([Span(context.safe(type, limit: 64), .accent)]) }
    if summary.isPersonal {
      facts.append([
        Span(
          reveals ? "REVEALED" : Masked.label(nil, context.isUnicode),
          reveals ? .critical : .masked, reveals ? .bold : [])
      ])
    }
    if let life = summary.timeToLive {
      facts.append(
        fact("ttl", KeyFacts.timeToLive(life, age: context.now.seconds(since: arrived))))
    }
    if let memory = summary.memoryBytes { facts.append(fact("memory", Format.bytes(memory))) }
    if let encoding = summary.encoding {
      facts.append(fact("encoding", context.safe(encoding, limit: 64)))
    }
    if let frequency = summary.frequency { facts.append(fact("frequency", "\(frequency)")) }
    if let idle = summary.idleSeconds { facts.append(fact("idle", Format.duration(idle))) }
    // In the order of the enumeration, so that a screen looks the same each time.
    for figure in KeySummary.Figure.allCases {
      guard let reason = summary.notOffered[figure] else { continue }
      facts.append(fact(figure.rawValue, context.safe(reason, limit: 160)))
    }
    facts.append(fact("key", "\(Format.grouped(UInt64(key.bytes.count))) B"))
    return facts + [server] + (origin ?? [])
  }

  private func fact(_ name: String, _ value: String) -> [Span] {
    [Span("\(name) ", .dim), Span(value)]
  }

  private func position(_ context: Context, _ width: Int) -> [[Span]] {
    var parts: [[Span]] = []
    if let name {
      return [
        [Span("the key exactly", .accent)], name.modeSpans(width: width),
        [Span(name.position(isUnicode: context.isUnicode), .dim)],
      ]
    }
    if let asked {
      let seconds = context.now.seconds(since: asked)
      let wait = seconds < 1 ? "" : " for \(Format.duration(seconds: seconds))"
      parts.append([
        Span("reading\(wait) ", .warning),
        Span(context.safe(node.rawValue, limit: 64), .warning),
      ])
    }
    guard let page else { return parts }
    switch content {
    case .bytes(let viewer):
      parts.append(viewer.modeSpans(width: width))
      parts.append([Span(viewer.position(isUnicode: context.isUnicode), .dim)])
    case .elements:
      parts.append([
        Span(
          PageTrail.describe(
            unit: page.value.unit, from: trail.before, count: page.value.pageCount,
            of: page.length, isUnicode: context.isUnicode), .dim)
      ])
    case .none: break
    }
    if trail.hasPrevious || page.nextPage != nil {
      let hints = [page.nextPage == nil ? nil : "n next", trail.hasPrevious ? "N previous" : nil]
      parts.append([
        Span("page \(trail.index + 1) ", .dim),
        Span(hints.compactMap { $0 }.joined(separator: ", "), .key),
      ])
    }
    return parts
  }

  /// What stands where a value would.
  private func remark(_ context: Context) -> (String, StyleRole) {
    guard let page else { return ("no answer yet", .dim) }
    switch page.value {
    case .masked:
      let label = Masked.label(page.length.flatMap { Int(exactly: $0) }, context.isUnicode)
      return ("\(label) \(Masked.hint(context.access))", .masked)
    case .gone: return ("the key is gone: it expired, was evicted or was deleted", .warning)
    case .opaque(let type):
      return (
        "values of type \(context.safe(type, limit: 64)) cannot be read by this console", .warning
      )
    case .string, .hash, .list, .set, .sortedSet, .stream: return ("", .dim)
    }
  }
}

/// Figures of a key as the list and the inspector print them.
enum KeyFacts {
  /// - Parameter age: seconds since the server was asked; the rest of the life is that much less.
  static func timeToLive(_ value: KeySummary.TimeToLive?, age: Double) -> String {
    switch value {
    case nil: return Format.missing
    case .persistent: return "none"
    case .gone: return "gone"
    case .milliseconds(let milliseconds):
      let left = Double(milliseconds) / 1000 - max(0, age)
      return left > 0 ? Format.duration(seconds: left) : "expired"
    }
  }
}
