package import ConsoleModel
internal import Documents
internal import Redis

/// Going on with a run whose runner is gone, from its journal here or its mirror.
///
/// Whoever may write to the cache can put a plan there, and its hash is no signature: what comes from
/// Redis is checked like a request of a stranger, and shown before it is confirmed.
extension OperationDesk {
  /// The plan that a takeover would go on with; refused where it must not.
  ///
  /// The limits of the role hold for whoever takes over, also of an operation of one's own: the role may
  /// be another by now.
  package func examine(
    _ id: String, access: Access
  ) async throws(OperationRefusal) -> OperationPlan {
    guard mayChange else { throw Self.readOnly }
    guard OperationID.isValid(id) else { throw Self.noName(id) }
    var found = planHere(id)
    let isFromHere = found != nil
    if found == nil { found = await planInRedis(id) }
    guard let plan = found else {
      throw OperationRefusal(
        "the plan of operation \(id) is neither in \(folder)/operations nor in Redis: it was a list"
          + " too long to be mirrored, or it is older than a week; take it over where it was started"
      )
    }
    guard plan.environment.name == environment.name else { throw Self.belongsElsewhere(plan) }
    if !isFromHere, case .warm(.command(let words)) = plan.request.action, words != loader {
      let program = PlainText.safe(words.joined(separator: " "), limit: 200)
      throw OperationRefusal(
        "operation \(id) would start the program '\(program)' here, and its plan comes from Redis, where"
          + " others can write: only this environment's loader is started for it; take it over where it"
          + " was started, or plan it anew")
    }
    if let reason = PlanCheck.refusal(plan, access: access) { throw OperationRefusal(reason) }
    if let reason = await stateRefusal(id) { throw OperationRefusal(reason) }
    if let reason = await limitReached(plan, at: clock()) { throw OperationRefusal(reason) }
    return plan
  }

  /// Goes on with what `examine` found and a person has seen.
  package func takeOver(
    _ shown: OperationPlan, access: Access,
    report: @escaping @Sendable (RunLauncher.Report) -> Void
  ) async throws(OperationRefusal) {
    let plan = try await examine(shown.id, access: access)
    guard plan.hash == shown.hash else {
      throw OperationRefusal(
        "the plan of operation \(plan.id) is another one than was shown: look at it again")
    }
    try launch(plan, .takeOver, isBreakGlass: false, report: report)
  }

  /// The plan of an operation as it was confirmed, from this machine's own folder.
  func planHere(_ id: String) -> OperationPlan? {
    let path = RunFolder(state: folder, operation: id).plan
    guard
      let contents = try? FileReader.read(path, limit: OperationRequest.maximumDocumentBytes)
    else { return nil }
    return Self.plan(contents.bytes, file: path, id)
  }

  private func planInRedis(_ id: String) async -> OperationPlan? {
    let name = OperationRecords.plan(id)
    for node in nodes {
      let reply = try? await node.probe.send(RedisCommand("GET", name), action: "reading a plan")
      if let bytes = reply?.bytes, let plan = Self.plan(bytes, file: name, id) { return plan }
    }
    return nil
  }

  /// Its id names folders and keys: it is the one that was asked for, or no plan of it.
  private static func plan(_ bytes: [UInt8], file: String, _ id: String) -> OperationPlan? {
    guard let plan = try? OperationPlan(json: bytes, file: file), plan.id == id, plan.hasItsHash
    else { return nil }
    return plan
  }

  /// Why it cannot be gone on with: it is over, or somebody is at work on it. What has failed can be:
  /// the server may be back. The runner that is started makes sure of it once more, by the lease.
  private func stateRefusal(_ id: String) async -> String? {
    for node in nodes {
      let name = OperationRecords.status(id)
      guard
        let reply = try? await node.probe.send(
          RedisCommand("GET", name), action: "reading operations"),
        let bytes = reply.bytes, let status = try? OperationStatus(json: bytes, file: name)
      else { continue }
      if status.state.isFinal {
        return
          "operation \(id) is \(status.state.rawValue): what is over is not taken over; plan it"
          + " anew if it is needed again"
      }
      let lease = Lease.key(OperationRecords.name(id), fence: status.fence)
      let alive = try? await node.probe.send(
        RedisCommand("EXISTS", lease), action: "reading operations")
      if alive?.unsigned == 1 {
        return
          "operation \(id) has a runner that is alive (\(PlainText.safe(status.runner, limit: 80))):"
          + " pause or abort it instead"
      }
      return nil
    }
    let last = RunJournal.last(RunFolder(state: folder, operation: id))
    for state in OperationState.allCases where state.isFinal {
      if last?.event == "ended \(state.rawValue)" {
        return
          "operation \(id) is \(state.rawValue), its journal says: what is over is not taken over"
      }
    }
    return nil
  }
}
