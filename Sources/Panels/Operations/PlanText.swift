import ConsoleModel
import Terminal

/// The lines of a preview, most important first: what is at stake, what hangs on it, what will be
/// sent, and every key that is known.
struct PlanText {
  enum Line: Sendable {
    case spans([Span])
    case key(KeyName, isOffScreen: Bool)
  }

  /// Keys that are listed; more of them are counted.
  static let listed = 10_000

  private(set) var lines: [Line] = []
  private let dialog: Dialog
  private let context: Context
  private let width: Int

  /// - Parameter width: columns to wrap sentences at.
  init(_ dialog: Dialog, _ context: Context, width: Int) {
    self.dialog = dialog
    self.context = context
    self.width = max(1, width)
    switch dialog.subject {
    case .question(_, let texts, _): for text in texts { add(text) }
    case .request(let request): describe(request)
    }
  }

  /// One line as it is drawn; called for visible lines only.
  func spans(_ index: Int) -> [Span] {
    guard lines.indices.contains(index) else { return [] }
    switch lines[index] {
    case .spans(let spans): return spans
    case .key(let key, let isOffScreen):
      let tag = isOffScreen ? "  off screen" : ""
      let shown = context.safe(key.bytes, limit: max(4, width - 2 - tag.utf8.count))
      return [Span("  " + shown), Span(tag, .warning)]
    }
  }

  private mutating func add(_ text: String, _ role: StyleRole = .normal, indent: String = "") {
    for line in FlowLine.wrap(
      text, width: width - indent.utf8.count, maximum: 12, isUnicode: context.isUnicode)
    { lines.append(.spans([Span(indent + line, role)])) }
  }

  private mutating func fact(_ name: String, _ text: String, _ role: StyleRole = .normal) {
    let label = name.padded(to: 10)
    let wrapped = FlowLine.wrap(
      text, width: max(8, width - 10), maximum: 8, isUnicode: context.isUnicode)
    for (index, line) in wrapped.enumerated() {
      lines.append(
        .spans([
          Span(index == 0 ? label : String(repeating: " ", count: 10), .dim), Span(line, role),
        ]))
    }
  }

  private func safe(_ text: String) -> String { context.safe(text, limit: 400) }

  // MARK: Parts

  private mutating func describe(_ request: OperationRequest) {
    if let trouble = dialog.trouble { add(safe(trouble), .critical) }
    for note in dialog.notes { add(note) }
    guard let plan = dialog.plan else {
      if dialog.trouble == nil {
        lines.append(.spans([Span("estimating…".ascii(context), .accent)]))
      }
      list(request, nil)
      return
    }
    let preview = plan.preview
    if !plan.request.isAboutServer { count(preview) }
    stakes(preview, plan)
    for text in preview.warnings { add("! " + safe(text), .warning) }
    for large in preview.largeStrings.prefix(20) {
      let key = context.safe(large.key.bytes, limit: max(8, width - 44))
      add(
        "! \(key): \(Format.bytes(large.bytes)), freed in line: the server stands still", .warning)
    }
    if preview.largeStrings.count > 20 {
      add("! \(preview.largeStrings.count - 20) more strings over 10 MB", .warning)
    }
    if !preview.dependents.isEmpty {
      fact("depends", preview.dependents.map(safe).joined(separator: "; "))
    }
    shards(preview, isAdded: request.writesAbsent)
    shares("types", preview.types)
    shares("data", preview.dataTypes)
    shares("lives", preview.lives)
    shares("unused", preview.idle)
    commands(preview)
    list(request, preview)
  }

  private mutating func count(_ preview: OperationPreview) {
    var spans = [
      Span("keys".padded(to: 10), .dim),
      Span(OperationText.count(preview.keys, isUnicode: context.isUnicode), .accent, .bold),
    ]
    if !preview.isComplete {
      spans.append(Span("  counting \(OperationText.percent(preview.progress))", .warning))
    }
    lines.append(.spans(spans))
    if let bytes = preview.bytes { fact("bytes", "~\(Format.bytes(bytes))") }
  }

