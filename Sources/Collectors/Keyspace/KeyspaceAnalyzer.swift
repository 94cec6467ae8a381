package import ConsoleModel
package import EventLoop
package import Redis
private import Synchronization

/// Measures the keyspaces of several servers at the same time, each under the rate: memory by prefix,
/// the biggest keys, types and times to live.
///
/// Cancelling the task that runs it ends it; what was found stays. A key that SCAN gives twice, while
/// a table is rebuilt, is counted twice.
package final class KeyspaceAnalyzer: Sendable {
  package struct Options: Sendable, Hashable {
    /// A Redis glob; nil: every key.
    package var pattern: [UInt8]?
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

  package struct Node: Sendable {
    package var id: NodeID
    package var probe: Probe

    package init(id: NodeID, probe: Probe) {
      self.id = id
      self.probe = probe
    }
  }

  private struct Walk: Sendable {
    var size: UInt64 = 0
    var visited: UInt64 = 0
    /// Keys that it is to visit.
    var goal: UInt64 = 0
    var isDone = false
    var isWaiting = false
  }

  private struct State: Sendable {
    var tally: KeyspaceTally
    var walks: [NodeID: Walk] = [:]
    var faults: [Fault] = []
    var began: EventLoop.Instant?
    var state = KeyspaceReport.State.running
    /// Nothing was sampled where every key was visited all the same.
    var isSample = false
  }

  private let nodes: [Node]
  private let options: Options
  private let loop: EventLoop
  private let state: Mutex<State>

  /// Keys of one page of a sample: small, so that there are many.
  private static let samplePage = 50
  /// Tries in a row, until a server is given up.
  private static let mostFailures = 6
  private static let facts: KeyFacts = [.type, .timeToLive, .memory]

  package init(nodes: [Node], options: Options, loop: EventLoop) {
    self.nodes = nodes
    self.options = options
    self.loop = loop
    state = Mutex(
      State(
        tally: KeyspaceTally(
          depth: options.depth, nodes: options.prefixes, bigKeys: options.bigKeys)))
  }

  /// Walks all servers to their end.
  package func run() async -> KeyspaceReport {
    state.withLock { $0.began = .now() }
    let sizes = await measure()
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
    await withTaskGroup { group in
      for node in nodes where sizes[node.id] != nil {
        group.addTask(executorPreference: self.loop) { [self] in
          do throws(RedisError) {
            if isSample { try await visitSample(of: node) } else { try await visitAll(of: node) }
            state.withLock { $0.walks[node.id]?.isDone = true }
          } catch {
            note(error)
          }
        }
      }
    }
    state.withLock { state in
      state.state =
        Task.isCancelled ? .cancelled : state.faults.isEmpty ? .complete : .failed
    }
    return report()
  }

  private func note(_ error: RedisError) {
    guard error.kind != .cancelled else { return }
    state.withLock { $0.faults.append(Fault(error)) }
  }

  /// Keys of each server that answers.
  private func measure() async -> [NodeID: UInt64] {
    await withTaskGroup(of: (NodeID, UInt64)?.self) { group in
      for node in nodes {
        group.addTask(executorPreference: self.loop) { [self] in
          do throws(RedisError) { return (node.id, try await node.probe.databaseSize()) } catch {
            note(error)
            return nil
          }
        }
      }
      var sizes: [NodeID: UInt64] = [:]
      for await case let (id, size)? in group { sizes[id] = size }
      return sizes
    }
  }

  // MARK: Walks

  private func visitAll(of node: Node) async throws(RedisError) {
    var options = Scanner.Options()
    options.match = self.options.pattern
    options.keysPerSecond = self.options.keysPerSecond
    options.facts = Self.facts
    var scanner = Scanner(node.probe, options: options, loop: loop)
    var failures = 0
    while true {
      do throws(RedisError) {
        guard let page = try await scanner.next() else { return }
        failures = 0
        take(page.facts, visited: page.visited, of: node.id)
      } catch {
        guard !scanner.isLost else { throw error }
        failures += 1
        try await pause(error, failures, node.id)
      }
      if Task.isCancelled { return }
    }
  }

  private func visitSample(of node: Node) async throws(RedisError) {
    guard let walk = state.withLock({ $0.walks[node.id] }), walk.goal > 0 else { return }
    // Each server its own places, and the same ones for the same seed.
    let mark = node.id.rawValue.utf8.reduce(UInt64(5381)) { $0 &* 33 &+ UInt64($1) }
    var random = SplitMix(seed: options.seed ^ mark)
    let goal = Int(clamping: walk.goal)
    // Too few pages would not tell how much pages differ.
    let pages = max(goal / Self.samplePage, min(goal, 30))
    let size = max(1, goal / max(1, pages))
    let pattern = options.pattern
    // Pages may overlap where they are close together or a table is being rebuilt.
    var seen = Set<[UInt8]>()
    var visited: UInt64 = 0
    var failures = 0
    var cursors = ScanCursors.spread(pages, using: &random)[...]
    while let cursor = cursors.first, !Task.isCancelled {
      let start = EventLoop.now()
      do throws(RedisError) {
        let page = try await node.probe.scan(cursor: cursor, count: size)
        let fresh = page.keys.filter { seen.insert($0).inserted }
        let wanted =
          pattern.map { glob in fresh.filter { Glob.matches(pattern: glob, text: $0) } } ?? fresh
        let facts = try await node.probe.facts(of: wanted, Self.facts)
        visited += UInt64(clamping: fresh.count)
        take(facts, visited: visited, of: node.id)
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
  }

  private func take(_ facts: [KeyDescription], visited: UInt64, of node: NodeID) {
    state.withLock { state in
      state.tally.take(facts, of: node)
      state.walks[node]?.visited = visited
      state.walks[node]?.isWaiting = false
    }
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
    state.withLock { $0.walks[node]?.isWaiting = true }
    let delay = Backoff().delay(afterFailures: failures)
    do { try await loop.sleep(for: delay) } catch { return }
  }

  // MARK: Reading

  /// What is known now; from any thread.
  package func report(children: Int = 200) -> KeyspaceReport {
    let state = state.withLock { $0 }
    var report = KeyspaceReport()
    report.state = state.state
    report.isSample = state.isSample
    report.faults = state.faults
    report.databaseSize = state.walks.values.reduce(0) { $0 &+ $1.size }
    report.progress = Self.progress(state)
    state.tally.fill(
      &report, sampleOf: state.isSample ? report.databaseSize : nil, children: children)
    return report
  }

  /// How far it is, which costs less than all of it.
  package var progress: KeyspaceReport.Progress { state.withLock { Self.progress($0) } }

  private static func progress(_ state: State) -> KeyspaceReport.Progress {
    var progress = KeyspaceReport.Progress()
    var done = 0.0
    for (id, walk) in state.walks {
      progress.visited &+= walk.visited
      progress.size &+= walk.goal
      done += walk.isDone ? Double(walk.goal) : min(Double(walk.visited), Double(walk.goal))
      if walk.isWaiting { progress.waitingFor.append(id) }
    }
    progress.waitingFor.sort { $0.rawValue < $1.rawValue }
    progress.fraction = progress.size == 0 ? 0 : min(1, done / Double(progress.size))
    if let began = state.began, progress.fraction > 0.005 {
      let elapsed = Double(began.duration(to: .now()).components.seconds)
      progress.etaSeconds = elapsed * (1 - progress.fraction) / progress.fraction
    }
    return progress
  }
}

/// Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
struct SplitMix: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
