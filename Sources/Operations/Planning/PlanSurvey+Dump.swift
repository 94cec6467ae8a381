import ConsoleModel
import Documents
import EventLoop
import Redis

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
    let slots = request.nodes.map { id in planner.nodes.first { $0.id == id }?.slots }
    let isOnCluster = slots.contains { $0 != nil }
    let dumps: [CopySurvey]
    do throws(DocumentError) {
      dumps = try await OffLoop.run { () throws(DocumentError) in
        try CopySurvey.read(path: path, now: now, parts: isOnCluster ? slots : [nil])
      }
    } catch {
      throw Fault(
        kind: .unsupported, endpoint: error.file, action: "planning \(request.verb)",
        message: error.detail, nextStep: "record the keys again, or choose another file")
    }
    for index in request.nodes.indices {
      change(index) { $0.take(dumps[isOnCluster ? index : 0]) }
    }
    for line in Self.notes(dumps, request, draft.environment) { note(line) }
  }

  private static func notes(
    _ dumps: [CopySurvey], _ request: OperationRequest, _ environment: EnvironmentIdentity
  ) -> [String] {
    var notes: [String] = []
    guard let header = dumps.first?.header else { return notes }
    let isSplit = dumps.count > 1
    if header.environment != environment.name {
      notes.append("the file was recorded in another environment: '\(header.environment)'")
    } else if request.nodes != [header.node], !isSplit {
      notes.append("the file was recorded from \(header.node.rawValue)")
    }
    if request.nodes.count > 1, !isSplit {
      notes.append("all of it is loaded into each of the \(request.nodes.count) servers")
    }
    let sessions = dumps.flatMap(\.dataTypes).filter { $0.name == DataType.session.rawValue }
      .reduce(0) { $0 &+ $1.keys }
    if sessions > 0 {
      notes.append(
        "\(sessions) session\(sessions == 1 ? " is" : "s are") in the file: whoever was logged out"
          + " since is logged in again")
    }
    let expired = dumps.reduce(0) { $0 &+ $1.expired }
    if expired > 0 {
      notes.append("\(expired) more keys in the file have expired and are left out")
    }
    notes.append("keys that are there already are skipped; how many is found out as it runs")
    return notes
  }
}
