import ConsoleModel
import Terminal
import Testing

@testable import Panels

/// A model under a user's hands: keys in, effects and the screen out.
struct Desk: CustomTestStringConvertible {
  static let start = MonotonicTime(nanoseconds: 1_000_000_000_000)
  /// 2026-11-22T12:04:31Z
  static let wall = WallTime(seconds: 1_795_349_071)
  static let environment = EnvironmentIdentity(
    name: "shop-prod", environmentClass: .production)
  static let operator_ = Access(isReadOnly: false, reason: "", mayReveal: true)
  static let viewer = Access(
    isReadOnly: true, reason: "started with --read-only", mayReveal: false)
  static let sizes = [(80, 24), (120, 40), (200, 50), (40, 10)]

  /// What a failed expectation prints: the screen, not the whole model.
  var testDescription: String { "\n" + rows.joined(separator: "\n") + "\n" }

  var model: Model
  var now = Self.start
  /// What the last step asked the outside to do, without demands.
  var effects: [Effect] = []

  init(
    _ panel: ActionID, nodes: [NodeStatus] = [Self.node("redis-1")], access: Access = operator_,
    columns: Int = 120, rows: Int = 40, isUnicode: Bool = true,
    edit: (inout Snapshot) -> Void = { _ in }
  ) {
    var snapshot = Snapshot(environment: Self.environment, at: Self.wall, taken: Self.start)
    snapshot.nodes = nodes
    edit(&snapshot)
    model = Model(
      context: Context(
        environment: Self.environment, access: access,
        capabilities: Capabilities(isUnicode: isUnicode, colorDepth: .indexed256),
        columns: columns, rows: rows, now: Self.start, wall: Self.wall, zone: "UTC",
        environments: [Self.environment], snapshot: snapshot))
    send(.action(panel))
  }

  static func node(_ name: String) -> NodeStatus {
    NodeStatus(
      id: NodeID(name), address: "10.0.0.1:6379", state: .live, lastReply: start)
  }

  mutating func send(_ message: Message) {
    effects = model.update(message, now: now).filter {
      if case .demand = $0 { return false }
      return true
    }
  }

  mutating func press(_ keys: Key...) {
    for key in keys { send(.input(.key(key))) }
  }

  mutating func type(_ text: String) {
    for scalar in text.unicodeScalars { send(.input(.key(.character(scalar)))) }
  }

  mutating func wait(_ seconds: Double) { now = now.advanced(bySeconds: seconds) }

  var rows: [String] {
    let grid = render(model)
    return (0..<grid.rows).map { grid.text(row: $0) }
  }

  func shows(_ text: String) -> Bool { rows.contains { $0.contains(text) } }

  /// The first row that holds `text`.
  func row(_ text: String) -> String { rows.first { $0.contains(text) } ?? "" }

  var toast: String { model.toast?.message.text ?? "" }

  // MARK: Keys

  /// Searches and gets an answer.
  mutating func find(
    _ pattern: String = "*", _ keys: [KeyName], state: KeySearchProgress.State = .complete,
    visited: UInt64 = 1000, of total: UInt64? = 1000
  ) {
    press(.character("f"), .control("u"))
    type(pattern)
    press(.enter)
    progress(keys, state: state, visited: visited, of: total)
  }

  var searchID: UInt64? {
    (model.panels.first { $0 is KeysPanel } as? KeysPanel)?.search?.search.id
  }

  /// The first server that is searched.
  private var searched: NodeID {
    let panel = model.panels.first { $0 is KeysPanel } as? KeysPanel
    return panel?.search?.search.nodes.first ?? NodeID("redis-1")
  }

  mutating func progress(
    _ keys: [KeyName], state: KeySearchProgress.State, visited: UInt64, of total: UInt64?,
    id: UInt64? = nil
  ) {
    send(
      .keySearch(
        KeySearchProgress(
          id: id ?? searchID ?? 0, state: state,
          found: keys.map { .init(node: searched, key: $0) }, foundTotal: keys.count,
          visited: visited, keys: total)))
  }

  /// The inspection that the last step asked for.
  var request: KeyInspectionRequest? {
    for case .inspect(let request) in effects { return request }
    return nil
  }

  var described: [KeyName] {
    for case .describe(_, let keys) in effects { return keys }
    return []
  }

  /// Opens `key` and answers with `value`.
  mutating func inspect(
    _ key: KeyName, _ value: KeyInspection.Value, length: UInt64? = nil,
    next: PagePosition? = nil, personal: Bool = false
  ) {
    find("*", [key])
    press(.enter)
    answer(value, length: length, next: next, personal: personal)
  }

  mutating func answer(
    _ value: KeyInspection.Value, length: UInt64? = nil, next: PagePosition? = nil,
    personal: Bool = false, fault: Fault? = nil
  ) {
    guard let request else { return }
    var summary = KeySummary(key: request.key)
    summary.type =
      switch value {
      case .string, .masked: "string"
      case .hash: "hash"
      case .list: "list"
      case .set: "set"
      case .sortedSet: "zset"
      case .stream: "stream"
      case .opaque(let type): type
      case .gone: "none"
      }
    summary.timeToLive = .milliseconds(252_000)
    summary.memoryBytes = 1_240
    summary.encoding = "raw"
    summary.frequency = 12
    summary.isPersonal = personal
    send(
      .inspection(
        KeyInspection(
          id: request.id, summary: summary, value: value,
          length: length ?? UInt64(value.pageCount), page: request.page, nextPage: next,
          fault: fault)))
  }
}

/// Data as hostile as a server may hold.
enum Hostile {
  static let text =
    "\u{1b}[31mred\u{1b}]0;t\u{7}\n\r\t\u{202e}evil\u{200d}\u{feff}e\u{301}\u{301}\u{301}\u{301}\u{301}漢字\\"
  static let bytes = [0x1B, 0x5B, 0x32, 0x4A, 0xFF, 0xC3] + Array(text.utf8)
  static let key = KeyName(bytes)
  static let long = KeyName(String(repeating: "k漢", count: 5_000))
}

extension CellGrid {
  /// Scalars on the grid that no terminal should get.
  var hazards: [UInt32] {
    (0..<rows).flatMap { text(row: $0).unicodeScalars.map(\.value) }.filter {
      $0 < 0x20 || (0x7F...0x9F).contains($0) || TextWidth.isHazard($0)
    }
  }
}
