import Redis
import TestKit
import Testing

struct ManagedEndpointTests {
  /// Names as AWS documents them, and as its accounts show them.
  @Test(arguments: [
    ("shop.abc123.ng.0001.euw1.cache.amazonaws.com", ManagedEndpoint.primary),
    ("master.shop.abc123.euw1.cache.amazonaws.com", .primary),
    (
      "shop-ro.abc123.ng.0001.euw1.cache.amazonaws.com",
      .reader(primary: "shop.abc123.ng.0001.euw1.cache.amazonaws.com")
    ),
    (
      "replica.shop.abc123.euw1.cache.amazonaws.com",
      .reader(primary: "master.shop.abc123.euw1.cache.amazonaws.com")
    ),
    ("shop.abc123.clustercfg.euw1.cache.amazonaws.com", .configuration),
    ("clustercfg.shop.abc123.euw1.cache.amazonaws.com", .configuration),
    ("loadtest-mobile-001.nvufxc.0001.use1.cache.amazonaws.com", .node),
    ("shop-001.shop.abc123.euw1.cache.amazonaws.com", .node),
    ("shop-0001-002.shop.abc123.euw1.cache.amazonaws.com", .node),
    ("shop.abc123.0001.cnn1.cache.amazonaws.com.cn", .node),
    ("shop-ro.abc123.0001.euw1.cache.amazonaws.com", .node),
    ("test-12345.serverless.use1.cache.amazonaws.com", .serverless),
    ("TEST-12345.Serverless.use1.cache.amazonaws.com.", .serverless),
    (
      "REPLICA.shop.abc123.euw1.cache.amazonaws.com.",
      .reader(primary: "master.shop.abc123.euw1.cache.amazonaws.com.")
    ),
  ])
  func `a name tells what may be asked there`(_ host: String, _ kind: ManagedEndpoint) {
    #expect(ManagedEndpoint(host: host) == kind)
  }

  @Test(arguments: [
    "localhost", "10.0.0.1", "replica.example.com", "", ".", "cache.amazonaws.com",
    "euw1.cache.amazonaws.com", "a..euw1.cache.amazonaws.com",
    "shop-ro.cache.amazonaws.com.evil.org",
    "replica.shop.abc.euw1.cache.amazonaws.org",
  ])
  func `other names are none of them`(_ host: String) {
    #expect(ManagedEndpoint(host: host) == nil)
  }

  @Test func `a serverless cache has its own port for reads`() throws {
    let url = "rediss://eva@test-12345.serverless.use1.cache.amazonaws.com:6379"
    let reader = try RedisURL(parsing: url).endpoint.ownReader
    #expect(
      reader?.description.contains("test-12345.serverless.use1.cache.amazonaws.com:6380") == true)
    #expect(reader?.isTLS == true && reader?.user == "eva")
    #expect(reader?.ownReader == nil)
    #expect(try RedisURL(parsing: "redis://10.0.0.1:6379").endpoint.ownReader == nil)
  }
}

/// Serverless caches take 3,999 arguments in a request.
@Suite(.blocking) struct RequestSizeTests {
  @Test func `more words than a serverless cache takes are not sent`() async throws {
    let server = try RedisServer()
    let proxy = try RecordingProxy(to: server.address)
    let mutator = try Fixture.client(proxy.url) { $0.gate = .readOnly }
    let many = RedisCommand("EXISTS", (0..<4000).map { Array("k\($0)".utf8) })
    let error = await Fixture.failure(of: mutator, many)
    #expect(error?.kind == .limit)
    #expect(error?.message.contains("3999") == true)
    #expect(proxy.bytes.isEmpty)
    let fits = RedisCommand("EXISTS", (0..<900).map { Array("k\($0)".utf8) })
    #expect(await Fixture.failure(of: mutator, fits) == nil)
  }
}
