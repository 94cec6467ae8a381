package import ConsoleModel
package import EventLoop
internal import Redis
internal import Synchronization

/// Measures the keyspaces of several servers at the same time, each under the rate: memory by prefix,
/// the biggest keys, types and times to live.
///
/// Cancelling the task that runs it ends it; what was found stays, and `checkpoint` is where another
/// one can go on. A key that SCAN gives twice, while a table is rebuilt, is counted twice.
package final class KeyspaceAnalyzer: Sendable {
  package struct Options: Sendable, Hashable {
    /// A Redis glob; nil: every key.
    package var pattern: [UInt8]?
    package var filter = KeyFilter()
    /// Levels of prefixes, 1…8.
    package var depth = 3
    /// Keys to visit, from all over the tables; nil: every key.
    package var sample: Int?
    /// Of each server at most: a key costs it some microseconds.
    package var keysPerSecond = 20_000
    package var bigKeys = 20
    /// Prefixes told apart at the same time: about 200 bytes each.
    package var prefixes = 20_000
    package var seed = UInt64.random(in: .min ... .max)

    package init() {}
  }

  struct Walk: Sendable {
    var size: UInt64 = 0
    var visited: UInt64 = 0
    /// Keys that it is to visit.
    var goal: UInt64 = 0
    /// Visited before this process took it up.
    var visitedBefore: UInt64 = 0
    var isDone = false
    var isWaiting = false
    /// Some keys of a page were counted, the others were not yet.
    var isInPage = false
    var point: Scanner.Point?
  }

  struct State: Sendable {
    var tally: KeyspaceTally
    var walks: [NodeID: Walk] = [:]
    var faults: [Fault] = []
    var notes: [String] = []
    var began: EventLoop.Instant?
    var state = KeyspaceReport.State.running
    /// Nothing was sampled where every key was visited all the same.
    var isSample = false
    var isLost = false
  }

  private let nodes: [MonitoredNode]
  let options: Options
  private let loop: EventLoop
  let state: Mutex<State>
  private let isResumed: Bool

  /// Without a page from a server, until its walk is given up.
  private static let patience: Duration = .seconds(30)
  /// Keys counted without a pause: the loop has others to serve.
  private static let chunk = 200
  static let facts: KeyFacts = [.type, .timeToLive, .memory]

  package init(nodes: [MonitoredNode], options: Options, loop: EventLoop) {
    self.nodes = nodes
    self.options = options
    self.loop = loop
    isResumed = false
    state = Mutex(
      State(
        tally: KeyspaceTally(
          depth: options.depth, nodes: options.prefixes, bigKeys: options.bigKeys)))
  }

  /// Goes on where another one ended, with the same options.
  ///
  /// - Returns: nil if the checkpoint does not fit together, or names a server that is not in `nodes`.
  package init?(
    nodes: [MonitoredNode], options: Options, from checkpoint: KeyspaceCheckpoint, loop: EventLoop
  ) {
    var tally = KeyspaceTally(
      depth: options.depth, nodes: options.prefixes, bigKeys: options.bigKeys)
    guard options.sample == nil, tally.restore(checkpoint.tally) else { return nil }
    let named = Set(checkpoint.walks.map(\.node))
    let chosen = nodes.filter { named.contains($0.id) }
    guard chosen.count == checkpoint.walks.count, named.count == checkpoint.walks.count else {
      return nil
    }
    self.nodes = chosen
    self.options = options
    self.loop = loop
    isResumed = true
    var initial = State(tally: tally)
    for walk in checkpoint.walks {
      let visited = walk.point?.visited ?? 0
      initial.walks[walk.node] = Walk(
        size: walk.size, visited: visited, goal: walk.size, visitedBefore: visited,
        isDone: walk.isDone, point: walk.point)
    }
    state = Mutex(initial)
  }

  /// Walks all servers to their end.
  package func run() async -> KeyspaceReport {
    state.withLock { $0.began = .now() }
    let ready = isResumed ? await processes() : await measure()
    if !isResumed || ready.count == nodes.count {
      let slots = await ClusterSlots.read(nodes.filter { ready.contains($0.id) })
      await walk(ready)
      if let slots, await slots.haveChanged(loop) {
        state.withLock {
          $0.notes.append(
            "slots moved or primaries changed during the walk: keys of them may be counted twice or"
              + " not at all")
        }
      }
    }
    state.withLock { state in
      state.state =
        Task.isCancelled ? .cancelled : state.faults.isEmpty ? .complete : .failed
    }
    return report()
  }

  private func walk(_ ready: Set<NodeID>) async {
    let isSample = state.withLock { $0.isSample }
    await withTaskGroup { group in
      for node in nodes where ready.contains(node.id) {
        group.addTask(executorPreference: self.loop) { [self] in
          do throws(RedisError) {
            if isSample { try await visitSample(of: node) } else { try await visitAll(of: node) }
          } catch {
            note(error)
          }
        }
      }
    }
  }

  private func note(_ error: RedisError) {
    guard error.kind != .cancelled else { return }
    state.withLock { $0.faults.append(Fault(error)) }
  }

  // MARK: Before the walks

  /// Asks each server; a failure is a fault, and that server is left out.
  private func ask<Answer: Sendable>(
    _ question: @escaping @Sendable (MonitoredNode) async throws(RedisError) -> Answer
  ) async -> [NodeID: Answer] {
    await withTaskGroup(of: (NodeID, Answer)?.self) { group in
      for node in nodes {
        group.addTask(executorPreference: self.loop) { [self] in
          do throws(RedisError) { return (node.id, try await question(node)) } catch {
            note(error)
            return nil
          }
        }
      }
      var answers: [NodeID: Answer] = [:]
      for await case let (id, answer)? in group { answers[id] = answer }
      return answers
    }
  }

  /// Keys of each server that answers.
  private func measure() async -> Set<NodeID> {
    let sizes = await ask { node throws(RedisError) in try await node.probe.databaseSize() }
    let total = sizes.values.reduce(0) { $0 &+ $1 }
    let sample = options.sample.map { UInt64(clamping: max(1, $0)) }
    let isSample = sample.map { $0 < total } ?? false
    state.withLock { state in
      state.isSample = isSample
      for (id, size) in sizes {
        var walk = Walk(size: size, goal: size)
        // In proportion, so that each key of each server is as likely to be met.
        if isSample, let sample, total > 0 {
          walk.goal = UInt64((Double(sample) * Double(size) / Double(total)).rounded(.up))
        }
        state.walks[id] = walk
      }
    }
    return Set(sizes.keys)
  }

  /// Before anything is counted: all servers are still the processes that gave the cursors.
  private func processes() async -> Set<NodeID> {
    let walks = state.withLock { $0.walks }
    return Set(
      await ask { [self] node throws(RedisError) in
        guard let point = walks[node.id]?.point, walks[node.id]?.isDone == false else { return }
        let runID = try await node.probe.runID()
        guard runID != point.runID else { return }
        state.withLock { $0.isLost = true }
        throw RedisError(
          kind: .unreachable, endpoint: node.probe.endpoint.description,
          action: "going on with the analysis",
          message:
            "the server was restarted or replaced since: run_id \(point.runID.prefix(8)) is now"
            + " \(PlainText.safe(runID, limit: 8)), to which the cursor says nothing",
          nextStep: "start again without --resume")
      }.keys)
  }

  // MARK: Walks

  private func visitAll(of node: MonitoredNode) async throws(RedisError) {
    guard let walk = state.withLock({ $0.walks[node.id] }), !walk.isDone else { return }
    var options = Scanner.Options()
    options.match = self.options.pattern
    options.keysPerSecond = self.options.keysPerSecond
    options.facts = Self.facts
    options.filter = ScanFilter(self.options.filter)
    options.from = walk.point
    var scanner = PatientScanner(
      Scanner(node.probe, options: options, loop: loop), patience: Self.patience, loop: loop)
    do throws(RedisError) {
      while let page = try await scanner.next({ waits($0, node.id) }) {
        await take(page, scanner.point, of: node.id)
        if Task.isCancelled { return }
      }
    } catch {
      if scanner.isLost { state.withLock { $0.isLost = true } }
      throw error
    }
  }

  func waits(_ isWaiting: Bool, _ id: NodeID) {
    state.withLock { $0.walks[id]?.isWaiting = isWaiting }
  }

  /// A whole page, also when the walk is cancelled meanwhile: the cursor after it says that it was
  /// counted.
  private func take(_ page: Scanner.Page, _ point: Scanner.Point?, of node: NodeID) async {
    var rest = page.facts[...]
    repeat {
      let part = rest.prefix(Self.chunk)
      rest = rest.dropFirst(part.count)
      let isWhole = rest.isEmpty
      state.withLock { state in
        state.tally.take(Array(part), of: node)
        state.walks[node]?.isInPage = !isWhole
        guard isWhole else { return }
        state.walks[node]?.visited = page.visited
        state.walks[node]?.point = point
        state.walks[node]?.isDone = page.isLast
        state.walks[node]?.isWaiting = false
      }
      if !isWhole { await Task.yield() }
    } while !rest.isEmpty
  }

  /// Where another one can go on; nil: nowhere (a sample, a server that was replaced), or not at this
  /// moment.
  package var checkpoint: KeyspaceCheckpoint? {
    let state = state.withLock { $0 }
    guard isResumable(state), !state.walks.values.contains(where: \.isInPage) else { return nil }
    return KeyspaceCheckpoint(
      walks: state.walks.sorted { $0.key.rawValue < $1.key.rawValue }.map { id, walk in
        KeyspaceCheckpoint.Walk(
          node: id, size: walk.size, isDone: walk.isDone, point: walk.point)
      }, tally: state.tally.parts)
  }
}

