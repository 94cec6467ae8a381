import ConsoleModel
import Operations

/// Operations of the environment on the screen; before there is a server there are none.
extension Session {
  func plan(_ request: OperationRequest) { operations?.plan(request) }

  func cancelPlan() { operations?.cancelPlan() }

  func run(_ plan: OperationPlan) { operations?.run(plan) }

  func control(_ id: String, _ control: OperationControl) { operations?.control(id, control) }

  func stopAll() { operations?.stopAll() }

  func examine(_ id: String) { operations?.examine(id) }

  func dismiss(_ id: String, _ reason: String) { operations?.dismiss(id, reason) }

  func takeOver(_ plan: OperationPlan) { operations?.takeOver(plan) }
}