  private mutating func stakes(_ preview: OperationPreview, _ plan: OperationPlan) {
    if preview.loggedOut.value > 0 {
      let users = OperationText.count(preview.loggedOut, isUnicode: context.isUnicode)
      let one = preview.loggedOut == .exact(1)
      add("\(users) user\(one ? "" : "s") will be logged out; not reloadable", .critical)
    } else if !plan.request.writesAbsent, !preview.isReloadable, !preview.dataTypes.isEmpty {
      add("not everything here is known to come back from the database", .warning)
    }
    if preview.sessionsLeftOut > 0 {
      let count = Format.grouped(preview.sessionsLeftOut)
      add("\(count) sessions match too and are left out", .dim)
    }
    if let copies = plan.copiesText, !copies.isKept { add(copies.text, .warning) }
  }

  private mutating func shards(_ preview: OperationPreview, isAdded: Bool) {
    for (index, shard) in preview.shards.prefix(50).enumerated() {
      let keys = OperationText.count(shard.keys, isUnicode: context.isUnicode)
      let bytes = shard.bytes.map { ", ~\(Format.bytes($0))" } ?? ""
      let name = context.safe(shard.node.rawValue, limit: 24)
      let address = context.safe(shard.address, limit: 40)
      fact(
        index == 0 ? "servers" : "",
        isAdded
          ? "\(name) (\(address)): \(keys)\(bytes), to the \(Format.grouped(shard.size)) that it has"
          : "\(name) (\(address)): \(keys) of \(Format.grouped(shard.size))\(bytes)")
    }
    if preview.shards.count > 50 { fact("", "and \(preview.shards.count - 50) more servers") }
  }

  private mutating func shares(_ name: String, _ shares: [OperationPreview.Share]) {
    guard !shares.isEmpty else { return }
    let texts = shares.prefix(12).map {
      "\(context.safe($0.name, limit: 24)) \(Format.count($0.keys))"
    }
    let more = shares.count > 12 ? ", +\(shares.count - 12)" : ""
    fact(name, texts.joined(separator: ", ") + more)
  }

  private mutating func commands(_ preview: OperationPreview) {
    guard !preview.commands.isEmpty else { return }
    lines.append(.spans([]))
    lines.append(.spans([Span("will be sent", .header, .bold), Span("  ^Y copies", .dim)]))
    for command in preview.commands.prefix(50) { add(safe(command), .accent, indent: "  ") }
    if preview.commands.count > 50 {
      add("and \(preview.commands.count - 50) more", .mark, indent: "  ")
    }
  }

  /// Keys off screen come first: those are what nobody has seen yet.
  private mutating func list(_ request: OperationRequest, _ preview: OperationPreview?) {
    let keys: [KeyName]
    let total: UInt64
    if case .keys(let named) = request.target {
      guard named.count > 1 else { return }
      (keys, total) = (named, UInt64(named.count))
    } else {
      keys = preview?.sample ?? []
      total = preview?.keys.value ?? 0
    }
    guard !keys.isEmpty else { return }
    let hidden = dialog.offScreen
    let head = UInt64(min(keys.count, Self.listed))
    var title = "keys"
    if head < total { title = "keys, \(Format.grouped(head)) of \(Format.grouped(total))" }
    lines.append(.spans([]))
    lines.append(
      .spans([
        Span(title, .header, .bold),
        Span(hidden.isEmpty ? "" : "  \(hidden.count) not on screen", .warning),
      ]))
    let first = keys.filter(hidden.contains)
    let rest = hidden.isEmpty ? keys : keys.filter { !hidden.contains($0) }
    for key in (first + rest).prefix(Self.listed) {
      lines.append(.key(key, isOffScreen: hidden.contains(key)))
    }
    if head < total { add("and \(Format.grouped(total - head)) more", .mark, indent: "  ") }
  }
}

extension String {
  /// With ASCII's twin of the ellipsis where only ASCII is drawn.
  fileprivate func ascii(_ context: Context) -> String {
    context.isUnicode ? self : String(dropLast()) + "..."
  }
}
