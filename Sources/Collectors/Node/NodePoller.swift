package import ConsoleModel
import EventLoop
package import Redis

/// One server's collectors with all that they remember: asked one after another, so that no command
/// of ours stands between a part's reply and the ledger that belongs to it.
///
/// One task owns a poller; a class, because a struct of this size would be copied into the frames
/// of that task's suspended calls, some 20 KB for each node. A part that fails costs its own figure only; a server that does not
/// answer PING is asked nothing more in that poll.
package final class NodePoller {
  package struct Settings: Sendable {
    /// Seconds between polls.
    package var interval: Double
    package var personalData: PersonalDataPolicy
    package var hotKeyBudget: HotKeySampler.Budget
    /// Length of the sliding window where a node is kept in full.
    package var windowSeconds: Double
    package var detail: Detail

    package init(
      interval: Double, personalData: PersonalDataPolicy,
      hotKeyBudget: HotKeySampler.Budget = HotKeySampler.Budget(), windowSeconds: Double = 10,
      detail: Detail = .full
    ) {
      self.interval = interval
      self.personalData = personalData
      self.hotKeyBudget = hotKeyBudget
      self.windowSeconds = windowSeconds
      self.detail = detail
    }

    /// A brief node is differenced over its last interval only.
    func window(_ detail: Detail) -> Double { detail == .full ? windowSeconds : 0 }

    /// A server that takes longer than this for one monitoring read is not healthy.
    package var timeout: Duration { .seconds(approximately: max(1, min(3, interval))) }
  }

  /// Latency events and settings change seldom.
  private static let slowSchedule = 10.0

  package internal(set) var report: NodeReport
  let probe: Probe
  let settings: Settings
  private var counters: CounterWindow
  private var latency: LatencyWindow
  private var slowlog: SlowlogFollower
  private var clients: ClientLister?
  var hotKeys: HotKeyWatch
  private var histories: Histories
  private var detail: Detail
  private var latencyHealth = PartHealth()
  private var slowlogHealth = PartHealth()
  private var eventsHealth = PartHealth()
  private var clientsHealth = PartHealth()
  private var pingHealth = PartHealth()
  private var infoHealth = PartHealth()
  /// Of nodes in full only.
  var newer: NewerReader?
  private var eventsDue: MonotonicTime?
  private var latencyRunID: String?
  /// The last INFO had a section of this name.
  private var hasCommandstats = true
  /// The connection over which INFO was read last.
  private var infoGeneration: UInt64 = 0

  package convenience init(id: NodeID, probe: Probe, settings: Settings) {
    self.init(
      NodeStatus(id: id, address: probe.endpoint.description), probe: probe, settings: settings)
  }

  /// - Parameter status: what is known of it before it is asked.
  init(_ status: NodeStatus, probe: Probe, settings: Settings) {
    let id = status.id
    self.probe = probe
    self.settings = settings
    detail = settings.detail
    counters = CounterWindow(seconds: settings.window(settings.detail))
    latency = LatencyWindow(seconds: settings.window(settings.detail))
    slowlog = SlowlogFollower(
      node: id, mask: ArgumentMask(policy: settings.personalData), limits: settings.detail.slowlog)
    hotKeys = HotKeyWatch(
      sampler: HotKeySampler(
        capacity: settings.detail.hotKeyCapacity, budget: settings.hotKeyBudget,
        remembers: settings.detail == .full), database: probe.endpoint.database)
    histories = Histories(settings.detail)
    report = NodeReport(status: status)
  }

  /// Keeps more of a node that came into view, less of one that left it.
  package func setDetail(_ detail: Detail, now: MonotonicTime) {
    guard detail != self.detail else { return }
    self.detail = detail
    counters.seconds = settings.window(detail)
    latency.seconds = settings.window(detail)
    slowlog.limits = detail.slowlog
    histories.hitRatio = histories.hitRatio.reshaped(detail, endingAt: now)
    histories.ops = histories.ops.reshaped(detail, endingAt: now)
    histories.memory = histories.memory.reshaped(detail, endingAt: now)
    histories.ping = histories.ping.reshaped(detail, endingAt: now)
    if detail == .brief {
      report.status.info = nil
      report.status.extras = NodeExtras()
      newer = nil
    }
  }

  /// The slow log was reset by the operator: what is shown of it goes, too.
  package func clearSlowlog() {
    slowlog.clear()
    report.status.slow.value = []
  }
}

// MARK: One poll

extension NodePoller {
  /// Asks everything that is due.
  package func poll(wantsClients: Bool) async {
    report.tried += 1
    do throws(RedisError) {
      try await ping()
      try await readInfo()
      try await readLatency()
      try await readSlowlog()
      try await readEvents()
      try await readClients(wanted: wantsClients)
      try await readNewer()
      report.status.fault = nil
      report.answered += 1
    } catch {
      failed(error)
    }
  }

