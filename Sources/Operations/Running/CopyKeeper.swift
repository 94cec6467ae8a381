internal import ConsoleModel
internal import Documents
internal import EventLoop

/// Keeps copies of one server's keys while a run changes them, so that it can be undone.
final class CopyKeeper: Sendable {
  private let context: RunContext
  private let writer: CopyWriter
  private let node: NodeID
  private let keepsGuarded: Bool
  /// The server's clock when this was made, and ours: lives end by the server's.
  private let start: EventLoop.Instant
  private let serverStart: Int64

  /// nil where none are kept: not asked for, too many keys, or nothing that could be put back.
  init?(_ context: RunContext, _ node: NodeID, serverTime: UInt64) throws(RunStop) {
    guard context.plan.keepsCopies else { return nil }
    self.context = context
    self.node = node
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
            runID: Self.identity(context, node), created: context.wall()))
      }
    } catch {
      throw .failed(
        "no copies can be kept for undo: \(error.description); run it without copies, or make room")
    }
    // Those of a runner before this one are there, whatever is still to do.
    tell()
  }

  /// Of a cluster's shard what the plan calls it: its copies go to whoever has the slots then.
  private static func identity(_ context: RunContext, _ node: NodeID) -> String {
    let planned = context.plan.preview.shards.first { $0.node == node }?.runID ?? ""
    if ClusterShardIdentity.anchor(planned) != nil { return planned }
    return context.checkpoint[node]?.runID ?? ""
  }

  private func tell() { context.state.setCopies(writer.keys, of: node) }

  /// Sessions and carts only where an administrator asked for it.
  func promises(_ key: [UInt8]) -> Bool { keepsGuarded || !DataType(key: key).isGuarded }

  /// - Parameter bytes: as far as they are known.
  func hasRoom(for key: [UInt8], bytes: UInt64) -> Bool {
    bytes <= UInt64(OperationRequest.maximumCopiedValue) && writer.hasRoom(for: key, payload: 0)
  }

  func record(_ key: [UInt8], _ payload: [UInt8], milliseconds: Int64) -> CopyRecord {
    let now = serverStart &+ start.duration(to: EventLoop.now()).nanoseconds / 1_000_000
    return CopyRecord(
      key: key, payload: payload, expiresAt: milliseconds < 0 ? nil : now &+ milliseconds)
  }

  /// On disk when this returns.
  ///
  /// - Returns: how many exceed the bounds and were left out.
  func keep(_ records: [CopyRecord]) async throws(DocumentError) -> UInt64 {
    guard !records.isEmpty else { return 0 }
    let leftOut = try await OffLoop.run { [writer] () throws(DocumentError) in
      var leftOut: UInt64 = 0
      for record in records {
        guard record.payload.count <= OperationRequest.maximumCopiedValue,
          writer.hasRoom(for: record.key, payload: record.payload.count)
        else {
          leftOut += 1
          continue
        }
        try writer.append(
          KeyName(record.key), payload: record.payload, expiresAt: record.expiresAt)
      }
      try writer.sync()
      return leftOut
    }
    tell()
    return leftOut
  }

  func finish() throws(RunStop) {
    do throws(DocumentError) {
      try writer.finish()
    } catch {
      throw .failed("the copies for undo: \(error.description)")
    }
  }
}
