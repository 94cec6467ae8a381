package import ConsoleModel
package import Terminal

/// A question before something is changed. Default is Cancel; Enter never confirms; friction grows
/// with the environment's class: `y`, or in production the server's name and then `y`.
package struct Dialog: Sendable, Hashable {
  package enum Outcome: Sendable, Hashable { case stay, cancel, confirm }

  /// Seconds in which a new dialog takes no confirmation: what comes so fast was meant for what was
  /// on screen before, or is a held key (terminals repeat at 10–40 Hz).
  package static let armingSeconds = 1.0
  /// A key this soon after another while arming restarts the wait.
  private static let quietSeconds = 0.4

  package let title: String
  package let lines: [String]
  /// What production makes the operator type.
  package let target: String
  package let effect: Effect
  package let environment: EnvironmentIdentity
  private var armedAt: MonotonicTime
  package private(set) var typed = TextField()

  package init(
    title: String, lines: [String], target: String, effect: Effect,
    environment: EnvironmentIdentity, opened: MonotonicTime
  ) {
    self.title = title
    self.lines = lines
    self.target = target
    self.effect = effect
    self.environment = environment
    armedAt = opened.advanced(bySeconds: Self.armingSeconds)
  }

  package var needsName: Bool { environment.environmentClass == .production }
  package var nameMatches: Bool { typed.text == target }

  package func isArmed(at now: MonotonicTime) -> Bool { now >= armedAt }

  package mutating func take(_ key: Key, now: MonotonicTime) -> Outcome {
    switch key {
    case .escape, .control("c"), .control("g"): return .cancel
    default: break
    }
    guard isArmed(at: now) else {
      armedAt = max(armedAt, now.advanced(bySeconds: Self.quietSeconds))
      return .stay
    }
    if needsName, !nameMatches {
      if key != .enter { _ = typed.edit(key) }
      // The name's last letter, held too long, is not the confirmation.
      if nameMatches { armedAt = now.advanced(bySeconds: Self.quietSeconds) }
      return .stay
    }
    switch key {
    case .character("y"), .character("Y"): return .confirm
    case .character("n"), .character("N"), .character("q"): return .cancel
    case .backspace where needsName:
      _ = typed.edit(key)
      return .stay
    default: return .stay
    }
  }
}
