package import ConsoleModel
package import Documents

extension OperationRequest {
  package static let schema = "cacheconsole.request"
  package static let version = 1
  /// Bytes of a document that may name `maximumKeys` keys.
  package static let maximumDocumentBytes = 1 << 29

  package var json: String {
    JSONWriter.document(schema: Self.schema, version: Self.version) { write(to: &$0) }
  }

  package init(json: [UInt8], file: String) throws(DocumentError) {
    self = try ObjectReader.document(
      json, file: file, schema: Self.schema, version: Self.version,
      limit: Self.maximumDocumentBytes
    ) { reader throws(DocumentError) in try OperationRequest(&reader) }
  }

  func write(to json: inout JSONWriter) {
    json.object("action") { action.write(to: &$0) }
    json.object("target") { target.write(to: &$0) }
    json.field("nodes", texts: nodes.map(\.rawValue))
    json.field("includes_sessions", includesSessions)
    json.field("keeps_copy", keepsCopy)
    json.field("copies_guarded", copiesGuarded)
    json.object("pace") { json in
      json.field("keys_per_second", UInt64(clamping: pace.keysPerSecond))
      json.field("full", pace.isFull)
      json.field("concurrency", UInt64(clamping: pace.concurrency))
    }
    json.field("reason", reason)
  }

  init(_ reader: inout ObjectReader) throws(DocumentError) {
    self.init(
      try reader.object("action") { reader throws(DocumentError) in
        try Action(&reader)
      },
      try reader.object("target") { reader throws(DocumentError) in
        try Target(&reader)
      },
      nodes: try reader.texts("nodes").map { NodeID($0) },
      includesSessions: try reader.flag("includes_sessions"),
      keepsCopy: try reader.flag("keeps_copy"),
      copiesGuarded: try reader.bool("copies_guarded") ?? false,
      pace: try reader.object("pace") { reader throws(DocumentError) in
        Pace(
          keysPerSecond: Int(clamping: try reader.count("keys_per_second")),
          isFull: try reader.flag("full"),
          concurrency: Int(clamping: try reader.count("concurrency")))
      },
      reason: try reader.text("reason"))
  }
}

extension OperationRequest.Action {
  private enum Kind: String, CaseIterable {
    case invalidate, shorten, adjust, persist, warm, restore
    case slowlogReset = "slowlog_reset"
    case clientKill = "client_kill"
  }

  func write(to json: inout JSONWriter) {
    func kind(_ kind: Kind) { json.field("kind", kind.rawValue) }
    switch self {
    case .invalidate: kind(.invalidate)
    case .shorten(let seconds):
      kind(.shorten)
      json.field("seconds", seconds)
    case .adjust(let seconds):
      // Two words, so that a lost member never turns a new life into none.
      kind(seconds == nil ? .persist : .adjust)
      if let seconds { json.field("seconds", seconds) }
    case .warm(let source):
      kind(.warm)
      switch source {
      case .dump(let path): json.field("dump", path)
      case .command(let words): json.field("command", texts: words)
      }
    case .restore(let operation):
      kind(.restore)
      json.field("operation", operation)
    case .slowlogReset: kind(.slowlogReset)
    case .clientKill(let id):
      kind(.clientKill)
      json.field("client", id)
    }
  }

  init(_ reader: inout ObjectReader) throws(DocumentError) {
    switch try reader.one(of: "kind", Kind.self) {
    case .invalidate: self = .invalidate
    case .shorten: self = .shorten(seconds: try reader.count("seconds"))
    case .adjust: self = .adjust(seconds: try reader.count("seconds"))
    case .persist: self = .adjust(seconds: nil)
    case .warm:
      if let path = try reader.string("dump") {
        self = .warm(.dump(path: path))
      } else {
        self = .warm(.command(try reader.texts("command")))
      }
    case .restore: self = .restore(operation: try reader.text("operation"))
    case .slowlogReset: self = .slowlogReset
    case .clientKill: self = .clientKill(id: try reader.count("client"))
    }
  }
}

extension OperationRequest.Target {
  private enum Kind: String, CaseIterable { case keys, pattern, server }

  func write(to json: inout JSONWriter) {
    switch self {
    case .keys(let keys):
      json.field("kind", Kind.keys.rawValue)
      json.field("keys", keys: keys)
    case .pattern(let glob):
      json.field("kind", Kind.pattern.rawValue)
      json.field("pattern", bytes: glob)
    case .server: json.field("kind", Kind.server.rawValue)
    }
  }

  init(_ reader: inout ObjectReader) throws(DocumentError) {
    switch try reader.one(of: "kind", Kind.self) {
    case .keys:
      let keys = try reader.keys("keys")
      guard keys.count <= OperationRequest.maximumKeys else {
        throw reader.failure(
          "names \(keys.count) keys, at most \(OperationRequest.maximumKeys) are taken: use a pattern"
        )
      }
      self = .keys(keys)
    case .pattern: self = .pattern(try reader.bytes("pattern"))
    case .server: self = .server
    }
  }
}
