package import ConsoleModel

/// Why a plan must not run: what it was confirmed for is no longer so, or its author may not do it.
package enum PlanCheck {
  /// A count moves while writers go on: this many keys, or this share, more or fewer is the same count.
  private static let driftKeys: UInt64 = 10
  private static let driftShare = 0.05

  /// nil: it may run.
  ///
  /// - Parameters:
  ///   - identities: `run_id` of each server as it answers now; one that is missing cannot be reached, or
  ///     is no primary any more.
  ///   - keys: a new first figure; nil where the target has no keys.
  package static func refusal(
    _ plan: OperationPlan, now: WallTime, identities: [NodeID: String], keys: KeyCount?
  ) -> String? {
    guard plan.hasItsHash else { return "the plan was changed after it was made: plan again" }
    // A clock that was set back must not give a plan a longer life.
    guard now <= plan.expires, now.microseconds >= plan.created.microseconds - 60_000_000 else {
      return "the plan has expired: plans hold for \(OperationPlan.lifeSeconds / 60) minutes,"
        + " plan again"
    }
    guard Set(plan.preview.shards.map(\.node)) == Set(plan.request.nodes) else {
      return "the plan does not show every server that it would change: plan again"
    }
    for shard in plan.preview.shards {
      guard let runID = identities[shard.node] else {
        return "\(shard.node.rawValue) (\(shard.address)) is not there as a primary any more:"
          + " plan again"
      }
      guard runID == shard.runID else {
        return "\(shard.node.rawValue) (\(shard.address)) is another server process than the one"
          + " that was looked at: plan again"
      }
    }
    guard let keys else { return nil }
    let shown = interval(plan.preview.keys, drift: true)
    let found = interval(keys, drift: false)
    guard shown.overlaps(found) else {
      return "the plan showed \(words(plan.preview.keys)) keys, now it would take \(words(keys)):"
        + " plan again"
    }
    let needed = Friction.required(
      plan.environment.environmentClass, radius: least(keys),
      isReloadable: plan.preview.isReloadable, isWholeTier: plan.request.takesEveryKey,
      isServer: plan.request.isAboutServer)
    guard needed <= plan.friction else {
      return "it would take \(words(keys)) keys, which needs more than was confirmed: plan again"
    }
    return nil
  }

  /// nil: the author's role allows it.
  package static func refusal(_ plan: OperationPlan, access: Access) -> String? {
    refusal(plan.request, in: plan.environment, keys: plan.preview.keys, access: access)
  }

  /// - Parameter keys: as far as they are known.
  package static func refusal(
    _ request: OperationRequest, in environment: EnvironmentIdentity, keys: KeyCount? = nil,
    access: Access
  ) -> String? {
    guard !access.isReadOnly else {
      return "a viewer changes nothing" + (access.reason.isEmpty ? "" : " (\(access.reason))")
    }
    let role = access.role.rawValue
    let limits = access.limits
    if let environments = limits.environments, !environments.contains(environment.name) {
      return "the role \(role) may not change '\(environment.name)', only"
        + " \(environments.isEmpty ? "nothing" : environments.joined(separator: ", "))"
    }
    if request.takesEveryKey, !limits.wholeTier {
      return "the role \(role) may not act on every key of a tier: name a narrower pattern"
    }
    if let most = limits.keysPerMinute {
      guard most > 0 else { return "the role \(role) may change no keys" }
      if request.pace.isFull, let keys, keys.upperBound > most {
        return "the role \(role) may change \(most) keys a minute: full speed has no limit"
      }
    }
    return nil
  }

  // MARK: Counts

  private static func interval(_ count: KeyCount, drift: Bool) -> ClosedRange<UInt64> {
    switch count {
    case .estimate(let low, _, let high): return min(low, high)...max(low, high)
    case .exact(let value):
      guard drift else { return value...value }
      let share = Double(value) * driftShare
      let drift = max(driftKeys, share < 0x1p63 ? UInt64(share) : 0)
      let (high, overflow) = value.addingReportingOverflow(drift)
      return (value - min(value, drift))...(overflow ? .max : high)
    }
  }

  private static func least(_ count: KeyCount) -> UInt64 {
    switch count {
    case .estimate(let low, _, _): low
    case .exact(let value): value
    }
  }

  private static func words(_ count: KeyCount) -> String {
    switch count {
    case .estimate(let low, _, let high): "\(low) to \(high)"
    case .exact(let value): "\(value)"
    }
  }
}

extension Friction {
  /// More of it is greater.
  fileprivate static func <= (left: Friction, right: Friction) -> Bool {
    let order: [Friction] = [.oneKey, .yes, .name, .nameAndCount]
    return (order.firstIndex(of: left) ?? 0) <= (order.firstIndex(of: right) ?? 0)
  }
}

extension Pace {
  /// At most what the role allows, in whole keys a second: where it allows less than one, the run knows.
  /// Full speed stays asked for: whether it may be is known once the keys are counted.
  package func limited(by limits: RoleLimits) -> Pace {
    guard let most = limits.keysPerMinute else { return self }
    var pace = self
    pace.keysPerSecond = min(keysPerSecond, max(1, Int(clamping: most / 60)))
    return pace
  }
}
