import ConsoleModel
import Documents
import EventLoop

extension PlanSurvey {
  /// What is to be done on the servers themselves, or loaded from elsewhere.
  func lookAtSource() async throws(Fault) {
    guard case .warm(let source) = request.action else { return try await lookAtServers() }
    switch source {
    case .dump: try await readDump()
    case .command:
      for index in request.nodes.indices { change(index) { $0.complete(KeyTally()) } }
      note("how many keys the loader prints is known when it has ended")
    }
    publish()
  }

  /// Reads the file of a warm-up from end to end; nothing for other operations.
  func readDump() async throws(Fault) {
    guard case .warm(.dump(let path)) = request.action else { return }
    let now = planner.now
    let dump: CopySurvey
    do throws(DocumentError) {
      dump = try await OffLoop.run { () throws(DocumentError) in
        try CopySurvey.read(path: path, now: now)
      }
    } catch {
      throw Fault(
        kind: .unsupported, endpoint: error.file, action: "planning \(request.verb)",
        message: error.detail, nextStep: "record the keys again, or choose another file")
    }
    for index in request.nodes.indices { change(index) { $0.take(dump) } }
    for line in Self.notes(dump, request, draft.environment) { note(line) }
  }

  private static func notes(
    _ dump: CopySurvey, _ request: OperationRequest, _ environment: EnvironmentIdentity
  ) -> [String] {
    var notes: [String] = []
    let header = dump.header
    if header.environment != environment.name {
      notes.append("the file was recorded in another environment: '\(header.environment)'")
    } else if request.nodes != [header.node] {
      notes.append("the file was recorded from \(header.node.rawValue)")
    }
    if request.nodes.count > 1 {
      notes.append("all of it is loaded into each of the \(request.nodes.count) servers")
    }
    let sessions = dump.dataTypes.first { $0.name == DataType.session.rawValue }?.keys ?? 0
    if sessions > 0 {
      notes.append(
        "\(sessions) session\(sessions == 1 ? " is" : "s are") in the file: whoever was logged out"
          + " since is logged in again")
    }
    if dump.expired > 0 {
      notes.append("\(dump.expired) more keys in the file have expired and are left out")
    }
    notes.append("keys that are there already are skipped; how many is found out as it runs")
    return notes
  }
}
