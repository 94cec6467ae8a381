internal import EventLoop

/// Walks all keys of a cluster: one cursor for each primary, one merged progress.
///
/// A key may come twice; one that was there all the time is never missed, also while slots move and
/// primaries change: what a walk cannot vouch for is walked again (see `ScanCoverage`). One task
/// uses a scanner; cancelling that task ends the walk.
package struct ClusterScanner {
  package struct Options: Sendable, Hashable {
    /// A Redis glob; nil: every key.
    package var match: [UInt8]?
    /// Keys visited per call.
    package var count = 500
    /// Keys visited per second of each primary at most: each has a thread of its own.
    package var keysPerSecond = 50_000
    /// For one call.
    package var timeout: Duration = .seconds(3)
    /// Without any page, while nodes are away or slots have no owner, until the scan is given up.
    package var patience: Duration = .seconds(30)
    /// Walks beyond one for each primary, until the scan is given up.
    package var maximumRepeats = 64

    package init() {}
  }

  /// How far the scan is.
  package struct Progress: Sendable, Hashable {
    /// Slots that have been walked whole, of those that somebody serves.
    package var slotsDone = 0
    package var slots = 0
    /// 0…1; smaller than before when slots have to be walked again.
    package var fraction = 0.0
    /// Keys visited so far, an estimate where `match` hides those that did not match.
    package var visited: UInt64 = 0
    /// Walks that were begun again, because a slot or a primary had changed.
    package var repeats = 0
    /// Nodes that are being walked and do not answer.
    package var waitingFor: [String] = []
  }

  package struct Page: Sendable {
    package var keys: [[UInt8]]
    /// The node's id; empty on the last page.
    package var node: String
    package var progress: Progress
    package var isLast: Bool
  }

  /// One node's walk.
  private struct Walk {
    var node: ClusterTopology.Node
    var time: Int
    var first: ScanCoverage.Description?
    var last: ScanCoverage.Description?
    var cursor: [UInt8] = zero
    /// The connection that the cursor was given on.
    var connection: (ObjectIdentifier, UInt64)?
    var owned = SlotRanges.all
    /// Keys on the node, and those visited.
    var size: UInt64 = 0
    var visited: UInt64 = 0
    var notBefore = EventLoop.Instant.now()
    var failures = 0
    /// The cursor is back at 0; the description of the end is still missing.
    var isWalked = false

    static let zero = [UInt8(ascii: "0")]
    var fraction: Double { size == 0 ? 0 : min(1, Double(visited) / Double(size)) }
  }

  private let client: ClusterClient
  private let options: Options
  private var coverage = ScanCoverage()
  private var topology: ClusterTopology?
  private var version: UInt64 = 0
  private var walks: [Walk] = []
  private var ended: [Walk] = []
  private var progress = Progress()
  private var begun = 0
  private var lastSuccess: EventLoop.Instant?
  private var isFinished = false

  private static let action = "scanning the cluster's keys"

  package init(_ client: ClusterClient, options: Options = Options()) {
    self.client = client
    self.options = options
  }

  /// The next page once the budget allows it; nil after the last one.
  package mutating func next() async throws(RedisError) -> Page? {
    guard !isFinished else { return nil }
    if lastSuccess == nil { lastSuccess = .now() }
    while true {
      if walks.isEmpty, try await beginRound() {
        isFinished = true
        return Page(keys: [], node: "", progress: progress, isLast: true)
      }
      guard let index = walks.indices.min(by: { walks[$0].notBefore < walks[$1].notBefore }) else {
        continue
      }
      do { try await client.loop.sleep(until: walks[index].notBefore) } catch {
        throw failure(.cancelled, "cancelled")
      }
      let time = walks[index].time
      observeTopology()
      guard let index = walks.firstIndex(where: { $0.time == time }) else { continue }
      var walk = walks[index]
      do throws(RedisError) {
        let keys = try await step(&walk)
        walk.failures = 0
        walks[index] = walk
        lastSuccess = .now()
        if walk.last != nil { ended.append(walks.remove(at: index)) }
        guard let keys else { continue }
        updateProgress()
        return Page(keys: keys, node: walk.node.id, progress: progress, isLast: false)
      } catch {
        walk.connection = nil
        try suspend(&walk, error)
        walks[index] = walk
      }
    }
  }

  private func failure(_ kind: RedisError.Kind, _ message: String, _ nextStep: String = "")
    -> RedisError
  {
    RedisError(
      kind: kind, endpoint: "cluster", action: Self.action, message: message, nextStep: nextStep)
  }
}

// MARK: Rounds

