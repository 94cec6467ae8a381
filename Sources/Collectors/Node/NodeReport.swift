package import ConsoleModel

/// A node's status with what only the sums over all nodes need.
package struct NodeReport: Sendable {
  package var status: NodeStatus
  /// Of the sliding window; nil in a gap.
  package var window: CounterDelta?
  /// Of the last interval; nil in a gap.
  package var interval: CounterDelta?
  /// All commands of the window, to be merged over nodes.
  package var latency: LatencyHistogram?
  /// Its place among other servers; nil until it was read.
  package var replication: ReplicationView?
  /// The masters that it watches, if it is a Sentinel.
  package var sentinel: SentinelView?
  /// The hot-key sampler has seen every key once, or cannot.
  package var hasWholePass = false
  /// Polls that were answered, and all that were tried.
  package var answered = 0
  package var tried = 0

  package init(status: NodeStatus) { self.status = status }
}

extension NodeReport {
  /// An interval passes between two polls; one more may be lost before figures count as old.
  package static func staleAfter(interval: Double) -> Double { 2 * interval + 1 }

  /// A server that says nothing for this long is down, whatever the kind of its silence.
  package static func downAfter(interval: Double) -> Double {
    max(15, staleAfter(interval: interval))
  }

  /// How current the node is at `now`.
  package func state(now: MonotonicTime, interval: Double) -> LiveState {
    guard let last = status.lastReply else { return status.fault == nil ? .connecting : .down }
    let age = now.seconds(since: last)
    if let fault = status.fault, fault.isRefusal { return .down }
    if age > Self.downAfter(interval: interval) { return .down }
    return age > Self.staleAfter(interval: interval) ? .stale : .live
  }
}
