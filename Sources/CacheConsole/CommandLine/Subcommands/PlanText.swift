package import ConsoleModel
private import Panels
private import Terminal

/// A plan as text: everything that its preview knows, for `--dry-run` and for the question before a run.
package enum PlanText {
  private static let labelWidth = 12

  package static func lines(_ plan: OperationPlan, isUnicode: Bool = true) -> [String] {
    var text = TextLines(isUnicode: isUnicode, labelWidth: labelWidth)
    head(plan, &text)
    if !plan.request.isAboutServer { count(plan, &text) }
    stakes(plan, &text)
    shares(plan.preview, &text)
    commands(plan.preview, &text)
    keys(plan, &text)
    confirmation(plan, &text)
    return text.lines
  }

  /// What it does, whose it is and where, by the plan itself: for the question before a takeover.
  package static func origin(_ plan: OperationPlan, isUnicode: Bool = true) -> [String] {
    var text = TextLines(isUnicode: isUnicode, labelWidth: labelWidth)
    text.fact("operation", text.title(plan.request))
    author(plan, &text)
    values(plan.request, &text)
    text.fact("keys", text.count(plan.preview.keys))
    for (index, node) in plan.request.nodes.enumerated() {
      let address = plan.preview.shards.first { $0.node == node }?.address ?? ""
      text.fact(
        index == 0 ? "servers" : "",
        text.safe(node.rawValue) + (address.isEmpty ? "" : " (\(text.safe(address)))"))
    }
    return text.lines
  }

  private static func head(_ plan: OperationPlan, _ text: inout TextLines) {
    let request = plan.request
    text.fact("operation", text.title(request))
    text.fact("plan", text.safe(plan.id))
    text.fact(
      "in",
      "\(text.safe(plan.environment.name)) (\(plan.environment.environmentClass.rawValue))")
    author(plan, &text)
    text.fact("made", CivilTime.rfc3339(plan.created))
    text.fact("void after", CivilTime.rfc3339(plan.expires))
    values(request, &text)
    guard request.target != .server || isWarm(request) else { return }
    if request.pace.isFull {
      text.fact("pace", "as fast as the servers take it")
    } else {
      var pace = "at most \(request.pace.keysPerSecond) keys/s"
      if isWarm(request) { pace += ", \(request.pace.concurrency) at the same time" }
      text.fact("pace", pace)
    }
  }

  private static func author(_ plan: OperationPlan, _ text: inout TextLines) {
    let from = plan.author.from.isEmpty ? "" : " from \(plan.author.from)"
    text.fact("by", text.safe("\(plan.author.user)@\(plan.author.host)\(from)"))
    if !plan.request.reason.isEmpty { text.fact("reason", text.prose(plan.request.reason)) }
  }

  private static func values(_ request: OperationRequest, _ text: inout TextLines) {
    switch request.action {
    case .warm(.dump(let path)): text.fact("values from", text.safe(path))
    case .warm(.command(let words)):
      text.fact("values from", text.safe(words.joined(separator: " ")))
    case .invalidate, .shorten, .adjust, .restore, .slowlogReset, .clientKill: break
    }
  }

  private static func isWarm(_ request: OperationRequest) -> Bool {
    if case .warm = request.action { true } else { false }
  }

  private static func count(_ plan: OperationPlan, _ text: inout TextLines) {
    let preview = plan.preview
    text.fact("keys", text.count(preview.keys))
    if !preview.isComplete {
      let left = text.seconds(preview.secondsLeft).map { ", \($0) to go" } ?? ""
      text.fact("", "still counting: \(text.percent(preview.progress))\(left)")
    }
    if let bytes = preview.bytes { text.fact("bytes", "about \(Format.bytes(bytes))") }
    for (index, shard) in preview.shards.enumerated() {
      let bytes = shard.bytes.map { ", about \(Format.bytes($0))" } ?? ""
      text.fact(
        index == 0 ? "servers" : "",
        "\(text.safe(shard.node.rawValue)) (\(text.safe(shard.address))): \(text.count(shard.keys))"
          + (plan.writesAbsent
            ? " keys\(bytes), to the \(Format.grouped(shard.size)) that it has"
            : " of \(Format.grouped(shard.size)) keys\(bytes)"))
    }
  }

  private static func stakes(_ plan: OperationPlan, _ text: inout TextLines) {
    let preview = plan.preview
    if preview.loggedOut.value > 0 {
      let users = preview.loggedOut == .exact(1) ? "user" : "users"
      text.fact("logged out", "\(text.count(preview.loggedOut)) \(users); not reloadable")
    } else if !plan.request.writesAbsent, !preview.isReloadable, !preview.dataTypes.isEmpty {
      text.fact("reloadable", "not all: not everything is known to come back from the database")
    }
    if preview.sessionsLeftOut > 0 {
      text.fact(
        "left out",
        "\(Format.grouped(preview.sessionsLeftOut)) sessions that match the pattern, too")
    }
    if let copies = plan.copiesText { text.fact("undo", copies.text) }
    for line in preview.dependents { text.fact("depends", text.prose(line)) }
    for line in preview.warnings { text.fact("warning", text.prose(line)) }
    for large in preview.largeStrings {
      text.fact(
        "large", "\(text.safe(large.key.bytes)): \(Format.bytes(large.bytes)), freed in line")
    }
  }

  private static func shares(_ preview: OperationPreview, _ text: inout TextLines) {
    for (name, shares) in [
      ("types", preview.types), ("data", preview.dataTypes), ("lives", preview.lives),
      ("unused for", preview.idle),
    ] where !shares.isEmpty {
      text.fact(
        name,
        shares.map { "\(text.safe($0.name)) \(Format.grouped($0.keys))" }.joined(separator: ", "))
    }
  }

  private static func commands(_ preview: OperationPreview, _ text: inout TextLines) {
    guard !preview.commands.isEmpty else { return }
    text.heading("will be sent")
    // As they are, to be copied: escaping would change what they say.
    for command in preview.commands { text.item(Printable.line(command, limit: 10_000)) }
  }

  private static func keys(_ plan: OperationPlan, _ text: inout TextLines) {
    let named: [KeyName]
    var total = plan.preview.keys.value
    if case .keys(let keys) = plan.request.target, !keys.isEmpty {
      (named, total) = (keys, UInt64(keys.count))
    } else {
      named = plan.preview.sample
    }
    guard !named.isEmpty else { return }
    let shown = named.prefix(listed)
    let isAll = UInt64(shown.count) >= total
    text.heading(
      isAll
        ? "keys" : "keys, \(Format.grouped(UInt64(shown.count))) of \(Format.grouped(total))")
    for key in shown { text.item(text.safe(key.bytes)) }
  }

  /// Keys that are printed; as many as a preview samples.
  private static let listed = 200

  private static func confirmation(_ plan: OperationPlan, _ text: inout TextLines) {
    text.blank()
    let reason =
      plan.environment.environmentClass == .production && plan.request.reason.isEmpty
      ? " --reason TEXT" : ""
    let typed = plan.confirmationText.map { " --confirm \(ShellWord.quoted($0))" } ?? ""
    text.fact("confirm", "--yes\(typed)\(reason)")
  }
}

/// One argument as a shell reads it.
enum ShellWord {
  static func quoted(_ text: String) -> String {
    let plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,@%+=".utf8
    if !text.isEmpty, text.utf8.allSatisfy({ plain.contains($0) }) { return text }
    return "'"
      + text.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: #"'\''"#) + "'"
  }
}
