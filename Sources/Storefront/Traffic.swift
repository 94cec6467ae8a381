package import EventLoop
private import Redis
private import Synchronization

/// Drives the shop's operations against a server, open loop: arrivals follow the clock, not the
/// replies, and what a stalled server could not take within a second is shed, not queued.
package final class Traffic: Sendable {
  /// What was done so far, as the visitors saw it.
  package struct Counts: Sendable, Hashable {
    package var operations: UInt64 = 0
    package var lookups: UInt64 = 0
    package var hits: UInt64 = 0
    package var flash: UInt64 = 0
    package var filled: UInt64 = 0
    package var shed: UInt64 = 0
    package var failedBatches: UInt64 = 0
    /// Error replies, wanted ones of the chores too.
    package var errors: UInt64 = 0
    /// Why the last batch failed.
    package var lastFailure: String?

    package init() {}
  }

  private let options: DemoOptions
  private let loop: EventLoop
  private let keys: ShopKeys
  private let commands: ShopCommands
  private let zipf: Zipf
  private let visitors: [RedisClient]
  private let warehouse: RedisClient
  private let report: RedisClient
  private let importer: RedisClient
  private let state = Mutex((stocked: 0, counts: Counts()))

  /// Names of the connections that visitors come through, for the client list.
  private static let entrances = ["web-1", "web-2", "web-3", "web-4", "mobile-1", "checkout-1"]
  /// Between two batches of one entrance: six entrances make some 120 batches a second.
  private static let interval = Duration.milliseconds(50)
  private static let timeout = Duration.seconds(2)
  /// Keys in one batch of the initial filling, and the pause after it: making and sending 20,000 keys
  /// takes some 4 s beside the traffic.
  private static let fillBatch = 100
  private static let fillPause = Duration.milliseconds(3)

  /// - Parameter socket: path of the server's Unix socket.
  package init(socket: String, options: DemoOptions, loop: EventLoop) {
    self.options = options
    self.loop = loop
    keys = ShopKeys(seed: options.seed, count: options.keys)
    commands = ShopCommands(keys: keys)
    zipf = Zipf(count: keys.ranked.count, exponent: 0.99)
    let connect = { (name: String) in
      var settings = RedisClient.Options()
      settings.clientName = name
      settings.gate = .unrestricted
      return RedisClient(
        endpoint: RedisEndpoint(address: .unix(path: socket)), options: settings,
        loop: loop)
    }
    visitors = Self.entrances.map(connect)
    warehouse = connect("warehouse")
    report = connect("nightly-report")
    importer = connect("legacy-importer")
  }

  package var counts: Counts { state.withLock { $0.counts } }

  package func close() {
    for client in visitors + [warehouse, report, importer] { client.close() }
  }

  // MARK: Filling

  /// Stocks the shop, hottest keys first; `progress` is told a few times.
  package func fill(progress: @Sendable (_ done: Int, _ total: Int) -> Void) async {
    state.withLock { $0.stocked = 0 }
    var visits = Visits(keys: keys, zipf: zipf, flashShare: 0, seed: options.seed ^ 0xF111)
    let total = keys.ranked.count
    await send(commands.fill(keys.flash, lifetime: visits.lifetime(of: .product)), warehouse)
    await send(Chores.stock(), warehouse)
    var done = 0
    while done < total, !Task.isCancelled {
      let end = min(done + Self.fillBatch, total)
      let batch = keys.ranked[done..<end].flatMap { key in
        commands.fill(key, lifetime: visits.lifetime(of: key.kind, atOpening: true))
      }
      // A key that could not be written is a miss later on, which fills it.
      await send(batch, warehouse)
      done = end
      state.withLock { $0.stocked = done }
      if done % 2_000 == 0 || done == total { progress(done, total) }
      guard (try? await loop.sleep(for: Self.fillPause)) != nil else { return }
    }
  }

  // MARK: Visitors

  /// Runs until it is cancelled.
  package func run() async {
    await withTaskGroup(of: Void.self) { group in
      for (number, client) in visitors.enumerated() {
        group.addTask { await self.visit(number, client) }
      }
      for chore in Chores.slow { group.addTask { await self.repeatChore(chore, self.report) } }
      for chore in Chores.failing { group.addTask { await self.repeatChore(chore, self.importer) } }
    }
  }

  private func visit(_ number: Int, _ client: RedisClient) async {
    var visits = Visits(
      keys: keys, zipf: zipf, flashShare: options.flashShare,
      seed: options.seed &* 31 &+ UInt64(number))
    let rate = options.rate / Double(visitors.count)
    let start = EventLoop.now()
    var issued: Double = 0
    // Entrances take turns instead of all sending at once.
    var next = start.advanced(by: Self.interval / visitors.count * number)
    while !Task.isCancelled {
      guard (try? await loop.sleep(until: next)) != nil else { return }
      let now = EventLoop.now()
      next = max(now, next.advanced(by: Self.interval))
      let stocked = state.withLock { $0.stocked }
      var due = (Double(start.duration(to: now).nanoseconds) / 1e9 * rate - issued).rounded(.down)
      issued += due
      if stocked == 0 { continue }
      if due > max(1, rate) {
        let shed = due - max(1, rate)
        state.withLock { $0.counts.shed += UInt64(shed) }
        due -= shed
      }
      if due >= 1 { await serve(Int(due), &visits, stocked, client) }
    }
  }

  /// One batch: all look-ups and plain writes, then what their replies call for.
  private func serve(
    _ count: Int, _ visits: inout Visits, _ stocked: Int, _ client: RedisClient
  ) async {
    var seen = Counts()
    seen.operations = UInt64(count)
    var batch: [RedisCommand] = []
    var lookups: [(index: Int, operation: Visits.Operation)] = []
    for _ in 0..<count {
      let operation = visits.next(stocked: stocked)
      switch operation {
      case .read(let key), .readAbsent(let key), .use(let key):
        lookups.append((batch.count, operation))
        batch.append(commands.read(key))
        if key == keys.flash { seen.flash += 1 }
      case .invalidate(let key): batch.append(commands.invalidate(key))
      case .event(let key): batch += commands.event(key, number: visits.number())
      }
    }
    seen.lookups = UInt64(lookups.count)
    guard let replies = await send(batch, client), replies.count == batch.count else {
      state.withLock { $0.counts.failedBatches += 1 }
      return
    }
    var after: [RedisCommand] = []
    for (index, operation) in lookups {
      let isMiss = ShopCommands.isMiss(replies[index])
      if !isMiss { seen.hits += 1 }
      switch operation {
      case .read(let key), .use(let key):
        if isMiss {
          seen.filled += 1
          after += commands.fill(key, lifetime: visits.lifetime(of: key.kind))
        } else if case .use = operation {
          after += commands.use(key, number: visits.number())
        }
      case .readAbsent, .invalidate, .event: break
      }
    }
    if !after.isEmpty { await send(after, client) }
    state.withLock { state in
      state.counts.operations += seen.operations
      state.counts.lookups += seen.lookups
      state.counts.hits += seen.hits
      state.counts.flash += seen.flash
      state.counts.filled += seen.filled
    }
  }

  private func repeatChore(_ chore: Chores.Chore, _ client: RedisClient) async {
    while (try? await loop.sleep(for: .seconds(chore.period))) != nil {
      if state.withLock({ $0.stocked }) > 0 { await send(chore.commands, client) }
    }
  }

  /// nil when the server did not answer: visitors come back, what they wanted is lost.
  @discardableResult
  private func send(_ batch: [RedisCommand], _ client: RedisClient) async -> [RESPValue]? {
    do throws(RedisError) {
      let replies = try await client.pipeline(batch, action: "shopping", timeout: Self.timeout)
      let errors = replies.count { if case .error = $0 { true } else { false } }
      if errors > 0 { state.withLock { $0.counts.errors += UInt64(errors) } }
      return replies
    } catch {
      state.withLock { $0.counts.lastFailure = error.description }
      // The client reconnects by itself; a pause keeps a dead server from being hammered.
      try? await loop.sleep(for: .milliseconds(200))
      return nil
    }
  }
}
