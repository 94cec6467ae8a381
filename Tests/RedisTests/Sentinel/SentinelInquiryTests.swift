import EventLoop
import Redis
import Synchronization
import TestKit
import Testing

/// Finding the primary through real Sentinels.
@Suite(.serialized, .blocking) struct SentinelInquiryTests {
  private static func sentinels(
    _ configure: (inout RedisSentinels.Options) -> Void = { _ in }
  ) throws -> RedisSentinels {
    var options = RedisSentinels.Options()
    options.replicas = 1
    options.sentinels = 1
    options.password = "of the servers".replacing(" ", with: "-")
    options.sentinelPassword = "of the Sentinels".replacing(" ", with: "-")
    configure(&options)
    return try RedisSentinels(options)
  }

  private static func inquiry(
    _ real: RedisSentinels, master: String = "shop", password: String? = nil,
    sentinelPassword: String? = nil, more: [UInt16] = [],
    timeout: Duration = .seconds(5)
  ) -> SentinelInquiry {
    let access = RedisAccess(
      password: (sentinelPassword ?? real.options.sentinelPassword).map { Secret($0) })
    let ports = real.sentinels.map(\.announcedPort) + more
    let group = SentinelGroup(
      master: master,
      sentinels: ports.map {
        .init(
          endpoint: RedisEndpoint(address: .tcp(host: "127.0.0.1", port: $0)), access: access)
      },
      server: .init(
        endpoint: RedisEndpoint(address: .tcp(host: "", port: 6379)),
        access: RedisAccess(
          password: (password ?? real.options.password).map { Secret($0) })))
    return SentinelInquiry(
      group, loop: Fixture.loop, resolver: Resolver(loop: Fixture.loop), timeout: timeout)
  }

  private static func failure(_ inquiry: SentinelInquiry) async -> SentinelFailure? {
    do throws(SentinelFailure) {
      _ = try await inquiry.primary()
      return nil
    } catch {
      return error
    }
  }

  @Test func `the primary is found with a password for each kind, though a Sentinel is dead`()
    async throws
  {
    let real = try Self.sentinels()
    let found = try await Self.inquiry(real, more: [try SocketIO.freePort()]).primary()
    #expect(found.announced.description == real.servers[0].address)
    #expect(found.endpoint.description == real.servers[0].address)
    #expect(await Self.inquiry(real).others().isEmpty)
  }

  @Test func `what is wrong is said of each, with what to do`() async throws {
    let real = try Self.sentinels()
    let unknown = try #require(await Self.failure(Self.inquiry(real, master: "shp")))
    #expect(unknown.kind == .noSuchMaster)
    #expect(unknown.description.contains("no Sentinel knows a master 'shp' (there are: shop)"))
    // The servers' password is none of the Sentinels'.
    let refused = try #require(
      await Self.failure(Self.inquiry(real, sentinelPassword: real.options.password)))
    #expect(refused.kind == .silent && refused.description.contains(real.sentinels[0].address))
    #expect(refused.description.contains("password"), "\(refused)")
    #expect(!refused.description.contains("of-the-"))
    // The Sentinels' password is none of the servers'.
    let half = try #require(
      await Self.failure(Self.inquiry(real, password: real.options.sentinelPassword)))
    #expect(half.kind == .unconfirmed && half.description.contains(real.servers[0].address))
    #expect(half.description.contains("password"), "\(half)")
    // A server is no Sentinel.
    let plain = try RedisServer(.loopback)
    let port = try #require(plain.url.split(separator: ":").last.flatMap { UInt16($0) })
    real.sentinels[0].kill9()
    let wrong = try #require(await Self.failure(Self.inquiry(real, more: [port])))
    #expect(wrong.kind == .silent)
    #expect(wrong.description.contains("connection refused"), "\(wrong)")
    #expect(wrong.description.contains("127.0.0.1:\(port): "), "\(wrong)")
  }

  @Test func `a Sentinel that hangs is a time-out, and costs no more than that`() async throws {
    let real = try Self.sentinels()
    real.sentinels[0].pause()
    let failure = try #require(
      await Self.failure(Self.inquiry(real, timeout: .milliseconds(500))))
    #expect(failure.kind == .silent && !failure.description.contains("may have"), "\(failure)")
    real.sentinels[0].resume()
  }

  @Test func `a subscription hears messages, and notices a server that only hangs`() async throws {
    let server = try RedisServer(.loopback)
    var options = RedisClient.Options()
    options.connectTimeout = .seconds(5)
    options.commandTimeout = .milliseconds(800)
    let subscription = Subscription(
      endpoint: try RedisURL(parsing: server.url).endpoint, access: RedisAccess(),
      options: options, loop: Fixture.loop, resolver: Resolver(loop: Fixture.loop))
    defer { subscription.close() }
    let heard = Heard()
    let listening = Fixture.loop.spawn {
      let error = await subscription.listen(
        to: ["a", "b"], pause: .milliseconds(50),
        began: { heard.value.withLock { $0.append("began") } }
      ) { channel, message in heard.value.withLock { $0.append("\(channel) \(message)") } }
      heard.value.withLock { $0.append("\(error.kind)") }
    }
    #expect(try await Eventually.holds { heard.all == ["began"] })
    // Between PINGs, in bursts, and on channels that nobody asked for.
    let other = try server.connect()
    for number in 0..<200 {
      try other.pipeline([
        ["PUBLISH", "a", "\(number)"], ["PUBLISH", "c", "no"], ["PUBLISH", "b", "\(number)"],
      ])
    }
    let expected = ["began"] + (0..<200).flatMap { ["a \($0)", "b \($0)"] }
    #expect(try await Eventually.holds { heard.all.count == expected.count })
    #expect(heard.all == expected)
    server.pause()
    #expect(try await Eventually.holds { heard.all.count == expected.count + 1 })
    #expect(heard.all.last == "timeout")
    server.resume()
    await listening.value
  }

  private final class Heard: Sendable {
    let value = Mutex<[String]>([])
    var all: [String] { value.withLock { $0 } }
  }
}
