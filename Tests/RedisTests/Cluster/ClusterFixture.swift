import EventLoop
import Redis
import TestKit
import Testing

/// A cluster client over real nodes, and what its tests share.
enum ClusterFixture {
  static func seed(_ node: RedisCluster.Node) -> RedisEndpoint {
    RedisEndpoint(address: .tcp(host: "127.0.0.1", port: node.port))
  }

  /// A client that may send everything.
  static func client(
    _ cluster: RedisCluster, seeds: [RedisEndpoint]? = nil,
    node: @escaping @Sendable (inout RedisClient.Options) -> Void = { _ in },
    _ configure: (inout ClusterClient.Options) -> Void = { _ in }
  ) -> ClusterClient {
    var options = ClusterClient.Options()
    // Long, for machines that run other tests: tests that need a time-out set their own.
    options.timeout = .seconds(20)
    options.attemptTimeout = .seconds(5)
    configure(&options)
    return ClusterClient(
      seeds: seeds ?? [seed(cluster[0])], options: options, loop: Fixture.loop
    ) { endpoint, _ in
      var options = RedisClient.Options()
      options.gate = .unrestricted
      options.backoff.limit = .milliseconds(500)
      node(&options)
      return RedisClient(endpoint: endpoint, options: options, loop: Fixture.loop)
    }
  }

  /// The answer's value, or nil with an issue.
  static func value(
    _ answer: Result<RESPValue, RedisError>, _ location: SourceLocation = #_sourceLocation
  ) -> RESPValue? {
    switch answer {
    case .success(.error(let text)):
      Issue.record("error reply: \(text)", sourceLocation: location)
    case .success(let value): return value
    case .failure(let error): Issue.record("\(error)", sourceLocation: location)
    }
    return nil
  }

  /// A tag that puts keys into the slot: `{tag}`.
  static func tag(of slot: Int) -> String {
    for number in 0... where HashSlot.of(Array("t\(number)".utf8)) == slot { return "{t\(number)}" }
    return ""
  }
}
