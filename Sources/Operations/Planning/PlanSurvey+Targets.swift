import ConsoleModel
import EventLoop
import Redis

// MARK: Patterns

extension PlanSurvey {
  func count(_ filter: KeyFilter) async throws(Fault) {
    let samples = try await sample(filter)
    publish()
    try await describe()
    publish()
    let whole = try await planner.forEach(request.nodes) { index, node throws(Fault) in
      let sample = samples[index]
      if sample.isWhole { return sample.keys }
      let start = EventLoop.now()
      let (tally, keys) = try await self.survey(node, index, filter).count(
        pageKeys: sample.pageKeys
      ) { self.progress(index, $0, since: start) }
      self.change(index) { $0.complete(tally) }
      return keys
    }
    // Rare keys: the sample had too few of them to tell what they are.
    try await describe(whole, unlessDescribed: optionsOfEach.describedKeys / 4)
    publish()
  }

  func sample(_ filter: KeyFilter) async throws(Fault) -> [KeyspaceSurvey.Sample] {
    let sizes = findings.map { Double($0.facts.size) }
    let size = sizes.reduce(0, +)
    let options = options
    // Late answers so far must not leave nothing to look at.
    let deadline = max(
      started.advanced(by: .milliseconds(Int64(options.sampleSeconds * 1000))),
      EventLoop.now().advanced(by: .milliseconds(100)))
    let samples = try await planner.forEach(request.nodes) { index, node throws(Fault) in
      // Each server its share, but enough for a figure of its own.
      let share = size > 0 ? sizes[index] / size : 1
      let keys = max(
        UInt64(saturating: Double(options.sampleKeys) * share), min(2000, options.sampleKeys))
      return try await self.survey(node, index, filter).sample(keys: keys, until: deadline)
    }
    for (index, sample) in samples.enumerated() { change(index) { $0.take(sample) } }
    return samples
  }

  private func survey(_ node: Planner.Node, _ index: Int, _ filter: KeyFilter) -> KeyspaceSurvey {
    KeyspaceSurvey(
      probe: node.probe, loop: planner.loop, options: optionsOfEach, filter: filter,
      facts: finding(index).facts, seed: seed &+ UInt64(index) &* 0x9E37_79B9)
  }
}

// MARK: Lists

extension PlanSurvey {
  /// Lists up to this are looked for whole at once; of longer ones first so many.
  private static let sampledKeys = 5_000

  func count(_ keys: [KeyName]) async throws(Fault) {
    let lists = lists(keys)
    if lists.contains(where: { $0.count > Self.sampledKeys }) {
      try await sample(keys)
      publish()
    }
    let found = try await look(for: lists, of: lists) { index, tally, start in
      self.progress(index, tally, since: start)
    }
    for (index, found) in found.enumerated() { change(index) { $0.complete(found.tally) } }
    try await describe(found.map(\.keys), unlessDescribed: .max)
    if keys.isEmpty {
      note("what will be loaded is known when the source has been read")
    } else if undo?.restoresLives == true {
      note("keys get their old lives back where their value is still the one that was copied")
    } else if writesAbsent {
      let there = findings.reduce(0) { $0 &+ ($1.total &- $1.keys.value) }
      if there > 0 { note(skipping(there, of: UInt64(lists.reduce(0) { $0 + $1.count }))) }
    }
    publish()
  }

  /// The keys to look for on each server: of an undo those that its copies hold.
  private func lists(_ keys: [KeyName]) -> [[KeyName]] {
    request.nodes.map { id in
      if let undo, !undo.isOnCluster { return undo.keys(on: id) }
      guard let slots = planner.nodes.first(where: { $0.id == id })?.slots else { return keys }
      return (undo?.keys ?? keys).filter { slots.contains(HashSlot.of($0.bytes)) }
    }
  }

