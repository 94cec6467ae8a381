package import Collectors
internal import ConsoleModel
package import Documents
private import Glibc
private import Operations
private import Redis

/// An analysis that ended early, in the state folder: what was asked, where each walk stands, and what
/// was counted.
///
/// It names keys and prefixes: mode 0600 in a folder of mode 0700.
package struct KeyspaceFile: Sendable {
  package static let schema = "cacheconsole.keyspace-state"
  package static let version = 1
  /// Kept; the oldest go first.
  static let limit = 20
  /// Bytes: 20,000 prefixes with long names are about 4 MiB.
  private static let maximumBytes = 64 << 20

  package var environment: String
  package var order: KeyspaceOrder
  package var checkpoint: KeyspaceCheckpoint

  package init(environment: String, order: KeyspaceOrder, checkpoint: KeyspaceCheckpoint) {
    self.environment = environment
    self.order = order
    self.checkpoint = checkpoint
  }

  /// A new name, which sorts by time.
  static func name() -> String {
    OperationID.make(at: Clocks.wall(), random: UInt64.random(in: .min ... .max))
  }

  static func isName(_ text: String) -> Bool { OperationID.isValid(text) }

  private static func folder(_ state: String) -> String { "\(state)/keyspace" }

  private static func path(_ name: String, _ state: String) -> String {
    "\(folder(state))/\(name).json"
  }

  /// Names of all that are kept, the oldest first.
  package static func names(in state: String) -> [String] {
    PrivateFolder.names(in: folder(state), limit: 10_000).compactMap { file in
      guard file.hasSuffix(".json") else { return nil }
      let name = String(file.dropLast(5))
      return isName(name) ? name : nil
    }
  }

  /// Writes it whole, and lets go of the oldest.
  package func save(as name: String, in state: String) throws(DocumentError) {
    try PrivateFolder.make(Self.folder(state))
    try FileWriter.replace(Self.path(name, state), with: json + "\n")
    let others = Self.names(in: state).filter { $0 != name }
    for old in others.dropLast(Self.limit - 1) { Self.remove(old, in: state) }
  }

  package static func remove(_ name: String, in state: String) {
    _ = unsafe unlink(path(name, state))
  }

  /// - Returns: nil if there is none of this name.
  package static func load(
    _ name: String, in state: String
  ) throws(DocumentError) -> KeyspaceFile? {
    let path = path(name, state)
    guard let contents = try FileReader.read(path, limit: maximumBytes) else { return nil }
    return try KeyspaceFile(json: contents.bytes, file: path)
  }
}

// MARK: JSON

extension KeyspaceFile {
  package var json: String {
    var writer = JSONWriter()
    writer.object { json in
      json.field("schema", Self.schema)
      json.field("version", UInt64(Self.version))
      json.field("environment", environment)
      if let pattern = order.pattern {
        json.key("pattern")
        json.bytes(pattern)
      }
      for name in KeyFilter.Name.allCases {
        if let value = order.filters[name] { json.field(name.rawValue, value) }
      }
      json.field("depth", UInt64(order.depth))
      json.key("walks")
      json.array { json in for walk in checkpoint.walks { Self.write(walk, &json) } }
      Self.write(checkpoint.tally, &json)
    }
    return writer.text
  }

  private static func write(_ walk: KeyspaceCheckpoint.Walk, _ json: inout JSONWriter) {
    json.object { json in
      json.field("node", walk.node.rawValue)
      json.field("size", walk.size)
      json.field("done", walk.isDone)
      if let point = walk.point {
        json.field("run_id", point.runID)
        json.field("cursor", String(decoding: point.cursor, as: UTF8.self))
        json.field("visited", point.visited)
      }
    }
  }

