internal import ConsoleModel
package import EventLoop
package import Redis
private import Synchronization

/// Follows where the primary of a Sentinel group is: by what Sentinels publish, and by asking them again
/// and again, since a message may be lost with its connection.
package final class SentinelWatcher: Sendable {
  package enum Event: Sendable {
    /// Something changed: all servers are worth a look at once.
    case stirred
    /// Another server is the primary now, as it says itself.
    case moved(SentinelPrimary)
    /// The primary is not known, or no Sentinel is heard any more; told once.
    case trouble(SentinelFailure)
    /// The trouble is over.
    case recovered
  }

  private struct State {
    var primary: SentinelClient.Told?
    var others: [NodeAddress] = []
    var clients: [SentinelClient] = []
    var tasks: [Task<Void, Never>] = []
    var subscriptions = 0
    var lastStir: EventLoop.Instant?
    /// Looks in a row that found no primary that says so itself.
    var unsettled = 0
    /// Looks in a row in which all Sentinels told of an older failover than we know of.
    var outdated = 0
    /// Looks in a row that nobody answered.
    var silent = 0
    var trouble: SentinelFailure.Kind?
    var isStopped = false
  }

  /// Events about a master or one of its replicas.
  private static let channels = [
    "+promoted-slave", "+switch-master", "+sdown", "-sdown", "+odown", "-odown",
  ]
  private static let timeout = Duration.milliseconds(1000)
  /// Between two PINGs on a subscription.
  private static let pause = Duration.milliseconds(1000)
  /// Sentinels that are asked and listened to; a hostile answer may name any number.
  private static let maximumSentinels = 16
  private static let maximumOthers = 64
  /// A flood of messages costs the servers one look in this time at most.
  private static let stirPause = Duration.milliseconds(200)
  /// Seconds between two rounds of questions: alone they follow a failover within a second.
  package static let standardInterval = 0.5
  /// Seconds between two looks at a server that is not the primary yet, and how many there are.
  private static let unsettledInterval = 0.2
  private static let unsettledLooks = 25
  /// Sentinels that were set up anew count from 0: so many looks in a row are believed.
  private static let outdatedLooks = 20
  /// Looks without any answer before it is told: Sentinels are restarted, too.
  private static let silentLooks = 3
  private static let discovery = Duration.seconds(10)

  package let group: SentinelGroup
  private let interval: Double
  private let loop: EventLoop
  private let resolver: Resolver
  private let inquiry: SentinelInquiry
  private let tell: @Sendable (Event) -> Void
  /// Ends the wait between two rounds.
  private let alarm: Alarm
  private let state = Mutex(State())

  /// - Parameters:
  ///   - interval: seconds between two rounds of questions, 0.1 to 60.
  ///   - tell: called on the loop's thread; it must not call back.
  package init(
    _ group: SentinelGroup, interval: Double = standardInterval, loop: EventLoop,
    resolver: Resolver, tell: @escaping @Sendable (Event) -> Void
  ) {
    self.group = group
    self.interval = max(0.1, min(60, interval))
    self.loop = loop
    self.resolver = resolver
    self.tell = tell
    alarm = Alarm(loop: loop)
    inquiry = SentinelInquiry(group, loop: loop, resolver: resolver, timeout: Self.timeout)
  }

  /// Where the other Sentinels of the group announce to be.
  package var others: [NodeAddress] { state.withLock { $0.others } }

  /// Subscriptions that stand now.
  package var subscriptions: Int { state.withLock { $0.subscriptions } }

  /// The primary as it announces itself, confirmed by itself; nil: never found.
  package var primary: SentinelClient.Told? { state.withLock { $0.primary } }

  package func start() {
    for sentinel in group.sentinels { add(sentinel) }
    keep(loop.spawn { [weak self] in await self?.watch() })
    keep(loop.spawn { [weak self] in await self?.discover() })
  }

  /// Nothing is told any more after this returns, if it is called on the loop's thread.
  package func stop() {
    let (tasks, clients) = state.withLock { state in
      state.isStopped = true
      defer { (state.tasks, state.clients) = ([], []) }
      return (state.tasks, state.clients)
    }
    for task in tasks { task.cancel() }
    for client in clients { client.close() }
  }

  /// Two tasks, and one for each Sentinel: their number is bounded with that of the Sentinels.
  private func keep(_ task: Task<Void, Never>) {
    let isKept = state.withLock { state in
      if !state.isStopped { state.tasks.append(task) }
      return !state.isStopped
    }
    if !isKept { task.cancel() }
  }

  private func add(_ sentinel: SentinelGroup.Sentinel) {
    let client = SentinelClient(sentinel, loop: loop, resolver: resolver, timeout: Self.timeout)
    let isTaken = state.withLock { state in
      guard !state.isStopped, state.clients.count < Self.maximumSentinels,
        !state.clients.contains(where: { $0.endpoint == sentinel.endpoint })
      else { return false }
      state.clients.append(client)
      return true
    }
    guard isTaken else { return client.close() }
    keep(loop.spawn { [weak self] in await self?.listen(to: sentinel) })
  }
}

// MARK: Messages

