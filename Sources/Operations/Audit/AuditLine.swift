internal import ConsoleModel
private import Crypto
private import Documents

/// One line of the trail: a record at its place in the chain.
///
/// `hash` is the SHA-256 of the hash of the line before followed by this line without its `hash`
/// member, so every byte of the line and its place are held by every line after it.
struct AuditLine: Sendable, Hashable {
  static let schema = "cacheconsole.audit"
  static let version = 1
  /// Longer lines are none of ours: each part of a record is bounded.
  static let maximumBytes = 512 << 10

  /// What stood between the line before and this one: the rest of a write that a crash cut off.
  struct Torn: Sendable, Hashable {
    var bytes: UInt64
    var hash: String
  }

  /// What was found when the line was written, if it is not as it should be.
  enum Note: String, Sendable, Hashable, CaseIterable {
    /// In no file: the file could not be written.
    case detached
    /// `audit.head` was missing or unreadable, so nobody knows whether lines before were removed.
    case headMissing = "head-missing"
    /// The file did not end with what `audit.head` had; the chain goes on from `audit.head`.
    case headDiffers = "head-differs"
  }

  /// From 1; 0 while detached.
  var sequence: UInt64
  var record: AuditRecord
  var previous: String
  var hash = ""
  var torn: Torn?
  var note: Note?
  /// The hash of the detached line that this one records later; empty: it is not late.
  var late = ""

  init(sequence: UInt64, record: AuditRecord, previous: String) {
    self.sequence = sequence
    self.record = record
    self.previous = previous
  }

  var entry: AuditEntry {
    AuditEntry(
      sequence: sequence, at: record.at ?? WallTime(microseconds: 0), event: record.event,
      operation: record.operation, title: record.title, environment: record.environment,
      user: record.author.user, from: record.author.from, reason: record.reason,
      result: record.result, hash: hash)
  }

  // MARK: Writing

  /// Computes the hash and returns the line, without a line feed.
  mutating func finish() -> String {
    var canonical = text
    hash = SHA256.hex(previous + canonical)
    canonical.removeLast()
    return canonical + Self.hashPrefix + hash + Self.hashSuffix
  }

  private static let hashPrefix = ",\"hash\":\""
  private static let hashSuffix = "\"}"

  private var text: String {
    var writer = JSONWriter()
    writer.object { json in
      json.field("schema", Self.schema)
      json.field("version", UInt64(Self.version))
      json.field("seq", sequence)
      json.field("at", record.at.map(CivilTime.rfc3339))
      json.field("event", AuditRecord.bounded(record.event))
      json.field("operation", AuditRecord.bounded(record.operation))
      json.field("title", AuditRecord.bounded(record.title))
      json.field("environment", AuditRecord.bounded(record.environment))
      json.key("author")
      json.object { json in
        json.field("user", AuditRecord.bounded(record.author.user))
        json.field("uid", UInt64(record.author.uid))
        json.field("role", record.author.role.rawValue)
        json.field("host", AuditRecord.bounded(record.author.host))
        json.field("terminal", AuditRecord.bounded(record.author.terminal))
        json.field("from", AuditRecord.bounded(record.author.from))
        json.field("version", AuditRecord.bounded(record.author.version))
      }
      json.field("reason", AuditRecord.bounded(record.reason))
      json.field("plan_hash", AuditRecord.bounded(record.planHash))
      json.field("result", AuditRecord.bounded(record.result))
      writeDetails(&json)
      if let torn {
        json.key("torn")
        json.object { json in
          json.field("bytes", torn.bytes)
          json.field("sha256", torn.hash)
        }
      }
      if let note { json.field("chain", note.rawValue) }
      if !late.isEmpty { json.field("late", late) }
      json.field("prev", previous)
    }
    return writer.text
  }

  private func writeDetails(_ json: inout JSONWriter) {
    var left = AuditRecord.detailBytes
    var kept = 0
    json.key("details")
    json.array { json in
      for detail in record.details {
        let (name, value) = (AuditRecord.bounded(detail.name), AuditRecord.bounded(detail.value))
        left -= name.utf8.count + value.utf8.count + 24
        guard left >= 0 else { break }
        kept += 1
        json.object { json in
          json.field("name", name)
          json.field("value", value)
        }
      }
    }
    if kept < record.details.count {
      json.field("details_left_out", UInt64(record.details.count - kept))
    }
  }

