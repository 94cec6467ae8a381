package import ConsoleModel
package import Redis

/// A server to watch, and the connection to read it by.
package struct MonitoredNode: Sendable {
  package var id: NodeID
  package var probe: Probe

  package init(id: NodeID, probe: Probe) {
    self.id = id
    self.probe = probe
  }
}
