internal import Crypto
internal import EventLoop
private import Synchronization

/// The process's TLS contexts: one for all connections of the same settings, because the system's
/// roots are a megabyte, and a new one when a file has been replaced.
final class TLSContexts: Sendable {
  static let shared = TLSContexts()

  private struct Entry {
    var context: TLSContext
    var stamp: [[Int64]?]
  }

  private let entries = Mutex<[TLSContext.Options: Entry]>([:])
  /// One is made at a time, so that eight nodes do not read the same roots eight times.
  private let making = Slots(1)

  /// Settings that are kept at most; a console has a handful.
  private static let limit = 64

  enum Failure: Error {
    case tls(TLSFailure)
    case timeout, cancelled
  }

  func context(
    _ options: TLSContext.Options, on loop: EventLoop, until deadline: EventLoop.Instant
  ) async throws(Failure) -> TLSContext {
    let stamp = options.stamp
    if let known = known(options, stamp) { return known }
    switch await making.take(on: loop, until: deadline) {
    case .taken: break
    case .timeout: throw .timeout
    case .cancelled: throw .cancelled
    }
    defer { making.give() }
    // Somebody may have made it meanwhile.
    if let known = known(options, stamp) { return known }
    let answer = FirstAnswer<Result<TLSContext, Failure>>()
    do throws(SystemError) {
      // Files are read, and a hundred certificates parsed: nothing for the loop's thread.
      try BlockingWork.run(name: "tls-context") {
        do throws(TLSFailure) {
          answer.give(.success(try TLSContext(options)))
        } catch {
          answer.give(.failure(.tls(error)))
        }
      }
    } catch {
      throw .tls(TLSFailure(.other, "no thread: \(error)"))
    }
    let context = try await answer.wait(
      on: loop, until: deadline, late: .failure(.timeout), cancelled: .failure(.cancelled)
    ).get()
    entries.withLock { entries in
      if entries.count >= Self.limit { entries = [:] }
      entries[options] = Entry(context: context, stamp: stamp)
    }
    return context
  }

  private func known(_ options: TLSContext.Options, _ stamp: [[Int64]?]) -> TLSContext? {
    entries.withLock { entries in
      guard let entry = entries[options], entry.stamp == stamp else { return nil }
      return entry.context
    }
  }
}
