internal import ConsoleModel
internal import EventLoop
internal import Redis
private import Synchronization

/// A run's audit: the chained file and syslog here, the stream on each server that is acted on.
final class RunAuditor: RunAuditing {
  private let ticket: RunTicket
  private let loop: EventLoop
  private let trail: AuditTrail
  private let streams: [Mutator]
  /// Lines that the file has not taken yet, oldest first.
  private let late = Mutex<[Late]>([])

  private struct Late {
    var line: String
    /// Syslog has it.
    var isLogged: Bool
  }

  /// True once a record of something that was done was taken by no sink at all.
  private let isUnrecorded = Mutex(false)
  /// True if the beginning was, so that nothing was done.
  private let isRefused = Mutex(false)

  /// Seconds that the end of a run waits for the file: a full disk is somebody's work already.
  private static let patience = 3.0
  /// The same where nothing else has it: break-glass is audited, however late.
  private static let longPatience = 3600.0

  init(_ ticket: RunTicket, loop: EventLoop) {
    self.ticket = ticket
    self.loop = loop
    trail = AuditTrail(folder: ticket.folder)
    streams = ticket.servers.filter { ticket.plan.request.nodes.contains($0.node) }.map { server in
      var options = RedisClient.Options()
      options.clientName = "cacheconsole-run"
      return Mutator(
        endpoint: server.endpoint, access: server.access, options: options,
        route: ticket.route(server, loop: loop),
        sentinels: ticket.sentinels(server, loop: loop), loop: loop)
    }
  }

  deinit { for stream in streams { stream.close() } }

  func record(
    _ event: String, result: String, details: [(String, String)]
  ) async -> RunAudit.Outcome {
    let plan = ticket.plan
    let record = AuditRecord(
      event: ticket.isBreakGlass && event == "started" ? "break-glass" : event,
      operation: plan.id, title: plan.request.title, environment: plan.environment.name,
      author: event == "taken over" ? ticket.actor : plan.author, reason: plan.request.reason,
      planHash: plan.hash, result: result,
      details: details.map { AuditRecord.Detail($0.0, $0.1) })
    let trail = trail
    let receipt = await OffLoop.run { () throws(Never) in trail.append(record) }
    var sinks = receipt.taken.map(\.rawValue)
    var problems = receipt.problems.map(\.text)
    if receipt.isDetached {
      let isLogged = receipt.taken.contains(.syslog)
      late.withLock { $0.append(Late(line: receipt.line, isLogged: isLogged)) }
    }
    var isStreamed = false
    for stream in streams {
      do throws(RedisError) {
        try await stream.appendAudit(
          receipt.line, stream: OperationRecords.auditStream, limit: OperationRecords.auditLimit)
        isStreamed = true
      } catch {
        problems.append(error.description)
      }
    }
    if isStreamed { sinks.append("stream") }
    if sinks.isEmpty { noteUnrecorded(event) }
    return RunAudit.Outcome(sinks: sinks, problems: problems)
  }

  private func noteUnrecorded(_ event: String) {
    let isBeginning = event == "started" || event == "taken over"
    if isBeginning, !(ticket.isBreakGlass && ticket.actor.role == .admin) {
      isRefused.withLock { $0 = true }
    } else if !isRefused.withLock({ $0 }) {
      isUnrecorded.withLock { $0 = true }
    }
  }

  /// Writes what the file did not take, as soon as it can.
  func flush() async {
    let isWaitedFor = isUnrecorded.withLock { $0 }
    let patience = isWaitedFor ? Self.longPatience : Self.patience
    let start = EventLoop.now()
    while let next = late.withLock({ $0.first }) {
      let trail = trail
      let receipt = await OffLoop.run { () throws(Never) -> AuditReceipt? in
        do throws(AuditProblem) {
          return try trail.append(late: next.line, isLogged: next.isLogged)
        } catch {
          // Not a line that can ever be written.
          return nil
        }
      }
      if receipt?.taken.contains(.syslog) == true { late.withLock { $0[0].isLogged = true } }
      if receipt?.isDetached != true {
        late.withLock { _ = $0.removeFirst() }
        continue
      }
      guard start.duration(to: EventLoop.now()) < .seconds(patience) else { return }
      do { try await loop.sleep(for: .seconds(2)) } catch { return }
    }
  }
}
