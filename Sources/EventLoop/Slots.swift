private import Synchronization

/// A number of places, for work of which only so much may go on at once; who comes later waits in order.
package final class Slots: Sendable {
  package enum Outcome: Sendable, Hashable { case taken, timeout, cancelled }

  private struct State {
    var free: Int
    var waiting: [FirstAnswer<Outcome>] = []
  }

  private let state: Mutex<State>

  package init(_ count: Int) { state = Mutex(State(free: count)) }

  /// After `.taken`, `give` must follow.
  package func take(on loop: EventLoop, until deadline: EventLoop.Instant) async -> Outcome {
    let place = FirstAnswer<Outcome>()
    let isFree = state.withLock { state in
      if state.free > 0 {
        state.free -= 1
        return true
      }
      state.waiting.append(place)
      return false
    }
    if isFree { return .taken }
    let outcome = await place.wait(on: loop, until: deadline, late: .timeout, cancelled: .cancelled)
    if outcome != .taken { state.withLock { $0.waiting.removeAll { $0 === place } } }
    return outcome
  }

  /// Gives a place back, to the one who has waited longest.
  package func give() {
    while true {
      let next = state.withLock { state -> FirstAnswer<Outcome>? in
        if state.waiting.isEmpty {
          state.free += 1
          return nil
        }
        return state.waiting.removeFirst()
      }
      // One that has just left takes none.
      guard let next, !next.give(.taken) else { return }
    }
  }
}
