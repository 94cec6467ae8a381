import ConsoleModel
import Operations
import Panels

/// Operations of the environment on the screen.
extension Session {
  func plan(_ request: OperationRequest) {}

  func cancelPlan() {}

  func run(_ plan: OperationPlan) {}

  func control(_ id: String, _ control: OperationControl) {}

  func stopAll() {}

  func takeOver(_ id: String) {}
}
