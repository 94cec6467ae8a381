package import ConsoleModel
package import Terminal

/// The first line: where we are, how careful to be, and whether the figures can be trusted.
enum Header {
  /// A part of the line; the lowest weights go first when it gets narrow.
  private struct Part {
    var spans: [Span]
    var weight: Int
  }

  static func draw(_ model: Model, in area: Rect, into grid: inout CellGrid) {
    let context = model.context
    grid.fill(area, style: Style(.title))
    var kept = rightParts(context)
    var left = leftParts(context)
    // The class and the name are the last to go: they say what a key press would touch.
    while needed(left, kept, context) > area.width {
      let lowest = (left + kept).map(\.weight).min() ?? 100
      if lowest >= 90 { break }
      left.removeAll { $0.weight == lowest }
      kept.removeAll { $0.weight == lowest }
    }
    let rightWidth = width(kept, context)
    var x = 1
    for part in left {
      x +=
        grid.put(
          part.spans, x: x, y: 0, in: area, limit: max(1, area.width - rightWidth - x)) + 2
    }
    x = max(x, area.width - rightWidth)
    for part in kept { x += grid.put(part.spans, x: x, y: 0, in: area) + 2 }
  }

  /// Columns of both sides with their gaps, one column free at either end.
  private static func needed(_ left: [Part], _ right: [Part], _ context: Context) -> Int {
    width(left, context) - 1 + (right.isEmpty ? 0 : width(right, context) + 1)
  }

  /// Each part with the two blanks after it.
  private static func width(_ parts: [Part], _ context: Context) -> Int {
    parts.reduce(0) { sum, part in
      sum + 2
        + part.spans.reduce(0) {
          $0 + TextWidth.columns($1.text, isUnicode: context.isUnicode)
        }
    }
  }

  private static func leftParts(_ context: Context) -> [Part] {
    let trouble = trouble(context).map { Part(spans: [$0], weight: 80) }
    // The name gives way to the class, to trouble and to PAUSED: its first letters still tell.
    let warning =
      context.environment.isUnverified
      // Weighs more than what can be left out: it stays at every width.
      ? Part(
        spans: [
          Span(context.columns < 50 ? "TLS UNVERIFIED" : "TLS NOT VERIFIED", .critical, .bold)
        ], weight: 95) : nil
    let taken =
      width((trouble.map { [$0] } ?? []) + (warning.map { [$0] } ?? []), context)
      + (context.isPaused ? 9 : 0)
    var parts = [
      Part(spans: [Span("cacheconsole", .title, .bold)], weight: 10),
      Part(spans: environment(context, taken: taken), weight: 100),
    ]
    if let warning { parts.append(warning) }
    if let trouble { parts.append(trouble) }
    return parts
  }

  /// Name and class, in the class's colour; the class is a word, so that colour is not its only sign.
  static func environment(_ context: Context, taken: Int = 0) -> [Span] {
    let environment = context.environment
    // The name comes from a file and may be long; the class must stay on screen.
    let className = environment.environmentClass.rawValue
    let room = max(
      min(taken > 0 ? 4 : 8, context.columns - 15),
      context.columns - taken - className.utf8.count - 2)
    let name = context.safe(environment.name, limit: room)
    let role = role(of: environment.environmentClass)
    return [
      Span(name, .title, .bold), Span(" ", .title),
      Span(environment.environmentClass.rawValue.uppercased(), role, .bold),
    ]
  }

  static func role(of environmentClass: EnvironmentClass) -> StyleRole {
    switch environmentClass {
    case .development: .development
    case .staging: .staging
    case .production: .production
    }
  }

  /// Which server hangs or is down, by name; several are counted.
  private static func trouble(_ context: Context) -> Span? {
    let nodes = context.snapshot?.nodes ?? []
    let down = nodes.filter { $0.state == .down }
    let stale = nodes.filter { $0.state == .stale }
    guard let first = down.first ?? stale.first else { return nil }
    let word = first.state == .down ? "down" : "hangs"
    let age = context.age(first.lastReply).map { " \($0)" } ?? ""
    let more = down.count + stale.count - 1
    let rest = more > 0 ? " +\(more)" : ""
    let mark = Mark.state(first.state, context.glyphs)
    return Span(
      "\(mark) \(context.safe(first.id.rawValue, limit: 16)) \(word)\(age)\(rest)",
      first.state == .down ? .critical : .warning, .bold)
  }

  private static func rightParts(_ context: Context) -> [Part] {
    var parts: [Part] = []
    if let snapshot = context.snapshot, !snapshot.tiers.isEmpty {
      let wanted = snapshot.tiers.filter { $0.state != .unconfigured }
      let live = wanted.filter { $0.state == .live }.count
      let state: LiveState = live == wanted.count ? .live : (live == 0 ? .down : .stale)
      parts.append(
        Part(
          spans: [
            Span(
              "\(Mark.state(state, context.glyphs)) \(live)/\(wanted.count) tiers",
              Mark.role(state))
          ], weight: 50))
    } else {
      parts.append(Part(spans: [Span("connecting", .title)], weight: 50))
    }
    parts.append(
      Part(spans: [Span("every \(Format.rate(context.interval))s", .title)], weight: 20))
    if context.isRevealed {
      parts.append(Part(spans: [Span("REVEALED", .critical, .bold)], weight: 70))
    }
    if context.access.isReadOnly {
      // What may be done here outweighs what time it is: the short form is shown sooner than none.
      let text = context.columns < 110 ? "read-only" : "viewer (read-only)"
      parts.append(Part(spans: [Span(text, .title, .bold)], weight: 75))
    }
    if !context.access.isReadOnly {
      parts.append(Part(spans: [Span(context.access.role.rawValue, .title)], weight: 25))
    }
    if !context.access.badge.isEmpty {
      let badge = context.safe(context.access.badge, limit: 40)
      parts.append(Part(spans: [Span(badge, .warning, .bold)], weight: 45))
    }
    if context.isPaused {
      parts.append(Part(spans: [Span("PAUSED", .warning, [.bold, .reverse])], weight: 90))
    }
    parts.append(
      Part(
        spans: [Span("\(context.clock(context.wall)) \(context.zone)", .title)], weight: 30))
    return parts
  }
}

/// Signs that several parts of the screen share.
package enum Mark {
  package static func state(_ state: LiveState, _ glyphs: Glyphs) -> String {
    // Fonts of the Linux console hold boxes and blocks, not these.
    let isRich = glyphs.level >= .block
    return switch state {
    case .live: isRich ? "●" : "*"
    case .stale: isRich ? "◐" : "~"
    case .down: isRich ? "✖" : "x"
    case .connecting: isRich ? "◌" : "."
    case .unconfigured: isRich ? "○" : "o"
    }
  }

  package static func role(_ state: LiveState) -> StyleRole {
    switch state {
    case .live: .ok
    case .stale: .warning
    case .down: .critical
    case .connecting, .unconfigured: .dim
    }
  }

  package static func word(_ state: LiveState) -> String {
    switch state {
    case .live: "live"
    case .stale: "stale"
    case .down: "down"
    case .connecting: "connecting"
    case .unconfigured: "none"
    }
  }

  /// The role of a figure: as given while its source is live, else `stale`.
  package static func figure(_ state: LiveState, _ role: StyleRole = .normal) -> StyleRole {
    state == .live ? role : .stale
  }
}
