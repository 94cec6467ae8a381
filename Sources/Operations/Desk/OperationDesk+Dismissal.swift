internal import ConsoleModel
internal import EventLoop
internal import Redis

/// Taking out of the list what is over, or what is given up.
extension OperationDesk {
  /// Seconds for the runner to hear that it is over.
  private static let patience = 15.0

  /// Takes an operation out of the list; its journal and its audit stay. One that was not done needs a
  /// reason, which is audited; one that is tried again and again is ended.
  package func dismiss(_ id: String, reason: String) async throws(OperationRefusal) {
    guard mayChange else { throw Self.readOnly }
    guard let status = await listed(id) else {
      throw OperationRefusal("there is no operation \(PlainText.safe(id, limit: 40)) in the list")
    }
    switch status.state {
    case .done: break
    case .starting, .running, .paused, .verifying:
      throw OperationRefusal("operation \(id) is \(status.state.rawValue): abort it first")
    case .failed, .aborted, .orphaned, .partial:
      guard reason.contains(where: { !$0.isWhitespace }) else {
        throw OperationRefusal(
          "operation \(id) is \(status.state.label), not done: say why it is given up"
            + " (--reason TEXT, or :dismiss TEXT on the screen)")
      }
      try await record(status, reason)
      // A runner that was only frozen ends when it wakes up.
      if !status.state.isOver { try await control(id, .abort) }
      if status.state == .partial { try await waitForEnd(id) }
    }
    // What an orphan was told stays, for as long as it may wake up.
    let told = status.state == .orphaned ? [] : [OperationRecords.control(id)]
    try await change { mutator throws(RedisError) in
      try await mutator.removeRecords(
        [
          OperationRecords.status(id), OperationRecords.plan(id), OperationRecords.checkpoint(id),
          OperationRecords.shard(id),
        ] + told)
    }
  }

  private func listed(_ id: String) async -> OperationStatus? {
    await operations().operations.first { $0.id == id }
  }

  private func waitForEnd(_ id: String) async throws(OperationRefusal) {
    let deadline = EventLoop.now().advanced(by: .seconds(Self.patience))
    while EventLoop.now() < deadline {
      guard let status = await listed(id), !status.state.isOver, status.state != .orphaned else {
        return
      }
      do { try await loop.sleep(for: .milliseconds(200)) } catch { break }
    }
    throw OperationRefusal(
      "operation \(id) was told to end and its runner does not answer yet: dismiss it again later")
  }

  /// Nothing is given up that nobody records.
  private func record(_ status: OperationStatus, _ reason: String) async throws(OperationRefusal) {
    let record = AuditRecord(
      event: "dismissed", operation: status.id, title: status.title,
      environment: status.environment, author: author, reason: reason, planHash: status.planHash,
      result: "given up as \(status.state.label)",
      details: status.shards.map {
        AuditRecord.Detail($0.node.rawValue, OperationRunner.summary($0))
      })
    let trail = AuditTrail(folder: folder)
    let receipt = await OffLoop.run { () throws(Never) in trail.append(record) }
    var refusal: OperationRefusal?
    do throws(OperationRefusal) {
      try await change { mutator throws(RedisError) in
        try await mutator.appendAudit(
          receipt.line, stream: OperationRecords.auditStream, limit: OperationRecords.auditLimit)
      }
    } catch {
      refusal = error
    }
    guard receipt.taken.isEmpty, let refusal else { return }
    let problems = receipt.problems.map(\.text) + [refusal.description]
    throw OperationRefusal(
      "no audit sink can be written, so it stays in the list: \(problems.joined(separator: "; "))")
  }
}
