package import EventLoop

/// Every monitoring read of one server, over a client of its own that cannot send anything else.
///
/// It keeps a ledger of what its reads did to the server's figures. Each call has a deadline: the
/// client's, unless `timeout` says otherwise.
package final class Probe: Sendable {
  package let endpoint: RedisEndpoint
  let client: RedisClient
  private let account: ProbeAccount
  private let access: RedisAccess
  private let options: RedisClient.Options
  private let loop: EventLoop
  private let route: ClusterRoute?
  /// What this server has refused.
  let offers = ServerOffers()

  /// `options`: gate and observer are the probe's own, whatever is given.
  package init(
    endpoint: RedisEndpoint, access: RedisAccess = RedisAccess(),
    options: RedisClient.Options = RedisClient.Options(), route: ClusterRoute? = nil,
    loop: EventLoop,
    resolver: Resolver? = nil
  ) {
    self.endpoint = endpoint
    self.access = access
    self.loop = loop
    self.route = route
    let account = ProbeAccount()
    self.account = account
    var options = options
    options.gate = .readOnly
    options.observer = account
    options.keptReplyBytes = min(options.keptReplyBytes, 4 << 10)
    self.options = options
    client = RedisClient(
      endpoint: endpoint, access: access, options: options, route: route, loop: loop,
      resolver: resolver)
  }

  package var state: ConnectionState { client.state }

  /// Counts the connections made; see `RedisClient.generation`.
  package var generation: UInt64 { client.generation }

  /// What the probe has done so far. For a difference that is exact take `InfoReading.ledger`.
  package var ledger: ProbeLedger { account.ledger }

  package func close() { client.close() }

  /// A read that has no method of its own; the gate still applies.
  package func send(
    _ command: RedisCommand, action: String, timeout: Duration? = nil
  ) async throws(RedisError) -> RESPValue {
    try await client.send(command, action: action, timeout: timeout)
  }

  package func pipeline(
    _ commands: [RedisCommand], action: String, timeout: Duration? = nil
  ) async throws(RedisError) -> [RESPValue] {
    try await client.pipeline(commands, action: action, timeout: timeout)
  }
}

// MARK: INFO and PING

/// One INFO, and what belongs to the same moment.
package struct InfoReading: Sendable {
  /// The reply's text.
  package var bytes: [UInt8]
  /// The probe's ledger as the server's counters had it when it wrote this reply.
  package var ledger: ProbeLedger
  /// When the reply was here.
  package var receivedAt: EventLoop.Instant
  package var roundTrip: Duration

  package init(
    bytes: [UInt8], ledger: ProbeLedger, receivedAt: EventLoop.Instant, roundTrip: Duration
  ) {
    self.bytes = bytes
    self.ledger = ledger
    self.receivedAt = receivedAt
    self.roundTrip = roundTrip
  }
}

extension Probe {
  package func infoEverything(timeout: Duration? = nil) async throws(RedisError) -> InfoReading {
    let reading = try await info("everything", timeout: timeout)
    // A Sentinel before 7.0 knows no such section, and answers nothing.
    return reading.bytes.isEmpty ? try await info("all", timeout: timeout) : reading
  }

  package func info(
    _ section: String, timeout: Duration? = nil
  ) async throws(RedisError) -> InfoReading {
    let token = account.beginMark()
    let start = EventLoop.now()
    do throws(RedisError) {
      let reply = try await client.send(
        RedisCommand("INFO", section), action: "reading INFO", timeout: timeout, token: token)
      let ledger = account.endMark(token)
      let now = EventLoop.now()
      guard let bytes = reply.bytes else { throw unexpected("reading INFO") }
      return InfoReading(
        bytes: bytes, ledger: ledger, receivedAt: now, roundTrip: start.duration(to: now))
    } catch {
      _ = account.endMark(token)
      throw error
    }
  }

  /// The round trip of a PING on the shared connection.
  package func ping(timeout: Duration? = nil) async throws(RedisError) -> Duration {
    let start = EventLoop.now()
    _ = try await client.send(RedisCommand("PING"), action: "pinging", timeout: timeout)
    return start.duration(to: .now())
  }

  package func databaseSize(timeout: Duration? = nil) async throws(RedisError) -> UInt64 {
    let reply = try await client.send(
      RedisCommand("DBSIZE"), action: "counting keys", timeout: timeout)
    guard let count = reply.unsigned else { throw unexpected("counting keys") }
    return count
  }

  /// Settings by name, as far as the server has and gives them; see `CommandGate` for which.
  package func settings(
    _ names: [String], timeout: Duration? = nil
  ) async throws(RedisError) -> [String: String] {
    // One name for each call: several in one came with 7.0.
    let replies = try await client.pipeline(
      names.map { RedisCommand("CONFIG", "GET", $0) }, action: "reading settings",
      timeout: timeout)
    var settings: [String: String] = [:]
    for reply in replies {
      guard let pair = reply.array, pair.count >= 2, let name = pair[0].text,
        let value = pair[1].text
      else { continue }
      settings[name] = value
    }
    return settings
  }

  func unexpected(_ action: String) -> RedisError {
    RedisError(
      kind: .protocol, endpoint: endpoint.description, action: action,
      message: "the server's answer has an unexpected form")
  }
}

// MARK: The server's cluster

extension Probe {
  /// Is the server a node of a cluster?
  package func isClusterNode() async throws(RedisError) -> Bool {
    let text = String(decoding: try await info("cluster").bytes, as: UTF8.self)
    return text.split(whereSeparator: \.isNewline).contains("cluster_enabled:1")
  }

  /// A client of the whole cluster that this server belongs to; it only reads.
  ///
  /// - Parameter addresses: where nodes are reached that announce other addresses.
  package func makeClusterClient(_ addresses: AddressMap) -> ClusterClient {
    ClusterClient.reading([endpoint], access: access, addresses: addresses, loop: loop)
  }

  /// The same reads on the primary of a slot.
  package func following(_ route: ClusterRoute) -> Probe {
    Probe(endpoint: endpoint, access: access, options: options, route: route, loop: loop)
  }

  /// The same reads on another node of the cluster.
  package func moved(to endpoint: RedisEndpoint) -> Probe {
    Probe(endpoint: endpoint, access: access, options: options, loop: loop)
  }

  /// A record's name as it is on this server.
  package func own(_ name: String) -> String { route?.own(name) ?? name }
}

extension ClusterClient {
  /// One that asks who serves what, and reads.
  package static func reading(
    _ seeds: [RedisEndpoint], access: RedisAccess, addresses: AddressMap, loop: EventLoop
  ) -> ClusterClient {
    var options = Options()
    options.addresses = addresses
    options.usesTLS = seeds.contains(where: \.isTLS)
    let resolver = Resolver(loop: loop)
    return ClusterClient(seeds: seeds, options: options, loop: loop) { endpoint, host in
      var access = access
      if endpoint.isTLS, access.tls.serverName == nil, case .tcp(let name, _) = endpoint.address,
        name != host
      {
        access.tls.serverName = host
      }
      var options = RedisClient.Options()
      options.backoff.limit = .milliseconds(500)
      return RedisClient(
        endpoint: endpoint, access: access, options: options, loop: loop, resolver: resolver)
    }
  }

  /// Where a node is reached from here.
  package func endpoint(of node: ClusterTopology.Node) -> RedisEndpoint? {
    node.address.map { nodes.endpoint(of: $0) }
  }
}
