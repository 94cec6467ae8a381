import ConsoleModel
import Terminal

/// Where the memory goes: by prefix with a way down, the biggest keys, times to live, types.
///
/// Nothing is walked until somebody asks: every key, those of a pattern and filters, or a sample.
struct KeyspacePanel: Panel {
  static let contexts: [[Scope]] = [
    [.keyspace, .table], [.keyspaceRunning, .keyspace, .table],
  ]
  let id = PanelID.keyspace

  enum List: Int, Sendable, CaseIterable {
    case prefixes, bigKeys, lives, types

    var title: String {
      switch self {
      case .prefixes: "prefixes"
      case .bigKeys: "biggest keys"
      case .lives: "times to live"
      case .types: "types"
      }
    }
  }

  /// Keys that an estimate visits: a second of one server at the usual rate.
  static let sample = 20_000
  /// Levels of prefixes that are kept.
  private static let depth = 4
  /// Keys per second of each server.
  private static let rate = 20_000

  private(set) var request: KeyspaceRequest?
  private var report = KeyspaceReport()
  private var title = ""
  private var heard = MonotonicTime(nanoseconds: 0)
  private var isEnding = false
  private var list = List.prefixes
  /// Prefixes that were opened, outermost first.
  private var path: [[UInt8]] = []
  private var prefixes = Self.table("prefix")
  private var lives = Self.table("time to live")
  private var types = Self.table("type")
  private var bigKeys = Table<BigKeyRow, BigKeyRow.ID>(
    columns: BigKeyRow.columns, identify: { $0.id },
    filterText: {
      "\($0.key.type) \($0.key.node.rawValue) "
        + String(decoding: $0.key.key.bytes.prefix(512), as: UTF8.self)
    })
  /// Counts up, also over a change of environment, so that late answers are told apart.
  private var lastID: UInt64 = 0

  private static func table(_ title: String) -> Table<KeyspaceRow, KeyspaceRow.ID> {
    Table(columns: KeyspaceRow.columns(title), identify: { $0.id }, filterText: { $0.text })
  }

  private var isRunning: Bool { request != nil && report.state == .running }

  /// Esc ends an analysis once; the next one leaves, so that a server that hangs holds nobody.
  var scopes: [Scope] {
    isRunning && !isEnding ? [.keyspaceRunning, .keyspace, .table] : [.keyspace, .table]
  }

  var isInDetail: Bool { list == .prefixes && !path.isEmpty }

  var filter: String {
    switch list {
    case .prefixes: prefixes.filter
    case .bigKeys: bigKeys.filter
    case .lives: lives.filter
    case .types: types.filter
    }
  }

  mutating func setFilter(_ text: String, in context: Context) {
    switch list {
    case .prefixes: prefixes.setFilter(text)
    case .bigKeys: bigKeys.setFilter(text)
    case .lives: lives.setFilter(text)
    case .types: types.setFilter(text)
    }
  }

  mutating func refresh(_ context: Context) {}

  mutating func reset() {
    let id = lastID
    self = KeyspacePanel()
    lastID = id
  }

  // MARK: Actions

  mutating func perform(
    _ action: ActionID, argument: String?, in context: Context
  ) -> [Request] {
    switch action {
    case .analyze: return start(KeyQuery(pattern: [UInt8(ascii: "*")]), "every key", in: context)
    case .sampleKeys:
      return start(
        KeyQuery(pattern: [UInt8(ascii: "*")]), "sample", sample: Self.sample, in: context)
    case .analyzeQuery:
      guard let argument else {
        let text = request.map { $0.query.pattern == [UInt8(ascii: "*")] } == false ? title : ""
        return [.prompt(label: "measure keys matching ", text: text, action: .analyzeQuery)]
      }
      do throws(KeyQuery.Refusal) {
        return start(try KeyQuery(parsing: argument), argument, in: context)
      } catch {
        return [.toast(Toast(.warning, context.safe(error.text, limit: 200)))]
      }
    case .cancelAnalysis:
      guard let request, isRunning, !isEnding else { return [] }
      isEnding = true
      return [.effect(.cancelAnalysis(request.id))]
    case .continueAnalysis: return goOn(in: context)
    case .otherList:
      list = List(rawValue: (list.rawValue + 1) % List.allCases.count) ?? .prefixes
    case .open, .inspectKey: return open(in: context)
    case .copyKey:
      guard list == .bigKeys, let row = bigKeys.selected else { return [] }
      return KeyCopy.requests(row.key.key, context)
    case .listPrefix: return listPrefix()
    default: move(action, in: context)
    }
    return []
  }

