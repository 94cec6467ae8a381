import Collectors
import ConsoleModel
import EventLoop
import Redis

/// One server's connections for looking; changes are made by runners, which have their own.
struct NodeConnection: Sendable {
  let id: NodeID
  let probe: Probe
  let reader: KeyReader
  /// Where reads that may lag go besides this server's replicas.
  let policy: ReadPolicy
  let readerEndpoint: RedisEndpoint?
  /// Set for a connection to a reader endpoint.
  var readerName: String?

  init(
    _ server: ServerPlan, personalData: PersonalDataPolicy, access: Access, loop: EventLoop,
    resolver: Resolver, interval: Double
  ) {
    id = server.id
    policy = server.policy
    readerEndpoint = server.reader
    probe = Probe(
      endpoint: server.endpoint, access: server.access,
      options: Self.options(interval: interval), loop: loop, resolver: resolver)
    reader = KeyReader(probe: probe, personalData: personalData, access: access)
  }

  /// For connections that are polled every `interval` seconds.
  static func options(interval: Double) -> RedisClient.Options {
    var options = RedisClient.Options()
    // A poll waits as long as its interval, between 1 and 3 seconds. Connecting ends earlier, so that
    // the error says why there is no connection: "connected, but the server does not answer".
    options.connectTimeout = .seconds(max(1, min(3, interval)) * 0.75)
    return options
  }

  func close() { probe.close() }
}
