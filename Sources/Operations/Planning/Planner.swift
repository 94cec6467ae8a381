package import ConsoleModel
package import EventLoop
package import Redis

/// Makes a plan of a request: how many keys, how large, of which kind, what will be sent.
///
/// It only reads, over the probes that it is given. A first figure comes within a second, from a sample;
/// then the count of all, at a pace that leaves the servers to their clients.
package struct Planner: Sendable {
  package struct Node: Sendable {
    package var id: NodeID
    package var probe: Probe
    /// Of a cluster's shard: what it is in the plan instead of a `run_id`.
    var identity: String?
    /// Of a cluster's shard; nil: all keys are there.
    var slots: SlotRanges?

    package init(id: NodeID, probe: Probe) {
      self.init(id: id, probe: probe, identity: nil, slots: nil)
    }

    init(id: NodeID, probe: Probe, identity: String?, slots: SlotRanges?) {
      self.id = id
      self.probe = probe
      self.identity = identity
      self.slots = slots
    }
  }

  package struct Options: Sendable, Hashable {
    /// Keys visited for the first figure, over all servers.
    package var sampleKeys: UInt64 = 50_000
    /// Seconds from the start until the sample ends, whatever it has.
    package var sampleSeconds = 0.7
    /// Keys of a page before it is known what they cost this server.
    package var pageKeys = 400
    /// Keys visited per second and server by the full count.
    package var keysPerSecond = 50_000
    /// The same for a request at full speed: whoever asks for that does not wait for its count.
    package var fullKeysPerSecond = 1_000_000
    /// Keys of which type, life and size are read, over all servers.
    package var describedKeys = 2_000
    /// Seconds between two updates of a plan that is being counted.
    package var updateSeconds = 0.25

    package init() {}
  }

  let nodes: [Node]
  let loop: EventLoop
  let options: Options
  let clusters: ClusterDirectory
  private let clock: @Sendable () -> WallTime

  var now: WallTime { clock() }

  /// - Parameters:
  ///   - clusters: what is known of the servers' clusters.
  ///   - clock: civil time, for the plan's name and life.
  package init(
    nodes: [Node], loop: EventLoop, options: Options = Options(),
    clusters: ClusterDirectory = ClusterDirectory(), clock: @Sendable @escaping () -> WallTime
  ) {
    self.nodes = nodes
    self.loop = loop
    self.options = options
    self.clusters = clusters
    self.clock = clock
  }

  /// - Parameters:
  ///   - undo: what an undo would put back (`OperationDesk.resolved`).
  ///   - seed: chooses the sample and the plan's name; random outside tests.
  ///   - update: is called whenever more is known, each time with the whole plan, which has no hash yet:
  ///     such a plan can be shown, not run. It must return at once.
  /// - Returns: the plan with its count complete, and its hash. It expires ten minutes later.
  package func plan(
    _ request: OperationRequest, environment: EnvironmentIdentity, author: OperationAuthor,
    undo: UndoTarget? = nil, seed: UInt64,
    update: @Sendable @escaping (OperationPlan) -> Void
  ) async throws(Fault) -> OperationPlan {
    let started = EventLoop.now()
    _ = try await checked(request, onlyItself: true)
    let (planner, asked, notes) = try await expanded(request)
    let request = try await planner.checked(asked)
    let created = clock()
    let draft = OperationPlan(
      id: OperationID.make(at: created, random: seed ^ (seed >> 24)), request: request,
      environment: environment, author: author, preview: OperationPreview(), created: created)
    let survey = PlanSurvey(
      planner: planner, draft: draft, undo: undo, started: started, seed: seed, update: update)
    for line in notes { survey.note(line) }
    var plan = try await survey.run()
    // Its life begins when its figures are whole: they are what is confirmed.
    plan.created = clock()
    let whole = plan
    return await Self.offLoop(request) { () throws(Never) in whole.hashed() }
  }

  /// - Parameter onlyItself: whatever servers it names.
  private func checked(
    _ request: OperationRequest, onlyItself: Bool = false
  ) async throws(Fault) -> OperationRequest {
    let known = onlyItself ? request.nodes : nodes.map(\.id)
    return try await Self.offLoop(request) { () throws(Fault) in
      try PlanRequest.checked(request, known: known)
    }
  }

  /// A million keys take a second or so: then on a thread of its own.
  private static func offLoop<Value: Sendable, Failure: Error>(
    _ request: OperationRequest, _ work: @Sendable @escaping () throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    guard case .keys(let keys) = request.target, keys.count > 1000 else { return try work() }
    return try await OffLoop.run(work)
  }

  /// What a plan is held against before it runs: who answers now, and a new first figure.
  package func recheck(
    _ plan: OperationPlan, undo: UndoTarget? = nil, seed: UInt64
  ) async throws(Fault) -> (identities: [NodeID: String], keys: KeyCount?) {
    let (planner, asked, _) = try await expanded(plan.request)
    let request = try await planner.checked(asked)
    var draft = plan
    draft.request = request
    draft.preview = OperationPreview()
    let survey = PlanSurvey(
      planner: planner, draft: draft, undo: undo, started: EventLoop.now(), seed: seed,
      update: { _ in })
    return try await survey.recheck()
  }

  /// Does `body` for each server that the request names, all at once; the first failure ends the others.
  func forEach<Value: Sendable>(
    _ ids: [NodeID],
    _ body: @Sendable @escaping (Int, Node) async throws(Fault) -> Value
  ) async throws(Fault) -> [Value] {
    let chosen = ids.compactMap { id in nodes.first { $0.id == id } }
    let results = await withTaskGroup(of: (Int, Result<Value, Fault>).self) { group in
      for (index, node) in chosen.enumerated() {
        group.addTask {
          do throws(Fault) {
            return (index, .success(try await body(index, node)))
          } catch {
            return (index, .failure(error))
          }
        }
      }
      var results: [(Int, Result<Value, Fault>)] = []
      for await result in group {
        if case .failure = result.1 { group.cancelAll() }
        results.append(result)
      }
      return results
    }
    var values: [(Int, Value)] = []
    // In the order in which they ended: what came first caused the rest.
    for (index, result) in results { values.append((index, try result.get())) }
    return values.sorted { $0.0 < $1.0 }.map(\.1)
  }
}