  private mutating func move(_ action: ActionID, in context: Context) {
    let area = listArea(context)
    switch list {
    case .prefixes: _ = prefixes.perform(action, in: area)
    case .bigKeys: _ = bigKeys.perform(action, in: area)
    case .lives: _ = lives.perform(action, in: area)
    case .types: _ = types.perform(action, in: area)
    }
  }

  private mutating func start(
    _ query: KeyQuery, _ title: String, sample: Int? = nil, in context: Context
  ) -> [Request] {
    let nodes = context.searchedNodes
    guard !nodes.isEmpty else {
      return [.toast(Toast(.warning, "measure: no server has answered yet"))]
    }
    var requests: [Request] = []
    if let request, isRunning { requests.append(.effect(.cancelAnalysis(request.id))) }
    lastID &+= 1
    let next = KeyspaceRequest(
      id: lastID, nodes: nodes, query: query, depth: Self.depth, sample: sample,
      keysPerSecond: Self.rate)
    request = next
    report = KeyspaceReport()
    self.title = title
    heard = context.now
    isEnding = false
    path = []
    setRows()
    prefixes.startAgain()
    return requests + [.effect(.analyze(next))]
  }

  /// Takes up an analysis that ended early.
  private mutating func goOn(in context: Context) -> [Request] {
    guard var next = request, !isRunning, report.canContinue else {
      return [.toast(Toast(.information, "there is no analysis to go on with: a begins one"))]
    }
    lastID &+= 1
    next.continues = next.id
    next.id = lastID
    request = next
    report.state = .running
    report.faults = []
    report.progress.etaSeconds = nil
    report.progress.keysPerSecond = nil
    heard = context.now
    isEnding = false
    return [.effect(.analyze(next))]
  }

  private mutating func open(in context: Context) -> [Request] {
    switch list {
    case .prefixes:
      guard let row = prefixes.selected else {
        return request == nil ? [.perform(.sampleKeys)] : []
      }
      guard row.isOpenable, case .prefix(let name) = row.id else {
        return [.toast(Toast(.information, "no prefixes below it; F lists its keys"))]
      }
      path.append(name)
      prefixes.setFilter("")
      setRows()
      prefixes.startAgain()
      return []
    case .bigKeys: return bigKeys.selected.map { [.open(.key($0.key.node, $0.key.key))] } ?? []
    case .lives, .types: return []
    }
  }

  private func listPrefix() -> [Request] {
    guard list == .prefixes, case .prefix(let name)? = prefixes.selected?.id else {
      return [.toast(Toast(.information, "list keys: choose a prefix"))]
    }
    let node = request?.nodes.count == 1 ? request?.nodes.first : nil
    return [.open(.pattern(node, Self.glob(name)))]
  }

