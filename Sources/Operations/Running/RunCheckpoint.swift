package import ConsoleModel
package import Documents
internal import Redis

/// How far a run is, enough to go on from here: in each line of the journal, and in the mirror.
package struct RunCheckpoint: Sendable, Hashable {
  package static let schema = "cacheconsole.checkpoint"
  package static let version = 1

  package struct Shard: Sendable, Hashable {
    package var node: NodeID
    /// The server process that the cursor belongs to.
    package var runID = ""
    /// SCAN's cursor: everything before it is done.
    package var cursor = "0"
    /// Position in a list of keys or records: everything before it is done.
    package var index = 0
    package var isFinished = false
    /// On a cluster: a slot of what is walked, where that is not what the plan said.
    package var anchor: Int?
    /// Keys of a batch that was sent and whose answer is not in the journal.
    package var open = 0
    package var status: ShardStatus

    package init(node: NodeID) {
      self.node = node
      status = ShardStatus(node: node)
    }
  }

  package var operation: String
  package var fence: UInt64 = 0
  /// `begun`, `identified`, `started`, `sent`, `done`, `verified`, `ended done`, `ended aborted`, …
  package var event = ""
  package var started = WallTime(microseconds: 0)
  package var shards: [Shard]
  /// A line of the journal that tells of some servers only.
  package var isPart = false

  package init(operation: String, nodes: [NodeID]) {
    self.operation = operation
    shards = nodes.map { Shard(node: $0) }
  }

  package subscript(_ node: NodeID) -> Shard? {
    get { shards.first { $0.node == node } }
    set {
      guard let newValue, let index = shards.firstIndex(where: { $0.node == node }) else { return }
      shards[index] = newValue
    }
  }

  /// What it tells of one server.
  func part(_ node: NodeID) -> RunCheckpoint {
    guard shards.count > 1 else { return self }
    var part = self
    part.shards = shards.filter { $0.node == node }
    part.isPart = true
    return part
  }

  /// The best of what is known of each server's part: later holders know better, and of one holder
  /// the one that has seen more through. A batch that was sent is more than one that was not.
  package static func merged(_ found: [RunCheckpoint]) -> RunCheckpoint? {
    func rank(_ checkpoint: RunCheckpoint) -> (Int, UInt64, Int) {
      (checkpoint.shards.count, checkpoint.fence, checkpoint.event.hasPrefix("ended") ? 1 : 0)
    }
    guard var best = found.max(by: { rank($0) < rank($1) }) else { return nil }
    best.fence = found.reduce(0) { max($0, $1.fence) }
    for index in best.shards.indices {
      let node = best.shards[index].node
      let parts = found.compactMap { checkpoint in
        checkpoint[node].map { (reach: (checkpoint.fence, $0.reach, $0.open), shard: $0) }
      }
      if let part = parts.max(by: { $0.reach < $1.reach }) { best.shards[index] = part.shard }
    }
    return best
  }
}

extension RunCheckpoint.Shard {
  /// From the beginning, on a server to which its cursor says nothing.
  mutating func restart() {
    cursor = "0"
    index = 0
    isFinished = false
    status.visited = 0
  }

  /// Counts up with everything that is seen through.
  fileprivate var reach: UInt64 {
    status.visited &+ status.changed &+ status.skipped &+ status.failed &+ (isFinished ? 1 : 0)
  }
}

// MARK: JSON

extension RunCheckpoint {
  package func json(at time: WallTime) -> String {
    var writer = JSONWriter()
    writer.object { json in
      json.field("schema", Self.schema)
      json.field("version", UInt64(Self.version))
      json.field("at", CivilTime.rfc3339(time))
      json.field("event", event)
      json.field("operation", operation)
      json.field("fence", fence)
      json.field("started", UInt64(clamping: started.microseconds))
      if isPart { json.field("part", true) }
      json.key("shards")
      json.array { json in
        for shard in shards {
          json.object { json in
            json.field("node", shard.node.rawValue)
            json.field("run_id", shard.runID)
            json.field("cursor", shard.cursor)
            json.field("index", UInt64(clamping: shard.index))
            json.field("finished", shard.isFinished)
            if let anchor = shard.anchor { json.field("anchor", UInt64(clamping: anchor)) }
            json.field("open", UInt64(clamping: shard.open))
            json.field("size", shard.status.size)
            json.field("visited", shard.status.visited)
            json.field("changed", shard.status.changed)
            json.field("skipped", shard.status.skipped)
            json.field("failed", shard.status.failed)
            json.field("indeterminate", shard.status.indeterminate)
            json.field("bytes", shard.status.bytes)
            if shard.status.uncopied > 0 { json.field("uncopied", shard.status.uncopied) }
          }
        }
      }
    }
    return writer.text
  }

  package init(json: [UInt8], file: String) throws(DocumentError) {
    let root: JSON5Node
    do throws(JSON5SyntaxError) {
      root = try JSON5Parser.parse(json)
    } catch {
      throw DocumentError(file: file, error)
    }
    var reader = try ObjectReader(root, path: "", file: file)
    try SchemaHeader.check(&reader, schema: Self.schema, version: Self.version)
    operation = try reader.string("operation") ?? ""
    event = try reader.string("event") ?? ""
    fence = try Self.count("fence", &reader)
    started = WallTime(microseconds: Int64(clamping: try Self.count("started", &reader)))
    isPart = try reader.bool("part") ?? false
    shards = []
    guard case .array(let nodes)? = reader.take("shards")?.value else {
      throw reader.failure("'shards' is missing")
    }
    for node in nodes {
      var reader = try ObjectReader(node, path: "shards", file: file)
      var shard = Shard(node: NodeID(try reader.string("node") ?? ""))
      shard.runID = try reader.string("run_id") ?? ""
      shard.cursor = try reader.string("cursor") ?? "0"
      shard.index = Int(clamping: try Self.count("index", &reader))
      shard.isFinished = try reader.bool("finished") ?? false
      shard.anchor = try reader.take("anchor").map { node throws(DocumentError) in
        guard case .number(let value) = node.value, let slot = Int(exactly: value),
          (0..<HashSlot.count).contains(slot)
        else { throw reader.failure("'anchor' is no slot", line: node.line) }
        return slot
      }
      shard.open = Int(clamping: try Self.count("open", &reader))
      shard.status.size = try Self.count("size", &reader)
      shard.status.visited = try Self.count("visited", &reader)
      shard.status.changed = try Self.count("changed", &reader)
      shard.status.skipped = try Self.count("skipped", &reader)
      shard.status.failed = try Self.count("failed", &reader)
      shard.status.indeterminate = try Self.count("indeterminate", &reader)
      shard.status.bytes = try Self.count("bytes", &reader)
      shard.status.uncopied = try Self.count("uncopied", &reader)
      guard UInt64(shard.cursor) != nil else { throw reader.failure("'cursor' is no cursor") }
      shards.append(shard)
    }
  }

  /// A count as the writer writes it: a number, or digits above 2^53.
  static func count(
    _ key: String, _ reader: inout ObjectReader
  ) throws(DocumentError) -> UInt64 {
    guard let node = reader.take(key) else { return 0 }
    switch node.value {
    case .number(let value):
      guard let count = UInt64(exactly: value) else {
        throw reader.failure("'\(key)' is no count", line: node.line)
      }
      return count
    case .string(let digits):
      guard let count = UInt64(digits) else {
        throw reader.failure("'\(key)' is no count", line: node.line)
      }
      return count
    case .null: return 0
    case .bool, .array, .object:
      throw reader.failure("'\(key)' is \(node.kind), expected a count", line: node.line)
    }
  }
}
