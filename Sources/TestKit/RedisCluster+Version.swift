extension RedisCluster {
  /// CLUSTER SHARDS and announced host names came with Redis 7.0.
  package static let hasShardsAndNames: Bool = {
    let run = try? ChildProcess.run("redis-server", ["--version"])
    guard let text = run?.output, let version = text.firstRange(of: "v=") else { return true }
    return Int(text[version.upperBound...].prefix { $0 != "." }) ?? 7 >= 7
  }()
}
