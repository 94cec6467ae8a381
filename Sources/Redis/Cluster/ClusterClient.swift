package import EventLoop
private import Synchronization

/// A client of a Redis Cluster: finds each key's node, follows slots and nodes that move, and keeps
/// one client for each node.
///
/// Commands of one caller with a key in common keep their order. A change is sent once: what was not
/// answered is `.indeterminate` and never repeated. Reads are repeated where their slot is now, as
/// long as the deadline allows.
package final class ClusterClient: Sendable {
  package struct Options: Sendable {
    /// From the call to the last answer, redirects and repetitions included.
    package var timeout: Duration = .seconds(5)
    /// For one attempt at reads alone, so that a node that hangs leaves time for another.
    package var attemptTimeout: Duration = .seconds(2)
    /// For one node to tell the topology.
    package var topologyTimeout: Duration = .milliseconds(1500)
    /// Between two readings of the topology without any trouble, at most.
    package var refreshPeriod: Duration = .seconds(60)
    /// Between the beginnings of two readings, at least.
    package var refreshInterval: Duration = .milliseconds(250)
    /// MOVED and ASK that one command may follow.
    package var maximumRedirects = 12
    /// Clients of nodes that may be open.
    package var maximumNodes = 1024
    /// Nodes that are asked the same at a time.
    package var maximumConcurrency = 16
    /// Pipelines that only read may be answered by replicas, which can be behind.
    package var readsFromReplicas = false
    /// The nodes' TLS ports are used.
    package var usesTLS = false
    package var addresses = AddressMap()

    package init() {}
  }

  /// What the client itself sends, named as in commandstats: the node clients' gate must let it through.
  package static let commands: Set<String> = [
    "asking", "cluster|myid", "cluster|nodes", "cluster|shards", "cluster|slots", "dbsize", "info",
    "readonly", "scan",
  ]

  let options: Options
  let loop: EventLoop
  let nodes: NodeClients
  let keeper: TopologyKeeper
  private let turns = Atomic<Int>(0)

  /// - Parameters:
  ///   - seeds: at least one of the cluster's servers, or its configuration endpoint. Names stay names:
  ///     they are looked up again whenever no known node answers.
  ///   - makeClient: makes the client of one node. `announcedHost` is the host's name as the cluster
  ///     gives it, for TLS, also where `Options.addresses` leads elsewhere.
  package init(
    seeds: [RedisEndpoint], options: Options = Options(), loop: EventLoop,
    makeClient:
      @escaping @Sendable (
        _ endpoint: RedisEndpoint, _ announcedHost: String
      ) -> RedisClient
  ) {
    self.options = options
    self.loop = loop
    let template = seeds.first ?? RedisEndpoint(address: .tcp(host: "127.0.0.1", port: 6379))
    nodes = NodeClients(
      template: template, map: options.addresses, limit: options.maximumNodes, loop: loop,
      make: makeClient)
    var timing = TopologyKeeper.Timing()
    timing.minimum = options.refreshInterval
    timing.period = options.refreshPeriod
    keeper = TopologyKeeper(
      reader: TopologyReader(
        nodes: nodes, seeds: seeds, usesTLS: options.usesTLS,
        askTimeout: options.topologyTimeout, loop: loop),
      nodes: nodes, timing: timing, loop: loop)
  }

  deinit { close() }

  package func close() {
    keeper.close()
    nodes.close()
  }

  static func closed(_ action: String) -> RedisError {
    RedisError(
      kind: .cancelled, endpoint: "cluster", action: action, message: "the client was closed")
  }
}

// MARK: The topology

extension ClusterClient {
  /// The latest topology, if one has been read.
  package var latestTopology: ClusterTopology? { keeper.view?.topology }

  /// Readings of the topology that have begun.
  package var topologyReadings: UInt64 { keeper.readings }

