import ConsoleModel
import Documents
import Operations

extension SubcommandRun {
  /// `cacheconsole operations`: lists them, or tells one what to do.
  func operations(
    _ control: Subcommand.Control, _ bench: Workbench
  ) throws(StartError) -> Int32 {
    let desk = bench.desk
    switch control {
    case .list: return try list(bench)
    case .pause(let id): try tell(id, .pause, "was told to pause", bench)
    case .resume(let id): try tell(id, .run, "was told to go on", bench)
    case .abort(let id): try tell(id, .abort, "was told to abort", bench)
    case .dismiss(let id, let reason):
      try refusing(bench) { () throws(OperationRefusal) in
        try await desk.dismiss(id, reason: reason)
      }
      answer(Self.controlSchema, "\(id) is not listed any more") {
        $0.field("operation", id)
        $0.field("told", "dismiss")
      }
    case .stopAll:
      try refusing(bench) { () throws(OperationRefusal) in
        try await desk.stopAll(token: String(UInt64.random(in: .min ... .max), radix: 16))
      }
      answer(Self.controlSchema, "every operation of every console was told to stop") {
        $0.field("operation", String?.none)
        $0.field("told", "stop")
      }
    case .takeOver(let id):
      let access = bench.access
      let plan = try bench.wait(Self.briefPatience) {
        () async -> Result<OperationPlan, OperationRefusal> in
        do throws(OperationRefusal) {
          return .success(try await desk.examine(id, access: access))
        } catch {
          return .failure(error)
        }
      }
      let shown: OperationPlan
      switch plan {
      case .failure(let refusal): throw .failed(refusal.description)
      case .success(let plan): shown = plan
      }
      try Confirmation(options: options).confirm(takeOverOf: shown)
      let listener = RunListener(ProgressLine(isShown: !options.json))
      try refusing(bench) { () throws(OperationRefusal) in
        try await desk.takeOver(shown, access: access) { listener.take($0) }
      }
      return try follow(listener, bench, id: id)
    }
    return 0
  }

  private static let controlSchema = "cacheconsole.operation.control"

  private func tell(
    _ id: String, _ control: OperationControl, _ done: String, _ bench: Workbench
  ) throws(StartError) {
    let desk = bench.desk
    let found = try bench.wait(Self.briefPatience) { await desk.operations() }
    if let status = found.operations.first(where: { $0.id == id }) {
      guard !status.state.isOver else {
        throw .failed("operation \(id) is \(status.state.rawValue): there is nothing to tell it")
      }
      if status.state == .orphaned, control != .abort {
        throw .failed("operation \(id) has no runner to be told: take it over")
      }
    } else if found.problems.isEmpty, RunJournal.last(journal(of: id)) == nil {
      // One whose mirror could not be written, or not be read now, may be at work all the same.
      throw .failed("there is no operation \(id) here (cacheconsole operations lists them)")
    }
    try refusing(bench) { () throws(OperationRefusal) in try await desk.control(id, control) }
    answer(Self.controlSchema, "\(id) \(done)") {
      $0.field("operation", id)
      $0.field("told", control.rawValue)
    }
  }

  private func journal(of id: String) -> RunFolder {
    RunFolder(state: startup.stateFolder, operation: id)
  }

  private func list(_ bench: Workbench) throws(StartError) -> Int32 {
    let desk = bench.desk
    let found = try bench.wait(Self.briefPatience) { await desk.operations() }
    for status in found.operations.reversed() {
      if options.json {
        StandardStreams.print(status.json)
      } else {
        StandardStreams.print(StatusText.row(status))
      }
    }
    for problem in found.problems { StandardStreams.complain(problem) }
    if found.operations.isEmpty, !options.json { StandardStreams.print("no operations") }
    return found.problems.isEmpty ? 0 : 1
  }

  private func refusing(
    _ bench: Workbench, _ body: @Sendable @escaping () async throws(OperationRefusal) -> Void
  ) throws(StartError) {
    let refusal = try bench.wait(Self.briefPatience) { () async -> OperationRefusal? in
      do throws(OperationRefusal) {
        try await body()
        return nil
      } catch {
        return error
      }
    }
    if let refusal { throw .failed(refusal.description) }
  }
}
