internal import ConsoleModel
internal import Documents
internal import EventLoop
internal import Redis

/// Writes a run's status and checkpoint where every console sees them, and reads what they tell it.
struct RunMirror: Sendable {
  private let ticket: RunTicket
  private let state: RunState
  private let loop: EventLoop
  private let wall: @Sendable () -> WallTime
  /// On the plan's first server.
  private let mutator: Mutator?

  private static let interval = Duration.milliseconds(250)

  init(
    _ ticket: RunTicket, state: RunState, loop: EventLoop, wall: @escaping @Sendable () -> WallTime
  ) {
    self.ticket = ticket
    self.state = state
    self.loop = loop
    self.wall = wall
    let home = ticket.plan.request.nodes.first
    mutator = ticket.servers.first { $0.node == home }.map { server in
      var options = RedisClient.Options()
      options.clientName = "cacheconsole-run"
      return Mutator(
        endpoint: server.endpoint, password: server.password, options: options, loop: loop)
    }
  }

  func close() { mutator?.close() }

  private var id: String { ticket.plan.id }

  /// Puts the plan there; false if it cannot.
  func isWritable() async -> Bool {
    guard let mutator else { return false }
    var texts = [(OperationRecords.status(id), state.status.json)]
    let plan = ticket.plan.json
    if plan.utf8.count <= OperationRecords.largestPlan {
      texts.append((OperationRecords.plan(id), plan))
    }
    do throws(RedisError) {
      try await mutator.record(texts, seconds: OperationRecords.lifeSeconds)
      try await mutator.list(
        id, in: OperationRecords.index,
        score: UInt64(clamping: state.status.started.microseconds / 1000),
        limit: OperationRecords.limit, seconds: OperationRecords.lifeSeconds)
      return true
    } catch {
      let text = error.description
      state.update { $0.note = "not mirrored: \(text)" }
      return false
    }
  }

  /// What a runner before this one left there.
  func checkpoint() async -> RunCheckpoint? {
    guard let mutator else { return nil }
    do throws(RedisError) {
      let found = try await mutator.records([OperationRecords.checkpoint(id)])
      guard let bytes = found.first ?? nil else { return nil }
      return try? RunCheckpoint(json: bytes, file: OperationRecords.checkpoint(id))
    } catch {
      return nil
    }
  }

  /// Several times a second: status and checkpoint out, control in. Until cancelled.
  func publish(_ context: RunContext) async {
    guard let mutator else { return }
    // A stop from before this run is not meant for it.
    var oldStop: [UInt8]??
    var turn = 0
    while !Task.isCancelled {
      state.measure(at: EventLoop.now())
      do throws(RedisError) {
        let told = try await mutator.records([
          OperationRecords.stop, OperationRecords.control(id),
        ])
        let stop = told[0]
        if let oldStop {
          if let stop, stop != oldStop {
            state.tell(.abort, reason: "stopped by \(Self.who(stop))")
          }
        } else {
          oldStop = .some(stop)
        }
        if let control = told[1] { obey(control) }
        if turn % 2 == 0 {
          let now = wall()
          state.update { $0.updated = now }
          try await mutator.record(
            [
              (OperationRecords.status(id), state.status.json),
              (OperationRecords.checkpoint(id), context.checkpoint.json(at: now)),
            ], seconds: OperationRecords.lifeSeconds)
        }
      } catch {
        // The run itself meets the same server; without the mirror it goes on.
      }
      turn += 1
      do { try await loop.sleep(for: Self.interval) } catch { return }
    }
  }

  private func obey(_ text: [UInt8]) {
    let words = String(decoding: text, as: UTF8.self).split(separator: " ", maxSplits: 1)
    guard let word = words.first, let control = OperationControl(rawValue: String(word)) else {
      return
    }
    guard state.control.0 != control else { return }
    let who = words.count > 1 ? String(words[1]) : "another console"
    switch control {
    case .run: state.tell(.run, reason: "")
    case .pause: state.tell(.pause, reason: "paused by \(who)")
    case .abort: state.tell(.abort, reason: "aborted by \(who)")
    }
  }

  /// Whoever wrote `token name`.
  private static func who(_ text: [UInt8]) -> String {
    let words = String(decoding: text, as: UTF8.self).split(separator: " ", maxSplits: 1)
    return words.count > 1 ? String(words[1]) : "another console"
  }

  func finish(_ checkpoint: RunCheckpoint?) async {
    guard let mutator else { return }
    var texts = [(OperationRecords.status(id), state.status.json)]
    if let checkpoint {
      texts.append((OperationRecords.checkpoint(id), checkpoint.json(at: wall())))
    }
    // A server that is away keeps the last status; the journal and the audit have the end.
    do throws(RedisError) {
      try await mutator.record(texts, seconds: OperationRecords.lifeSeconds)
    } catch {}
  }
}
