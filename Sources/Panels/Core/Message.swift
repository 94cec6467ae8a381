package import ConsoleModel
package import Terminal

/// Everything that can happen to the model.
package enum Message: Sendable {
  case input(InputEvent)
  case snapshot(Snapshot)
  /// Time passed; the only way wall time and zone enter the model.
  case tick(MonotonicTime, WallTime, utcOffsetSeconds: Int, zone: String)
  case keySearch(KeySearchProgress)
  /// - on: nil: the server that is searched.
  case described([KeySummary], on: NodeID? = nil)
  /// What an analysis found so far, by its request.
  case keyspace(UInt64, KeyspaceReport)
  case inspection(KeyInspection)
  /// A plan as far as it is known: again and again until its preview is complete.
  case planned(OperationPlan)
  /// Operations of all consoles, and the audit's newest entries.
  case operations(OperationsReport)
  /// The plan that a takeover would go on with: to be shown and confirmed.
  case takeOverPlan(OperationPlan)
  case effectFailed(Fault)
  /// There is no preview of what a dialog asked for.
  case planFailed(OperationRequest, Fault)
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
  case analyze(KeyspaceRequest)
  case cancelAnalysis(UInt64)
  case describe(NodeID, [KeyName])
  case inspect(KeyInspectionRequest)
  /// Find out what a request would touch; answers are `Message.planned`. Reads only.
  case plan(OperationRequest)
  /// The dialog was closed: nobody waits for the preview any more.
  case cancelPlan
  /// Run a confirmed plan.
  case run(OperationPlan)
  case control(operation: String, OperationControl)
  /// Take an operation out of the list.
  case dismiss(operation: String, reason: String)
  /// Abort every operation of every console of the environment.
  case stopAll
  /// Find the plan of a run whose runner is gone; the answer is `Message.takeOverPlan`. Reads only.
  case examine(operation: String)
  /// Go on with such a run, by the plan that was shown.
  case takeOver(OperationPlan)
  case switchEnvironment(String)
  case setTheme(String)
  case copy(String)

  /// True for effects that change something on a server; the runner checks it a second time.
  package var isChange: Bool {
    switch self {
    case .run, .control, .dismiss, .stopAll, .takeOver: true
    case .quit, .suspend, .redraw, .demand, .search, .cancelSearch, .analyze, .cancelAnalysis,
      .describe, .inspect,
      .plan, .cancelPlan, .examine, .switchEnvironment, .setTheme, .copy:
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
