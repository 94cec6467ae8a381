package import ConsoleModel
package import EventLoop
private import Synchronization

/// A sleep that others can end: one task waits, any thread rings.
package final class Alarm: Sendable {
  private struct State {
    var sleeper: Task<Void, Never>?
    var isRung = false
  }

  private let loop: EventLoop
  private let state = Mutex(State())

  package init(loop: EventLoop) { self.loop = loop }

  /// Ends the wait that runs, or else the next one.
  package func ring() {
    let sleeper = state.withLock { state in
      state.isRung = true
      return state.sleeper
    }
    sleeper?.cancel()
  }

  /// Returns at `deadline`, when rung, or when the waiting task is cancelled.
  package func wait(until deadline: MonotonicTime) async {
    let loop = self.loop
    let sleeper = loop.spawn { () async -> Void in
      // Cancelled is as good as over.
      try? await loop.sleep(until: deadline.instant)
    }
    let isRung = state.withLock { state in
      state.sleeper = sleeper
      return state.isRung
    }
    if isRung { sleeper.cancel() }
    await withTaskCancellationHandler {
      await sleeper.value
    } onCancel: {
      sleeper.cancel()
    }
    state.withLock { state in
      state.sleeper = nil
      state.isRung = false
    }
  }
}
