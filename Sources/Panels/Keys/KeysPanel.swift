import ConsoleModel
import Terminal

/// Keys by pattern, found by a budgeted SCAN, and one of them under the glass.
///
/// Only rows on screen are described (type, TTL, memory, …): a key is asked for once, when it first
/// comes into view.
struct KeysPanel: Panel {
  static let contexts: [[Scope]] =
    [[.keys, .table], [.keySearching, .keys, .table]]
    + KeyInspector.contexts
  let id = PanelID.keys

  /// What a search looks for until the user says otherwise.
  static let defaultPattern = "*"

  private(set) var pattern = Self.defaultPattern
  /// Set where the pattern that was given is not text.
  private var patternBytes: [UInt8]?
  private(set) var search: KeySearchState?
  private var table = Self.emptyTable()
  /// Place in the list of every key found: SCAN may give a key twice.
  private var places: [KeySearchProgress.Found: Int] = [:]
  /// Rows that a server has described.
  private var known: Set<Int> = []
  /// Rows that a description was asked for, by place.
  private var asked: Set<Int> = []
  private(set) var inspector: KeyInspector?
  /// Counts up for searches and inspections, also over a change of environment, so that answers to
  /// what is no longer wanted are told apart.
  private var lastID: UInt64 = 0
  /// The reveal switch of the whole screen, as it was when it was last looked at.
  private var wasRevealed = false

  /// - Parameter hasSeveral: several servers are searched: each row says whose it is.
  private static func emptyTable(hasSeveral: Bool = false) -> Table<KeyRow, Int> {
    Table(
      columns: hasSeveral ? KeyRow.columnsWithNode : KeyRow.columns, identify: { $0.index },
      filterText: { $0.searchText },
      isMarked: { row, context in
        context.marks.contains(KeyMark(node: row.node, key: row.summary.key))
      })
  }

  var scopes: [Scope] {
    if let inspector { return inspector.scopes }
    return canEnd ? [.keySearching, .keys, .table] : [.keys, .table]
  }

  /// Esc ends a search once; the next one leaves, so that a server that hangs holds nobody.
  private var canEnd: Bool { search?.isRunning == true && search?.isEnding == false }

  /// The key under the glass is what another panel asked for: closing it leads back there. Else the
  /// list stands between the key and where the reader came from.
  private var opensForAnother = false

  var isInDetail: Bool { inspector != nil || !opensForAnother }

  var filter: String { inspector?.filter ?? table.filter }

  mutating func setFilter(_ text: String, in context: Context) {
    if inspector != nil { inspector?.setFilter(text) } else { table.setFilter(text) }
  }

  mutating func refresh(_ context: Context) { inspector?.fit(context, in: context.body) }

  mutating func reset() {
    self = KeysPanel(after: lastID)
  }

  init() {}

  private init(after id: UInt64) { lastID = id }

  // MARK: Actions

  mutating func perform(
    _ action: ActionID, argument: String?, in context: Context
  ) -> [Request] {
    if inspector != nil { return inspect(action, in: context) }
    switch action {
    case .findKeys:
      guard let argument else {
        return [.prompt(label: "find keys matching ", text: pattern, action: .findKeys)]
      }
      return find(argument, in: context)
    case .continueSearch: return goOn(in: context)
    case .cancelSearch:
      guard let search, canEnd else { return [] }
      self.search?.isEnding = true
      return [.effect(.cancelSearch(search.search.id))]
    case .open, .inspectKey:
      guard let row = table.selected else {
        return search == nil ? [.perform(.findKeys)] : []
      }
      opensForAnother = false
      return look(at: row.summary.key, on: row.node, in: context)
    case .copyKey: return table.selected.map { KeyCopy.requests($0.summary.key, context) } ?? []
    case .refreshKey:
      // What is on screen is asked for again; the rest when it comes into view.
      asked = []
      return []
    default:
      _ = table.perform(action, in: listArea(context))
      return []
    }
  }

  /// What was typed: a pattern and filters.
  private mutating func find(_ line: String, in context: Context) -> [Request] {
    let query: KeyQuery
    do throws(KeyQuery.Refusal) { query = try KeyQuery(parsing: line) } catch {
      return [.toast(Toast(.warning, context.safe(error.text, limit: 200)))]
    }
    let requests = start(query, on: nil, in: context)
    if search?.search.id == lastID, !line.isEmpty {
      pattern = line
      patternBytes = nil
    }
    return requests
  }

