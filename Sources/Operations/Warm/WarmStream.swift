package import ConsoleModel
private import Documents
private import EventLoop

/// Where a warm-up's values come from: a file of copies, or a program.
///
/// A thread of its own reads ahead of the task that loads, by a bounded amount; the event loop never
/// waits for a disk or a program. Dropping the stream ends the reading, and the program with its group.
package final class WarmStream: Sendable {
  private let feed: WarmFeed
  private let now: @Sendable () -> WallTime

  /// Reads a file of copies.
  ///
  /// - Parameters:
  ///   - skipping: records at its beginning that were loaded before.
  ///   - takes: of other keys nothing is said.
  package init(
    dump path: String, skipping: UInt64 = 0,
    takes: @escaping @Sendable ([UInt8]) -> Bool = { _ in true },
    now: @escaping @Sendable () -> WallTime
  ) throws(WarmFailure) {
    feed = try WarmFeed()
    self.now = now
    try Self.start { [feed] in Self.read(path, skipping, takes, feed, now) }
  }

  /// Starts a program; that it cannot start is told by the first `next`.
  package init(
    program: WarmProgram, now: @escaping @Sendable () -> WallTime
  ) throws(WarmFailure) {
    feed = try WarmFeed()
    self.now = now
    try Self.start { [feed] in ProgramRun.serve(program, feed, now) }
  }

  deinit { feed.cancel() }

  /// The next records, `limit` at most; waits for one, no longer. nil: that was all; none: it was
  /// interrupted.
  ///
  /// Cancelling the task that waits ends the source.
  package func next(_ limit: Int) async throws(WarmFailure) -> [WarmRecord]? {
    try await feed.next(limit, now: now)
  }

  /// Ends the wait of `next`, or the next one.
  package func interrupt() { feed.interrupt() }

  /// So far; complete once `next` has given nil or an error.
  package var report: WarmReport { feed.report }

  /// Ends the source; `next` then throws `.cancelled`.
  package func cancel() { feed.cancel() }

  private static func start(_ work: @escaping @Sendable () -> Void) throws(WarmFailure) {
    do throws(SystemError) {
      try BlockingWork.run(name: "warm-source", work)
    } catch {
      throw WarmFailure(.program, "warming: \(error)")
    }
  }

  private static func read(
    _ path: String, _ skipping: UInt64, _ takes: ([UInt8]) -> Bool, _ feed: WarmFeed,
    _ now: () -> WallTime
  ) {
    do throws(DocumentError) {
      var reader = try CopyReader(path: path, now: now())
      while feed.waitForRoom() {
        guard let record = try reader.next() else { return feed.finish(nil) }
        guard reader.count > skipping, takes(record.key) else { continue }
        guard !record.key.starts(with: OperationRequest.ownPrefix) else {
          feed.note { report in
            report.records += 1
            report.unwanted += 1
          }
          continue
        }
        feed.put([
          WarmFeed.Entry(
            key: KeyName(record.key), expiresAt: record.expiresAt, value: .dump(record.payload),
            position: reader.count)
        ])
      }
      feed.finish(.cancelled)
    } catch {
      feed.finish(WarmFailure(.file, error.description))
    }
  }
}
