package import ConsoleModel

/// Makes and ends the connections to servers that belong to the configured ones.
package protocol NodeDirectory: AnyObject, Sendable {
  /// - Returns: nil if it is not to be watched.
  func connect(_ server: TopologyTracker.Found) -> MonitoredNode?
  func disconnect(_ id: NodeID)
}
