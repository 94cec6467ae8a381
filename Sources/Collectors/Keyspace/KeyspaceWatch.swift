package import ConsoleModel
package import EventLoop
private import Synchronization

/// Runs one analysis at a time for the screen, and publishes what it knows as it goes on.
package final class KeyspaceWatch: Sendable {
  private struct Running: Sendable {
    var request: KeyspaceRequest
    var analyzer: KeyspaceAnalyzer
    var task: Task<Void, Never>
  }

  private let loop: EventLoop
  private let publish: @Sendable (UInt64, KeyspaceReport) -> Void
  private let running = Mutex<Running?>(nil)

  /// Between two reports: a report sorts some ten thousand prefixes.
  private static let interval: Duration = .seconds(1)
  /// Rows of one level that a screen can use.
  private static let children = 100

  package init(
    loop: EventLoop, publish: @escaping @Sendable (UInt64, KeyspaceReport) -> Void
  ) {
    self.loop = loop
    self.publish = publish
  }

  /// - Parameter nodes: those that `request` names.
  package func start(_ request: KeyspaceRequest, on nodes: [MonitoredNode]) {
    begin(
      request,
      KeyspaceAnalyzer(nodes: nodes, options: Self.options(request), loop: loop))
  }

  /// Goes on with the analysis that ended early.
  ///
  /// - Returns: false if there is nothing to go on with.
  package func resume(_ request: KeyspaceRequest, on nodes: [MonitoredNode]) -> Bool {
    guard let last = running.withLock({ $0 }), let checkpoint = last.analyzer.checkpoint,
      let analyzer = KeyspaceAnalyzer(
        nodes: nodes, options: Self.options(last.request), from: checkpoint, loop: loop)
    else { return false }
    var resumed = last.request
    resumed.id = request.id
    begin(resumed, analyzer)
    return true
  }

  package func cancel(_ id: UInt64) {
    running.withLock { if $0?.request.id == id { $0?.task.cancel() } }
  }

  package func stop() { running.withLock { $0?.task.cancel() } }

  private static func options(_ request: KeyspaceRequest) -> KeyspaceAnalyzer.Options {
    var options = KeyspaceAnalyzer.Options()
    options.pattern = request.query.pattern == Array("*".utf8) ? nil : request.query.pattern
    options.filter = request.query.filter
    options.depth = request.depth
    options.sample = request.sample
    options.keysPerSecond = request.keysPerSecond
    options.bigKeys = 100
    return options
  }

  private func begin(_ request: KeyspaceRequest, _ analyzer: KeyspaceAnalyzer) {
    let id = request.id
    let task = loop.spawn { [self, loop] in
      let teller = loop.spawn {
        while !Task.isCancelled {
          do { try await loop.sleep(for: Self.interval) } catch { return }
          await self.tell(id, analyzer)
        }
      }
      _ = await analyzer.run()
      teller.cancel()
      // Its last word must not come after the end.
      await teller.value
      await tell(id, analyzer)
    }
    let previous = running.withLock { running in
      defer { running = Running(request: request, analyzer: analyzer, task: task) }
      return running
    }
    previous?.task.cancel()
  }

  /// On a thread of its own: the loop has others to serve.
  private func tell(_ id: UInt64, _ analyzer: KeyspaceAnalyzer) async {
    await withCheckedContinuation { continuation in
      let body: @Sendable () -> Void = { [publish] in
        publish(id, analyzer.report(children: Self.children))
        continuation.resume()
      }
      do { try BlockingWork.run(name: "keyspace", body) } catch { body() }
    }
  }
}
