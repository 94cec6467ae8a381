import ConsoleModel
import Terminal

/// Operations in words that can be drawn.
enum OperationText {
  /// `invalidate product:*`, in at most `limit` columns.
  static func title(_ request: OperationRequest, _ context: Context, limit: Int = 200) -> String {
    let verb = context.safe(request.verb, limit: limit)
    let room = max(8, limit - verb.utf8.count - 1)
    switch request.target {
    case .keys(let keys):
      // An undo finds its keys itself.
      if keys.isEmpty { return verb }
      return
        "\(verb) \(keys.count == 1 ? context.safe(keys[0].bytes, limit: room) : "\(keys.count) keys")"
    case .pattern(let glob): return "\(verb) \(context.safe(glob, limit: room))"
    case .server:
      let names = request.nodes.map(\.rawValue).joined(separator: ", ")
      return "\(verb) on \(context.safe(names, limit: max(4, room - 3)))"
    }
  }

  /// `~1.0M (0.98M–1.02M)` or `1,000,000 (1.0M)`: the rounded figure is the one to be typed.
  static func count(_ count: KeyCount, isUnicode: Bool) -> String {
    switch count {
    case .exact(let value):
      let rounded = Friction.rounded(value)
      return rounded == String(value)
        ? Format.grouped(value) : "\(Format.grouped(value)) (\(rounded))"
    case .estimate(let low, let value, let high):
      let dash = isUnicode ? "–" : "-"
      return
        "~\(Friction.rounded(value)) (\(bound(low, by: value))\(dash)\(bound(high, by: value)))"
    }
  }

  /// The end of an interval in the unit of its middle, so that the two can be compared.
  private static func bound(_ bound: UInt64, by value: UInt64) -> String {
    for (unit, letter) in [(UInt64(1_000_000_000), "G"), (1_000_000, "M"), (1000, "k")]
    where value >= unit {
      return Format.fixed(Double(bound) / Double(unit), 2) + letter
    }
    return Format.grouped(bound)
  }

  static func state(_ state: OperationState, _ glyphs: Glyphs) -> (text: String, role: StyleRole) {
    let isRich = glyphs.level >= .block
    return switch state {
    case .starting: ("\(isRich ? "◌" : ".") starting", .dim)
    case .running: ("\(isRich ? "▶" : ">") running", .ok)
    case .paused: ("\(isRich ? "◐" : "=") paused", .warning)
    case .verifying: ("\(isRich ? "◌" : "?") verifying", .accent)
    case .done: ("\(isRich ? "●" : "*") done", .ok)
    case .failed: ("\(isRich ? "✖" : "x") failed", .critical)
    case .aborted: ("\(isRich ? "✖" : "x") aborted", .warning)
    case .partial: ("\(isRich ? "◑" : "%") partly done", .critical)
    case .orphaned: ("\(isRich ? "○" : "o") orphaned", .critical)
    }
  }

  /// What an operation came to: `12,345 gone, 2 reborn`.
  static func verdict(_ status: OperationStatus, _ context: Context, limit: Int = 200) -> String {
    if let verdict = status.verdict {
      if !verdict.text.isEmpty { return context.safe(verdict.text, limit: limit) }
      return parts(verdict).joined(separator: ", ")
    }
    return context.safe(status.note, limit: limit)
  }

  static func parts(_ verdict: Verdict) -> [String] {
    let figures: [(UInt64, String)] = [
      (verdict.gone, "gone"), (verdict.asAsked, "as asked"), (verdict.reborn, "reborn"),
      (verdict.stillThere, "still there"),
    ]
    return figures.filter { $0.0 > 0 }.map { "\(Format.grouped($0.0)) \($0.1)" }
  }

  static func role(_ verdict: Verdict) -> StyleRole {
    verdict.stillThere > 0 ? .critical : .ok
  }

  /// `42%`, never 100 before the end.
  static func percent(_ progress: Double) -> String {
    guard progress.isFinite else { return Format.missing }
    return "\(Int((max(0, min(1, progress)) * 100).rounded(.down)))%"
  }
}
