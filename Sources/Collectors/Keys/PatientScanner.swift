import EventLoop
import Redis

/// A scanner that waits for a server that is away for a while, and goes on from its cursor.
struct PatientScanner {
  private var scanner: Scanner
  private let loop: EventLoop
  /// Without a page, until the walk is given up.
  private let patience: Duration
  private var failures = 0
  private var lastPage = EventLoop.now()

  init(_ scanner: Scanner, patience: Duration, loop: EventLoop) {
    self.scanner = scanner
    self.patience = patience
    self.loop = loop
  }

  /// Where the walk stands; nil before the first page.
  var point: Scanner.Point? { scanner.point }

  /// There is no going on: another process answers.
  var isLost: Bool { scanner.isLost }

  /// The next page; nil after the last one.
  ///
  /// - Parameter waits: told when the server stops answering, and when it answers again.
  mutating func next(
    _ waits: (Bool) -> Void
  ) async throws(RedisError) -> Scanner.Page? {
    while true {
      do throws(RedisError) {
        let page = try await scanner.next()
        if failures > 0 { waits(false) }
        failures = 0
        lastPage = .now()
        return page
      } catch {
        try check(error)
        failures += 1
        waits(true)
        do { try await loop.sleep(for: Backoff().delay(afterFailures: failures)) } catch {
          throw RedisError(
            kind: .cancelled, endpoint: "", action: "scanning keys", message: "cancelled")
        }
      }
    }
  }

  /// Throws what cannot pass, or has not passed for long.
  private func check(_ error: RedisError) throws(RedisError) {
    guard !scanner.isLost else { throw error }
    switch error.kind {
    case .unreachable, .timeout, .indeterminate: break
    default: throw error
    }
    guard lastPage.duration(to: .now()) < patience else { throw error }
  }
}
