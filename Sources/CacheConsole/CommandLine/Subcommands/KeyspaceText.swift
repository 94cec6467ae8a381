package import ConsoleModel
private import Documents
private import Panels

/// A keyspace's analysis as text and as JSON.
package enum KeyspaceText {
  /// Rows of one level; the rest is one line.
  private static let rows = 20
  private static let nameWidth = 40

  package static func progress(_ progress: KeyspaceReport.Progress) -> String {
    var parts = [
      "\(Format.grouped(progress.visited)) of \(Format.grouped(progress.size)) keys",
      "\(Int(progress.fraction * 100)) %",
    ]
    if let rate = progress.keysPerSecond { parts.append("\(Format.rate(rate)) keys/s") }
    if let eta = progress.etaSeconds, eta >= 1 {
      parts.append("ETA \(Format.duration(seconds: eta))")
    }
    if !progress.waitingFor.isEmpty {
      parts.append("waiting for " + progress.waitingFor.map(\.rawValue).joined(separator: ", "))
    }
    return parts.joined(separator: "  ")
  }

  // MARK: Text

  package static func lines(_ report: KeyspaceReport, isUnicode: Bool = true) -> [String] {
    var text = TextLines(isUnicode: isUnicode, labelWidth: 12)
    let whole = report.root.group
    let how = report.isSample ? "a sample of " : ""
    text.fact(
      "measured",
      "\(how)\(Format.grouped(whole.keys)) keys, \(Format.bytes(whole.bytes)); the servers have"
        + " \(Format.grouped(report.databaseSize))")
    if let keys = report.estimatedKeys, let bytes = report.estimatedBytes {
      text.fact(
        "estimate",
        "\(Format.rate(keys.lowerBound)) to \(Format.rate(keys.upperBound)) keys,"
          + " \(Format.bytes(bytes.lowerBound)) to \(Format.bytes(bytes.upperBound)); all intervals hold"
          + " with 95 %")
    }
    if report.state != .complete {
      text.fact("note", "not the whole: \(Int(report.progress.fraction * 100)) % were visited")
    }
    for note in report.notes { text.fact("note", text.prose(note)) }
    text.heading("memory by prefix")
    text.item(header("prefix", report.isSample))
    for child in report.root.children.prefix(rows) {
      add(child, whole, depth: 0, report.isSample, &text)
    }
    rest(of: report.root, depth: 0, &text)
    text.heading("biggest keys")
    if report.bigKeys.isEmpty { text.item("none") }
    for key in report.bigKeys {
      text.item(
        "\(left(Format.bytes(key.bytes), 9))\(left(text.safe(key.type), 10))"
          + "\(text.safe(key.key.bytes))  (\(text.safe(key.node.rawValue)))")
    }
    for (title, groups) in [("types", report.types), ("time to live", report.lives)] {
      text.heading(title)
      text.item(header("", report.isSample))
      for named in groups where named.group.keys > 0 {
        text.item(row(text.safe(named.name), named.group, whole))
      }
    }
    return text.lines
  }

  private static func add(
    _ prefix: KeyspaceReport.Prefix, _ whole: KeyspaceReport.Group, depth: Int, _ isSample: Bool,
    _ text: inout TextLines
  ) {
    let indent = String(repeating: "  ", count: depth)
    var line = row(indent + text.safe(prefix.name), prefix.group, whole)
    // What was folded away matters only where it could change the picture.
    if prefix.mayLackBytes > prefix.group.bytes / 100 {
      line += "  up to \(Format.bytes(prefix.mayLackBytes)) more"
    }
    text.item(line)
    let big = prefix.children.filter { $0.group.bytes >= whole.bytes / 100 }.prefix(rows)
    for child in big { add(child, whole, depth: depth + 1, isSample, &text) }
  }

  private static func rest(
    of prefix: KeyspaceReport.Prefix, depth: Int, _ text: inout TextLines
  ) {
    let listed = prefix.children.prefix(rows)
    let (keys, bytes) = listed.reduce((UInt64(0), UInt64(0))) {
      ($0.0 &+ $1.group.keys, $0.1 &+ $1.group.bytes)
    }
    guard prefix.group.keys > keys else { return }
    text.item(
      row(
        "(all other keys)",
        KeyspaceReport.Group(
          keys: prefix.group.keys - keys,
          bytes: prefix.group.bytes > bytes ? prefix.group.bytes - bytes : 0), prefix.group))
  }

  private static func header(_ name: String, _ isSample: Bool) -> String {
    left(name, nameWidth) + right("keys", 13) + right("bytes", 9) + right("share", 8)
      + right("average", 9) + (isSample ? "  95 % of keys, of bytes" : "")
  }

  private static func row(
    _ name: String, _ group: KeyspaceReport.Group, _ whole: KeyspaceReport.Group
  ) -> String {
    let share = whole.bytes == 0 ? 0 : Double(group.bytes) / Double(whole.bytes)
    let average = group.keys == 0 ? 0 : group.bytes / group.keys
    var line =
      left(name, nameWidth) + right(Format.grouped(group.keys), 13)
      + right(Format.bytes(group.bytes), 9) + right(Format.percent(share) + " %", 8)
      + right(Format.bytes(average), 9)
    if let keys = group.keyShare, let bytes = group.byteShare {
      line += "  \(interval(keys)), \(interval(bytes))"
    }
    return line
  }

  private static func interval(_ range: ClosedRange<Double>) -> String {
    "\(Format.percent(range.lowerBound))-\(Format.percent(range.upperBound)) %"
  }

  private static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(1, width - text.count)) + text
  }

  // MARK: JSON

  /// - Parameter resume: the name by which it can be gone on with.
  package static func json(_ report: KeyspaceReport, resume: String? = nil) -> String {
    var writer = JSONWriter()
    writer.object { json in
      json.field("schema", "cacheconsole.keyspace")
      json.field("version", UInt64(1))
      json.field("state", state(report.state))
      json.field("sample", report.isSample)
      json.field("visited", report.progress.visited)
      json.field("fraction", report.progress.fraction)
      json.field("database_keys", report.databaseSize)
      for (name, range) in [
        ("estimated_keys", report.estimatedKeys), ("estimated_bytes", report.estimatedBytes),
      ] {
        guard let range else { continue }
        json.key(name)
        json.array { json in
          json.value(range.lowerBound, digits: 0)
          json.value(range.upperBound, digits: 0)
        }
      }
      if let resume { json.field("resume", resume) }
      group(report.root.group, &json)
      json.key("prefixes")
      json.array { json in for child in report.root.children { prefix(child, &json) } }
      json.key("other")
      json.object { json in group(report.root.other, &json) }
      json.bigKeys(report.bigKeys)
      for (name, groups) in [("types", report.types), ("times_to_live", report.lives)] {
        json.key(name)
        json.array { json in
          for named in groups {
            json.object { json in
              json.field("name", named.name)
              group(named.group, &json)
            }
          }
        }
      }
      json.key("faults")
      json.array { json in for fault in report.faults { json.value(fault.line) } }
      json.key("notes")
      json.array { json in for note in report.notes { json.value(note) } }
    }
    return writer.text
  }

  private static func state(_ state: KeyspaceReport.State) -> String {
    switch state {
    case .running: "running"
    case .complete: "complete"
    case .cancelled: "stopped"
    case .failed: "failed"
    }
  }

  private static func prefix(_ prefix: KeyspaceReport.Prefix, _ json: inout JSONWriter) {
    json.object { json in
      json.key("prefix")
      json.bytes(prefix.name)
      group(prefix.group, &json)
      json.field("may_lack_keys", prefix.mayLackKeys)
      json.field("may_lack_bytes", prefix.mayLackBytes)
      json.key("prefixes")
      json.array { json in for child in prefix.children { Self.prefix(child, &json) } }
    }
  }

  private static func group(_ group: KeyspaceReport.Group, _ json: inout JSONWriter) {
    json.field("keys", group.keys)
    json.field("bytes", group.bytes)
    for (name, share) in [("key_share", group.keyShare), ("byte_share", group.byteShare)] {
      guard let share else { continue }
      json.key(name)
      json.array { json in
        json.value(share.lowerBound)
        json.value(share.upperBound)
      }
    }
  }
}
