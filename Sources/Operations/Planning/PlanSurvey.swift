import ConsoleModel
import EventLoop
import Redis
import Synchronization

/// One plan in the making: what each server said so far, and who is told.
final class PlanSurvey: Sendable {
  private let planner: Planner
  private let draft: OperationPlan
  private let started: EventLoop.Instant
  private let seed: UInt64
  private let update: @Sendable (OperationPlan) -> Void
  private let state = Mutex(State())

  private struct State {
    var findings: [NodeFindings] = []
    var notes: [String] = []
    var nextUpdate: EventLoop.Instant?
  }

  private var request: OperationRequest { draft.request }
  private var options: Planner.Options { planner.options }

  init(
    planner: Planner, draft: OperationPlan, started: EventLoop.Instant, seed: UInt64,
    update: @Sendable @escaping (OperationPlan) -> Void
  ) {
    self.planner = planner
    self.draft = draft
    self.started = started
    self.seed = seed
    self.update = update
  }

  /// The plan when all is known.
  func run() async throws(Fault) -> OperationPlan {
    try await readFacts()
    switch request.target {
    case .pattern(let glob): try await plan(filter(glob))
    case .keys(let keys): try await plan(keys)
    case .server: try await planServer()
    }
    return state.withLock { state in self.plan(state) }
  }

  func recheck() async throws(Fault) -> (identities: [NodeID: String], keys: KeyCount?) {
    try await readFacts()
    switch request.target {
    case .pattern(let glob): _ = try await sample(filter(glob))
    case .keys(let keys): _ = try await count(keys)
    case .server: break
    }
    let plan = state.withLock { state in self.plan(state) }
    let identities = Dictionary(
      plan.preview.shards.map { ($0.node, $0.runID) }, uniquingKeysWith: { first, _ in first })
    return (identities, request.target == .server ? nil : plan.preview.keys)
  }

  private func filter(_ glob: [UInt8]) -> KeyFilter {
    KeyFilter(glob, takesSessions: request.namesSessions)
  }

  private func readFacts() async throws(Fault) {
    let action = "planning \(request.verb)"
    let facts = try await planner.forEach(request.nodes) { _, node throws(Fault) in
      try await ServerFacts.read(node.probe, action: action)
    }
    state.withLock { state in
      for (node, facts) in zip(request.nodes, facts) {
        let address = planner.nodes.first { $0.id == node }?.probe.endpoint.description ?? ""
        state.findings.append(NodeFindings(node: node, address: address, facts: facts))
      }
    }
  }

  // MARK: Patterns

  private func plan(_ filter: KeyFilter) async throws(Fault) {
    let samples = try await sample(filter)
    publish()
    try await describe()
    publish()
    let whole = try await planner.forEach(request.nodes) { index, node throws(Fault) in
      let sample = samples[index]
      if sample.isWhole { return sample.keys }
      let survey = self.survey(node, index, filter)
      let start = EventLoop.now()
      let (tally, keys) = try await survey.count(pageKeys: sample.pageKeys) { tally in
        self.change(index) { $0.progress(tally, seconds: Self.seconds(since: start)) }
      }
      self.change(index) { $0.complete(tally) }
      return keys
    }
    // Rare keys: the sample had too few of them to tell what they are.
    try await describe(whole.map { Optional($0) }, unlessDescribed: options.describedKeys / 4)
    publish()
  }

  private func sample(_ filter: KeyFilter) async throws(Fault) -> [KeyspaceSurvey.Sample] {
    let facts = state.withLock { $0.findings.map(\.facts) }
    let size = facts.reduce(0.0) { $0 + Double($1.size) }
    let options = options
    let deadline = max(
      started.advanced(by: .milliseconds(Int64(options.sampleSeconds * 1000))),
      EventLoop.now().advanced(by: .milliseconds(100)))
    let samples = try await planner.forEach(request.nodes) { index, node throws(Fault) in
      // Each server its share, but enough for a figure of its own.
      let share = size > 0 ? Double(facts[index].size) / size : 1
      let keys = max(UInt64(Double(options.sampleKeys) * share), min(2000, options.sampleKeys))
      return try await self.survey(node, index, filter).sample(keys: keys, until: deadline)
    }
    for (index, sample) in samples.enumerated() { change(index, quietly: true) { $0.take(sample) } }
    return samples
  }

  private func survey(_ node: Planner.Node, _ index: Int, _ filter: KeyFilter) -> KeyspaceSurvey {
    KeyspaceSurvey(
      probe: node.probe, loop: planner.loop, options: optionsOfEach, filter: filter,
      facts: state.withLock { $0.findings[index].facts }, seed: seed &+ UInt64(index) &* 0x9E37)
  }

