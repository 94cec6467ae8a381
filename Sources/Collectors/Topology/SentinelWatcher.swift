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
  }

  private struct State {
    var primary: NodeAddress?
    var others: [NodeAddress] = []
    var clients: [SentinelClient] = []
    var tasks: [Task<Void, Never>] = []
    var listening = 0
    var lastStir = EventLoop.Instant(nanoseconds: .min)
    var isStopped = false
  }

  /// Events about a master or one of its replicas.
  private static let channels = ["+switch-master", "+sdown", "-sdown", "+odown", "-odown"]
  private static let timeout = Duration.milliseconds(1000)
  /// Between two PINGs on a subscription.
  private static let pause = Duration.milliseconds(1000)
  /// Sentinels that are asked and listened to; a hostile answer may name any number.
  private static let maximumSentinels = 16
  /// A flood of messages costs the servers this many looks at most.
  private static let stirPause = Duration.milliseconds(200)

  package let group: SentinelGroup
  private let interval: Double
  private let loop: EventLoop
  private let resolver: Resolver
  private let inquiry: SentinelInquiry
  private let tell: @Sendable (Event) -> Void
  private let state: Mutex<State>

  /// - Parameters:
  ///   - primary: as it is known already.
  ///   - interval: seconds between two rounds of questions.
  ///   - tell: called on the loop's thread; it must not call back.
  package init(
    _ group: SentinelGroup, primary: NodeAddress?, interval: Double, loop: EventLoop,
    resolver: Resolver, tell: @escaping @Sendable (Event) -> Void
  ) {
    self.group = group
    self.interval = max(0.2, min(2, interval))
    self.loop = loop
    self.resolver = resolver
    self.tell = tell
    inquiry = SentinelInquiry(group, loop: loop, resolver: resolver, timeout: Self.timeout)
    state = Mutex(State(primary: primary))
  }

  /// Where the other Sentinels of the group announce to be.
  package var others: [NodeAddress] { state.withLock { $0.others } }

  /// Subscriptions that stand now.
  package var subscriptions: Int { state.withLock { $0.listening } }

  /// The primary as it announces itself; nil: never found.
  package var primary: NodeAddress? { state.withLock { $0.primary } }

  package func start() {
    for sentinel in group.sentinels.prefix(Self.maximumSentinels) { add(sentinel) }
    keep(
      loop.spawn { [weak self] in
        while !Task.isCancelled {
          guard let self else { return }
          await self.ask()
          do { try await self.loop.sleep(for: .seconds(self.interval)) } catch { return }
        }
      })
  }

  package func stop() {
    let (tasks, clients) = state.withLock { state in
      state.isStopped = true
      defer { (state.tasks, state.clients) = ([], []) }
      return (state.tasks, state.clients)
    }
    for task in tasks { task.cancel() }
    for client in clients { client.close() }
  }

  private func keep(_ task: Task<Void, Never>) {
    let isStopped = state.withLock { state in
      if !state.isStopped { state.tasks.append(task) }
      return state.isStopped
    }
    if isStopped { task.cancel() }
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

  // MARK: Messages

  private func listen(to sentinel: SentinelGroup.Sentinel) async {
    var options = RedisClient.Options()
    options.connectTimeout = Self.timeout
    options.commandTimeout = Self.timeout
    // It is asked what happened as soon as it is back.
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
          state.withLock { $0.listening += 1 }
        }
      ) { [weak self] in self?.received($0, $1) }
      if isOn.isRaised { state.withLock { $0.listening -= 1 } }
      do { try await loop.sleep(for: .milliseconds(250)) } catch { return }
    }
  }

  private func received(_ channel: String, _ message: String) {
    if channel == "+switch-master" {
      guard let address = Self.switched(message, master: group.master) else { return }
      keep(loop.spawn { [weak self] in await self?.follow(address) })
    } else {
      guard message.split(separator: " ").contains(Substring(group.master)) else { return }
    }
    stir()
  }

  private func stir() {
    let now = EventLoop.now()
    let isDue = state.withLock { state in
      guard state.lastStir.advanced(by: Self.stirPause) <= now else { return false }
      state.lastStir = now
      return !state.isStopped
    }
    if isDue { tell(.stirred) }
  }

  /// `<master> <old host> <old port> <new host> <new port>`
  static func switched(_ message: String, master: String) -> NodeAddress? {
    let words = message.split(separator: " ").map(String.init)
    guard words.count == 5, words[0] == master, let port = UInt16(words[4]), port > 0 else {
      return nil
    }
    return NodeAddress(parsing: "\(words[3]):\(port)")
  }

  // MARK: Questions

  private func ask() async {
    let clients = state.withLock { $0.clients }
    let master = group.master
    let answers = await withTaskGroup(of: (NodeAddress?, [NodeAddress]).self) { tasks in
      for client in clients {
        tasks.addTask {
          let address = (try? await client.address(of: master)) ?? nil
          guard address != nil else { return (nil, []) }
          return (address, (try? await client.others(of: master)) ?? [])
        }
      }
      var answers: [(NodeAddress?, [NodeAddress])] = []
      for await answer in tasks { answers.append(answer) }
      return answers
    }
    let others = Set(answers.flatMap(\.1)).sorted { $0.description < $1.description }
    if !others.isEmpty { state.withLock { $0.others = Array(others.prefix(64)) } }
    for address in others {
      guard var sentinel = group.sentinels.first else { break }
      let reached = group.addresses.reachable(address)
      sentinel.endpoint.address = .tcp(host: reached.host, port: reached.port)
      if sentinel.access.tls.serverName == nil, reached.host != address.host {
        sentinel.access.tls.serverName = address.host
      }
      add(sentinel)
    }
    // One that was cut off is outvoted.
    var votes: [NodeAddress: Int] = [:]
    for case let address? in answers.map(\.0) { votes[address, default: 0] += 1 }
    let chosen = votes.max {
      ($0.value, $0.key.description) < ($1.value, $1.key.description)
    }
    guard let chosen else { return }
    await follow(chosen.key)
  }

  /// Believes an address as soon as the server there says that it is the primary.
  private func follow(_ address: NodeAddress) async {
    guard state.withLock({ $0.primary != address }) else { return }
    guard let primary = await inquiry.confirm(address) else { return }
    let isNews = state.withLock { state in
      guard !state.isStopped, state.primary != address else { return false }
      state.primary = address
      return true
    }
    guard isNews else { return }
    tell(.moved(primary))
    tell(.stirred)
  }
}

/// Raised once.
private final class Flag: Sendable {
  private let value = Atomic<Bool>(false)
  var isRaised: Bool { value.load(ordering: .acquiring) }
  func raise() { value.store(true, ordering: .releasing) }
}