extension SentinelWatcher {
  private func listen(to sentinel: SentinelGroup.Sentinel) async {
    var options = RedisClient.Options()
    options.connectTimeout = Self.timeout
    options.commandTimeout = Self.timeout
    options.backoff.limit = .seconds(2)
    let subscription = Subscription(
      endpoint: sentinel.endpoint, access: sentinel.access, options: options, loop: loop,
      resolver: resolver)
    defer { subscription.close() }
    while !Task.isCancelled {
      let isOn = Flag()
      _ = await subscription.listen(
        to: Self.channels, pause: Self.pause,
        began: {
          isOn.raise()
          state.withLock { $0.subscriptions += 1 }
          // What happened while nobody listened.
          alarm.ring()
        }
      ) { [weak self] in self?.received($0, $1) }
      if isOn.isRaised { state.withLock { $0.subscriptions -= 1 } }
      // The link waits longer by itself after each failure; this is only between two questions to it.
      do { try await loop.sleep(for: .milliseconds(250)) } catch { return }
    }
  }

  private func received(_ channel: String, _ message: String) {
    guard Self.concerns(message, on: channel, group.master) else { return }
    // Even where the address was seen to change before, all is worth a look.
    if channel == "+switch-master" || channel == "+promoted-slave" { alarm.ring() }
    stir()
  }

  /// `+switch-master`: `<master> <old host> <old port> <new host> <new port>`; others:
  /// `master <name> <host> <port>`, `slave <name> <host> <port> @ <master> <host> <port>`.
  static func concerns(_ message: String, on channel: String, _ master: String) -> Bool {
    let words = message.split(separator: " ").map(String.init)
    if channel == "+switch-master" { return words.count == 5 && words[0] == master }
    if words.count >= 2, words[0] == "master" { return words[1] == master }
    guard let at = words.firstIndex(of: "@"), at + 1 < words.count else { return false }
    return words[at + 1] == master
  }

  private func stir() {
    let now = EventLoop.now()
    let isDue = state.withLock { state in
      if let last = state.lastStir, now < last.advanced(by: Self.stirPause) { return false }
      state.lastStir = now
      return !state.isStopped
    }
    if isDue { tell(.stirred) }
  }
}

// MARK: Questions

extension SentinelWatcher {
  private func watch() async {
    while !Task.isCancelled {
      let isSettled = await look()
      let looks = state.withLock { state in
        state.unsettled = isSettled ? 0 : state.unsettled + 1
        return state.unsettled
      }
      let isBrisk = (1...Self.unsettledLooks).contains(looks)
      await alarm.wait(
        until: .now().advanced(bySeconds: isBrisk ? Self.unsettledInterval : interval))
    }
  }

  /// - Returns: false: a failover may be under way, another look is worth it soon.
  private func look() async -> Bool {
    let clients = state.withLock { $0.clients }
    let round = await SentinelRound.ask(clients, for: group.master, on: loop)
    guard !Task.isCancelled else { return true }
    guard let told = round.best else {
      trouble(round.failure)
      return true
    }
    guard isNew(told, isMajority: 2 * round.answered > clients.count) else {
      recovered()
      return true
    }
    do throws(SentinelFailure) {
      let primary = try await inquiry.confirm(told)
      let isTaken = state.withLock { state in
        guard !state.isStopped else { return false }
        state.primary = told
        state.outdated = 0
        state.lastStir = EventLoop.now()
        return true
      }
      guard isTaken else { return true }
      recovered()
      tell(.moved(primary))
      tell(.stirred)
      return true
    } catch {
      trouble(error)
      return false
    }
  }

  /// Is it another server than the one that is known, and by a later failover?
  private func isNew(_ told: SentinelClient.Told, isMajority: Bool) -> Bool {
    state.withLock { state in
      guard let known = state.primary else { return true }
      if told.epoch < known.epoch {
        // Those that know better are away: this one was cut off, or all were set up anew.
        state.outdated += isMajority ? 1 : 0
        guard state.outdated > Self.outdatedLooks else { return false }
      } else {
        state.outdated = 0
      }
      guard told.address == known.address else { return true }
      state.primary = told
      return false
    }
  }

  private func trouble(_ failure: SentinelFailure) {
    let isNews = state.withLock { state in
      // The servers are watched all the same.
      if state.primary != nil {
        if failure.kind == .unconfirmed {
          state.silent = 0
          return false
        }
        state.outdated = 0
        state.silent += 1
        guard state.silent >= Self.silentLooks else { return false }
      }
      defer { state.trouble = failure.kind }
      return state.trouble != failure.kind && !state.isStopped
    }
    if isNews { tell(.trouble(failure)) }
  }

  private func recovered() {
    let isNews = state.withLock { state in
      state.silent = 0
      defer { state.trouble = nil }
      return state.trouble != nil && !state.isStopped
    }
    if isNews { tell(.recovered) }
  }

  /// Learns of Sentinels that were not named to us.
  private func discover() async {
    while !Task.isCancelled {
      let clients = state.withLock { $0.clients }
      let found = await inquiry.others(of: clients)
      if !found.isEmpty {
        state.withLock { $0.others = Array(found.prefix(Self.maximumOthers)) }
        for address in found { if let sentinel = group.sentinel(at: address) { add(sentinel) } }
      }
      do {
        try await loop.sleep(for: found.isEmpty ? .seconds(1) : Self.discovery)
      } catch {
        return
      }
    }
  }
}

/// Raised once.
private final class Flag: Sendable {
  private let value = Atomic<Bool>(false)
  var isRaised: Bool { value.load(ordering: .acquiring) }
  func raise() { value.store(true, ordering: .releasing) }
}