  private var optionsOfEach: Planner.Options {
    var each = options
    each.describedKeys = max(50, options.describedKeys / max(1, request.nodes.count))
    return each
  }

  // MARK: Lists

  private func plan(_ keys: [KeyName]) async throws(Fault) {
    // What is certain at once: no more than were named.
    for index in request.nodes.indices {
      change(index, quietly: true) { found in
        found.total = UInt64(keys.count)
        found.keys = .estimate(low: 0, value: UInt64(keys.count), high: UInt64(keys.count))
        found.sample = keys.prefix(PreviewBuilder.maximumSample).map(\.bytes)
      }
    }
    if keys.count > 10_000 { publish() }
    let found = try await count(keys)
    try await describe(found.map { Optional($0) }, unlessDescribed: 0)
    if keys.isEmpty {
      note("what will be loaded is known when the source has been read")
    } else if writesAbsent {
      let there = state.withLock { $0.findings.reduce(0) { $0 &+ ($1.total &- $1.keys.value) } }
      if there > 0 { note("\(there) of the keys are there already and will be skipped") }
    }
    publish()
  }

  private var writesAbsent: Bool {
    switch request.action {
    case .warm, .restore: true
    case .invalidate, .shorten, .adjust, .slowlogReset, .clientKill: false
    }
  }

  private func count(_ keys: [KeyName]) async throws(Fault) -> [Reservoir] {
    let wantsAbsent = writesAbsent
    return try await planner.forEach(request.nodes) { index, node throws(Fault) in
      let survey = KeyListSurvey(
        probe: node.probe, loop: self.planner.loop, options: self.optionsOfEach,
        seed: self.seed &+ UInt64(index), wantsAbsent: wantsAbsent)
      let start = EventLoop.now()
      let (tally, found) = try await survey.count(keys) { tally in
        self.change(index) { $0.progress(tally, seconds: Self.seconds(since: start)) }
      }
      self.change(index, quietly: true) { $0.complete(tally) }
      return found
    }
  }

  // MARK: Servers

  private func planServer() async throws(Fault) {
    for index in request.nodes.indices { change(index, quietly: true) { $0.complete(KeyTally()) } }
    let action = request.action
    let notes = try await planner.forEach(request.nodes) { _, node throws(Fault) in
      try await ServerNotes.read(action, node.probe)
    }
    for note in notes.flatMap({ $0 }) { self.note(note) }
    publish()
  }

  // MARK: Details

  /// Reads type, life and size of the sampled keys, or of better ones.
  ///
  /// - Parameter enough: descriptions that need no better ones.
  private func describe(
    _ better: [Reservoir?] = [], unlessDescribed enough: Int = 0
  ) async throws(Fault) {
    _ = try await planner.forEach(request.nodes) { index, node throws(Fault) in
      let found = self.state.withLock { $0.findings[index] }
      guard better.isEmpty || found.descriptions.count < max(1, enough) else { return }
      var keys = found.sample
      if !better.isEmpty, let reservoir = better[index] {
        keys = reservoir.keys
        self.change(index, quietly: true) { found in
          found.sample = keys
          found.isDescribedWhole = reservoir.isWhole
        }
        if keys == found.sample, !found.descriptions.isEmpty { return }
      }
      // What is not there has no type.
      guard !self.writesAbsent else { return }
      do throws(RedisError) {
        var rest = keys[...]
        var descriptions: [KeyDescription] = []
        while !rest.isEmpty {
          let part = Array(rest.prefix(100))
          rest = rest.dropFirst(part.count)
          descriptions += try await node.probe.describe(part, use: found.facts.use)
        }
        let described = descriptions
        self.change(index, quietly: true) { $0.descriptions = described }
      } catch {
        throw Fault(planning: error)
      }
    }
  }

  // MARK: Updates

  private func change(
    _ index: Int, quietly: Bool = false, _ change: (inout NodeFindings) -> Void
  ) {
    state.withLock { state in
      change(&state.findings[index])
      guard !quietly, state.nextUpdate.map({ EventLoop.now() >= $0 }) ?? true else { return }
      tell(&state)
    }
  }

  private func note(_ line: String) { state.withLock { $0.notes.append(line) } }

  private func publish() { state.withLock { tell(&$0) } }

  /// Under the lock, so that a plan never follows a newer one.
  private func tell(_ state: inout State) {
    state.nextUpdate = EventLoop.now().advanced(
      by: .milliseconds(Int64(options.updateSeconds * 1000)))
    update(plan(state))
  }

  private func plan(_ state: State) -> OperationPlan {
    var plan = draft
    plan.preview = PreviewBuilder(
      request: request, findings: state.findings, notes: state.notes
    ).preview()
    return plan
  }

  private static func seconds(since start: EventLoop.Instant) -> Double {
    Double(start.duration(to: .now()).nanoseconds) / 1e9
  }
}
