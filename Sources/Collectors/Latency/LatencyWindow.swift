package import ConsoleModel
package import Redis

/// The last seconds of a server's LATENCY HISTOGRAM, differenced: the lifetime percentiles of
/// latencystats say nothing about now.
///
/// The console's own calls cannot be told from others' inside a histogram. They are taken out by
/// weight: each command's distribution counts for all commands with the share of its calls that are
/// not ours, so a command that only the console runs has no row and no weight in the total.
package struct LatencyWindow: Sendable {
  package struct Sample: Sendable {
    package var at: MonotonicTime
    package var histograms: [String: LatencyHistogram]
    package var own: ProbeLedger

    package init(
      at: MonotonicTime, histograms: [String: LatencyHistogram], own: ProbeLedger = ProbeLedger()
    ) {
      self.at = at
      self.histograms = histograms
      self.own = own
    }
  }

  package var seconds: Double
  private var samples: [Sample] = []

  package init(seconds: Double = 10) { self.seconds = max(0, seconds) }

  /// Takes the next sample. A histogram that shrank or vanished makes it a new baseline.
  package mutating func add(_ sample: Sample) {
    guard let last = samples.last else {
      samples = [sample]
      return
    }
    let fell = last.histograms.contains { name, old in
      sample.histograms[name].flatMap { $0.since(old) } == nil
    }
    if fell || sample.at < last.at {
      samples = [sample]
      return
    }
    if samples.count > 1, last.at.seconds(since: samples[samples.count - 2].at) < seconds / 5 {
      samples[samples.count - 1] = sample
    } else {
      samples.append(sample)
    }
    while samples.count > 2, sample.at.seconds(since: samples[1].at) >= seconds {
      samples.removeFirst()
    }
  }

  /// Forgets everything: the process behind the server changed.
  package mutating func clear() { samples = [] }

  /// nil until two samples of the same process are there.
  package var figures: LatencyFigures? {
    guard samples.count > 1, let first = samples.first, let last = samples.last else { return nil }
    var commands: [String: Percentiles] = [:]
    var merged = LatencyHistogram()
    for (name, new) in last.histograms {
      guard let difference = new.since(first.histograms[name] ?? LatencyHistogram()) else {
        continue
      }
      let calls = difference.total
      let ours = last.own.calls(of: name).subtractingOrZero(first.own.calls(of: name))
      guard calls > ours else { continue }
      commands[name] = Percentiles(difference)
      merged.add(difference, weight: Double(calls - ours) / Double(calls))
    }
    return LatencyFigures(commands: commands, merged: merged)
  }
}
