package import ConsoleModel
internal import Redis

/// What is sampled between the polls.
extension NodePoller {
  /// True while sampling is possible and the server answers.
  package var canSample: Bool { report.status.fault == nil && hotKeys.isActive(now: .now()) }

  package func sampleFast() { hotKeys.sampleFast() }

  /// Samples once; nil if more can be asked at once, else when.
  package func sample() async -> MonotonicTime? {
    do throws(RedisError) {
      let now = MonotonicTime.now()
      let until = try await hotKeys.step(probe, now: now, timeout: settings.timeout)
      return until
    } catch {
      if !Self.isOnlyThisPart(error) { report.status.fault = Fault(error) }
      showHotKeys(.now())
      // Until the next poll has shown that the server is well.
      return MonotonicTime.now().advanced(bySeconds: settings.interval)
    }
  }

  @inline(never)
  package func showHotKeys(_ now: MonotonicTime) {
    let lookups = report.window.flatMap { window -> Double? in
      guard window.seconds > 0.001, let lookups = window.lookups else { return nil }
      return Double(lookups) / window.seconds
    }
    report.hasWholePass = hotKeys.hasWholePass
    report.status.hotKeys = hotKeys.report(
      node: report.status.id, lookupsPerSecond: lookups, now: now)
    guard let reason = report.status.hotKeys.value.unavailable, let newer else { return }
    // The sampler cannot; the server itself may track them.
    if let tracked = newer.hotKeys(keys: report.status.figures.keys) {
      report.status.hotKeys = Reading(value: tracked, at: now)
    } else if newer.tracksHotKeys {
      let text = reason + ", or HOTKEYS START METRICS 1 CPU"
      report.status.hotKeys.value.unavailable = text
      report.status.hotKeys.problem = text
    }
  }
}