  @inline(never)
  private func failed(_ error: RedisError) {
    report.status.fault = Fault(error)
    report.status.figures.pingMicroseconds = nil
    // Rates of a server that is silent say nothing about now; gauges stay with their age.
    histories.append(
      hitRatio: nil, ops: nil, memory: nil, ping: nil, seconds: nil, at: .now())
    publishHistories()
  }

  /// True if the failure concerns this part only and the poll can go on.
  static func isOnlyThisPart(_ error: RedisError) -> Bool {
    switch error.kind {
    case .denied, .unsupported, .server: return true
    default: return false
    }
  }

  private func ping() async throws(RedisError) {
    guard pingHealth.isDue(now: .now(), runID: runID) else { return }
    do throws(RedisError) {
      let time = try await probe.ping(timeout: settings.timeout)
      report.status.figures.pingMicroseconds = Double(time.nanoseconds) / 1000
      pingHealth.succeeded()
    } catch {
      // A server that refuses PING may still give INFO.
      guard Self.isOnlyThisPart(error) else { throw error }
      pingHealth.failed(error, now: .now(), runID: runID)
    }
  }

  private var runID: String? { report.status.identity?.runID }

  private func readInfo() async throws(RedisError) {
    guard infoHealth.isDue(now: .now(), runID: runID) else { return livesWithoutInfo() }
    do throws(RedisError) {
      take(try await probe.infoEverything(timeout: settings.timeout))
      infoHealth.succeeded()
      report.status.extras.infoProblem = nil
    } catch {
      guard error.notOffered != nil else { throw error }
      infoHealth.failed(error, now: .now(), runID: runID)
      livesWithoutInfo()
    }
  }

  /// It answers, but nobody may ask what INFO tells: everything else goes on.
  @inline(never)
  private func livesWithoutInfo() {
    infoGeneration = probe.generation
    report.status.lastReply = .now()
    report.status.extras.infoProblem = infoHealth.problem
    hotKeys.lacksInfo(infoHealth.problem)
    showHotKeys(.now())
    showCommands(at: .now())
  }

  private func readNewer() async throws(RedisError) {
    guard detail == .full else { return }
    let reader =
      newer
      ?? NewerReader(
        node: report.status.id, mask: ArgumentMask(policy: settings.personalData))
    newer = reader
    try await reader.read(
      probe, &report.status.extras, runID: runID,
      isCluster: report.replication?.isClusterNode == true, timeout: settings.timeout)
  }

  /// Not inlined: what it needs of stack would be kept in the suspended task.
  @inline(never)
  private func take(_ reading: InfoReading) {
    infoGeneration = probe.generation
    let arrival = MonotonicTime(reading.receivedAt)
    let info = InfoReply(reading.bytes)
    let sample = CounterSample(info, arrival: arrival, own: reading.ledger)
    let gap = counters.add(sample)
    if gap == .restarted { latency.clear() }
    report.window = counters.window
    report.interval = counters.interval
    var figures = NodeFigures(gaugesOf: info)
    figures.pingMicroseconds = report.status.figures.pingMicroseconds
    figures.readWindow(counters.window, lifetime: counters.lifetime)
    figures.readLatency(latency.figures)
    report.status.figures = figures
    report.status.identity = info.identity
    report.replication = ReplicationView(info)
    report.sentinel = SentinelView(info)
    report.status.lastReply = arrival
    report.status.info = detail == .full ? info.document : nil
    if detail == .full { report.status.extras.keySizes = info.keySizes }
    report.status.errors = counters.window?.errorFigures ?? []
    report.status.ownCost = counters.window?.ownCost ?? OwnCost()
    hotKeys.update(
      info, figures: figures, window: counters.window, interval: counters.interval,
      arrival: arrival)
    showHotKeys(arrival)
    hasCommandstats = info.document.sections.contains { $0.name.lowercased() == "commandstats" }
    histories.append(
      hitRatio: report.interval?.hitRatio, ops: report.interval?.rate(.commands),
      memory: figures.memoryUsed, ping: figures.pingMicroseconds,
      seconds: report.interval?.seconds, at: arrival)
    publishHistories()
    showCommands(at: arrival)
  }

  private func publishHistories() {
    report.status.hitRatioHistory = histories.hitRatio
    report.status.opsHistory = histories.ops
    report.status.memoryHistory = histories.memory
    report.status.pingHistory = histories.ping
  }

