package import ConsoleModel
package import Redis

/// A server to watch, and the connection to read it by.
package struct MonitoredNode: Sendable {
  package var id: NodeID
  package var probe: Probe
  /// Known before it has answered; what answers is known by its answer.
  package var isSentinel: Bool

  package init(id: NodeID, probe: Probe, isSentinel: Bool = false) {
    self.id = id
    self.probe = probe
    self.isSentinel = isSentinel
  }
}
