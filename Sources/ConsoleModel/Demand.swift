/// What the screen needs now, so that collectors fetch no more than is looked at.
package struct Demand: Sendable, Hashable {
  /// The node whose details are on screen: its INFO text and long histories are kept.
  package var focus: NodeID?
  /// CLIENT LIST is asked for only while its panel is open.
  package var wantsClients: Bool
  /// Collecting stops while the screen is paused.
  package var isPaused: Bool

  package init(focus: NodeID? = nil, wantsClients: Bool = false, isPaused: Bool = false) {
    self.focus = focus
    self.wantsClients = wantsClients
    self.isPaused = isPaused
  }
}