  private static func write(_ tally: KeyspaceCheckpoint.Tally, _ json: inout JSONWriter) {
    json.key("prefixes")
    json.array { json in
      for prefix in tally.prefixes {
        json.object { json in
          json.field("in", UInt64(prefix.parent))
          json.key("name")
          json.bytes(prefix.name)
          json.field("keys", prefix.keys)
          json.field("bytes", prefix.bytes)
          json.field("other_keys", prefix.otherKeys)
          json.field("other_bytes", prefix.otherBytes)
        }
      }
    }
    json.bigKeys(tally.bigKeys)
    for (name, counts) in [("types", tally.types), ("times_to_live", tally.lives)] {
      json.key(name)
      json.array { json in
        for count in counts {
          json.object { json in
            json.field("name", count.name)
            json.field("keys", count.keys)
            json.field("bytes", count.bytes)
          }
        }
      }
    }
  }

  package init(json: [UInt8], file: String) throws(DocumentError) {
    self = try ObjectReader.document(
      json, file: file, schema: Self.schema, version: Self.version, limit: Self.maximumBytes
    ) { reader throws(DocumentError) in
      let environment = try reader.text("environment")
      var order = KeyspaceOrder()
      if reader.has("pattern") { order.pattern = try reader.bytes("pattern") }
      for name in KeyFilter.Name.allCases {
        guard let value = try reader.string(name.rawValue) else { continue }
        guard order.set(name, value) else {
          throw reader.failure("'\(name.rawValue)' says nothing")
        }
      }
      let depth = try reader.count("depth")
      guard (1...8).contains(depth) else { throw reader.failure("'depth' must be from 1 to 8") }
      order.depth = Int(depth)
      let walks = try reader.objects("walks", Self.walk)
      let tally = KeyspaceCheckpoint.Tally(
        prefixes: try reader.objects("prefixes", Self.prefix),
        bigKeys: try reader.objects("biggest_keys", Self.bigKey),
        types: try reader.objects("types", Self.count),
        lives: try reader.objects("times_to_live", Self.count))
      return KeyspaceFile(
        environment: environment, order: order,
        checkpoint: KeyspaceCheckpoint(walks: walks, tally: tally))
    }
  }

  private static func walk(
    _ reader: inout ObjectReader
  ) throws(DocumentError) -> KeyspaceCheckpoint.Walk {
    let node = NodeID(try reader.text("node"))
    let size = try reader.count("size")
    let isDone = try reader.flag("done")
    var point: Scanner.Point?
    if let runID = try reader.string("run_id") {
      let cursor = try reader.text("cursor")
      guard UInt64(cursor) != nil else { throw reader.failure("'cursor' is no cursor") }
      point = Scanner.Point(
        runID: runID, cursor: Array(cursor.utf8), visited: try reader.count("visited"))
    }
    return KeyspaceCheckpoint.Walk(node: node, size: size, isDone: isDone, point: point)
  }

  private static func prefix(
    _ reader: inout ObjectReader
  ) throws(DocumentError) -> KeyspaceCheckpoint.Prefix {
    KeyspaceCheckpoint.Prefix(
      parent: Int(clamping: try reader.count("in")), name: try reader.bytes("name"),
      keys: try reader.count("keys"), bytes: try reader.count("bytes"),
      otherKeys: try reader.count("other_keys"), otherBytes: try reader.count("other_bytes"))
  }

  private static func bigKey(
    _ reader: inout ObjectReader
  ) throws(DocumentError) -> KeyspaceReport.BigKey {
    KeyspaceReport.BigKey(
      node: NodeID(try reader.text("node")), key: KeyName(try reader.bytes("key")),
      type: try reader.text("type"), bytes: try reader.count("bytes"))
  }

  private static func count(
    _ reader: inout ObjectReader
  ) throws(DocumentError) -> KeyspaceCheckpoint.Count {
    KeyspaceCheckpoint.Count(
      name: try reader.text("name"), keys: try reader.count("keys"),
      bytes: try reader.count("bytes"))
  }
}

extension JSONWriter {
  /// `biggest_keys`, as reports and saved analyses have them.
  mutating func bigKeys(_ keys: [KeyspaceReport.BigKey]) {
    key("biggest_keys")
    array { json in
      for key in keys {
        json.object { json in
          json.field("node", key.node.rawValue)
          json.key("key")
          json.bytes(key.key.bytes)
          json.field("type", key.type)
          json.field("bytes", key.bytes)
        }
      }
    }
  }
}
