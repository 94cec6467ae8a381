import ConsoleModel
import Documents

extension KeyCount {
  func write(to json: inout JSONWriter) {
    switch self {
    case .exact(let value): json.field("exact", value)
    case .estimate(let low, let value, let high):
      json.field("low", low)
      json.field("value", value)
      json.field("high", high)
    }
  }

  init(_ reader: inout ObjectReader) throws(DocumentError) {
    if let value = try reader.optionalCount("exact") {
      self = .exact(value)
      return
    }
    let (low, value, high) = (
      try reader.count("low"), try reader.count("value"), try reader.count("high")
    )
    guard low <= value, value <= high else {
      throw reader.failure("an estimate's 'low', 'value' and 'high' must rise")
    }
    self = .estimate(low: low, value: value, high: high)
  }
}

extension OperationPreview {
  func write(to json: inout JSONWriter) {
    json.object("keys") { keys.write(to: &$0) }
    if let bytes { json.field("bytes", bytes) }
    json.list("shards", shards) { json, shard in json.object { shard.write(to: &$0) } }
    json.field("types", shares: types)
    json.field("data_types", shares: dataTypes)
    json.field("lives", shares: lives)
    json.field("idle", shares: idle)
    json.object("logged_out") { loggedOut.write(to: &$0) }
    json.field("sessions_left_out", sessionsLeftOut)
    json.list("large_strings", largeStrings) { json, large in
      json.object { json in
        json.field("key", bytes: large.key.bytes)
        json.field("bytes", large.bytes)
      }
    }
    json.field("dependents", texts: dependents)
    json.field("sample", keys: sample)
    json.field("commands", texts: commands)
    json.field("warnings", texts: warnings)
    if restoresLives { json.field("restores_lives", true) }
    json.field("complete", isComplete)
    json.field("progress", progress)
    if let secondsLeft, secondsLeft.isFinite { json.field("seconds_left", secondsLeft) }
  }

  init(_ reader: inout ObjectReader) throws(DocumentError) {
    self.init()
    keys = try reader.object("keys") { reader throws(DocumentError) in
      try KeyCount(&reader)
    }
    bytes = try reader.optionalCount("bytes")
    shards = try reader.objects("shards") { reader throws(DocumentError) in
      try Shard(&reader)
    }
    types = try reader.shares("types")
    dataTypes = try reader.shares("data_types")
    lives = try reader.shares("lives")
    idle = try reader.shares("idle")
    loggedOut = try reader.object("logged_out") { reader throws(DocumentError) in
      try KeyCount(&reader)
    }
    sessionsLeftOut = try reader.count("sessions_left_out")
    largeStrings = try reader.objects("large_strings") {
      reader throws(DocumentError) in
      LargeKey(
        key: KeyName(try reader.bytes("key")), bytes: try reader.count("bytes"))
    }
    dependents = try reader.texts("dependents")
    sample = try reader.keys("sample")
    commands = try reader.texts("commands")
    warnings = try reader.texts("warnings")
    restoresLives = try reader.bool("restores_lives") ?? false
    isComplete = try reader.flag("complete")
    guard let progress = try reader.number("progress", in: 0...1) else {
      throw reader.failure("'progress' is missing")
    }
    self.progress = progress
    secondsLeft = try reader.number("seconds_left", in: 0...1e15)
  }
}

extension OperationPreview.Shard {
  func write(to json: inout JSONWriter) {
    json.field("node", node.rawValue)
    json.field("address", address)
    json.field("run_id", runID)
    json.field("size", size)
    json.object("keys") { keys.write(to: &$0) }
    if let bytes { json.field("bytes", bytes) }
  }

  init(_ reader: inout ObjectReader) throws(DocumentError) {
    self.init(
      node: NodeID(try reader.text("node")), address: try reader.text("address"),
      runID: try reader.text("run_id"), size: try reader.count("size"),
      keys: try reader.object("keys") { reader throws(DocumentError) in
        try KeyCount(&reader)
      },
      bytes: try reader.optionalCount("bytes"))
  }
}

extension JSONWriter {
  fileprivate mutating func field(_ name: String, shares: [OperationPreview.Share]) {
    list(name, shares) { json, share in
      json.object { json in
        json.field("name", share.name)
        json.field("keys", share.keys)
      }
    }
  }
}

extension ObjectReader {
  fileprivate mutating func shares(
    _ key: String
  ) throws(DocumentError) -> [OperationPreview.Share] {
    try objects(key) { reader throws(DocumentError) in
      OperationPreview.Share(name: try reader.text("name"), keys: try reader.count("keys"))
    }
  }
}
