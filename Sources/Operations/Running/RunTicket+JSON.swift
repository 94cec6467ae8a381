internal import ConsoleModel
package import Documents
internal import Redis

extension RunTicket {
  package static let schema = "cacheconsole.ticket"
  /// 2 has TLS and token programs; who knows only 1 would connect without them.
  package static let version = 2

  /// Holds passwords: for a pipe only. Of token providers only programs get through it.
  package var json: String {
    JSONWriter.document(schema: Self.schema, version: Self.version) { json in
      json.field("mode", mode.rawValue)
      json.field("folder", folder)
      if let keysPerMinute { json.field("keys_per_minute", keysPerMinute) }
      json.field("break_glass", isBreakGlass)
      json.object("actor") { actor.write(to: &$0) }
      json.field("plan", plan.json)
      json.key("servers")
      json.array { json in
        for server in servers {
          json.object { json in
            json.field("node", server.node.rawValue)
            RunTicket.write(server.endpoint, server.access, to: &json)
            if let slot = server.slot { json.field("slot", UInt64(clamping: slot)) }
            if let group = server.sentinels { json.object("sentinels") { group.write(to: &$0) } }
          }
        }
      }
      addresses.write(to: &json)
      json.object("thresholds") { thresholds.write(to: &$0) }
    }
  }

  package init(json: [UInt8]) throws(DocumentError) {
    let file = "the runner's ticket"
    self = try ObjectReader.document(
      json, file: file, schema: Self.schema, version: Self.version,
      limit: 2 * OperationRequest.maximumDocumentBytes
    ) { reader throws(DocumentError) in
      var ticket = RunTicket(
        plan: try OperationPlan(json: Array(try reader.text("plan").utf8), file: file),
        servers: [], mode: try reader.one(of: "mode", Mode.self), folder: try reader.text("folder"),
        keysPerMinute: try reader.optionalCount("keys_per_minute"),
        isBreakGlass: try reader.flag("break_glass"),
        actor: try reader.object("actor") { reader throws(DocumentError) in
          try OperationAuthor(&reader)
        })
      ticket.servers = try reader.objects("servers") { reader throws(DocumentError) in
        try Server(&reader)
      }
      ticket.addresses = try AddressMap(&reader)
      ticket.thresholds = try reader.object("thresholds") { reader throws(DocumentError) in
        try RunThresholds(&reader)
      }
      return ticket
    }
  }
}

extension RunTicket.Server {
  fileprivate init(_ reader: inout ObjectReader) throws(DocumentError) {
    let (endpoint, access) = try RunTicket.way(&reader)
    let slot = try reader.optionalCount("slot").map { Int(clamping: $0) }
    guard slot.map({ $0 < HashSlot.count }) ?? true else {
      throw reader.failure("'slot' is no slot")
    }
    let sentinels = try reader.take("sentinels").map { node throws(DocumentError) in
      try ObjectReader.object(node, "sentinels", file: reader.file) {
        reader throws(DocumentError) in try SentinelGroup(&reader)
      }
    }
    self.init(
      node: NodeID(try reader.text("node")), endpoint: endpoint, access: access, slot: slot,
      sentinels: sentinels)
  }
}

extension RunTicket {
  /// An address and the way in.
  fileprivate static func write(
    _ endpoint: RedisEndpoint, _ access: RedisAccess, to json: inout JSONWriter
  ) {
    switch endpoint.address {
    case .tcp(let host, let port):
      json.field("host", host)
      json.field("port", UInt64(port))
    case .unix(let path): json.field("path", path)
    }
    if let user = endpoint.user { json.field("user", user) }
    json.field("database", UInt64(clamping: endpoint.database))
    switch access.source {
    case .none: break
    case .fixed(let secret): json.field("password", Base64.encode(secret.reveal()))
    case .provider(let provider):
      if let program = provider as? ProgramToken {
        json.field("token_command", texts: program.command)
      }
    }
    if endpoint.isTLS { json.object("tls") { access.tls.write(to: &$0) } }
  }

  fileprivate static func way(
    _ reader: inout ObjectReader
  ) throws(DocumentError) -> (RedisEndpoint, RedisAccess) {
    let address: RedisEndpoint.Address
    if let path = try reader.string("path") {
      address = .unix(path: path)
    } else {
      guard let port = UInt16(exactly: try reader.count("port")) else {
        throw reader.failure("'port' is no port")
      }
      address = .tcp(host: try reader.text("host"), port: port)
    }
    var endpoint = RedisEndpoint(
      address: address, user: try reader.string("user"),
      database: Int(clamping: try reader.count("database")))
    var access = RedisAccess()
    if let text = try reader.string("password") {
      guard let bytes = Base64.decode(text) else {
        throw reader.failure("'password' is not base64")
      }
      access.source = .fixed(Secret(bytes))
    }
    if let command = try reader.strings("token_command") {
      access.source = .provider(ProgramToken(command))
    }
    if let node = reader.take("tls") {
      endpoint.isTLS = true
      access.tls = try ObjectReader.object(node, "tls", file: reader.file) {
        reader throws(DocumentError) in try TLSSettings(&reader)
      }
    }
    return (endpoint, access)
  }
}

