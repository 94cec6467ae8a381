private import Synchronization

/// One answer that several may bring, such as a thread, a timer and a cancellation: the first counts.
///
/// One task waits for it, once.
package final class FirstAnswer<Value: Sendable>: Sendable {
  @safe
  private enum State {
    case open
    case awaited(UnsafeContinuation<Value, Never>)
    case given(Value)
    case over
  }

  private let state = Mutex(State.open)

  package init() {}

  /// - Returns: false if another one came first, or nobody waits any more.
  @discardableResult
  package func give(_ value: Value) -> Bool {
    let (isFirst, caller) = unsafe state.withLock {
      state -> (Bool, UnsafeContinuation<Value, Never>?) in
      switch state {
      case .open:
        state = .given(value)
        return (true, nil)
      case .awaited(let caller):
        state = .over
        return unsafe (true, caller)
      case .given, .over: return (false, nil)
      }
    }
    unsafe caller?.resume(returning: value)
    return isFirst
  }

  /// - Parameters:
  ///   - late: the answer at the deadline.
  ///   - cancelled: the answer when the waiting task is cancelled.
  package func wait(
    on loop: EventLoop, until deadline: EventLoop.Instant, late: Value, cancelled: Value
  ) async -> Value {
    let timer = loop.schedule(at: deadline) { self.give(late) }
    defer { loop.cancel(timer) }
    return await withTaskCancellationHandler {
      await unsafe withUnsafeContinuation { (caller: UnsafeContinuation<Value, Never>) in
        let given: Value? = state.withLock { state in
          if case .given(let value) = state {
            state = .over
            return value
          }
          unsafe state = .awaited(caller)
          return nil
        }
        if let given { unsafe caller.resume(returning: given) }
      }
    } onCancel: {
      give(cancelled)
    }
  }
}
