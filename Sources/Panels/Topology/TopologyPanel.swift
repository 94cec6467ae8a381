import ConsoleModel
import Terminal

/// How the servers belong together: shards with their slots, primaries and replicas, lag, zones, and
/// who does more than its share.
struct TopologyPanel: Panel {
  static let contexts: [[Scope]] = [[.topology, .table]]
  let id = PanelID.topology
  var scopes: [Scope] { [.topology, .table] }

  private var table = Table<TopologyRow, TopologyRow.ID>(
    columns: TopologyColumns.all, identify: { $0.id }, filterText: { $0.filterText },
    isMarked: { row, _ in row.isFollowed }, isPart: { $0.member != nil })
  private var changes = RoleChanges()
  private var topologies: [Topology] = []
  /// The one on screen, by identity; nil: the first.
  private var chosen: String?
  private var folds: [String: TopologyFolds] = [:]
  private var head: TopologyHead?
  /// The server that the selection stays with, and the role it had when it was last looked at.
  private var followed: Followed?
  /// What happened to it, to be said once.
  private var news: String?

  private struct Followed: Sendable {
    var server: String
    var title: String
    var role: TopologyMember.Role
    var isListed = true
  }

  private static let maximumFolds = 64

  var filter: String { table.filter }

  private var topology: Topology? {
    topologies.first { $0.id == chosen } ?? topologies.first
  }

  mutating func setFilter(_ text: String, in context: Context) {
    table.setFilter(text)
    refresh(context)
  }

  mutating func observe(_ snapshot: Snapshot) {
    changes.observe(snapshot.topologies, at: snapshot.taken)
  }

  mutating func refresh(_ context: Context) {
    topologies = context.snapshot?.topologies ?? []
    guard let topology else {
      head = nil
      table.setRows([])
      return
    }
    if folds[topology.id] == nil, !topology.shards.isEmpty {
      if folds.count >= Self.maximumFolds { folds = [:] }
      folds[topology.id] = TopologyFolds(shards: topology.shards.count)
    }
    look(for: topology)
    let rows = TopologyTree(
      topology, snapshot: context.snapshot, folds: folds[topology.id] ?? TopologyFolds(shards: 0),
      changes: changes, followed: followed?.server, showsAll: !table.filter.isEmpty
    ).rows()
    head = TopologyHead(topology, rows: rows)
    table.setRows(rows)
    if let followed { table.select(id: .member(followed.server)) }
  }

  mutating func reset() { self = TopologyPanel() }

  // MARK: Following

  /// Finds the followed server again, and says what became of it.
  private mutating func look(for topology: Topology) {
    guard var server = followed else { return }
    let members = topology.shards.lazy.flatMap(\.members)
    let found =
      members.first { $0.serverID == server.server }
      ?? topology.sentinels.first { $0.serverID == server.server }
    if let found {
      if found.role != server.role, found.role != .unknown {
        news = "\(server.title) is \(found.role.rawValue) now (was \(server.role.rawValue))"
        server.role = found.role
      }
      server.title = found.title
    } else if server.isListed {
      news = "\(server.title) is not in the topology any more"
    }
    server.isListed = found != nil
    followed = server
  }

  private mutating func follow(_ context: Context) -> [Request] {
    guard let row = table.selected, let member = row.member else {
      return [.toast(Toast(.information, "follow: choose a node, not a shard"))]
    }
    if followed?.server == member.serverID {
      followed = nil
      refresh(context)
      return [.toast(Toast(.information, "follows no more"))]
    }
    followed = Followed(server: member.serverID, title: member.title, role: member.role)
    refresh(context)
    let name = context.safe(member.title, limit: 40)
    return [.toast(Toast(.information, "follows \(name) through failovers; moving ends it"))]
  }

  mutating func due(in context: Context) -> [Request] {
    guard let text = news else { return [] }
    news = nil
    return [.toast(Toast(.warning, context.safe(text, limit: 200)))]
  }

  // MARK: Actions

  mutating func perform(
    _ action: ActionID, argument: String?, in context: Context
  ) -> [Request] {
    switch action {
    case .open: return open(context)
    case .follow: return follow(context)
    case .foldAll: foldAll(context)
    case .nextTopology: return next(context)
    default:
      if table.perform(action, in: listArea(context)) { moved(by: action, context) }
    }
    return []
  }

