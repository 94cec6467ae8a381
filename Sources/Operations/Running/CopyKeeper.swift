internal import ConsoleModel
internal import Documents
internal import EventLoop

/// Keeps copies of one server's keys while a run changes them, so that it can be undone.
final class CopyKeeper: Sendable {
  private let context: RunContext
  private let writer: CopyWriter
  private let keepsGuarded: Bool
  /// The server's clock when this was made, and ours: lives end by the server's.
  private let start: EventLoop.Instant
  private let serverStart: Int64

  /// nil where none are kept: not asked for, too many keys, or nothing that could be put back.
  init?(_ context: RunContext, _ node: NodeID, serverTime: UInt64) throws(RunStop) {
    guard CopyKeeper.isWanted(context.plan) else { return nil }
    self.context = context
    keepsGuarded = context.request.copiesGuarded && context.plan.author.role == .admin
    start = EventLoop.now()
    serverStart = Int64(clamping: serverTime)
    let store = CopyStore(folder: CopyStore.folder(in: context.ticket.folder))
    store.removeExpired(now: context.wall())
    do throws(DocumentError) {
      if let writer = try store.resume(context.plan.id, node) {
        self.writer = writer
      } else {
        writer = try store.writer(
          for: context.plan.id,
          CopyHeader(
            operation: context.plan.id, environment: context.plan.environment.name, node: node,
            runID: context.checkpoint[node]?.runID ?? "", created: context.wall()))
      }
    } catch {
      throw .failed(
        "no copies can be kept for undo: \(error.description); run it without copies, or make room")
    }
  }

  /// Copies are kept of deletions and new lives that stay within the bounds.
  static func isWanted(_ plan: OperationPlan) -> Bool {
    guard plan.request.keepsCopy,
      plan.preview.keys.upperBound <= UInt64(OperationRequest.maximumCopies),
      (plan.preview.bytes ?? 0) <= OperationRequest.maximumCopyBytes
    else { return false }
    switch plan.request.action {
    case .invalidate, .shorten, .adjust: return true
    case .warm, .restore, .slowlogReset, .clientKill: return false
    }
  }

  /// Sessions and carts only where an administrator asked for it.
  func wants(_ key: [UInt8]) -> Bool {
    (keepsGuarded || !DataType(key: key).isGuarded) && writer.hasRoom(for: key.count)
  }

  func record(_ key: [UInt8], _ payload: [UInt8], milliseconds: Int64) -> CopyRecord {
    let now = serverStart &+ start.duration(to: EventLoop.now()).nanoseconds / 1_000_000
    return CopyRecord(
      key: key, payload: payload, expiresAt: milliseconds < 0 ? nil : now &+ milliseconds)
  }

  /// On disk when this returns; what exceeds the bounds is left out.
  func keep(_ records: [CopyRecord]) async throws(DocumentError) {
    guard !records.isEmpty else { return }
    try await OffLoop.run { [writer] () throws(DocumentError) in
      for record in records where writer.hasRoom(for: record.key.count + record.payload.count) {
        try writer.append(
          KeyName(record.key), payload: record.payload, expiresAt: record.expiresAt)
      }
      try writer.sync()
    }
    let count = writer.count
    context.state.update { $0.copies = count }
  }

  func finish() throws(RunStop) {
    do throws(DocumentError) {
      try writer.finish()
    } catch {
      throw .failed("the copies for undo: \(error.description)")
    }
  }
}
