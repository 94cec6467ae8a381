import ConsoleModel
import Redis
import Synchronization

extension EnvironmentCollector {
  /// Learns from the last polls how the servers belong together: watches those that were found and
  /// lets go of those that went. On the loop's thread.
  func followTopology() {
    guard let directory else { return }
    let reports = nodes.map { ($0, $0.report) }
    let now = MonotonicTime.now()
    let facts = reports.map { node, report in
      var sentinel = report.sentinel
      if let masters = options.masters {
        sentinel?.masters.removeAll { !masters.contains($0.name) }
      }
      return TopologyTracker.Facts(
        id: node.id, address: NodeAddress(of: node.probe.endpoint),
        runID: report.status.identity?.runID, view: report.replication,
        sentinel: sentinel,
        state: report.state(now: now, interval: options.interval))
    }
    let readings = clusters.readings
    let sentinels = state.withLock { $0.sentinels }
    let news = sentinels()
    let outcome = state.withLock { state in
      let outcome = state.tracker.observe(facts, clusters: readings, sentinels: news, now: now)
      state.topologies = outcome.topologies
      return outcome
    }
    guard !outcome.joins.isEmpty || !outcome.leaves.isEmpty else { return }
    let joined = outcome.joins.compactMap { directory.connect($0) }.map(collector)
    let leaving = Set(outcome.leaves)
    let (demand, left, isStopped) = state.withLock { state in
      let left = state.nodes.filter { leaving.contains($0.id) }
      state.nodes.removeAll { leaving.contains($0.id) }
      state.heard.subtract(leaving)
      if !state.isStopped { state.nodes += joined }
      return (state.demand, left, state.isStopped)
    }
    for node in left {
      node.stop()
      directory.disconnect(node.id)
    }
    guard !isStopped else { return }
    for node in joined { node.start() }
    tell(demand)
  }

  /// Live nodes of clusters, those of the configuration first.
  func clusterNodes() -> [ClusterWatcher.Candidate] {
    let now = MonotonicTime.now()
    return nodes.compactMap { node in
      let report = node.report
      guard report.replication?.isClusterNode == true,
        report.state(now: now, interval: options.interval) == .live
      else { return nil }
      return ClusterWatcher.Candidate(id: node.id, probe: node.probe)
    }
  }
}
