import ConsoleModel
import Terminal

/// What stands above the lists of Keyspace: what was asked, how far it is, what it found in all.
struct KeyspaceHead {
  let request: KeyspaceRequest
  let report: KeyspaceReport
  /// What was typed.
  let title: String
  /// When the last report came.
  let heard: MonotonicTime
  /// It was told to end and has not yet answered.
  let isEnding: Bool

  func facts(_ context: Context) -> [[Span]] {
    var facts = [[Span(context.safe(title, limit: 40), .title, .bold)], state(context)]
    facts += totals(context)
    let progress = report.progress
    if report.state == .running {
      facts.append([
        Span("visited ", .dim),
        Span("\(Format.grouped(progress.visited))/\(Format.grouped(progress.size))"),
      ])
      if let rate = progress.keysPerSecond {
        facts.append([Span(Format.rate(rate)), Span(" keys/s", .dim)])
      }
      if let eta = progress.etaSeconds {
        facts.append([Span("ETA ", .dim), Span(Format.duration(seconds: eta))])
      }
      if !isEnding { facts.append([Span("Esc", .key, .bold), Span(" stops", .dim)]) }
      let silence = context.now.seconds(since: heard)
      if silence >= 4 {
        facts.append([
          Span("no answer for \(Format.duration(seconds: silence))", .warning, .bold)
        ])
      }
    }
    if !progress.waitingFor.isEmpty {
      let names = progress.waitingFor.map(\.rawValue).joined(separator: ", ")
      facts.append([Span("waits for \(context.safe(names, limit: 60))", .warning, .bold)])
    }
    facts += report.faults.prefix(3).map {
      [Span(context.safe($0.line, limit: 300), .critical, .bold)]
    }
    facts += report.notes.prefix(3).map { [Span(context.safe($0, limit: 200), .warning)] }
    facts.append(place(context))
    return facts
  }

  private func state(_ context: Context) -> [Span] {
    let percent = "\(Int((max(0, min(1, report.progress.fraction)) * 100).rounded(.down)))%"
    switch report.state {
    case .running:
      return [Span("\(isEnding ? "ending" : "measuring") \(percent)", .accent, .bold)]
    case .complete:
      return [Span(report.isSample ? "estimate from a sample" : "complete", .ok, .bold)]
    case .cancelled, .failed:
      var spans = [
        Span(
          report.state == .cancelled ? "ended early at \(percent)" : "failed at \(percent)",
          report.state == .cancelled ? .warning : .critical, .bold)
      ]
      if report.canContinue {
        spans += [Span(" c", .key, .bold), Span(" goes on", .dim)]
      }
      return spans
    }
  }

  private func totals(_ context: Context) -> [[Span]] {
    let whole = report.root.group
    guard let keys = report.estimatedKeys, let bytes = report.estimatedBytes else {
      return [
        [Span(Format.grouped(whole.keys)), Span(" keys", .dim)],
        [Span(Format.bytes(whole.bytes)), Span(" in memory", .dim)],
      ]
    }
    func middle(_ range: ClosedRange<Double>) -> Double {
      (range.lowerBound + range.upperBound) / 2
    }
    func half(_ range: ClosedRange<Double>) -> Double {
      (range.upperBound - range.lowerBound) / 2
    }
    let sign = context.isUnicode ? "±" : "+-"
    return [
      [
        Span("~\(Format.rate(middle(keys)))"),
        Span(" \(sign)\(Format.rate(half(keys))) keys", .dim),
      ],
      [
        Span("~\(Format.bytes(middle(bytes)))"),
        Span(" \(sign)\(Format.bytes(half(bytes))) in memory", .dim),
      ],
      [Span("from ", .dim), Span(Format.grouped(whole.keys)), Span(" keys, 95 %", .dim)],
    ]
  }

  private func place(_ context: Context) -> [Span] {
    let nodes = request.nodes
    return [
      Span("on ", .dim),
      Span(
        nodes.count == 1
          ? context.safe(nodes[0].rawValue, limit: 24) : "\(nodes.count) servers"),
    ]
  }
}