extension ClusterScanner {
  /// Settles the walks that have ended and begins those that are missing.
  ///
  /// - Returns: true if none is.
  private mutating func beginRound() async throws(RedisError) -> Bool {
    while true {
      let view = try await freshView()
      note(view)
      for walk in ended {
        guard let first = walk.first, let last = walk.last else { continue }
        coverage.finish(walk.time, from: first, to: last, owned: walk.owned)
      }
      ended = []
      let missing = coverage.missing(view.topology)
      updateProgress()
      if missing.isEmpty, view.topology.uncovered.isEmpty { return true }
      if !missing.isEmpty {
        if begun > 0 { progress.repeats += missing.count }
        guard progress.repeats <= options.maximumRepeats + view.topology.primaries.count else {
          throw failure(
            .limit, "slots move faster than they can be scanned",
            "wait until the resharding is over, then start again")
        }
        begun += missing.count
        walks = missing.map { Walk(node: $0, time: coverage.begin()) }
        return false
      }
      try await pause(
        failure(
          .server, "nobody serves the slots \(view.topology.uncovered)",
          "bring their node back, or give the slots to another"))
    }
  }

  private mutating func freshView() async throws(RedisError) -> TopologyKeeper.View {
    while true {
      do throws(RedisError) {
        return try await client.keeper.fresh(until: client.deadline(options.timeout))
      } catch {
        if error.kind == .cancelled { throw error.during(Self.action) }
        try await pause(error)
      }
    }
  }

  /// Waits a little while nothing can be done, and not for ever.
  private mutating func pause(_ reason: RedisError) async throws(RedisError) {
    let now = EventLoop.now()
    if let lastSuccess, lastSuccess.duration(to: now) > options.patience {
      throw reason.during(Self.action)
    }
    do { try await client.loop.sleep(for: .milliseconds(250)) } catch {
      throw failure(.cancelled, "cancelled")
    }
  }

  /// A newer topology than the last one that was seen: which slots stayed where they were, and which
  /// walks have become pointless.
  private mutating func observeTopology() {
    guard let view = client.keeper.view, view.version > version else { return }
    note(view)
    // After a failover the old primary may still be listed as one, failed and without slots.
    walks.removeAll { walk in
      guard let node = view.topology.primaries.first(where: { $0.id == walk.node.id }) else {
        return true
      }
      return (node.health == .failed || walk.failures > 0)
        && view.topology.slots(of: node.id).isEmpty
    }
  }

  private mutating func note(_ view: TopologyKeeper.View) {
    guard view.version > version else { return }
    version = view.version
    topology = view.topology
    func narrow(_ walk: inout Walk) {
      walk.owned = walk.owned.intersection(view.topology.slots(of: walk.node.id))
      if let node = view.topology.node(id: walk.node.id) { walk.node = node }
    }
    for index in walks.indices { narrow(&walks[index]) }
    for index in ended.indices { narrow(&ended[index]) }
  }

  private mutating func updateProgress() {
    guard let topology else { return }
    progress.slots = topology.covered.count
    progress.slotsDone = coverage.covered.intersection(topology.covered).count
    var done = Double(progress.slotsDone)
    for walk in walks + ended {
      let open = topology.slots(of: walk.node.id).subtracting(coverage.covered).count
      done += Double(open) * (walk.last == nil ? walk.fraction : 1)
    }
    progress.fraction = progress.slots == 0 ? 0 : min(1, done / Double(progress.slots))
    progress.waitingFor = walks.filter { $0.failures > 0 }.map {
      $0.node.address?.description ?? PlainText.safe($0.node.id, limit: 40)
    }
  }
}

// MARK: One walk

extension ClusterScanner {
  /// One call of SCAN, or what must be known before it.
  ///
  /// - Returns: nil if the call gave no page.
  private mutating func step(_ walk: inout Walk) async throws(RedisError) -> [[UInt8]]? {
    let start = EventLoop.now()
    if walk.connection == nil || walk.first == nil {
      let (connection, described, size) = try await describe(walk.node)
      if let first = walk.first, first.id == described.id, first.runID == described.runID {
        // The same process over a new connection: the cursor holds.
        walk.connection = connection
      } else {
        let isRepeated = walk.first != nil
        walk = Walk(node: walk.node, time: coverage.begin())
        walk.connection = connection
        walk.first = described
        walk.size = size
        if isRepeated {
          progress.repeats += 1
          guard progress.repeats <= options.maximumRepeats else {
            throw failure(.limit, "a node restarts again and again")
          }
        }
      }
    }
    if walk.isWalked {
      walk.last = try await describe(walk.node).1
      return nil
    }
    let (connection, page) = try await scan(walk)
    // It may have come from another process, for which the cursor means something else.
    if let known = walk.connection, known != connection {
      walk.connection = nil
      return nil
    }
    walk.cursor = page.cursor
    let visited = UInt64(clamping: max(options.count, page.keys.count))
    walk.visited &+= visited
    progress.visited &+= visited
    let rate = UInt64(clamping: max(1, options.keysPerSecond))
    let nanoseconds = visited.multipliedReportingOverflow(by: 1_000_000_000).partialValue / rate
    walk.notBefore = start.advanced(by: .nanoseconds(Int64(clamping: nanoseconds)))
    walk.isWalked = page.isLast
    return page.keys
  }