  // MARK: Reading

  /// Why a line is not one of the trail.
  struct Unreadable: Error, Sendable, Hashable {
    enum Kind: Sendable, Hashable {
      /// A record whose bytes do not match its hash.
      case altered
      /// No record at all, or half of one.
      case foreign
      /// From a newer program.
      case newer
    }

    var kind: Kind
    var detail: String
  }

  /// Reads a line and checks it against its own hash.
  init(parsing line: [UInt8]) throws(Unreadable) {
    let record = Self.looksLikeOurs(line)
    let suffix = Self.hashPrefix.utf8.count + 64 + Self.hashSuffix.utf8.count
    guard line.count > suffix, line.count <= Self.maximumBytes, line.last == UInt8(ascii: "}"),
      line[(line.count - suffix)...].starts(with: Self.hashPrefix.utf8)
    else {
      throw Unreadable(kind: .foreign, detail: record ? "is cut off" : "is not an audit record")
    }
    do throws(DocumentError) {
      try self.init(members: line)
    } catch {
      let isNewer = error.detail.hasSuffix("a newer cacheconsole wrote it")
      let kind: Unreadable.Kind = isNewer ? .newer : record ? .altered : .foreign
      throw Unreadable(kind: kind, detail: "cannot be read: \(error.detail)")
    }
    let canonical = line[..<(line.count - suffix)] + [UInt8(ascii: "}")]
    guard SHA256.hex(Array(previous.utf8) + canonical) == hash else {
      throw Unreadable(kind: .altered, detail: "does not match its hash")
    }
  }

  /// Does it begin as our lines do?
  private static func looksLikeOurs(_ line: [UInt8]) -> Bool {
    line.starts(with: "{\"schema\":\"\(schema)\"".utf8)
  }

  private init(members line: [UInt8]) throws(DocumentError) {
    let file = "the line"
    let root: JSON5Node
    do throws(JSON5SyntaxError) {
      root = try JSON5Parser.parse(line)
    } catch {
      throw DocumentError(file: file, error)
    }
    var reader = try ObjectReader(root, path: "", file: file)
    try SchemaHeader.check(&reader, schema: Self.schema, version: Self.version)
    func text(_ key: String) throws(DocumentError) -> String { try reader.string(key) ?? "" }
    let sequence = try reader.number("seq", in: 0...9_007_199_254_740_992)
    guard let sequence else { throw reader.failure("'seq' is missing") }
    guard let at = AuditTime.parse(try text("at")) else { throw reader.failure("'at' is no time") }
    let author = try Self.author(reader.take("author"), file: file)
    var record = AuditRecord(
      event: try text("event"), operation: try text("operation"), title: try text("title"),
      environment: try text("environment"), author: author, reason: try text("reason"),
      planHash: try text("plan_hash"), result: try text("result"), at: at)
    if case .array(let nodes)? = reader.take("details")?.value {
      for node in nodes {
        var detail = try ObjectReader(node, path: "details", file: file)
        record.details.append(
          .init(try detail.string("name") ?? "", try detail.string("value") ?? ""))
      }
    }
    self.init(sequence: UInt64(sequence), record: record, previous: try text("prev"))
    hash = try text("hash")
    late = try text("late")
    note = try reader.choice("chain", Note.self)
    if let node = reader.take("torn") {
      var members = try ObjectReader(node, path: "torn", file: file)
      torn = Torn(
        bytes: UInt64(try members.number("bytes", in: 0...1e15) ?? 0),
        hash: try members.string("sha256") ?? "")
    }
  }

  private static func author(
    _ node: JSON5Node?, file: String
  ) throws(DocumentError) -> OperationAuthor {
    guard let node else { throw DocumentError(file: file, detail: "'author' is missing") }
    var reader = try ObjectReader(node, path: "author", file: file)
    return OperationAuthor(
      user: try reader.string("user") ?? "",
      uid: UInt32(try reader.number("uid", in: 0...4_294_967_295) ?? 4_294_967_295),
      role: try reader.choice("role", Role.self) ?? .viewer,
      host: try reader.string("host") ?? "", terminal: try reader.string("terminal") ?? "",
      from: try reader.string("from") ?? "", version: try reader.string("version") ?? "")
  }
}
