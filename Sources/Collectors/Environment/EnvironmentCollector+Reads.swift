package import ConsoleModel
internal import Synchronization

extension EnvironmentCollector {
  /// Chooses who answers reads that may lag, from what is known now.
  package func readRouter(_ policy: ReadPolicy) -> ReadRouter {
    let now = MonotonicTime.now()
    let states = Dictionary(
      nodes.map { ($0.id, $0.report.state(now: now, interval: options.interval)) },
      uniquingKeysWith: { first, _ in first })
    return ReadRouter(policy, topologies: state.withLock { $0.topologies }, states: states)
  }

  package func figures(of id: NodeID) -> NodeFigures? {
    nodes.first { $0.id == id }?.report.status.figures
  }
}
