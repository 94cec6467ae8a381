import ConsoleModel
import Terminal

/// What not every server offers, as sections of a server's page.
extension NodeDetail {
  func appendExtras(
    _ status: NodeStatus, _ context: Context, _ needle: FilterText, to all: inout [Line]
  ) {
    let extras = status.extras
    func section(_ title: String, _ texts: [String], _ problem: String? = nil) {
      var lines: [Line] = texts.compactMap { text in
        needle.isEmpty || needle.matches("\(title) \(text)") ? .text(text, .normal) : nil
      }
      if let problem, needle.isEmpty {
        lines.append(.text(context.safe(problem, limit: 300), .dim))
      }
      if !lines.isEmpty { all += [.blank, .heading(title)] + lines }
    }
    section(
      "key sizes (INFO keysizes)", extras.keySizes.prefix(80).compactMap { Self.text($0, context) })
    section(
      "busiest slots (CLUSTER SLOT-STATS)",
      extras.busySlots.prefix(16).map { Self.text($0, context) },
      extras.problems["cluster|slot-stats"])
    section(
      "large requests and replies (COMMANDLOG)",
      extras.largeCommands.prefix(32).map { Self.text($0, context) },
      extras.problems["commandlog|get"])
  }

  /// `db0 strings: 100,931 keys, 31 of 1.0K or more, the largest of 2.0K to 4.0K`
  private static func text(_ sizes: KeySizeFigures, _ context: Context) -> String? {
    guard let last = sizes.buckets.last else { return nil }
    func size(_ value: UInt64) -> String {
      sizes.isBytes ? Format.bytes(value) : Format.grouped(value)
    }
    func sum(_ buckets: some Sequence<KeySizeFigures.Bucket>) -> UInt64 {
      buckets.reduce(0) { total, bucket in
        let (sum, overflow) = total.addingReportingOverflow(bucket.keys)
        return overflow ? .max : sum
      }
    }
    let unit = sizes.isBytes ? "" : " elements"
    let twice = last.atLeast.multipliedReportingOverflow(by: 2)
    let top = twice.overflow ? "" : " to \(size(twice.partialValue))"
    return
      "db\(sizes.database) \(context.safe(sizes.type, limit: 20)): \(Format.grouped(sum(sizes.buckets)))"
      + " keys, \(Format.grouped(last.keys)) of the largest, \(size(last.atLeast))\(top)\(unit)"
  }

  private static func text(_ slot: SlotFigures, _ context: Context) -> String {
    var parts = ["slot \(slot.slot)"]
    if let keys = slot.keys { parts.append("\(Format.grouped(keys)) keys") }
    if let time = slot.microseconds, time > 0 {
      parts.append("\(context.latency(Double(time))) of the server's time")
    }
    if let bytes = slot.networkBytes, bytes > 0 { parts.append("\(Format.bytes(bytes)) moved") }
    return parts.joined(separator: ", ")
  }

  private static func text(_ command: LargeCommand, _ context: Context) -> String {
    let words = command.entry.arguments.prefix(8).map { argument in
      switch argument {
      case .bytes(let bytes):
        DrawableText.escape(bytes, isUnicode: context.isUnicode, limit: 40)
      case .masked(let length): Masked.label(length, context.isUnicode)
      }
    }
    let client = command.entry.clientName.isEmpty ? command.entry.client : command.entry.clientName
    return
      "\(context.clock(command.entry.at))  \(command.kind.rawValue) of \(Format.bytes(command.bytes))  "
      + words.joined(separator: " ") + "  from \(context.safe(client, limit: 40))"
  }
}
