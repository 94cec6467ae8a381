package import ConsoleModel
package import EventLoop
internal import Redis
private import Synchronization

/// Searches servers' keys by pattern and filter, under a budget, and tells how far it is.
///
/// One search at a time: a new one ends the one before. Progress comes a few times a second, so that
/// a fast scan does not flood the screen. A search that ended early can be gone on with.
package final class KeySearcher: Sendable {
  private struct Running: Sendable {
    var id: UInt64
    var task: Task<Void, Never>
    var walk: SearchWalk
  }

  private let loop: EventLoop
  private let publish: @Sendable (KeySearchProgress) -> Void
  private let running = Mutex<Running?>(nil)

  /// Without a page from a server, until its walk is given up.
  private static let patience: Duration = .seconds(10)

  package init(loop: EventLoop, publish: @escaping @Sendable (KeySearchProgress) -> Void) {
    self.loop = loop
    self.publish = publish
  }

  /// - Parameter nodes: those that `search` names.
  package func start(_ search: KeySearch, on nodes: [MonitoredNode]) {
    let previous = running.withLock { $0 }
    previous?.task.cancel()
    let earlier = previous.flatMap { $0.id == search.continues ? $0 : nil }
    let walk = earlier?.walk ?? SearchWalk()
    let task = loop.spawn { [self] in
      // Its last page is taken before another goes on from it.
      await earlier?.task.value
      await run(search, nodes, walk)
    }
    running.withLock { $0 = Running(id: search.id, task: task, walk: walk) }
  }

  package func cancel(_ id: UInt64) {
    running.withLock { if $0?.id == id { $0?.task.cancel() } }
  }

  /// Ends whatever runs.
  package func stop() { running.withLock { $0?.task.cancel() } }

  private func run(_ search: KeySearch, _ nodes: [MonitoredNode], _ walk: SearchWalk) async {
    walk.begin(nodes.map(\.id))
    await withTaskGroup { group in
      for node in nodes where !walk.isDone(node.id) {
        group.addTask(executorPreference: self.loop) { [self] in
          await visit(node, search, walk)
        }
      }
      for await _ in group where walk.isFull(search) { group.cancelAll() }
    }
    publish(walk.end(search, isCancelled: Task.isCancelled))
  }

  private func visit(_ node: MonitoredNode, _ search: KeySearch, _ walk: SearchWalk) async {
    var options = Scanner.Options()
    options.match = search.pattern == Array("*".utf8) ? nil : search.pattern
    options.keysPerSecond = search.keysPerSecond
    options.filter = ScanFilter(search.filter)
    options.from = walk.point(node.id)
    var scanner = PatientScanner(
      Scanner(node.probe, options: options, loop: loop), patience: Self.patience, loop: loop)
    do throws(RedisError) {
      if options.from == nil { walk.measured(node.id, try await node.probe.databaseSize()) }
      while let page = try await scanner.next({ walk.waits($0, node.id) }) {
        let progress = walk.take(page, scanner.point, node.id, search)
        if Task.isCancelled || walk.isFull(search) { return }
        if let progress { publish(progress) }
      }
    } catch {
      if error.kind != .cancelled { walk.failed(Fault(error), isLost: scanner.isLost) }
    }
  }
}

/// What one search has seen: a SCAN may give a key twice, the list shows it once.
private final class SearchWalk: Sendable {
  private struct Node: Sendable {
    var size: UInt64?
    var visited: UInt64 = 0
    var isDone = false
    var isWaiting = false
    var point: Scanner.Point?
  }

  private struct State: Sendable {
    var nodes: [NodeID: Node] = [:]
    var seen = Set<KeySearchProgress.Found>()
    var fresh: [KeySearchProgress.Found] = []
    var fault: Fault?
    var isLost = false
    var lastProgress: Int64 = 0
  }

  private let state = Mutex(State())

  /// Nanoseconds between two progress messages.
  private static let interval: Int64 = 200_000_000

  func begin(_ ids: [NodeID]) {
    state.withLock { state in
      state.fault = nil
      state.isLost = false
      for id in ids where state.nodes[id] == nil { state.nodes[id] = Node() }
    }
  }

  func isDone(_ id: NodeID) -> Bool { state.withLock { $0.nodes[id]?.isDone ?? false } }

  func point(_ id: NodeID) -> Scanner.Point? { state.withLock { $0.nodes[id]?.point } }

  func isFull(_ search: KeySearch) -> Bool { state.withLock { $0.seen.count >= search.limit } }

  func measured(_ id: NodeID, _ size: UInt64) { state.withLock { $0.nodes[id]?.size = size } }

  func waits(_ isWaiting: Bool, _ id: NodeID) {
    state.withLock { $0.nodes[id]?.isWaiting = isWaiting }
  }

  func failed(_ fault: Fault, isLost: Bool) {
    state.withLock { state in
      // The first one is told; the others are the same outage, mostly.
      state.fault = state.fault ?? fault
      state.isLost = state.isLost || isLost
    }
  }

  /// - Returns: progress, if it is time for it.
  func take(
    _ page: Scanner.Page, _ point: Scanner.Point?, _ id: NodeID, _ search: KeySearch
  ) -> KeySearchProgress? {
    state.withLock { state in
      state.nodes[id]?.visited = page.visited
      state.nodes[id]?.isDone = page.isLast
      state.nodes[id]?.point = point
      state.nodes[id]?.isWaiting = false
      for bytes in page.keys where state.seen.count < search.limit {
        let found = KeySearchProgress.Found(node: id, key: KeyName(bytes))
        if state.seen.insert(found).inserted { state.fresh.append(found) }
      }
      let now = EventLoop.now().nanoseconds
      guard now &- state.lastProgress >= Self.interval else { return nil }
      state.lastProgress = now
      return Self.progress(&state, search, .running)
    }
  }

  func end(_ search: KeySearch, isCancelled: Bool) -> KeySearchProgress {
    state.withLock { state in
      let isWhole = state.nodes.values.allSatisfy(\.isDone)
      let isFull = state.seen.count >= search.limit
      let end: KeySearchProgress.State =
        if isWhole {
          .complete
        } else if isCancelled {
          .cancelled
        } else if isFull {
          .limited
        } else if let fault = state.fault { .failed(fault) } else { .cancelled }
      var progress = Self.progress(&state, search, end)
      progress.canContinue = !isWhole && !isFull && !state.isLost
      return progress
    }
  }

  private static func progress(
    _ state: inout State, _ search: KeySearch, _ end: KeySearchProgress.State
  ) -> KeySearchProgress {
    var visited: UInt64 = 0
    var keys: UInt64?
    for node in state.nodes.values {
      if let size = node.size {
        keys = (keys ?? 0) &+ size
        visited &+= node.isDone ? size : min(size, node.visited)
      } else {
        visited &+= node.visited
      }
    }
    var progress = KeySearchProgress(
      id: search.id, state: end, found: state.fresh, foundTotal: state.seen.count,
      visited: visited, keys: keys)
    progress.waitingFor = state.nodes.filter(\.value.isWaiting).map(\.key)
      .sorted { $0.rawValue < $1.rawValue }
    state.fresh = []
    return progress
  }
}