  /// A new search; one that runs is ended first.
  ///
  /// - Parameter node: nil: the chosen one, else all that together hold each key once.
  private mutating func start(
    _ query: KeyQuery, on node: NodeID?, in context: Context
  ) -> [Request] {
    let nodes = node.map { [$0] } ?? context.searchedNodes
    guard !nodes.isEmpty else {
      return [.toast(Toast(.warning, "find: no server has answered yet"))]
    }
    var requests: [Request] = []
    if let search, search.isRunning { requests.append(.effect(.cancelSearch(search.search.id))) }
    let wanted = query.pattern.isEmpty ? Array(Self.defaultPattern.utf8) : query.pattern
    pattern = String(decoding: wanted, as: UTF8.self)
    patternBytes = Array(pattern.utf8) == wanted ? nil : wanted
    let next = KeySearch(id: nextID(), nodes: nodes, pattern: wanted, filter: query.filter)
    search = KeySearchState(next, at: context.now)
    table = Self.emptyTable(hasSeveral: nodes.count > 1)
    places = [:]
    known = []
    asked = []
    opensForAnother = false
    inspector = nil
    requests.append(.effect(.search(next)))
    return requests
  }

  /// Takes up a search that ended early: from its cursors, with what was found.
  private mutating func goOn(in context: Context) -> [Request] {
    guard let last = search, !last.isRunning, last.canContinue else {
      return [.toast(Toast(.information, "there is no search to go on with: f begins one"))]
    }
    var next = last.search
    next.continues = last.search.id
    next.id = nextID()
    search = KeySearchState(next, at: context.now)
    return [.effect(.search(next))]
  }

  private mutating func nextID() -> UInt64 {
    lastID &+= 1
    return lastID
  }

  // MARK: Keys that operations are about

  func keyAtHand(in context: Context) -> KeyMark? {
    if let inspector { return KeyMark(node: inspector.node, key: inspector.key) }
    guard let row = table.selected else { return nil }
    return KeyMark(node: row.node, key: row.summary.key)
  }

  var listsKeys: Bool { inspector == nil }

  func visibleKeys(in context: Context) -> Set<KeyMark> {
    guard inspector == nil else { return [] }
    return Set(
      table.visible(in: listArea(context)).map { KeyMark(node: $0.node, key: $0.summary.key) })
  }

  func unlisted(_ marks: Marks) -> Int? {
    guard inspector == nil, search != nil else { return nil }
    return marks.all.count { mark in
      guard let place = places[KeySearchProgress.Found(node: mark.node, key: mark.key)] else {
        return true
      }
      return !table.passesFilter(
        KeyRow(node: mark.node, index: place, summary: KeySummary(key: mark.key), described: nil))
    }
  }

  // MARK: The inspector

  private mutating func look(at key: KeyName, on node: NodeID, in context: Context) -> [Request] {
    let next = KeyInspector(
      node: node, key: key, requestID: nextID(), reveals: context.isRevealed, now: context.now)
    inspector = next
    wasRevealed = context.isRevealed
    return [.effect(.inspect(next.request))]
  }

  private mutating func inspect(_ action: ActionID, in context: Context) -> [Request] {
    guard var open = inspector else { return [] }
    defer { inspector = open }
    switch action {
    case .copyKey: return KeyCopy.requests(open.key, context)
    case .refreshKey, .inspectKey:
      open.readAgain(requestID: nextID(), now: context.now)
      return [.effect(.inspect(open.request))]
    case .revealValue:
      // The registry refused it already where the right is missing; never reveal without it.
      guard context.access.mayReveal || open.reveals else { return [] }
      if open.reveals {
        open.mask(requestID: nextID(), now: context.now)
      } else {
        open.reveal(requestID: nextID(), now: context.now)
      }
      return [.effect(.inspect(open.request))]
    default:
      switch open.perform(action, nextID: lastID &+ 1, context, in: context.body) {
      case .done, .ignored: return []
      case .asks:
        lastID &+= 1
        return [.effect(.inspect(open.request))]
      case .says(let text): return [.toast(Toast(.information, text))]
      }
    }
  }

  mutating func back(in context: Context) -> Bool {
    guard inspector != nil else { return false }
    if inspector?.back() == true { return true }
    inspector = nil
    return true
  }

  mutating func open(_ subject: Subject, in context: Context) -> [Request]? {
    switch subject {
    case .key(let node, let key):
      opensForAnother = true
      return look(at: key, on: node, in: context)
    case .pattern(let node, let glob):
      return start(KeyQuery(pattern: glob), on: node, in: context)
    case .query(let line): return find(line, in: context)
    case .node, .commands: return nil
    }
  }

  // MARK: Answers

  mutating func receive(_ message: Message, in context: Context) -> [Request] {
    switch message {
    case .keySearch(let progress): take(progress, context)
    case .described(let summaries, let node):
      take(summaries, of: node ?? search?.search.nodes.first, context)
    case .inspection(let inspection): inspector?.receive(inspection, context, in: context.body)
    default: break
    }
    return []
  }