extension SentinelGroup {
  fileprivate func write(to json: inout JSONWriter) {
    json.field("master", master)
    json.object("server") { RunTicket.write(server.endpoint, server.access, to: &$0) }
    json.key("sentinels")
    json.array { json in
      for sentinel in sentinels {
        json.object { RunTicket.write(sentinel.endpoint, sentinel.access, to: &$0) }
      }
    }
    addresses.write(to: &json)
  }

  fileprivate init(_ reader: inout ObjectReader) throws(DocumentError) {
    let server = try reader.object("server") { reader throws(DocumentError) in
      try RunTicket.way(&reader)
    }
    let sentinels = try reader.objects("sentinels") { reader throws(DocumentError) in
      try RunTicket.way(&reader)
    }
    self.init(
      master: try reader.text("master"),
      sentinels: sentinels.map { Sentinel(endpoint: $0.0, access: $0.1) },
      server: Sentinel(endpoint: server.0, access: server.1),
      addresses: try AddressMap(&reader))
  }
}

extension AddressMap {
  fileprivate func write(to json: inout JSONWriter) {
    let pairs = pairs
    json.field("addresses_from", texts: pairs.map(\.from))
    json.field("addresses_to", texts: pairs.map(\.to))
  }

  fileprivate init(_ reader: inout ObjectReader) throws(DocumentError) {
    let from = try reader.strings("addresses_from") ?? []
    let to = try reader.strings("addresses_to") ?? []
    do throws(AddressMapError) {
      self = try AddressMap(zip(from, to).map { (from: $0, to: $1) })
    } catch {
      throw reader.failure("'addresses': \(error.message)")
    }
  }
}

extension TLSSettings {
  func write(to json: inout JSONWriter) {
    for (name, value) in [
      ("cacert", authorityFile), ("cert", certificateFile), ("key", keyFile),
      ("servername", serverName),
    ] {
      if let value { json.field(name, value) }
    }
    json.field("verified", isVerified)
  }

  init(_ reader: inout ObjectReader) throws(DocumentError) {
    self.init(
      authorityFile: try reader.string("cacert"), certificateFile: try reader.string("cert"),
      keyFile: try reader.string("key"), serverName: try reader.string("servername"),
      isVerified: try reader.flag("verified"))
  }
}

extension RunThresholds {
  func write(to json: inout JSONWriter) {
    json.field("slow_microseconds", slowMicroseconds)
    json.field("abort_microseconds", abortMicroseconds)
    json.field("abort_seconds", abortSeconds)
    json.field("replica_lag_bytes", replicaLagBytes)
    json.field("replica_lag_seconds", replicaLagSeconds)
    json.field("lazy_free_objects", lazyFreeObjects)
    json.field("error_share", errorShare)
    json.field("unreachable_seconds", unreachableSeconds)
    json.field("retry_seconds", retrySeconds)
    json.field("lease_milliseconds", leaseMilliseconds)
  }

  init(_ reader: inout ObjectReader) throws(DocumentError) {
    self.init()
    let range = 0.0...1e12
    slowMicroseconds = try reader.number("slow_microseconds", in: range) ?? slowMicroseconds
    abortMicroseconds = try reader.number("abort_microseconds", in: range) ?? abortMicroseconds
    abortSeconds = try reader.number("abort_seconds", in: range) ?? abortSeconds
    replicaLagBytes = try reader.optionalCount("replica_lag_bytes") ?? replicaLagBytes
    replicaLagSeconds = try reader.optionalCount("replica_lag_seconds") ?? replicaLagSeconds
    lazyFreeObjects = try reader.optionalCount("lazy_free_objects") ?? lazyFreeObjects
    errorShare = try reader.number("error_share", in: 0...1) ?? errorShare
    unreachableSeconds = try reader.number("unreachable_seconds", in: range) ?? unreachableSeconds
    retrySeconds = try reader.number("retry_seconds", in: range) ?? retrySeconds
    let lease = try reader.optionalCount("lease_milliseconds") ?? leaseMilliseconds
    leaseMilliseconds = min(max(lease, 100), 3_600_000)
  }
}
