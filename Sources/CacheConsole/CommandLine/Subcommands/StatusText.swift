package import ConsoleModel
private import Panels

/// Where a run stands as text, and what came of it.
package enum StatusText {
  private static let labelWidth = 12

  package static func lines(_ status: OperationStatus, isUnicode: Bool = true) -> [String] {
    var text = TextLines(isUnicode: isUnicode, labelWidth: labelWidth)
    text.fact("operation", text.safe(status.title))
    text.fact("id", text.safe(status.id))
    text.fact("in", text.safe(status.environment))
    let from = status.author.from.isEmpty ? "" : " from \(status.author.from)"
    text.fact("by", text.safe("\(status.author.user)@\(status.author.host)\(from)"))
    if !status.reason.isEmpty { text.fact("reason", text.prose(status.reason)) }
    text.fact("state", state(status, text))
    text.fact("started", CivilTime.rfc3339(status.started))
    if let finished = status.finished { text.fact("finished", CivilTime.rfc3339(finished)) }
    text.fact("keys", figures(status))
    if !status.state.isOver { pace(status, &text) }
    if !status.note.isEmpty { text.fact("note", text.prose(status.note)) }
    for (index, shard) in status.shards.enumerated() where status.shards.count > 1 {
      text.fact(
        index == 0 ? "servers" : "",
        "\(text.safe(shard.node.rawValue)): \(shard.state.rawValue), \(Self.shard(shard))")
    }
    for shard in status.shards {
      guard let fault = shard.fault else { continue }
      let name = fault.hasPrefix(shard.node.rawValue) ? "" : "\(shard.node.rawValue): "
      text.fact("error", text.prose(name + fault))
    }
    verdict(status, &text)
    if status.copies > 0 {
      text.fact(
        "undo",
        "cacheconsole undo \(text.safe(status.id)) (\(Format.grouped(status.copies)) copies, for a day)"
      )
    }
    return text.lines
  }

  /// One line for a list: id, state, figures, title.
  package static func row(_ status: OperationStatus, isUnicode: Bool = true) -> String {
    let text = TextLines(isUnicode: isUnicode, labelWidth: labelWidth)
    let state = Self.padded(state(status, text), 14)
    let changed = Self.padded(Format.grouped(status.changed), 11)
    return "\(text.safe(status.id))  \(state)  \(changed)  \(text.safe(status.title))  "
      + text.safe("\(status.author.user)@\(status.author.host)")
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private static func state(_ status: OperationStatus, _ text: TextLines) -> String {
    status.state.isOver
      ? status.state.rawValue : "\(status.state.rawValue) \(text.percent(status.progress))"
  }

  private static func figures(_ status: OperationStatus) -> String {
    var parts = ["\(Format.grouped(status.changed)) changed"]
    if status.expected > 0 { parts[0] += " of \(Format.grouped(status.expected)) expected" }
    for (count, name) in [
      (status.skipped, "skipped"), (status.failed, "failed"), (status.indeterminate, "unanswered"),
    ] where count > 0 { parts.append("\(Format.grouped(count)) \(name)") }
    return parts.joined(separator: ", ")
  }

  private static func shard(_ shard: ShardStatus) -> String {
    var parts = ["\(Format.grouped(shard.changed)) changed"]
    for (count, name) in [
      (shard.skipped, "skipped"), (shard.failed, "failed"), (shard.indeterminate, "unanswered"),
    ] where count > 0 { parts.append("\(Format.grouped(count)) \(name)") }
    return parts.joined(separator: ", ")
  }

  private static func pace(_ status: OperationStatus, _ text: inout TextLines) {
    if let rate = status.rate { text.fact("rate", "\(Format.rate(rate)) keys/s") }
    if let left = text.seconds(status.etaSeconds) { text.fact("left", left) }
    if !status.runner.isEmpty { text.fact("runner", text.safe(status.runner)) }
  }

  private static func verdict(_ status: OperationStatus, _ text: inout TextLines) {
    guard let verdict = status.verdict else { return }
    let figures: [(UInt64, String)] = [
      (verdict.gone, "gone"), (verdict.asAsked, "as asked"), (verdict.reborn, "reborn"),
      (verdict.stillThere, "still there"),
    ]
    let parts = figures.filter { $0.0 > 0 }.map { "\(Format.grouped($0.0)) \($0.1)" }
    let found = parts.isEmpty ? "nothing" : parts.joined(separator: ", ")
    text.fact("verified", "\(found); \(Format.grouped(verdict.checked)) looked at")
    if !verdict.text.isEmpty { text.fact("verdict", text.safe(verdict.text)) }
  }
}
