package import ConsoleModel
package import Documents

extension OperationStatus {
  package static let schema = "cacheconsole.operation"
  package static let version = 1
  /// Bytes: a status has no lists but its servers.
  package static let maximumDocumentBytes = 4 << 20

  package var json: String {
    JSONWriter.document(schema: Self.schema, version: Self.version) { json in
      json.field("id", id)
      json.field("title", title)
      json.field("environment", environment)
      json.object("author") { author.write(to: &$0) }
      json.field("reason", reason)
      json.field("plan_hash", planHash)
      json.field("state", state.rawValue)
      json.field("started", started)
      json.field("updated", updated)
      if let finished { json.field("finished", finished) }
      json.field("expected", expected)
      json.list("shards", shards) { json, shard in json.object { shard.write(to: &$0) } }
      if let rate, rate.isFinite { json.field("rate", rate) }
      if let etaSeconds, etaSeconds.isFinite { json.field("eta_seconds", etaSeconds) }
      json.field("note", note)
      if let verdict { json.object("verdict") { verdict.write(to: &$0) } }
      json.field("copies", copies)
      json.field("fence", fence)
      json.field("runner", runner)
    }
  }

  package init(json: [UInt8], file: String) throws(DocumentError) {
    self = try ObjectReader.document(
      json, file: file, schema: Self.schema, version: Self.version,
      limit: Self.maximumDocumentBytes
    ) { reader throws(DocumentError) in try OperationStatus(&reader) }
  }

  private init(_ reader: inout ObjectReader) throws(DocumentError) {
    self.init(
      id: try reader.text("id"), title: try reader.text("title"),
      environment: try reader.text("environment"),
      author: try reader.object("author") { reader throws(DocumentError) in
        try OperationAuthor(&reader)
      },
      reason: try reader.text("reason"), planHash: try reader.text("plan_hash"),
      state: try reader.one(of: "state", OperationState.self), started: try reader.time("started"),
      updated: try reader.time("updated"), expected: try reader.count("expected"),
      shards: try reader.objects("shards") { reader throws(DocumentError) in
        try ShardStatus(&reader)
      },
      note: try reader.text("note"), copies: try reader.count("copies"),
      fence: try reader.count("fence"), runner: try reader.text("runner"))
    finished = try reader.optionalTime("finished")
    rate = try reader.number("rate", in: 0...1e15)
    etaSeconds = try reader.number("eta_seconds", in: 0...1e15)
    if let node = reader.take("verdict") {
      verdict = try ObjectReader.object(node, "verdict", file: reader.file) {
        reader throws(DocumentError) in try Verdict(&reader)
      }
    }
  }
}

extension ShardStatus {
  func write(to json: inout JSONWriter) {
    json.field("node", node.rawValue)
    json.field("state", state.rawValue)
    json.field("size", size)
    json.field("visited", visited)
    json.field("changed", changed)
    json.field("skipped", skipped)
    json.field("failed", failed)
    json.field("indeterminate", indeterminate)
    json.field("bytes", bytes)
    if uncopied > 0 { json.field("uncopied", uncopied) }
    if let fault { json.field("fault", fault) }
  }

  init(_ reader: inout ObjectReader) throws(DocumentError) {
    self.init(node: NodeID(try reader.text("node")))
    state = try reader.one(of: "state", OperationState.self)
    size = try reader.count("size")
    visited = try reader.count("visited")
    changed = try reader.count("changed")
    skipped = try reader.count("skipped")
    failed = try reader.count("failed")
    indeterminate = try reader.count("indeterminate")
    bytes = try reader.count("bytes")
    uncopied = try reader.optionalCount("uncopied") ?? 0
    fault = try reader.string("fault")
  }
}

extension Verdict {
  func write(to json: inout JSONWriter) {
    json.field("gone", gone)
    json.field("reborn", reborn)
    json.field("still_there", stillThere)
    json.field("as_asked", asAsked)
    json.field("checked", checked)
    if let at { json.field("at", at) }
    json.field("fresh", isFresh)
    json.field("text", text)
  }

  init(_ reader: inout ObjectReader) throws(DocumentError) {
    self.init()
    gone = try reader.count("gone")
    reborn = try reader.count("reborn")
    stillThere = try reader.count("still_there")
    // Was written and always 0.
    _ = try reader.optionalCount("unknown")
    asAsked = try reader.count("as_asked")
    checked = try reader.count("checked")
    at = try reader.optionalTime("at")
    isFresh = try reader.flag("fresh")
    text = try reader.text("text")
  }
}