  /// Whoever moves on by himself wants to be somewhere else.
  private mutating func moved(by action: ActionID, _ context: Context) {
    switch action {
    case .up, .down, .pageUp, .pageDown, .top, .bottom: endFollowing(context)
    default: break
    }
  }

  private mutating func endFollowing(_ context: Context) {
    guard let server = followed, table.selected?.id != .member(server.server) else { return }
    // Its shard may be folded again: the selection is elsewhere.
    followed = nil
    refresh(context)
  }

  private mutating func open(_ context: Context) -> [Request] {
    guard let row = table.selected, let topology else { return [] }
    if let member = row.member {
      if let node = member.node, context.node(node) != nil { return [.open(.node(node))] }
      let name = context.safe(member.title, limit: 40)
      return [
        .toast(Toast(.information, "\(name) is not among the servers that this console asks"))
      ]
    }
    let shard = row.id == .sentinels ? TopologyTree.sentinelsFold : (row.shardID ?? "")
    folds[topology.id, default: TopologyFolds(shards: topology.shards.count)].toggle(shard)
    refresh(context)
    return []
  }

  private mutating func foldAll(_ context: Context) {
    guard let topology else { return }
    let shard = table.selected.map { row -> TopologyRow.ID in
      row.shardID.map { .shard($0) } ?? .sentinels
    }
    let isMember = table.selected?.member != nil
    folds[topology.id, default: TopologyFolds(shards: topology.shards.count)].toggleAll()
    refresh(context)
    // A member that is folded away leaves the selection to its shard.
    if isMember, followed == nil, folds[topology.id]?.isOpen == false, let shard {
      table.select(id: shard)
    }
  }

  private mutating func next(_ context: Context) -> [Request] {
    guard topologies.count > 1, let topology,
      let at = topologies.firstIndex(where: { $0.id == topology.id })
    else { return [.toast(Toast(.information, "there is no other cluster or group"))] }
    chosen = topologies[(at + 1) % topologies.count].id
    followed = nil
    table.startAgain()
    refresh(context)
    return []
  }

  mutating func back(in context: Context) -> Bool {
    guard followed != nil else { return false }
    followed = nil
    refresh(context)
    return true
  }

  mutating func mouse(_ event: MouseEvent, in context: Context) -> [Request] {
    let isDouble = table.mouse(event, in: listArea(context))
    endFollowing(context)
    return isDouble ? [.perform(.open)] : []
  }

  // MARK: Drawing

  private func listArea(_ context: Context) -> Rect {
    context.body.splitTop(headLines(context, context.body).count).rest
  }

  private func headLines(_ context: Context, _ area: Rect) -> [[Span]] {
    guard let head, let topology else { return [] }
    let place = (topologies.firstIndex { $0.id == topology.id } ?? 0) + 1
    let following = followed.map { server in
      [
        Span("follows ", .dim), Span(context.safe(server.title, limit: 24), .accent, .bold),
        Span(server.isListed ? " \(server.role.rawValue)" : " gone", .dim),
      ]
    }
    return head.lines(
      context, in: area, place: place, of: topologies.count, following: following)
  }

  func draw(_ context: Context, in area: Rect, into grid: inout CellGrid) {
    guard topology != nil else {
      drawNothing(context, in: area, into: &grid)
      return
    }
    let used = grid.put(lines: headLines(context, area), in: area.indented)
    table.draw(
      context, in: area.splitTop(used).rest, into: &grid, empty: "no server is listed yet")
  }

  private func drawNothing(_ context: Context, in area: Rect, into grid: inout CellGrid) {
    let sentences =
      context.snapshot == nil
      ? ["no server has answered yet"]
      : [
        "these servers are no cluster, Sentinel group or replicas of each other, as far as is known",
        "Here would be shards with their slots, primaries and replicas with lag, zone, memory and ops/s, and the skew between shards.",
        "Name a server of a cluster, a Sentinel, or a primary and its replicas in the configuration: docs/config.example.json5.",
      ]
    var y = 0
    for (index, sentence) in sentences.enumerated() where y < area.height {
      y += grid.put(
        paragraph: sentence, y: y, in: area.indented, style: Style(index == 0 ? .normal : .dim))
    }
  }
}
