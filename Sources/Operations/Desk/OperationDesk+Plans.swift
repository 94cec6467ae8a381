package import ConsoleModel
internal import Documents
internal import EventLoop
internal import Redis

extension OperationDesk {
  /// The request with what only this machine knows filled in: the keys that an undo would put back.
  package func resolved(_ request: OperationRequest) async throws(Fault) -> OperationRequest {
    guard case .restore(let operation) = request.action else { return request }
    let store = CopyStore(folder: CopyStore.folder(in: folder))
    let now = clock()
    let keys: [(NodeID, [KeyName])]
    do throws(DocumentError) {
      keys = try await OffLoop.run { () throws(DocumentError) in
        var found: [(NodeID, [KeyName])] = []
        for path in try store.files(for: operation) {
          var reader = try store.reader(path: path, now: now, allowsUnfinished: true)
          var names: [KeyName] = []
          while let record = try reader.next() { names.append(KeyName(record.key)) }
          found.append((reader.header.node, names))
        }
        return found
      }
    } catch {
      throw fault(request, error.description)
    }
    let known = Set(nodes.map(\.id))
    let here = keys.filter { known.contains($0.0) }
    guard !here.isEmpty else {
      throw fault(
        request,
        keys.isEmpty
          ? "no copies of it are kept on this machine: none were made, or they are older than a day"
          : "its copies are of servers that are not in this environment")
    }
    var resolved = request
    resolved.nodes = here.map(\.0)
    var seen: Set<KeyName> = []
    resolved.target = .keys(here.flatMap(\.1).filter { seen.insert($0).inserted })
    return resolved
  }

  /// Holds the plan against what is so now, and starts it.
  package func checkAndRun(
    _ plan: OperationPlan, planner: Planner, access: Access, now: WallTime,
    isBreakGlass: Bool = false, report: @escaping @Sendable (RunLauncher.Report) -> Void
  ) async throws(OperationRefusal) {
    if let reason = PlanCheck.refusal(plan, access: access) { throw OperationRefusal(reason) }
    let found: (identities: [NodeID: String], keys: KeyCount?)
    do throws(Fault) {
      found = try await planner.recheck(plan, seed: UInt64.random(in: .min ... .max))
    } catch {
      throw OperationRefusal(error.line)
    }
    let reason = PlanCheck.refusal(
      plan, now: now, identities: found.identities, keys: found.keys)
    if let reason { throw OperationRefusal(reason) }
    if let reason = await limitReached(plan, at: now) { throw OperationRefusal(reason) }
    try run(plan, isBreakGlass: isBreakGlass, report: report)
  }

  /// The role's keys per minute are for all of its user's operations together.
  private func limitReached(_ plan: OperationPlan, at now: WallTime) async -> String? {
    guard let limit = keysPerMinute else { return nil }
    var used: UInt64 = 0
    for status in await operations().operations
    where status.author.user == author.user && status.author.role == author.role {
      if !status.state.isOver, status.state != .orphaned {
        return "operation \(status.id) of yours is at work with your \(limit) keys a minute:"
          + " wait for its end, or abort it"
      }
      let end = status.finished ?? status.updated
      if end.microseconds > now.microseconds - 60_000_000 { used &+= status.changed }
    }
    guard used > 0, used &+ min(plan.preview.keys.upperBound, limit) > limit else { return nil }
    return "you changed \(OperationText.grouped(used)) keys within the last minute, and your"
      + " role may change \(OperationText.grouped(limit)): wait a minute"
  }

  /// A refusal of a request as people read it.
  package func fault(_ request: OperationRequest, _ message: String) -> Fault {
    Fault(
      kind: .denied, endpoint: environment.name, action: request.verb, message: message)
  }
}