  @inline(never)
  private func showCommands(at now: MonotonicTime) {
    let rows = counters.window?.commandFigures(latency: latency.figures) ?? []
    report.status.commands = Reading(
      value: Array(rows.prefix(detail.commandRows)), at: now,
      problem: infoHealth.problem ?? (hasCommandstats ? latencyHealth.problem : Self.noCommandstats)
    )
  }

  private static let noCommandstats = "not offered by this server: its INFO has no commandstats"

  private func readLatency() async throws(RedisError) {
    guard latencyHealth.isDue(now: .now(), runID: runID) else { return }
    do throws(RedisError) {
      // Of another process than the last one: its histograms began at zero.
      if latencyRunID != runID { latency.clear() }
      latencyRunID = runID
      let rows = try await probe.latencyHistogram(timeout: settings.timeout)
      guard probe.generation == infoGeneration else { return latency.clear() }
      take(rows)
    } catch {
      guard Self.isOnlyThisPart(error) else { throw error }
      latency.clear()
      report.latency = nil
      latencyHealth.failed(error, now: .now(), runID: runID)
      showCommands(at: .now())
    }
  }

  @inline(never)
  private func take(_ rows: [CommandHistogram]) {
    var histograms: [String: LatencyHistogram] = [:]
    for row in rows.prefix(InfoReply.maximumCommands) {
      histograms[row.name.lowercased()] = LatencyHistogram(row)
    }
    let now = MonotonicTime.now()
    latency.add(LatencyWindow.Sample(at: now, histograms: histograms, own: probe.ledger))
    latencyHealth.succeeded()
    let figures = latency.figures
    report.latency = figures?.merged
    report.status.figures.readLatency(figures)
    showCommands(at: now)
  }

  private func readSlowlog() async throws(RedisError) {
    guard slowlogHealth.isDue(now: .now(), runID: runID) else { return }
    do throws(RedisError) {
      var count = SlowlogFollower.firstPage
      while true {
        let page = try await probe.slowlog(count: count, timeout: settings.timeout)
        // Entries belong to the process that INFO named: the same connection, the same process.
        guard probe.generation == infoGeneration else { return }
        let step = slowlog.take(
          page.map(SlowlogItem.init), requested: count, runID: runID ?? "")
        guard case .fetch(let more) = step else { break }
        count = more
      }
      slowlogHealth.succeeded()
      report.status.slow = Reading(value: slowlog.entries, at: .now(), problem: missedText)
    } catch {
      guard Self.isOnlyThisPart(error) else { throw error }
      slowlogHealth.failed(error, now: .now(), runID: runID)
      report.status.slow.problem = slowlogHealth.problem
    }
  }

  private var missedText: String? {
    slowlog.missed == 0
      ? nil
      : "\(slowlog.missed) entries were dropped by the server before they could be read:"
        + " raise slowlog-max-len"
  }

  private func readEvents() async throws(RedisError) {
    let now = MonotonicTime.now()
    guard eventsDue.map({ now >= $0 }) ?? true, eventsHealth.isDue(now: now, runID: runID) else {
      return
    }
    do throws(RedisError) {
      let rows = try await probe.latencyLatest(timeout: settings.timeout)
      eventsHealth.succeeded()
      eventsDue = now.advanced(bySeconds: Self.slowSchedule)
      report.status.latencyEvents = Reading(value: rows.prefix(64).map(LatencyEvent.init), at: now)
    } catch {
      guard Self.isOnlyThisPart(error) else { throw error }
      eventsHealth.failed(error, now: now, runID: runID)
      report.status.latencyEvents.problem = eventsHealth.problem
    }
  }

  private func readClients(wanted: Bool) async throws(RedisError) {
    guard wanted else {
      // Closed panels keep nothing.
      if clients != nil {
        clients = nil
        report.status.clients = .pending(ClientReport())
      }
      return
    }
    guard clientsHealth.isDue(now: .now(), runID: runID) else { return }
    var lister = clients ?? ClientLister()
    clients = nil
    defer { clients = lister }
    do throws(RedisError) {
      let newest = counters.newest
      let listing = try await lister.list(
        probe, connected: report.status.figures.connectedClients,
        connections: newest?[.connections], timeout: settings.timeout)
      clientsHealth.succeeded()
      report.status.clients = Reading(value: listing, at: .now())
    } catch {
      guard Self.isOnlyThisPart(error) else { throw error }
      clientsHealth.failed(error, now: .now(), runID: runID)
      report.status.clients.problem = clientsHealth.problem
    }
  }
}

extension LatencyEvent {
  fileprivate init(_ row: LatencyRow) {
    self.init(
      name: String(decoding: row.name.prefix(64), as: UTF8.self),
      at: WallTime(seconds: Int64(min(row.timestamp, 1 << 40))),
      latestMilliseconds: row.latestMilliseconds, worstMilliseconds: row.worstMilliseconds)
  }
}
