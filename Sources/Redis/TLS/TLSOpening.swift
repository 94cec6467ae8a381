internal import Crypto
internal import EventLoop
private import Synchronization

/// Waits for one TLS handshake to end, in success, failure, time-out or cancellation.
final class TLSOpening: EventSource {
  enum Outcome: Sendable {
    case open
    /// The server closed the connection.
    case closed
    case failed(TLSFailure)
    case timeout, cancelled
    case system(SystemError)
  }

  /// At once in the whole process: a handshake is milliseconds of computing, and a console that
  /// reconnects to a hundred nodes must go on drawing. On the servers' side it is the same.
  private static let slots = Slots(8)

  private let loop: EventLoop
  private let descriptor: Descriptor
  /// Safe: used on the loop's thread only.
  private nonisolated(unsafe) let session: TLSSession
  private let answer = FirstAnswer<Outcome>()
  private let watch = Mutex<EventLoop.Watch?>(nil)

  private init(_ session: TLSSession, _ descriptor: Descriptor, _ loop: EventLoop) {
    unsafe self.session = session
    self.descriptor = descriptor
    self.loop = loop
  }

  /// On the loop's thread.
  static func shake(
    _ session: TLSSession, _ descriptor: Descriptor, on loop: EventLoop,
    until deadline: EventLoop.Instant
  ) async -> Outcome {
    switch await slots.take(on: loop, until: deadline) {
    case .taken: break
    case .timeout: return .timeout
    case .cancelled: return .cancelled
    }
    defer { slots.give() }
    let opening = TLSOpening(session, descriptor, loop)
    opening.start()
    let outcome = await opening.answer.wait(
      on: loop, until: deadline, late: .timeout, cancelled: .cancelled)
    opening.stop()
    return outcome
  }

  private func start() {
    do throws(SystemError) {
      let watch = try loop.watch(descriptor, for: .readable, source: self)
      self.watch.withLock { $0 = watch }
    } catch {
      answer.give(.system(error))
      return
    }
    step()
  }

  func ready(_ readiness: Readiness, scratch: UnsafeMutableRawBufferPointer) { step() }

  private func step() {
    guard let watch = watch.withLock({ $0 }) else { return }
    let step = unsafe session.handshake()
    switch step {
    case .wantsRead: loop.change(watch, descriptor, to: .readable)
    case .wantsWrite: loop.change(watch, descriptor, to: .writable)
    case .done: finish(.open)
    case .closed: finish(.closed)
    case .failed(let failure): finish(.failed(failure))
    }
  }

  private func finish(_ outcome: Outcome) {
    // At once: what follows the handshake is the connection's to read.
    stop()
    answer.give(outcome)
  }

  private func stop() {
    let watch = self.watch.withLock { watch in
      defer { watch = nil }
      return watch
    }
    if let watch { loop.unwatch(watch, descriptor) }
  }
}
