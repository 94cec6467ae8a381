import EventLoop
import Storefront
import TestKit
import Testing

/// The traffic against a real server: its promises as the server counts them.
@Suite(.serialized, .blocking) struct TrafficTests {
  /// A shop on a server of its own.
  private struct Shop {
    let server: RedisServer
    let traffic: Traffic
    let loop: EventLoop
    let visitors: Task<Void, Never>

    init(_ options: DemoOptions) async throws {
      server = try RedisServer(arguments: [
        "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lfu", "--lfu-log-factor", "100",
        "--slowlog-log-slower-than", "1000",
      ])
      guard case .unix(let path) = server.address else { throw TestKitError("no Unix socket") }
      loop = try EventLoop()
      try loop.start()
      traffic = Traffic(socket: path, options: options, loop: loop)
      let traffic = traffic
      await loop.spawn { await traffic.fill { _, _ in } }.value
      visitors = loop.spawn { await traffic.run() }
    }

    /// Figures of INFO, by name.
    func info() throws -> [String: UInt64] {
      var figures: [String: UInt64] = [:]
      for line in (try server.command(["INFO", "stats"]).text ?? "").split(separator: "\r\n") {
        let parts = line.split(separator: ":")
        if parts.count == 2, let value = UInt64(parts[1]) { figures[String(parts[0])] = value }
      }
      return figures
    }

    func end() async {
      visitors.cancel()
      await visitors.value
      traffic.close()
    }
  }

  private var options: DemoOptions {
    var options = DemoOptions()
    options.keys = 2_000
    return options
  }

  @Test func `rate, hit ratio, hot share, slow commands and errors are what the demo promises`()
    async throws
  {
    let shop = try await Shop(options)
    let filled = try shop.server.command(["DBSIZE"]).integer ?? 0
    #expect((1_950...2_010).contains(filled), "\(filled) keys")
    let began = Deadline.now
    let before = try shop.info()
    let start = shop.traffic.counts
    let isSeen = try await Eventually.holds(within: 12) {
      let counts = shop.traffic.counts
      return counts.operations - start.operations >= 8_000 && counts.errors >= 2
        && (try? shop.server.command(["SLOWLOG", "LEN"]).integer) ?? 0 >= 1
    }
    #expect(isSeen)
    let counts = shop.traffic.counts
    let after = try shop.info()
    let seconds = Double(Deadline.now - began) / 1e9
    await shop.end()

    let operations = Double(counts.operations - start.operations)
    #expect((1_700...2_300).contains(operations / seconds), "\(operations / seconds) operations/s")
    #expect(counts.shed == 0)
    #expect(counts.failedBatches == 0, "\(counts.lastFailure ?? "")")
    let flash = Double(counts.flash - start.flash) / operations
    #expect(abs(flash - 0.3) < 0.03, "the flash sale took \(flash)")
    let hits = Double((after["keyspace_hits"] ?? 0) - (before["keyspace_hits"] ?? 0))
    let misses = Double((after["keyspace_misses"] ?? 0) - (before["keyspace_misses"] ?? 0))
    let ratio = hits / (hits + misses)
    #expect((0.90...0.97).contains(ratio), "the server's hit ratio was \(ratio)")
    let own = Double(counts.hits - start.hits) / Double(counts.lookups - start.lookups)
    #expect(abs(own - ratio) < 0.01, "the visitors saw \(own), the server \(ratio)")

    let slow = try shop.server.command(["SLOWLOG", "GET", "1"]).array?.first?.array
    #expect(slow?.count == 6)
    let errors = try shop.server.command(["INFO", "errorstats"]).text ?? ""
    #expect(errors.contains("errorstat_WRONGTYPE:count="))
    // The server finds out when it next looks at the socket.
    let areGone = try await Eventually.holds {
      try shop.server.command(["CLIENT", "LIST"]).text?.contains("name=web-1") == false
    }
    #expect(areGone, "closed connections are gone")
  }

  @Test func `a key that is stocked expires after no more than its kind's time to live`()
    async throws
  {
    var quiet = options
    quiet.rate = 0
    let shop = try await Shop(quiet)
    let client = try shop.server.connect()
    for kind in ShopKind.allCases {
      let keys = try client.command(["KEYS", "\(kind.rawValue):*[0-9a-f]"]).array ?? []
      for name in keys.prefix(20).compactMap(\.text) {
        let remaining = try client.command(["PTTL", name]).integer ?? -1
        #expect(
          remaining > 0 && remaining <= Int64(kind.timeToLive) * 1000, "\(name): \(remaining)")
      }
      #expect(!keys.isEmpty)
    }
    await shop.end()
  }

  @Test func `a server that stalls is not buried by what it missed`() async throws {
    let shop = try await Shop(options)
    let isRunning = try await Eventually.holds(within: 5) { shop.traffic.counts.operations > 500 }
    #expect(isRunning)
    shop.server.pause()
    let stalled = shop.traffic.counts.operations
    let start = Deadline.now
    // Longer than the second that may be made up for; a condition on the clock, not a guess.
    _ = try await Eventually.holds(within: 5) { Deadline.now - start > 2_500_000_000 }
    shop.server.resume()
    let resumed = Deadline.now
    let isBack = try await Eventually.holds(within: 10) {
      shop.traffic.counts.operations > stalled + 4_000
    }
    #expect(isBack)
    let counts = shop.traffic.counts
    #expect(counts.shed > 0)
    // At most what the rate gives, one second's backlog of each entrance, and one batch in flight.
    let most = 2_000 * (Double(Deadline.now - resumed) / 1e9 + 2.5)
    #expect(Double(counts.operations - stalled) <= most)
    await shop.end()
  }
}
