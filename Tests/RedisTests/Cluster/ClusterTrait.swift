import TestKit
import Testing

/// The cluster that the tests of a suite share, one after the other; each leaves it whole.
struct ClusterTrait: SuiteTrait, TestScoping {
  @TaskLocal static var cluster: RedisCluster?

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    let cluster = try RedisCluster()
    try await Self.$cluster.withValue(cluster) { try await function() }
  }

  static func shared() throws -> RedisCluster { try #require(cluster) }
}

extension Trait where Self == ClusterTrait {
  /// Six nodes: three primaries and a replica of each.
  static var cluster: Self { ClusterTrait() }
}
