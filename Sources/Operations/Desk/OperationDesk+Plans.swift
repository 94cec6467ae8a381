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
    try run(plan, isBreakGlass: isBreakGlass, report: report)
  }

  /// A refusal of a request as people read it.
  package func fault(_ request: OperationRequest, _ message: String) -> Fault {
    Fault(
      kind: .denied, endpoint: environment.name, action: request.verb, message: message)
  }
}
