private import ConsoleModel
private import Documents
private import Operations

/// `cacheconsole audit`: prints or checks the trail. It reads only, so it is for viewers too, and it
/// needs no server and no configuration.
package struct AuditCommand: Sendable, Hashable {
  package var verifies = false
  package var isJSON = false
  /// Entries at most.
  package var limit = 50
  private var asksHelp = false

  package static let name = "audit"
  static let limits = 1...100_000

  static let usage = """
    usage: cacheconsole audit [--verify] [--json] [--limit N]

    Prints who changed what: the newest entries of the audit trail, newest last.

      --verify   check the whole chain instead: exit code 1 if a line was altered, removed or inserted
      --json     entries as JSON lines, as they stand in the file; with --verify one JSON object
      --limit N  so many entries at most (default 50, at most 100000)

    The trail is $XDG_STATE_HOME/cacheconsole/audit.jsonl (else ~/.local/state/cacheconsole/).
    """

  /// - Returns: nil if the words are another command's.
  package init?(_ words: [String]) throws(UsageError) {
    guard words.first == Self.name else { return nil }
    var rest = words.dropFirst()
    var hasLimit = false
    while let word = rest.popFirst() {
      switch word {
      case "--verify": verifies = true
      case "--json": isJSON = true
      // Nothing here changes anything.
      case "--read-only": break
      case "--help": asksHelp = true
      case "--limit":
        limit = try Self.number(rest.popFirst())
        hasLimit = true
      case _ where word.hasPrefix("--limit="):
        limit = try Self.number(String(word.dropFirst(8)))
        hasLimit = true
      default:
        let known = ["--verify", "--json", "--limit", "--read-only", "--help"]
        let hint = Suggestion.closest(to: word, in: known).map { "; did you mean \($0)?" } ?? ""
        throw UsageError("audit: unknown argument '\(Printable.line(word))'\(hint)")
      }
    }
    guard !(verifies && hasLimit) else {
      throw UsageError("audit: --verify checks the whole chain: leave --limit out")
    }
  }

  private static func number(_ text: String?) throws(UsageError) -> Int {
    guard let text else { throw UsageError("--limit needs a value: --limit N") }
    guard let number = Int(text), limits.contains(number) else {
      throw UsageError(
        "--limit '\(Printable.line(text))' is not a number from \(limits.lowerBound) to"
          + " \(limits.upperBound)")
    }
    return number
  }

  // MARK: Running

  /// - Returns: the exit code.
  func run(_ environment: [String: String]) -> Int32 {
    if asksHelp { return StandardStreams.print(Self.usage) ? 0 : 1 }
    guard let folder = Folders.state(environment) else {
      StandardStreams.complain(
        "audit: neither XDG_STATE_HOME nor HOME names a folder, so there is no trail to read")
      return 1
    }
    let trail = AuditTrail(folder: folder)
    return verifies ? verify(trail) : list(trail)
  }

  private func list(_ trail: AuditTrail) -> Int32 {
    let (lines, problems) = trail.recentLines(limit: limit)
    for recorded in lines.reversed() {
      let text = isJSON ? recorded.line : Self.text(recorded.entry)
      guard StandardStreams.print(text) else { return 1 }
    }
    for problem in problems { StandardStreams.complain("audit: \(Printable.line(problem))") }
    // A trail that cannot be read is not one without entries.
    return lines.isEmpty && !problems.isEmpty ? 1 : 0
  }

  /// `2026-11-22T12:04:31.250Z  finished  20261122T…  alice from 192.0.2.7  shop-prod  …`
  private static func text(_ entry: AuditEntry) -> String {
    var parts = [
      CivilTime.rfc3339(entry.at), entry.event, entry.operation,
      entry.from.isEmpty ? entry.user : "\(entry.user) from \(entry.from)", entry.environment,
      entry.title,
    ]
    if !entry.result.isEmpty { parts.append(entry.result) }
    if !entry.reason.isEmpty { parts.append("(\(entry.reason))") }
    return parts.filter { !$0.isEmpty }.map { Printable.line($0) }.joined(separator: "  ")
  }

  private func verify(_ trail: AuditTrail) -> Int32 {
    let result = trail.verify()
    let text =
      isJSON ? Self.json(result) : Printable.line("\(trail.folder)/audit.jsonl: \(result.text)")
    let isPrinted = StandardStreams.print(text)
    return isPrinted && result.isIntact ? 0 : 1
  }

  private static func json(_ result: AuditVerification) -> String {
    var writer = JSONWriter()
    writer.object { json in
      json.field("schema", "cacheconsole.audit.verification")
      json.field("version", UInt64(1))
      json.field("is_intact", result.isIntact)
      json.field("intact", result.intact)
      json.field("broken_line", result.broken?.line)
      json.field("damage", result.broken?.damage.rawValue)
      json.field("text", result.text)
      json.key("torn_lines")
      json.array { json in
        for line in result.torn { json.value(line) }
      }
    }
    return writer.text
  }
}