  /// Every key with this prefix, whatever signs it has.
  static func glob(_ prefix: [UInt8]) -> [UInt8] {
    prefix.flatMap { "*?[]^\\".utf8.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] }
      + [UInt8(ascii: "*")]
  }

  mutating func back(in context: Context) -> Bool {
    guard isInDetail, let name = path.popLast() else { return false }
    setRows()
    prefixes.startAgain()
    prefixes.select(id: .prefix(name))
    return true
  }

  // MARK: Answers

  mutating func receive(_ message: Message, in context: Context) -> [Request] {
    guard case .keyspace(let id, let report) = message, id == request?.id, isRunning else {
      return []
    }
    self.report = report
    heard = context.now
    setRows()
    return []
  }

  private mutating func setRows() {
    let maker = KeyspaceRow.Maker(report)
    prefixes.setRows(maker.prefixes(of: level()))
    lives.setRows(maker.named(report.lives))
    types.setRows(maker.named(report.types))
    bigKeys.setRows(
      report.bigKeys.enumerated().map { BigKeyRow(rank: $0.offset + 1, key: $0.element) })
  }

  /// The prefix whose parts are listed; a level that was folded away closes.
  private mutating func level() -> KeyspaceReport.Prefix {
    var prefix = report.root
    for (depth, name) in path.enumerated() {
      guard let child = prefix.children.first(where: { $0.name == name }) else {
        path = Array(path.prefix(depth))
        break
      }
      prefix = child
    }
    return prefix
  }

  // MARK: Keys that operations are about

  func keyAtHand(in context: Context) -> KeyMark? {
    guard list == .bigKeys, let row = bigKeys.selected else { return nil }
    return KeyMark(node: row.key.node, key: row.key.key)
  }

  // MARK: Mouse and drawing

  mutating func mouse(_ event: MouseEvent, in context: Context) -> [Request] {
    let area = listArea(context)
    let isDouble =
      switch list {
      case .prefixes: prefixes.mouse(event, in: area)
      case .bigKeys: bigKeys.mouse(event, in: area)
      case .lives: lives.mouse(event, in: area)
      case .types: types.mouse(event, in: area)
      }
    return isDouble ? [.perform(.open)] : []
  }

  func draw(_ context: Context, in area: Rect, into grid: inout CellGrid) {
    guard request != nil else { return drawNothing(context, in: area, into: &grid) }
    let used = grid.put(lines: headLines(context, area), in: area.indented)
    let rest = area.splitTop(used).rest
    let empty = isRunning ? "nothing counted yet" : "no keys"
    switch list {
    case .prefixes: prefixes.draw(context, in: rest, into: &grid, empty: empty)
    case .bigKeys: bigKeys.draw(context, in: rest, into: &grid, empty: empty)
    case .lives: lives.draw(context, in: rest, into: &grid, empty: empty)
    case .types: types.draw(context, in: rest, into: &grid, empty: empty)
    }
  }

  private func listArea(_ context: Context) -> Rect {
    let area = context.body
    return area.splitTop(min(area.height, headLines(context, area).count)).rest
  }

  private func headLines(_ context: Context, _ area: Rect) -> [[Span]] {
    guard let request else { return [] }
    let head = KeyspaceHead(
      request: request, report: report, title: title, heard: heard, isEnding: isEnding)
    var facts = head.facts(context)
    // On a low screen the list's name is worth more than what was asked.
    facts.insert(listName(context), at: area.headLines == 1 ? 0 : 1)
    return FlowLine.lines(
      facts, width: area.indented.width, maximum: area.headLines, isUnicode: context.isUnicode)
  }

  private func listName(_ context: Context) -> [Span] {
    var spans = [Span(list.title, .accent, .bold)]
    if list == .prefixes, let name = path.last {
      spans.append(Span(" of ", .dim))
      spans.append(Span(context.safe(name, limit: 40), .title))
    }
    spans.append(Span(" o", .key, .bold))
    return spans
  }

  private func drawNothing(_ context: Context, in area: Rect, into grid: inout CellGrid) {
    let nodes = context.searchedNodes
    let place =
      nodes.count == 1 ? context.safe(nodes[0].rawValue, limit: 40) : "\(nodes.count) servers"
    let sentences =
      nodes.isEmpty
      ? ["no server has answered yet"]
      : [
        "Memory by prefix, the biggest keys, times to live and types of \(place): nothing is read until you ask.",
        "e estimates them from \(Format.grouped(UInt64(Self.sample))) keys, in seconds, with the 95 % interval of each figure.",
        "a measures every key, at \(Format.grouped(UInt64(Self.rate))) keys per second of each server; f only those of a pattern and filters.",
        "Esc ends it and keeps what was counted; c goes on from there.",
      ]
    var y = 0
    for (index, sentence) in sentences.enumerated() where y < area.height {
      y += grid.put(
        paragraph: sentence, y: y, in: area.indented, style: Style(index == 0 ? .normal : .dim))
    }
  }
}
