package import ConsoleModel
package import Terminal

/// A question before something is changed. Default is Cancel; Enter never confirms; friction grows
/// with the environment's class and with what is at stake.
///
/// It opens before anything is known of the blast radius and is filled as the preview comes in; only
/// a complete one can be confirmed.
package struct Dialog: Sendable, Hashable {
  package enum Subject: Sendable, Hashable {
    /// Planned, previewed, confirmed as a plan.
    case request(OperationRequest)
    /// About an operation that runs already: `y` or not.
    case question(title: String, lines: [String], effect: Effect)
  }

  package enum Outcome: Sendable, Hashable {
    case stay, cancel, confirm(Effect)
    case copy(String)
    /// Find out again what it would touch.
    case planAgain
  }

  package enum Field: Sendable, Hashable { case reason, name }

  /// Seconds in which a new dialog takes no key, and a preview that has just become complete no
  /// confirmation: what comes so fast was meant for what was on screen before, or is a held key
  /// (terminals repeat at 10–40 Hz).
  package static let armingSeconds = 1.0
  /// A key this soon after another while arming restarts the wait.
  private static let quietSeconds = 0.4
  /// Letters that a reason has at least.
  package static let reasonLetters = 3

  package let subject: Subject
  /// What the row said that the preview cannot know; drawable text.
  package let notes: [String]
  /// Keys of the request that no visible row shows.
  package let offScreen: Set<KeyName>
  package let environment: EnvironmentIdentity
  /// The key that asked: in development once more confirms.
  private let askingKey: Key?
  package private(set) var plan: OperationPlan?
  /// Why there is no preview, as far as that is known.
  package private(set) var trouble: String?
  package private(set) var typed = TextField()
  package private(set) var reason: TextField
  private var isReasonOpen: Bool
  /// First line of the preview on screen.
  package private(set) var scroll = 0
  private var armedAt: MonotonicTime
  private var confirmableAt: MonotonicTime
  /// When a letter of a text was last typed.
  private var typedAt: MonotonicTime?

  package init(
    _ subject: Subject, notes: [String] = [], offScreen: Set<KeyName> = [],
    environment: EnvironmentIdentity, askingKey: Key? = nil, reason: String = "",
    opened: MonotonicTime
  ) {
    self.subject = subject
    self.notes = notes
    self.offScreen = offScreen
    self.environment = environment
    self.askingKey = askingKey
    self.reason = TextField(reason)
    isReasonOpen = false
    armedAt = opened.advanced(bySeconds: Self.armingSeconds)
    confirmableAt = armedAt
    isReasonOpen = needsReason && !hasReason
  }

  package var request: OperationRequest? {
    if case .request(let request) = subject { return request }
    return nil
  }

  // MARK: What it waits for

  package var needsReason: Bool {
    request != nil && environment.environmentClass == .production
  }

  package var hasReason: Bool {
    reason.text.unicodeScalars.count { $0.properties.isAlphabetic } >= Self.reasonLetters
  }

  package var friction: Friction {
    switch subject {
    case .question: .yes
    case .request: plan?.friction ?? .nameAndCount
    }
  }

  /// What has to be typed; nil: nothing, or not yet known.
  package var confirmationText: String? { plan?.confirmationText }

  package var textMatches: Bool { confirmationText.map { $0 == typed.text } ?? true }

  /// Where letters go now; nil: keys are answers.
  package func field(at wall: WallTime) -> Field? {
    if isExpired(at: wall) || trouble != nil { return nil }
    if isReasonOpen { return .reason }
    return textMatches ? nil : .name
  }

  package func isArmed(at now: MonotonicTime) -> Bool { now >= armedAt }

  package func isExpired(at wall: WallTime) -> Bool {
    // While it counts, a plan is not yet what would be confirmed.
    plan.map { $0.preview.isComplete && wall >= $0.expires } ?? false
  }

  /// Nothing matches: there is nothing to confirm.
  package var isEmpty: Bool {
    guard let plan, plan.preview.isComplete, !plan.request.isAboutServer else { return false }
    switch plan.request.action {
    case .invalidate, .shorten, .adjust: return plan.preview.keys == .exact(0)
    case .warm, .restore, .slowlogReset, .clientKill: return false
    }
  }

  /// Why `y` does nothing now, in words; nil: it confirms.
  package func obstacle(now: MonotonicTime, wall: WallTime) -> String? {
    if case .request = subject {
      if trouble != nil { return "no preview: r tries again" }
      guard let plan else { return "estimating" }
      if isExpired(at: wall) { return "plan expired: r plans again" }
      if isEmpty { return "nothing to do: no key matches" }
      if isReasonOpen || (needsReason && !hasReason) {
        return hasReason ? "Enter ends the reason" : "a reason first"
      }
      if !textMatches { return "y after the name" }
      if !plan.preview.isComplete { return "counting: y when it is done" }
    }
    return now >= max(armedAt, confirmableAt) ? nil : "y in a moment"
  }

  // MARK: Answers of the planner

  /// Takes a preview of this dialog's request; false if it is another's.
  package mutating func take(_ new: OperationPlan, now: MonotonicTime) -> Bool {
    guard let request, new.answers(request), new.environment == environment else {
      return false
    }
    let before = plan
    plan = new
    trouble = nil
    // What is confirmed has to have been on screen for a moment.
    if before?.preview.isComplete != new.preview.isComplete
      || before?.confirmationText != new.confirmationText
      || (new.preview.isComplete && before?.preview.keys != new.preview.keys)
    {
      confirmableAt = max(confirmableAt, now.advanced(bySeconds: Self.armingSeconds))
    }
    return true
  }

  /// There is no preview of this dialog's request; another's is not its business.
  package mutating func take(_ fault: Fault, for asked: OperationRequest) {
    guard let request, asked.answers(request), plan?.preview.isComplete != true else { return }
    trouble = fault.line
  }

  /// Empties it for another preview of the same request.
  package mutating func planAgain(now: MonotonicTime) {
    plan = nil
    trouble = nil
    typed = TextField()
    scroll = 0
    armedAt = now.advanced(bySeconds: Self.armingSeconds)
    confirmableAt = armedAt
  }

  // MARK: Keys

  /// - Parameters:
  ///   - page: lines of the preview that are on screen.
  ///   - lines: all of its lines.
  package mutating func take(
    _ key: Key, now: MonotonicTime, wall: WallTime, page: Int, lines: Int
  ) -> Outcome {
    switch key {
    case .escape, .control("c"), .control("g"): return .cancel
    default: break
    }
    guard isArmed(at: now) else {
      armedAt = max(armedAt, now.advanced(bySeconds: Self.quietSeconds))
      return .stay
    }
    if scroll(key, page: page, lines: lines) { return .stay }
    if key == .control("y") { return copy() }
    switch field(at: wall) {
    case .reason:
      if key != .enter, key != .tab { typedAt = now }
      editReason(key)
    case .name:
      typedAt = now
      editName(key, now)
    case nil: return answer(key, now, wall)
    }
    return .stay
  }

  private mutating func scroll(_ key: Key, page: Int, lines: Int) -> Bool {
    let last = max(0, lines - page)
    let step: Int
    switch key {
    case .up: step = -1
    case .down: step = 1
    case .pageUp: step = -max(1, page - 1)
    case .pageDown: step = max(1, page - 1)
    default: return false
    }
    scroll = max(0, min(scroll + step, last))
    return true
  }

  private mutating func editReason(_ key: Key) {
    switch key {
    case .enter, .tab, .backTab: if hasReason { isReasonOpen = false }
    default: _ = reason.edit(key)
    }
  }

  private mutating func editName(_ key: Key, _ now: MonotonicTime) {
    switch key {
    case .tab, .backTab: isReasonOpen = needsReason
    case .enter: break
    default:
      _ = typed.edit(key)
      // The name's last letter, held too long, is not the confirmation.
      if textMatches {
        confirmableAt = max(confirmableAt, now.advanced(bySeconds: Self.quietSeconds))
      }
    }
  }

  private mutating func answer(_ key: Key, _ now: MonotonicTime, _ wall: WallTime) -> Outcome {
    if case .character = key, let last = typedAt, now.seconds(since: last) < Self.quietSeconds {
      // A text that ended under the fingers: the rest of the word is no answer.
      typedAt = now
      confirmableAt = max(confirmableAt, now.advanced(bySeconds: Self.quietSeconds))
      return .stay
    }
    let isAsking = friction == .oneKey && key != .enter && key == askingKey
    switch key {
    case .character("n"), .character("N"), .character("q"): return .cancel
    case .character("r") where request != nil && (isExpired(at: wall) || trouble != nil):
      return .planAgain
    case .character("c"): return copy()
    case .tab, .backTab: isReasonOpen = needsReason && !isExpired(at: wall)
    case .backspace where confirmationText != nil: _ = typed.edit(key)
    case _ where isAsking, .character("y"), .character("Y"):
      if now < confirmableAt {
        confirmableAt = max(confirmableAt, now.advanced(bySeconds: Self.quietSeconds))
      } else if obstacle(now: now, wall: wall) == nil, let effect {
        return .confirm(effect)
      }
    default: break
    }
    return .stay
  }

  private func copy() -> Outcome {
    guard let commands = plan?.preview.commands, !commands.isEmpty else { return .stay }
    return .copy(commands.joined(separator: "\n"))
  }

  /// What a confirmation does.
  private var effect: Effect? {
    switch subject {
    case .question(_, _, let effect): return effect
    case .request:
      guard var plan else { return nil }
      if needsReason {
        plan.request.reason = String(reason.text.trimmingBlanks)
        // The hash covers the request, which has just been completed.
        plan.hash = ""
      }
      return .run(plan)
    }
  }
}

extension String {
  /// Without blanks at either end.
  var trimmingBlanks: Substring {
    var slice = Substring(self)
    while slice.first == " " { slice.removeFirst() }
    while slice.last == " " { slice.removeLast() }
    return slice
  }
}
