package import ConsoleModel
import EventLoop
import Synchronization

extension KeyspaceAnalyzer {
  /// What is known now; from any thread. It takes some milliseconds: not on the loop's.
  package func report(children: Int = 200) -> KeyspaceReport {
    let state = state.withLock { $0 }
    var report = KeyspaceReport()
    report.state = state.state
    report.isSample = state.isSample
    report.faults = state.faults
    report.notes = state.notes
    report.databaseSize = state.walks.values.reduce(0) { $0 &+ $1.size }
    report.progress = Self.progress(state)
    report.canContinue =
      state.state != .running && state.state != .complete && isResumable(state)
    state.tally.fill(
      &report, sampleOf: state.isSample ? report.databaseSize : nil, children: children)
    return report
  }

  /// How far it is, which costs less than all of it.
  package var progress: KeyspaceReport.Progress { state.withLock { Self.progress($0) } }

  private static func progress(_ state: State) -> KeyspaceReport.Progress {
    var progress = KeyspaceReport.Progress()
    var done = 0.0
    let elapsed =
      (state.began?.duration(to: .now()) ?? .zero) / .seconds(1)
    var rate = 0.0
    var eta = 0.0
    for (id, walk) in state.walks {
      progress.visited &+= walk.visited
      progress.size &+= walk.goal
      let visited = min(walk.visited, walk.goal)
      done += Double(walk.isDone ? walk.goal : visited)
      if walk.isWaiting { progress.waitingFor.append(id) }
      let fresh = Double(walk.visited - min(walk.visited, walk.visitedBefore))
      rate += fresh
      if !walk.isDone {
        // The servers are walked at the same time: the slowest one says when all are done.
        eta = max(eta, fresh > 0 ? Double(walk.goal - visited) * elapsed / fresh : .infinity)
      }
    }
    progress.waitingFor.sort { $0.rawValue < $1.rawValue }
    progress.fraction = progress.size == 0 ? 0 : min(1, done / Double(progress.size))
    if elapsed > 0.5, state.state == .running {
      progress.keysPerSecond = rate / elapsed
      if eta.isFinite { progress.etaSeconds = eta }
    }
    return progress
  }
}
