import ConsoleModel
import Operations

extension SubcommandRun {
  /// `cacheconsole operations`: lists them, or tells one what to do.
  func operations(
    _ control: Subcommand.Control, _ bench: Workbench
  ) throws(StartError) -> Int32 {
    let desk = bench.desk
    switch control {
    case .list: return try list(bench)
    case .pause(let id):
      return try tell(bench, "\(id) pauses") { () throws(OperationRefusal) in
        try await desk.control(id, .pause)
      }
    case .resume(let id):
      return try tell(bench, "\(id) goes on") { () throws(OperationRefusal) in
        try await desk.control(id, .run)
      }
    case .abort(let id):
      return try tell(bench, "\(id) aborts") { () throws(OperationRefusal) in
        try await desk.control(id, .abort)
      }
    case .dismiss(let id):
      return try tell(bench, "\(id) is not listed any more") { () throws(OperationRefusal) in
        try await desk.dismiss(id)
      }
    case .stopAll:
      return try tell(bench, "every operation of every console was told to stop") {
        () throws(OperationRefusal) in
        try await desk.stopAll(token: String(UInt64.random(in: .min ... .max), radix: 16))
      }
    case .takeOver(let id):
      let listener = RunListener(ProgressLine(isShown: !options.json))
      _ = try tell(bench, "") { () throws(OperationRefusal) in
        try await desk.takeOver(id) { listener.take($0) }
      }
      return try follow(listener, bench, id: id)
    }
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

  private func tell(
    _ bench: Workbench, _ done: String,
    _ body: @Sendable @escaping () async throws(OperationRefusal) -> Void
  ) throws(StartError) -> Int32 {
    let refusal = try bench.wait(Self.briefPatience) { () async -> OperationRefusal? in
      do throws(OperationRefusal) {
        try await body()
        return nil
      } catch {
        return error
      }
    }
    if let refusal { throw .failed(refusal.description) }
    if !done.isEmpty, !options.json { StandardStreams.print(done) }
    return 0
  }
}
