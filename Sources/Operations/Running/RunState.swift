package import ConsoleModel
package import EventLoop
private import Synchronization

/// The status of a run and what it was told, shared by its tasks.
package final class RunState: Sendable {
  private struct State {
    var status: OperationStatus
    var control = OperationControl.run
    var controlReason = ""
    var isSuperseded = false
    /// What stays in the note, whatever else it says.
    var warnings: [String] = []
    /// Keys with a copy on each server.
    var copies: [NodeID: UInt64] = [:]
    /// (time, changed or visited) for the rate, newest last.
    var samples: [(at: EventLoop.Instant, changed: UInt64, visited: UInt64)] = []
    var commands: UInt64 = 0
    var errors: UInt64 = 0
  }

  private let state: Mutex<State>

  package init(_ status: OperationStatus) { state = Mutex(State(status: status)) }

  package var status: OperationStatus {
    state.withLock { state in
      let uncopied = OperationText.uncopied(state.status.uncopied)
      guard !state.warnings.isEmpty || !uncopied.isEmpty else { return state.status }
      var status = state.status
      status.note = (state.warnings + [uncopied, status.note]).filter { !$0.isEmpty }
        .joined(separator: "; ")
      return status
    }
  }

  /// What can be put back of one server's keys.
  func setCopies(_ count: UInt64, of node: NodeID) {
    state.withLock { state in
      state.copies[node] = count
      state.status.copies = state.copies.values.reduce(0) { $0 &+ $1 }
    }
  }

  /// Stands in the note from now on.
  package func warn(_ text: String) {
    state.withLock { state in
      if !state.warnings.contains(text) { state.warnings.append(text) }
    }
  }

  package func update(_ change: (inout OperationStatus) -> Void) {
    state.withLock { change(&$0.status) }
  }

  package func updateShard(_ node: NodeID, _ change: (inout ShardStatus) -> Void) {
    state.withLock { state in
      guard let index = state.status.shards.firstIndex(where: { $0.node == node }) else { return }
      change(&state.status.shards[index])
    }
  }

  // MARK: Control

  package var control: (OperationControl, reason: String) {
    state.withLock { ($0.control, $0.controlReason) }
  }

  /// An abort is final.
  package func tell(_ control: OperationControl, reason: String) {
    state.withLock { state in
      guard state.control != .abort else { return }
      state.control = control
      state.controlReason = reason
    }
  }

  /// True once another runner was seen to hold the lease: nothing more may be sent.
  package var isSuperseded: Bool { state.withLock { $0.isSuperseded } }

  package func supersede() { state.withLock { $0.isSuperseded = true } }

  // MARK: Errors

  /// Counts commands and those that failed; true once too many have.
  package func count(commands: Int, errors: Int, limit share: Double) -> Bool {
    state.withLock { state in
      state.commands &+= UInt64(commands)
      state.errors &+= UInt64(errors)
      return state.commands >= 100 && Double(state.errors) > share * Double(state.commands)
    }
  }

  // MARK: Speed

  /// Forgets what was measured: how fast it goes from here has nothing to do with what was before.
  package func measureAnew() { state.withLock { $0.samples = [] } }

  /// Takes a sample and works out rate and remaining time over the last five seconds.
  package func measure(at now: EventLoop.Instant) {
    state.withLock { state in
      let changed = state.status.changed &+ state.status.skipped
      let visited = state.status.shards.reduce(0) { $0 &+ min($1.visited, $1.size) }
      state.samples.append((now, changed, visited))
      while let first = state.samples.first, state.samples.count > 2,
        first.at.duration(to: now) > .seconds(5)
      {
        state.samples.removeFirst()
      }
      guard let first = state.samples.first else { return }
      let seconds = Double(first.at.duration(to: now).nanoseconds) / 1e9
      guard seconds > 0.2, changed >= first.changed else { return }
      state.status.rate = Double(changed - first.changed) / seconds
      let size = state.status.shards.reduce(0) { $0 &+ $1.size }
      let speed = Double(visited &- min(visited, first.visited)) / seconds
      state.status.etaSeconds =
        speed > 0 && size >= visited ? Double(size - visited) / speed : nil
    }
  }
}
