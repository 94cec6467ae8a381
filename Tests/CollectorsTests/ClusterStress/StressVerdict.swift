import EventLoop
import Redis

/// A run's ledger held against what the observer saw of the cluster.
struct StressVerdict {
  /// How long after all nodes agreed on something the console showed it.
  struct Delay: CustomStringConvertible {
    var summary: String
    /// nil: never, as long as they agreed on it.
    var seconds: Double?

    var description: String {
      (seconds.map { Self.text($0) + " s" } ?? "never") + ":\n" + summary
    }

    static func text(_ seconds: Double) -> String {
      let hundredths = Int((seconds * 100).rounded())
      return "\(hundredths / 100).\(hundredths / 10 % 10)\(hundredths % 10)"
    }
  }

  var wrong: [String] = []
  /// Errors of slots that were not down at any time of the command.
  var errorsWhileUp: [String] = []
  var lostThoughKept: [StressLedger.Loss] = []
  var lostOutsideOfWindow: [StressLedger.Loss] = []
  var topologyDelays: [Delay] = []
  private var lines: [String] = []

  init(_ run: StressRun) {
    let ledger = run.workload.ledger
    let looks = run.observer.looks
    wrong = ledger.wrong
    errorsWhileUp = ledger.failures.filter {
      !ClusterObserver.Look.isDown($0.slot, looks, from: $0.began, to: $0.ended)
    }.map { "slot \($0.slot) \($0.isWrite ? "write" : "read"): \($0.text)" }
    let outages = ClusterObserver.Look.outages(looks)
    let windows = outages.map { outage in
      (outage, from: ledger.lastKept(in: outage.slots, before: outage.began))
    }
    for loss in ledger.losses {
      if loss.wasKept { lostThoughKept.append(loss) }
      let isInWindow = windows.contains { outage, from in
        outage.slots.contains(loss.slot) && loss.sent <= outage.ended
          && (from.map { loss.seen > $0 } ?? true)
      }
      if !isInWindow { lostOutsideOfWindow.append(loss) }
    }
    topologyDelays = Self.delays(looks, run.console.shown)
    for report in run.reports {
      lines.append(
        "  \(report.event.rawValue): \(Delay.text(report.seconds)) s,"
          + " \(report.commands) commands (\(Int(report.rate))/s), \(report.counts.answers) answers,"
          + " \(report.counts.kept) confirmed by WAIT, \(report.counts.failures) errors"
          + " (\(report.counts.open) open), \(report.counts.losses) lost")
    }
    lines += outages.map { outage in
      "  down for \(Delay.text(Double(outage.began.duration(to: outage.ended).nanoseconds) / 1e9)) s:"
        + " \(outage.slots)"
    }
    let shown = topologyDelays.map { $0.seconds.map { Delay.text($0) } ?? "never" }
    lines.append("  topology after \(shown.joined(separator: ", ")) s")
    lines.insert("seed \(run.options.seed): \(run.options); \(run.places)", at: 0)
  }

  var text: String { lines.joined(separator: "\n") }

  /// For all that the nodes agreed on, but for what was over within two seconds and was never shown.
  private static func delays(
    _ looks: [ClusterObserver.Look], _ shown: [StressConsole.Shown]
  ) -> [Delay] {
    ClusterObserver.Look.agreements(looks).compactMap { summary, began, ended in
      if let before = shown.last(where: { $0.at <= began }), before.summary == summary {
        return Delay(summary: summary, seconds: 0)
      }
      let first = shown.first { $0.at > began && $0.at <= ended && $0.summary == summary }
      if first == nil, began.duration(to: ended) < .seconds(2) { return nil }
      return Delay(
        summary: summary, seconds: first.map { Double(began.duration(to: $0.at).nanoseconds) / 1e9 }
      )
    }
  }
}
