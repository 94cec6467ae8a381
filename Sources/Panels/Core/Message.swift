package import ConsoleModel
package import Terminal

/// Everything that can happen to the model.
package enum Message: Sendable {
  case input(InputEvent)
  case snapshot(Snapshot)
  /// Time passed; the only way wall time and zone enter the model.
  case tick(MonotonicTime, WallTime, utcOffsetSeconds: Int, zone: String)
  case keySearch(KeySearchProgress)
  case described([KeySummary])
  case inspection(KeyInspection)
  /// An effect succeeded; the text is shown.
  case effectDone(String)
  case effectFailed(Fault)
  case notice(Toast)
  case environmentSwitched(EnvironmentIdentity)
  /// What this process may do now: environments differ.
  case accessChanged(Access)
  /// What an action of the registry stands for; refusals are checked on the way.
  case action(ActionID, argument: String? = nil)
}

/// What the outside shall do; the model never does it itself.
package enum Effect: Sendable, Hashable {
  case quit, suspend, redraw
  case demand(Demand)
  case search(KeySearch)
  case cancelSearch(UInt64)
  case describe(NodeID, [KeyName])
  case inspect(KeyInspectionRequest)
  /// The only effect that changes a server.
  case slowlogReset(NodeID)
  case switchEnvironment(String)
  case setTheme(String)
  case copy(String)

  /// True for effects that change something on a server; the runner checks it a second time.
  package var isChange: Bool {
    switch self {
    case .slowlogReset: true
    case .quit, .suspend, .redraw, .demand, .search, .cancelSearch, .describe, .inspect,
      .switchEnvironment, .setTheme, .copy:
      false
    }
  }
}

/// A line in the message area; drawable text, no secrets.
package struct Toast: Sendable, Hashable {
  package var weight: Notice.Weight
  package var text: String

  package init(_ weight: Notice.Weight, _ text: String) {
    self.weight = weight
    self.text = text
  }
}