  /// The count, or a figure from some of the keys where there are many.
  func sample(_ keys: [KeyName]) async throws(Fault) {
    let lists = lists(keys)
    let samples = lists.map(some)
    let found = try await look(for: samples, of: lists) { _, _, _ in }
    for (index, found) in found.enumerated() {
      let (looked, all) = (samples[index].count, lists[index].count)
      change(index) { finding in
        if looked == all {
          finding.complete(found.tally)
        } else {
          finding.take(found.tally, of: UInt64(all))
          finding.sample = Array(found.keys.keys.prefix(PreviewBuilder.maximumSample))
        }
      }
    }
  }

  private func some(_ keys: [KeyName]) -> [KeyName] {
    guard keys.count > Self.sampledKeys else { return keys }
    var random = SeededRandom(seed: seed)
    var chosen = Set<Int>()
    while chosen.count < Self.sampledKeys {
      chosen.insert(Int.random(in: keys.indices, using: &random))
    }
    return chosen.map { keys[$0] }
  }

  /// - Parameters:
  ///   - keys: those asked for, a list for each server.
  ///   - all: those that there are.
  private func look(
    for keys: [[KeyName]], of all: [[KeyName]],
    _ progress: @Sendable @escaping (Int, KeyTally, EventLoop.Instant) -> Void
  ) async throws(Fault) -> [(tally: KeyTally, keys: Reservoir)] {
    let wantsAbsent = writesAbsent
    for (index, list) in all.enumerated() { change(index) { $0.total = UInt64(list.count) } }
    return try await planner.forEach(request.nodes) { index, node throws(Fault) in
      let survey = KeyListSurvey(
        probe: node.probe, loop: self.planner.loop, options: self.optionsOfEach,
        seed: self.seed &+ UInt64(index), wantsAbsent: wantsAbsent)
      let start = EventLoop.now()
      return try await survey.count(keys[index]) { progress(index, $0, start) }
    }
  }
}

// MARK: Servers and details

extension PlanSurvey {
  private func skipping(_ there: UInt64, of all: UInt64) -> String {
    guard there < all else {
      return all == 1 ? "the key is there already" : "all \(all) keys are there already"
    }
    let isOne = there == 1
    let asked =
      if case .warm = request.action { ": the loader is asked for the others" } else { "" }
    return
      "\(there) of \(all) keys \(isOne ? "is" : "are") there already and will be skipped\(asked)"
  }

  func lookAtServers() async throws(Fault) {
    for index in request.nodes.indices { change(index) { $0.complete(KeyTally()) } }
    let action = request.action
    let notes = try await planner.forEach(request.nodes) { _, node throws(Fault) in
      try await ServerNotes.read(action, node.probe)
    }
    for line in notes.flatMap({ $0 }) { note(line) }
    publish()
  }

  /// Reads type, life and size of the sampled keys.
  ///
  /// - Parameters:
  ///   - better: other samples, which are taken where they tell more.
  ///   - enough: descriptions that need no better ones, unless those are of every key.
  private func describe(
    _ better: [Reservoir] = [], unlessDescribed enough: Int = 0
  ) async throws(Fault) {
    let writesAbsent = writesAbsent
    _ = try await planner.forEach(request.nodes) { index, node throws(Fault) in
      let found = self.finding(index)
      var keys = found.sample
      if !better.isEmpty {
        let other = better[index]
        let tellsMore = other.keys.count > found.descriptions.count
        guard tellsMore, other.isWhole || found.descriptions.count < enough else { return }
        keys = other.keys
        self.change(index) { $0.sample = other.keys }
      }
      // What is not there has no type.
      guard !writesAbsent else { return }
      do throws(RedisError) {
        var rest = keys[...]
        var descriptions: [KeyDescription] = []
        while !rest.isEmpty {
          // About 0.2 ms of the server's time.
          let part = Array(rest.prefix(100))
          rest = rest.dropFirst(part.count)
          descriptions += try await node.probe.describe(part, use: found.facts.use)
        }
        let described = descriptions
        self.change(index) { $0.descriptions = described }
      } catch {
        throw Fault(planning: error)
      }
    }
  }
}
