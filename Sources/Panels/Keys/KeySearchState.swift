import ConsoleModel
import Terminal

/// A search as far as it is known: what the progress line shows.
struct KeySearchState: Sendable {
  let search: KeySearch
  let started: MonotonicTime
  /// When the last progress arrived.
  private(set) var heard: MonotonicTime
  private(set) var state = KeySearchProgress.State.running
  private(set) var visited: UInt64 = 0
  private(set) var keys: UInt64?
  /// Matches as the scanner counts them; SCAN may give a key more than once.
  private(set) var found = 0

  /// Which server is read, where that is not simply the one that was named.
  private(set) var origin: String?
  /// Servers that do not answer just now.
  private(set) var waitingFor: [NodeID] = []
  /// It ended early and can be taken up.
  private(set) var canContinue = false
  /// Visited when this process of the search began: it may go on with another.
  private var visitedBefore: UInt64?

  /// It was told to end and has not yet answered.
  var isEnding = false

  init(_ search: KeySearch, at now: MonotonicTime) {
    self.search = search
    started = now
    heard = now
  }

  var isRunning: Bool { state == .running }

  mutating func take(_ progress: KeySearchProgress, at now: MonotonicTime) {
    state = progress.state
    if search.continues != nil, visitedBefore == nil { visitedBefore = progress.visited }
    waitingFor = progress.waitingFor
    canContinue = progress.canContinue
    visited = progress.visited
    keys = progress.keys ?? keys
    found = max(0, progress.foundTotal)
    origin = progress.origin ?? origin
    heard = now
  }

  /// Visited share of the keys, 0…1; keys come and go while SCAN runs, so it is an estimate.
  var share: Double? {
    guard let keys, keys > 0 else { return nil }
    return min(1, Double(visited) / Double(keys))
  }

  /// Keys visited per second from the start to the last answer.
  var rate: Double? {
    let seconds = heard.seconds(since: started)
    let before = min(visited, visitedBefore ?? 0)
    return seconds > 0.05 ? Double(visited - before) / seconds : nil
  }

  /// Seconds to the end at this rate.
  var remaining: Double? {
    guard isRunning, let keys, let rate, rate > 0, visited < keys else { return nil }
    return Double(keys - visited) / rate
  }

  /// - Parameter distinct: different keys in the list.
  func facts(_ context: Context, distinct: Int) -> [[Span]] {
    let percent = share.map { "\(Int(($0 * 100).rounded(.down)))%" }
    let seconds = heard.seconds(since: started)
    var facts: [[Span]] = []
    switch state {
    case .running:
      facts.append([
        Span(
          "\(isEnding ? "ending" : "searching")\(percent.map { " \($0)" } ?? "")", .accent, .bold)
      ])
    case .complete:
      facts.append([
        Span("complete", .ok, .bold),
        Span(" in \(seconds < 1 ? "under 1s" : Format.duration(seconds: seconds))", .dim),
      ])
    case .limited:
      facts.append([
        Span("stopped at \(Format.grouped(UInt64(max(0, search.limit)))) matches", .warning, .bold),
        Span(" (narrow the pattern)", .dim),
      ])
    case .cancelled:
      facts.append([Span("ended early\(percent.map { " at \($0)" } ?? "")", .warning, .bold)])
    case .failed(let fault):
      let line = "failed: \(fault.endpoint): \(fault.action): \(fault.message)"
      facts.append([Span(context.safe(line, limit: 300), .critical, .bold)])
      if !fault.nextStep.isEmpty {
        facts.append([Span(context.safe(fault.nextStep, limit: 300), .warning)])
      }
    }
    if canContinue { facts.append([Span("c", .key, .bold), Span(" goes on", .dim)]) }
    facts.append([Span("found ", .dim), Span(Format.grouped(UInt64(distinct)))])
    if let origin {
      facts.append([Span("from ", .dim), Span(context.safe(origin, limit: 120), .accent)])
    }
    let whole = keys.map { "/\(Format.grouped($0))" } ?? ""
    facts.append([Span("visited ", .dim), Span(Format.grouped(visited) + whole)])
    if isRunning {
      if let rate { facts.append([Span(Format.rate(rate)), Span(" keys/s", .dim)]) }
      if let remaining {
        facts.append([Span("ETA ", .dim), Span(Format.duration(seconds: remaining))])
      }
      if !waitingFor.isEmpty {
        let names = waitingFor.map(\.rawValue).joined(separator: ", ")
        facts.append([Span("waits for \(context.safe(names, limit: 60))", .warning, .bold)])
      }
      let silence = context.now.seconds(since: heard)
      if silence >= 2 {
        facts.append([
          Span("no answer for \(Format.duration(seconds: silence))", .warning, .bold)
        ])
      }
      if !isEnding { facts.append([Span("Esc", .key, .bold), Span(" stops", .dim)]) }
    }
    return facts
  }
}
