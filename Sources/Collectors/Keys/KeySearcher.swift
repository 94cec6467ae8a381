package import ConsoleModel
package import EventLoop
package import Redis
private import Synchronization

/// Searches one server's keys by pattern, under a budget, and tells how far it is.
///
/// One search at a time: a new one ends the one before. Progress comes a few times a second, so that
/// a fast scan does not flood the screen.
package final class KeySearcher: Sendable {
  private let probe: Probe
  private let loop: EventLoop
  private let publish: @Sendable (KeySearchProgress) -> Void
  private let running = Mutex<(id: UInt64, task: Task<Void, Never>)?>(nil)

  /// Nanoseconds between two progress messages.
  private static let progressInterval: Int64 = 200_000_000

  package init(
    probe: Probe, loop: EventLoop, publish: @escaping @Sendable (KeySearchProgress) -> Void
  ) {
    self.probe = probe
    self.loop = loop
    self.publish = publish
  }

  package func start(_ search: KeySearch) {
    let task = loop.spawn { [self] in await run(search) }
    let previous = running.withLock { running in
      defer { running = (search.id, task) }
      return running
    }
    previous?.task.cancel()
  }

  package func cancel(_ id: UInt64) {
    running.withLock { if $0?.id == id { $0?.task.cancel() } }
  }

  /// Ends whatever runs.
  package func stop() { running.withLock { $0?.task.cancel() } }

  private func run(_ search: KeySearch) async {
    var walk = Walk(search)
    do throws(RedisError) {
      walk.keys = try await probe.databaseSize()
      var options = Scanner.Options()
      options.match = search.pattern
      options.keysPerSecond = search.keysPerSecond
      var scanner = Scanner(probe, options: options, loop: loop)
      while let page = try await scanner.next() {
        if Task.isCancelled { return publish(walk.progress(.cancelled)) }
        walk.take(page)
        if walk.isFull { return publish(walk.progress(page.isLast ? .complete : .limited)) }
        let now = EventLoop.now().nanoseconds
        if now &- walk.lastProgress >= Self.progressInterval {
          walk.lastProgress = now
          publish(walk.progress(.running))
        }
      }
      publish(walk.progress(.complete))
    } catch {
      let isCancelled = Task.isCancelled || error.kind == .cancelled
      publish(walk.progress(isCancelled ? .cancelled : .failed(Fault(error))))
    }
  }
}

/// What one search has seen: a SCAN may give a key twice, the list shows it once.
private struct Walk {
  private let search: KeySearch
  private var seen = Set<KeyName>()
  private var fresh: [KeyName] = []
  private var visited: UInt64 = 0
  var keys: UInt64?
  var lastProgress: Int64 = 0

  init(_ search: KeySearch) { self.search = search }

  var isFull: Bool { seen.count >= search.limit }

  mutating func take(_ page: Scanner.Page) {
    visited = page.visited
    for bytes in page.keys where seen.count < search.limit {
      let key = KeyName(bytes)
      if seen.insert(key).inserted { fresh.append(key) }
    }
  }

  mutating func progress(_ state: KeySearchProgress.State) -> KeySearchProgress {
    defer { fresh = [] }
    return KeySearchProgress(
      id: search.id, state: state, found: fresh, foundTotal: seen.count,
      visited: keys.map { state == .complete ? $0 : min($0, visited) } ?? visited, keys: keys)
  }
}
