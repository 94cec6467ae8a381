import ConsoleModel
import Redis

/// Reads what only newer servers offer, every ten seconds: COMMANDLOG, CLUSTER SLOT-STATS, HOTKEYS.
///
/// What a server has it said at the connect; what it refuses all the same is remembered. Only nodes that are
/// looked at have one.
final class NewerReader {
  private static let schedule = 10.0
  private static let entries = 16
  private static let slots = 16

  private let node: NodeID
  private let mask: ArgumentMask
  private var due: MonotonicTime?
  private var health: [String: PartHealth] = [:]
  private(set) var session: HotKeySession?
  /// The server has HOTKEYS.
  private(set) var tracksHotKeys = false

  init(node: NodeID, mask: ArgumentMask) {
    self.node = node
    self.mask = mask
  }

  /// Only what keeps the server from answering at all is thrown.
  func read(
    _ probe: Probe, _ extras: inout NodeExtras, runID: String?, isCluster: Bool, timeout: Duration
  ) async throws(RedisError) {
    let now = MonotonicTime.now()
    guard due.map({ now >= $0 }) ?? true else { return }
    due = now.advanced(bySeconds: Self.schedule)
    var fresh = NodeExtras()
    fresh.infoProblem = extras.infoProblem
    fresh.keySizes = extras.keySizes
    try await part("commandlog|get", probe, &fresh, runID, timeout) { fresh throws(RedisError) in
      for kind in LargeCommand.Kind.allCases {
        let rows = try await probe.commandLog(
          kind == .request ? .largeRequest : .largeReply, count: Self.entries, timeout: timeout)
        fresh.largeCommands += rows.map { self.command(kind, $0.row, $0.bytes, runID) }
      }
      fresh.largeCommands.sort { ($0.entry.at, $0.entry.id) > ($1.entry.at, $1.entry.id) }
    }
    if isCluster {
      try await part("cluster|slot-stats", probe, &fresh, runID, timeout) {
        fresh throws(RedisError) in
        let rows = try await probe.slotStatistics(limit: Self.slots, timeout: timeout)
        fresh.busySlots = rows.map { row in
          let bytes = row.bytesIn.map { $0.addingOrMax(row.bytesOut ?? 0) }
          return SlotFigures(
            slot: row.slot, keys: row.keys, microseconds: row.microseconds, networkBytes: bytes)
        }
      }
    }
    session = nil
    tracksHotKeys = try await probe.offers(newer: "hotkeys|get", timeout: timeout) == true
    if tracksHotKeys {
      try await part("hotkeys|get", probe, &fresh, runID, timeout) { _ throws(RedisError) in
        self.session = try await probe.hotKeySession(timeout: timeout)
      }
    }
    extras = fresh
  }

  /// One command, if the server has it.
  private func part(
    _ name: String, _ probe: Probe, _ extras: inout NodeExtras, _ runID: String?,
    _ timeout: Duration, _ read: (inout NodeExtras) async throws(RedisError) -> Void
  ) async throws(RedisError) {
    // A server that does not say what it has is not asked for what few have.
    guard try await probe.offers(newer: name, timeout: timeout) == true else { return }
    var health = self.health[name] ?? PartHealth()
    defer {
      self.health[name] = health
      extras.problems[name] = health.problem
    }
    guard health.isDue(now: .now(), runID: runID) else { return }
    do throws(RedisError) {
      try await read(&extras)
      health.succeeded()
    } catch {
      switch error.kind {
      case .denied, .unsupported, .server: health.failed(error, now: .now(), runID: runID)
      default: throw error
      }
    }
  }

  private func command(
    _ kind: LargeCommand.Kind, _ row: SlowlogRow, _ bytes: UInt64, _ runID: String?
  ) -> LargeCommand {
    let item = SlowlogItem(row)
    return LargeCommand(
      kind: kind, bytes: bytes,
      entry: SlowEntry(
        node: node, runID: runID ?? "", id: item.id,
        at: WallTime(seconds: Int64(min(item.seconds, 1 << 40))), microseconds: 0,
        arguments: mask.apply(item.arguments), client: item.client, clientName: item.clientName))
  }

  // MARK: Hot keys

  /// What the server tracked, as the sampler would report it; nil: it tracks nothing.
  func hotKeys(keys: UInt64?) -> HotKeyReport? {
    guard let session else { return nil }
    let byTime = !session.byMicroseconds.isEmpty
    let rows = byTime ? session.byMicroseconds : session.byBytes
    guard !rows.isEmpty else { return nil }
    let total = (byTime ? session.totalMicroseconds : session.totalBytes).map { Double($0) }
    var report = HotKeyReport(keys: keys)
    report.rows = rows.prefix(64).map { entry in
      let share = total.flatMap { $0 > 0 ? min(1, Double(entry.amount) / $0) : nil }
      return HotKeyReport.Row(
        node: node, key: KeyName(entry.key), share: share,
        source: byTime ? "hotkeys-cpu" : "hotkeys-net")
    }
    let seconds = session.milliseconds.map { " over \($0 / 1000) s" } ?? ""
    let sampled = session.sampleRatio > 1 ? ", one of \(session.sampleRatio) sampled" : ""
    report.note =
      "HOTKEYS: shares of the \(byTime ? "server's time" : "network bytes")\(seconds)\(sampled)"
      + (session.isActive ? "" : ", tracking has stopped")
    return report
  }
}
