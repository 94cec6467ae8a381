package import ConsoleModel
internal import Documents
internal import EventLoop
private import Redis

extension OperationDesk {
  /// The request with what only this machine knows filled in: what an undo would put back, and where.
  package func resolved(
    _ request: OperationRequest
  ) async throws(Fault) -> (request: OperationRequest, undo: UndoTarget?) {
    guard let undo = try await undoTarget(request) else { return (request, nil) }
    var resolved = request
    if !undo.isOnCluster { resolved.nodes = undo.shards.map(\.node) }
    resolved.target = .keys(undo.keys)
    return (resolved, undo)
  }

  /// nil: it is no undo.
  private func undoTarget(_ request: OperationRequest) async throws(Fault) -> UndoTarget? {
    guard case .restore(let operation) = request.action else { return nil }
    let store = CopyStore(folder: CopyStore.folder(in: folder))
    let now = clock()
    let found: [(header: CopyHeader, shard: UndoTarget.Shard)]
    do throws(DocumentError) {
      found = try await OffLoop.run { () throws(DocumentError) in
        var found: [(CopyHeader, UndoTarget.Shard)] = []
        for path in try store.files(for: operation) {
          found.append(
            try Self.copies(try store.reader(path: path, now: now, allowsUnfinished: true)))
        }
        return found
      }
    } catch {
      throw fault(request, error.description)
    }
    guard let first = found.first else {
      throw fault(
        request,
        "no copies of it are kept on this machine: none were made, or they are older than a day")
    }
    let own = found.filter { $0.header.environment == environment.name }
    guard !own.isEmpty else {
      throw fault(
        request,
        "its copies are of environment '\(PlainText.safe(first.header.environment, limit: 60))':"
          + " undo it there")
    }
    let ofClusters = own.filter { ClusterShardIdentity.anchor($0.header.runID) != nil }
    if !ofClusters.isEmpty {
      return UndoTarget(
        shards: ofClusters.map(\.shard), restoresLives: changedLives(operation), isOnCluster: true)
    }
    let known = Set(nodes.map(\.id))
    let here = own.map(\.shard).filter { known.contains($0.node) }
    guard !here.isEmpty else {
      throw fault(request, "its copies are of servers that are not in this environment")
    }
    let asked = here.filter { request.nodes.contains($0.node) }
    guard !asked.isEmpty else {
      let names = here.map(\.node.rawValue).joined(separator: ", ")
      throw fault(
        request,
        "none of its copies is of the servers that are asked for: they are of"
          + " \(PlainText.safe(names))")
    }
    return UndoTarget(shards: asked, restoresLives: changedLives(operation))
  }

  /// Of a key that was copied twice the last copy counts: it is what was changed.
  private static func copies(
    _ reader: consuming CopyReader
  ) throws(DocumentError) -> (CopyHeader, UndoTarget.Shard) {
    let header = reader.header
    var copies: [UndoTarget.Copy] = []
    var places: [KeyName: Int] = [:]
    while let record = try reader.next() {
      let copy = UndoTarget.Copy(key: KeyName(record.key), end: record.expiresAt)
      if let place = places[copy.key] {
        copies[place] = copy
      } else {
        places[copy.key] = copies.count
        copies.append(copy)
      }
    }
    return (header, UndoTarget.Shard(node: header.node, copies: copies))
  }

  /// True if the operation changed lives only: its keys are still there. The runner asks the same plan.
  private func changedLives(_ operation: String) -> Bool {
    switch planHere(operation)?.request.action {
    case .shorten, .adjust: true
    case nil, .invalidate, .warm, .restore, .slowlogReset, .clientKill: false
    }
  }

  /// Holds the plan against what is so now, and starts it.
  package func checkAndRun(
    _ plan: OperationPlan, planner: Planner, access: Access, now: WallTime,
    isBreakGlass: Bool = false, report: @escaping @Sendable (RunLauncher.Report) -> Void
  ) async throws(OperationRefusal) {
    if let reason = PlanCheck.refusal(plan, access: access) { throw OperationRefusal(reason) }
    let found: (identities: [NodeID: String], keys: KeyCount?)
    do throws(Fault) {
      found = try await planner.recheck(
        plan, undo: try await undoTarget(plan.request), seed: UInt64.random(in: .min ... .max))
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
  func limitReached(_ plan: OperationPlan, at now: WallTime) async -> String? {
    guard let limit = keysPerMinute else { return nil }
    var used: UInt64 = 0
    for status in await operations().operations
    // What a takeover goes on with is not at work, and its runner is held to the limit from there.
    where status.id != plan.id && status.author.user == author.user
      && status.author.role == author.role
    {
      // What only waits for a server that is away changes nothing now.
      if status.state == .partial { continue }
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