  private mutating func take(_ progress: KeySearchProgress, _ context: Context) {
    guard search?.search.id == progress.id, search?.isRunning == true else { return }
    search?.take(progress, at: context.now)
    var rows: [KeyRow] = []
    for found in progress.found.prefix(max(0, (search?.search.limit ?? 0) - places.count))
    where places[found] == nil {
      rows.append(
        KeyRow(
          node: found.node, index: places.count, summary: KeySummary(key: found.key),
          described: nil))
      places[found] = places.count
    }
    if !rows.isEmpty { table.append(rows) }
  }

  private mutating func take(
    _ summaries: [KeySummary], of node: NodeID?, _ context: Context
  ) {
    guard let node else { return }
    var rows: [Int: KeyRow] = [:]
    for summary in summaries {
      guard let place = places[KeySearchProgress.Found(node: node, key: summary.key)],
        asked.contains(place)
      else { continue }
      rows[place] = KeyRow(node: node, index: place, summary: summary, described: context.now)
    }
    if !rows.isEmpty { table.replace(rows) }
    known.formUnion(rows.keys)
  }

  mutating func due(in context: Context) -> [Request] {
    if let open = inspector { return dueReveal(open, context) }
    guard let nodes = search?.search.nodes else { return [] }
    let missing = table.visible(in: listArea(context)).filter { !asked.contains($0.index) }
    guard !missing.isEmpty else { return [] }
    asked.formUnion(missing.map(\.index))
    return nodes.compactMap { node in
      let keys = missing.filter { $0.node == node }.map(\.summary.key)
      return keys.isEmpty ? nil : .effect(.describe(node, keys))
    }
  }

  /// Follows the screen's own reveal switch (`:reveal`).
  private mutating func dueReveal(_ open: KeyInspector, _ context: Context) -> [Request] {
    guard context.isRevealed != wasRevealed else { return [] }
    wasRevealed = context.isRevealed
    guard open.reveals != context.isRevealed else { return [] }
    var changed = open
    if context.isRevealed {
      changed.reveal(requestID: nextID(), now: context.now)
    } else {
      changed.mask(requestID: nextID(), now: context.now)
    }
    inspector = changed
    return [.effect(.inspect(changed.request))]
  }

  // MARK: Mouse and drawing

  mutating func mouse(_ event: MouseEvent, in context: Context) -> [Request] {
    if inspector != nil {
      inspector?.mouse(event, context, in: context.body)
      return []
    }
    return table.mouse(event, in: listArea(context)) ? [.perform(.open)] : []
  }

  func draw(_ context: Context, in area: Rect, into grid: inout CellGrid) {
    if let inspector {
      inspector.draw(context, in: area, into: &grid)
      return
    }
    let used = grid.put(lines: headLines(context, area), in: area.indented)
    table.draw(context, in: area.splitTop(used).rest, into: &grid, empty: emptyText)
  }

  private func listArea(_ context: Context) -> Rect {
    let area = context.body
    return area.splitTop(min(area.height, headLines(context, area).count)).rest
  }

  private var emptyText: String {
    guard let search else { return "f finds keys by pattern" }
    return search.isRunning ? "nothing found yet" : "no key matches"
  }

  /// Pattern, node and progress. A low screen gives them one line.
  private func headLines(_ context: Context, _ area: Rect) -> [[Span]] {
    let nodes = search?.search.nodes ?? context.searchedNodes
    let shown = patternBytes ?? Array(pattern.utf8)
    var facts: [[Span]] = [
      [
        Span(
          context.safe(shown, limit: max(8, area.width / 3)), .title, .bold)
      ]
    ]
    if let search { facts += search.facts(context, distinct: table.total) }
    if let column = table.sortColumn, column > 0, known.count < table.total {
      // Rows that were never on screen have no figures yet: they are last, and that is said.
      let counts =
        "\(Format.grouped(UInt64(known.count))) of \(Format.grouped(UInt64(table.total)))"
      facts.append([Span("sorted by what is known of \(counts)", .warning)])
    }
    if !nodes.isEmpty {
      func name(_ nodes: [NodeID]) -> String {
        nodes.count == 1 ? context.safe(nodes[0].rawValue, limit: 24) : "\(nodes.count) servers"
      }
      var spans = [Span("on ", .dim), Span(name(nodes))]
      let next = context.searchedNodes
      if next != nodes, !next.isEmpty {
        spans.append(Span(" (next: \(name(next)))", .warning))
      } else if let count = context.snapshot?.nodes.count, count > 1 {
        spans.append(Span(nodes.count > 1 ? ": n" : " of \(count): n", .dim))
      }
      facts.append(spans)
    }
    return FlowLine.lines(
      facts, width: area.indented.width, maximum: area.headLines,
      isUnicode: context.isUnicode)
  }
}