extension KeyspaceAnalyzer {
  /// All servers were asked, and those that are not done can go on.
  func isResumable(_ state: State) -> Bool {
    !state.isSample && !state.isLost && options.sample == nil && state.walks.count == nodes.count
      && state.walks.values.contains { $0.point != nil }
      && state.walks.values.contains { !$0.isDone }
  }
}

// MARK: A sample

extension KeyspaceAnalyzer {
  /// Keys of one page of a sample: small, so that there are many.
  private static let samplePage = 50
  /// Tries of one page in a row, until a server is given up.
  private static let mostFailures = 6

  private func visitSample(of node: MonitoredNode) async throws(RedisError) {
    guard let walk = state.withLock({ $0.walks[node.id] }), walk.goal > 0 else { return }
    // Each server its own places, and the same ones for the same seed.
    let mark = node.id.rawValue.utf8.reduce(UInt64(5381)) { $0 &* 33 &+ UInt64($1) }
    var random = SeededRandom(seed: options.seed ^ mark)
    let goal = Int(clamping: walk.goal)
    // Too few pages would not tell how much pages differ.
    let pages = max(goal / Self.samplePage, min(goal, 30))
    let size = max(1, goal / max(1, pages))
    let filter = ScanFilter(options.filter)
    // Pages may overlap where they are close together or a table is being rebuilt.
    var seen = Set<[UInt8]>()
    var failures = 0
    var cursors = CursorOrder.spread(pages, random: &random)[...]
    while let cursor = cursors.first, !Task.isCancelled {
      let start = EventLoop.now()
      do throws(RedisError) {
        let page = try await node.probe.scan(cursor: cursor, count: size)
        let fresh = page.keys.filter { !seen.contains($0) }
        let wanted =
          options.pattern.map { glob in fresh.filter { Glob.matches(pattern: glob, text: $0) } }
          ?? fresh
        let facts = try await node.probe.facts(of: wanted, Self.facts.union(filter.facts))
        seen.formUnion(fresh)
        let kept = facts.filter(filter.admits)
        state.withLock { state in
          state.tally.take(kept, of: node.id, visited: fresh.count)
          state.walks[node.id]?.visited &+= UInt64(clamping: fresh.count)
          state.walks[node.id]?.isWaiting = false
        }
        cursors.removeFirst()
        failures = 0
        let rest = start.advanced(
          by: .seconds(1) * Double(size) / Double(max(1, options.keysPerSecond)))
        do { try await loop.sleep(until: rest) } catch { return }
      } catch {
        failures += 1
        try await pause(error, failures, node.id)
      }
    }
    if cursors.isEmpty { state.withLock { $0.walks[node.id]?.isDone = true } }
  }

  /// Waits before another try; throws what cannot pass or has not passed for long.
  private func pause(
    _ reason: RedisError, _ failures: Int, _ node: NodeID
  ) async throws(RedisError) {
    switch reason.kind {
    case .unreachable, .timeout, .indeterminate: break
    default: throw reason
    }
    guard failures < Self.mostFailures else { throw reason }
    waits(true, node)
    let delay = Backoff().delay(afterFailures: failures)
    do { try await loop.sleep(for: delay) } catch { return }
  }
}
