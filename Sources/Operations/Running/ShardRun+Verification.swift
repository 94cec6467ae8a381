internal import ConsoleModel
internal import EventLoop
internal import Redis

extension ShardRun {
  /// Reads again what was hit.
  mutating func verify() async throws(RunStop) -> Verdict {
    var verdict = Verdict()
    guard let shard = context.checkpoint[node] else { return verdict }
    var keys = sample.keys
    if !request.writesAbsent, case .keys(let named) = request.target, named.count <= 10_000 {
      // Also what a killed runner hit before this one. Of keys that were to be loaded only those count
      // that were there once: the loader may not have had the others.
      let slots = context.plan.slots(of: node)
      keys = named.map(\.bytes).filter { slots?.contains(HashSlot.of($0)) ?? true }
    }
    var rest = keys[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(500))
      rest = rest.dropFirst(part.count)
      observe()
      try await context.wait(
        pacer.delay(for: part.count / 5 + 1, now: EventLoop.now()), monitor)
      for life in try await remainingLives(part) { book(life, into: &verdict) }
    }
    // What is said of a server is said of the process that the plan was made for.
    try await confirmServer()
    // Over: how fast it went on the way is nobody's concern any more.
    let slowness = pacer.reason
    runState.update { if $0.note == slowness { $0.note = "" } }
    verdict.checked = UInt64(clamping: keys.count)
    verdict.stillThere = min(verdict.reborn, shard.status.failed)
    verdict.reborn -= verdict.stillThere
    verdict.at = context.wall()
    switch request.action {
    case .invalidate, .shorten:
      verdict.isFresh = shard.isFinished && shard.status.failed == 0
    case .adjust, .warm, .restore, .slowlogReset, .clientKill: break
    }
    return verdict
  }

  private func book(_ life: Int64, into verdict: inout Verdict) {
    switch request.action {
    case .shorten(let seconds):
      let limit = Int64(clamping: seconds) &* 1000
      if life == -2 {
        verdict.gone += 1
      } else if life >= 0, life <= limit {
        verdict.asAsked += 1
      } else {
        verdict.reborn += 1
      }
    case .adjust(let seconds):
      if life == -2 {
        verdict.gone += 1
      } else if let seconds, life >= 0, life <= Int64(clamping: seconds) &* 1000 {
        verdict.asAsked += 1
      } else if seconds == nil, life == -1 {
        verdict.asAsked += 1
      } else {
        verdict.reborn += 1
      }
    case .warm, .restore:
      if life == -2 { verdict.gone += 1 } else { verdict.asAsked += 1 }
    case .invalidate:
      if life == -2 { verdict.gone += 1 } else { verdict.reborn += 1 }
    case .slowlogReset, .clientKill: break
    }
  }
}

extension Verdict {
  static func sum(_ parts: [Verdict]) -> Verdict {
    var sum = Verdict()
    for part in parts {
      sum.gone += part.gone
      sum.reborn += part.reborn
      sum.stillThere += part.stillThere
      sum.asAsked += part.asAsked
      sum.checked += part.checked
      sum.at = part.at ?? sum.at
    }
    sum.isFresh = !parts.isEmpty && parts.allSatisfy(\.isFresh)
    return sum
  }

  private static func words(
    _ action: OperationRequest.Action
  ) -> (gone: String, asAsked: String, reborn: String) {
    switch action {
    case .adjust: ("not there", "as asked", "with another life")
    case .warm, .restore: ("gone again", "there", "written since")
    case .invalidate, .shorten, .slowlogReset, .clientKill: ("gone", "as asked", "written since")
    }
  }

  /// In words, for one kind of operation.
  func described(
    _ request: OperationRequest, started: WallTime, hit: UInt64, uncopied: UInt64 = 0
  ) -> String {
    [described(request, started, hit), OperationText.uncopied(uncopied)].filter { !$0.isEmpty }
      .joined(separator: "; ")
  }

  private func described(
    _ request: OperationRequest, _ started: WallTime, _ hit: UInt64
  ) -> String {
    let words = Self.words(request.action)
    let counts = [
      (gone, words.gone), (asAsked, words.asAsked), (reborn, words.reborn),
      (stillThere, "still there"),
    ].filter { $0.0 > 0 }.map { "\(OperationText.grouped($0.0)) \($0.1)" }
    let looked =
      checked == 0
      ? "nothing to look at again"
      : "looked at \(OperationText.grouped(checked)) again: \(counts.joined(separator: ", "))"
    let moment = CivilTime(started).clock + " UTC"
    switch request.action {
    case .invalidate:
      return isFresh
        ? "nothing born before \(moment) is served; \(looked)"
        : "not proven: something of before \(moment) may still be served; \(looked)"
    case .shorten(let seconds):
      return isFresh
        ? "nothing born before \(moment) is served from \(seconds) s after the end; \(looked)"
        : "not proven; \(looked)"
    case .adjust, .warm, .restore: return looked
    case .slowlogReset: return "the slow log was emptied"
    case .clientKill: return hit > 0 ? "the connection was ended" : "there was no such connection"
    }
  }
}

/// Figures in lines of text.
package enum OperationText {
  /// What an undo will not bring back; empty for 0.
  static func uncopied(_ keys: UInt64) -> String {
    keys == 0 ? "" : "\(grouped(keys)) \(keys == 1 ? "key" : "keys") without a copy for undo"
  }

  /// `1,000,000`
  package static func grouped(_ value: UInt64) -> String {
    let digits = String(value)
    var result = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { result += "," }
      result.append(digit)
    }
    return result
  }
}