  /// The latest topology; read if there is none yet.
  nonisolated(nonsending) package func topology(
    timeout: Duration? = nil
  ) async throws(RedisError) -> ClusterTopology {
    try await keeper.current(until: deadline(timeout)).topology
  }

  /// One that is read after this call.
  nonisolated(nonsending) package func freshTopology(
    timeout: Duration? = nil
  ) async throws(RedisError) -> ClusterTopology {
    try await keeper.fresh(until: deadline(timeout)).topology
  }

  func deadline(_ timeout: Duration?) -> EventLoop.Instant {
    EventLoop.now().advanced(by: timeout ?? options.timeout)
  }
}

// MARK: Commands

extension ClusterClient {
  /// One command with a key. A server's error reply is thrown.
  nonisolated(nonsending) package func send(
    _ command: RedisCommand, action: String, timeout: Duration? = nil
  ) async throws(RedisError) -> RESPValue {
    let answers = await pipeline([command], action: action, timeout: timeout)
    switch answers[0] {
    case .success(.error(let text)):
      throw .server(
        text, endpoint: keeper.view?.owners[slot(of: command)]?.description ?? "cluster",
        action: action, command: command.statName)
    case .success(let reply): return reply
    case .failure(let error): throw error
    }
  }

  private func slot(of command: RedisCommand) -> Int {
    guard case .keys(let indexes) = KeyLocator.locate(command) else { return 0 }
    return HashSlot.of(command.arguments[indexes[0]])
  }

  /// Many commands, split by node; answers in the order of the commands. Each has its own: a server's
  /// error stays an `.error` value, and one node that is gone costs the others nothing.
  nonisolated(nonsending) package func pipeline(
    _ commands: [RedisCommand], action: String, timeout: Duration? = nil
  ) async -> [Result<RESPValue, RedisError>] {
    await finished(commands, nil, action, until: deadline(timeout)).answers
  }

  /// The commands' pipeline after all has been answered or given up.
  nonisolated(nonsending) func finished(
    _ commands: [RedisCommand], _ wait: ReplicaWait?, _ action: String,
    until deadline: EventLoop.Instant
  ) async -> ClusterPipeline {
    var limits = ClusterPipeline.Limits()
    limits.redirects = options.maximumRedirects
    limits.backoff.first = .milliseconds(20)
    limits.backoff.limit = .milliseconds(500)
    var pipeline = ClusterPipeline(
      commands, action: action, limits: limits, usesReplicas: options.readsFromReplicas,
      turn: turns.wrappingAdd(1, ordering: .relaxed).newValue & 0xFFFF, wait: wait,
      deadline: deadline)
    await run(&pipeline, action, until: deadline)
    return pipeline
  }

  nonisolated(nonsending) private func run(
    _ pipeline: inout ClusterPipeline, _ action: String, until deadline: EventLoop.Instant
  ) async {
    guard !pipeline.isDone else { return }
    do throws(RedisError) {
      _ = try await keeper.current(until: deadline)
    } catch {
      pipeline.giveUp(error.during(action))
      return
    }
    let first = nextBatches(&pipeline)
    // Mostly everything goes to one node and comes back: no task is needed for that.
    if first.count == 1, pipeline.nextTime == nil {
      let outcome = await perform(first[0], action, until: deadline)
      take(first[0], outcome, &pipeline)
      if pipeline.isDone { return }
      await runAll(&pipeline, nextBatches(&pipeline), action, until: deadline)
    } else {
      await runAll(&pipeline, first, action, until: deadline)
    }
  }

  private enum Event: Sendable {
    case answered(ClusterPipeline.Batch, Performed)
    case woke
  }