  private mutating func suspend(_ walk: inout Walk, _ error: RedisError) throws(RedisError) {
    switch error.kind {
    case .unreachable, .timeout, .server, .indeterminate, .protocol: break
    case .cancelled where !Task.isCancelled: break
    case .cancelled, .auth, .denied, .unsupported, .tls, .limit: throw error
    }
    if let lastSuccess, lastSuccess.duration(to: .now()) > options.patience { throw error }
    walk.failures += 1
    var backoff = Backoff()
    backoff.limit = .seconds(1)
    walk.notBefore = EventLoop.now().advanced(
      by: backoff.delay(afterFailures: walk.failures))
  }

  fileprivate typealias Connection = (ObjectIdentifier, UInt64)

  private func scan(_ walk: Walk) async throws(RedisError) -> (Connection, ScanPage) {
    var arguments = [walk.cursor]
    if let match = options.match { arguments += [Array("MATCH".utf8), match] }
    arguments += [Array("COUNT".utf8), Array(String(options.count).utf8)]
    let command = RedisCommand("SCAN", arguments)
    let timeout = options.timeout
    return try await client.with(walk.node, action: Self.action) {
      _, client throws(RedisError) -> (Connection, ScanPage) in
      let reply = try await client.send(command, action: Self.action, timeout: timeout)
      guard let parts = reply.array, parts.count == 2, let next = parts[0].bytes,
        Decimal64.unsigned(next[...]) != nil, let keys = parts[1].array
      else { throw Self.unexpected(client) }
      let page = ScanPage(cursor: next, keys: keys.compactMap(\.bytes))
      return ((ObjectIdentifier(client), client.generation), page)
    }
  }

  /// What the node says of itself, and how many keys it has.
  private func describe(
    _ node: ClusterTopology.Node
  ) async throws(RedisError) -> (Connection, ScanCoverage.Description, size: UInt64) {
    try await Self.describe(node, by: client, timeout: options.timeout)
  }

  fileprivate static func describe(
    _ node: ClusterTopology.Node, by client: ClusterClient, timeout: Duration
  ) async throws(RedisError) -> (Connection, ScanCoverage.Description, size: UInt64) {
    try await client.with(node, action: Self.action) {
      node, client throws(RedisError) -> (Connection, ScanCoverage.Description, size: UInt64) in
      let replies = try await client.pipeline(
        [
          RedisCommand("CLUSTER", "NODES"), RedisCommand("INFO", "server"), RedisCommand("DBSIZE"),
        ], action: Self.action, timeout: timeout)
      for case .error(let text) in replies {
        throw .server(text, endpoint: client.endpoint.description, action: Self.action)
      }
      guard replies.count == 3, let nodes = replies[0].bytes, let info = replies[1].text,
        let own = ClusterNodeLine.all(nodes, .init(host: "127.0.0.1")).first(where: \.isMyself),
        let runID = info.split(whereSeparator: \.isNewline).first(where: {
          $0.hasPrefix("run_id:")
        })
      else { throw Self.unexpected(client) }
      var described = ScanCoverage.Description(
        id: own.node.id, runID: String(runID), isPrimary: own.isPrimary,
        configEpoch: own.node.configEpoch, slots: own.slots)
      for open in own.openSlots {
        if open.from == own.node.id {
          described.leaving[open.slot] = open.to
        } else {
          described.coming[open.slot] = open.from
        }
      }
      return (
        (ObjectIdentifier(client), client.generation), described, replies[2].unsigned ?? 0
      )
    }
  }

  private static func unexpected(_ client: RedisClient) -> RedisError {
    RedisError(
      kind: .protocol, endpoint: client.endpoint.description, action: action,
      message: "the server's answer has an unexpected form")
  }
}

extension ClusterClient {
  /// What the node says of itself.
  func describe(
    _ node: ClusterTopology.Node, timeout: Duration = .seconds(3)
  ) async throws(RedisError) -> ScanCoverage.Description {
    try await ClusterScanner.describe(node, by: self, timeout: timeout).1
  }
}
