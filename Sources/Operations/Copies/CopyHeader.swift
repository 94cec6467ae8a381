package import ConsoleModel
internal import Documents

/// The first line of a file of copies: whose keys these are, and how long they may be used.
package struct CopyHeader: Sendable, Hashable {
  package static let schema = "cacheconsole.dump"
  package static let version = 1
  /// Seconds that copies live: what is older must not come back into a cache.
  package static let lifeSeconds: Int64 = 24 * 3600
  /// A first line longer than this is no header of ours.
  static let maximumBytes = 64 << 10

  /// The operation that took the copies; empty for a recording of hot keys.
  package var operation: String
  package var environment: String
  package var node: NodeID
  /// The server process that the keys were read from.
  package var runID: String
  package var created: WallTime
  package var expires: WallTime

  /// - Parameter expires: nil: a day after `created`.
  package init(
    operation: String, environment: String, node: NodeID, runID: String, created: WallTime,
    expires: WallTime? = nil
  ) {
    self.operation = operation
    self.environment = environment
    self.node = node
    self.runID = runID
    // To the millisecond, as the file has it.
    self.created = WallTime(microseconds: created.microseconds / 1000 * 1000)
    self.expires =
      expires
      ?? WallTime(microseconds: self.created.microseconds + Self.lifeSeconds * 1_000_000)
  }

  /// One line of JSON with its newline.
  var line: [UInt8] {
    var json = JSONWriter()
    json.object { json in
      json.field("schema", Self.schema)
      json.field("version", UInt64(Self.version))
      json.field("operation", operation)
      json.field("environment", environment)
      json.field("node", node.rawValue)
      json.field("run_id", runID)
      json.field("created", CivilTime.rfc3339(created))
      json.field("expires", CivilTime.rfc3339(expires))
    }
    return Array(json.text.utf8) + [UInt8(ascii: "\n")]
  }

  /// - Parameter line: without its newline.
  init(line: [UInt8], file: String) throws(DocumentError) {
    let root: JSON5Node
    do throws(JSON5SyntaxError) {
      root = try JSON5Parser.parse(line)
    } catch {
      throw DocumentError(file: file, error)
    }
    var reader = try ObjectReader(root, path: "header", file: file)
    try SchemaHeader.check(&reader, schema: Self.schema, version: Self.version)
    func text(_ key: String) throws(DocumentError) -> String {
      guard let text = try reader.string(key) else {
        throw reader.failure("the header has no '\(key)'")
      }
      return text
    }
    func time(_ key: String) throws(DocumentError) -> WallTime {
      guard let time = WallTime(rfc3339: try text(key)) else {
        throw reader.failure("the header's '\(key)' is not a time such as 2026-11-22T12:04:31.250Z")
      }
      return time
    }
    operation = try text("operation")
    environment = try text("environment")
    node = NodeID(try text("node"))
    runID = try text("run_id")
    created = try time("created")
    expires = try time("expires")
    try reader.end()
  }
}