  /// Sends what can be sent, each batch as a task of its own; a batch's redirected commands do not
  /// wait for the other batches.
  nonisolated(nonsending) private func runAll(
    _ pipeline: inout ClusterPipeline, _ first: [ClusterPipeline.Batch], _ action: String,
    until deadline: EventLoop.Instant
  ) async {
    await withTaskGroup(of: Event.self) { group in
      var batches = first
      var underway = 0
      var alarm: EventLoop.Instant?
      while true {
        for batch in batches {
          underway += 1
          group.addTask {
            .answered(batch, await self.perform(batch, action, until: deadline))
          }
        }
        if let error = end(action, deadline) {
          pipeline.giveUp(error)
        } else if let time = pipeline.nextTime {
          let wake = min(max(time, EventLoop.now().advanced(by: .milliseconds(1))), deadline)
          if alarm.map({ wake < $0 }) ?? true {
            alarm = wake
            group.addTask {
              // Cancelled: the next look at the task finds it out.
              try? await self.loop.sleep(until: wake)
              return .woke
            }
          }
        }
        if pipeline.isDone, underway == 0 { break }
        guard let event = await group.next() else { break }
        switch event {
        case .answered(let batch, let outcome):
          underway -= 1
          take(batch, outcome, &pipeline)
        case .woke: if let time = alarm, time <= EventLoop.now() { alarm = nil }
        }
        batches = EventLoop.now() < deadline ? nextBatches(&pipeline) : []
      }
      group.cancelAll()
    }
  }

  /// Why nothing more is tried; nil: it goes on.
  private func end(_ action: String, _ deadline: EventLoop.Instant) -> RedisError? {
    if Task.isCancelled { return Self.cancelled(action) }
    if keeper.isClosed { return Self.closed(action) }
    return EventLoop.now() >= deadline ? Self.late(action) : nil
  }

  private func nextBatches(_ pipeline: inout ClusterPipeline) -> [ClusterPipeline.Batch] {
    guard let owners = keeper.view?.owners else { return [] }
    let (batches, notice) = pipeline.nextBatches(owners, now: .now())
    heed(notice)
    return batches
  }

  /// The answer to a batch, and the client that it came from.
  private struct Performed: Sendable {
    var outcome: Result<[RESPValue], RedisError>
    var node: NodeClients.Node?
  }

  nonisolated(nonsending) private func perform(
    _ batch: ClusterPipeline.Batch, _ action: String, until deadline: EventLoop.Instant
  ) async -> Performed {
    var performed = Performed(outcome: .failure(Self.late(action)), node: nil)
    do throws(RedisError) {
      let node = try nodes.enter(batch.address, action)
      defer { node.leave() }
      performed.node = node
      let left = EventLoop.now().duration(to: deadline)
      // A change gets all the time there is: unanswered, it cannot be repeated anyway.
      let timeout = batch.changes ? left : min(left, options.attemptTimeout)
      let bounded = max(timeout, .milliseconds(1))
      let replies =
        batch.waits
        ? try await node.client.blocking(batch.commands, action: action, timeout: bounded)
        : try await node.client.pipeline(batch.commands, action: action, timeout: bounded)
      performed.outcome = .success(replies)
    } catch {
      performed.outcome = .failure(error)
    }
    return performed
  }

  private func take(
    _ batch: ClusterPipeline.Batch, _ performed: Performed, _ pipeline: inout ClusterPipeline
  ) {
    let notice = pipeline.finish(batch, performed.outcome, now: .now())
    if notice.wantsNewConnection, let node = performed.node { nodes.replace(batch.address, node) }
    heed(notice)
  }

  private func heed(_ notice: ClusterPipeline.Notice) {
    keeper.learn(notice.learned)
    guard notice.wantsRefresh else { return }
    keeper.refresh(hint: notice.learned.first?.address)
  }

  private static func cancelled(_ action: String) -> RedisError {
    RedisError(kind: .cancelled, endpoint: "cluster", action: action, message: "cancelled")
  }

  private static func late(_ action: String) -> RedisError {
    RedisError(
      kind: .timeout, endpoint: "cluster", action: action, message: "no answer in time",
      nextStep: "are the cluster's nodes reachable?")
  }
}
