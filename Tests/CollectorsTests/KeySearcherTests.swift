import ConsoleModel
import EventLoop
import Redis
import Synchronization
import TestKit
import Testing

@testable import Collectors

/// Searches over servers, as the screen asks for them.
@Suite(.blocking) struct KeySearcherTests {
  /// Everything that a searcher told.
  private final class Log: Sendable {
    private let all = Mutex<[KeySearchProgress]>([])

    func take(_ progress: KeySearchProgress) { all.withLock { $0.append(progress) } }

    func end(of id: UInt64) -> KeySearchProgress? {
      all.withLock { $0.last { $0.id == id && $0.state != .running } }
    }

    func found(by ids: Set<UInt64>) -> [KeySearchProgress.Found] {
      all.withLock { $0.filter { ids.contains($0.id) }.flatMap(\.found) }
    }

    var visited: UInt64 { all.withLock { $0.map(\.visited).max() ?? 0 } }
  }

  private static func server(_ keys: Int, _ prefix: String) throws -> (RedisServer, Probe) {
    let server = try RedisServer()
    let connection = try server.connect()
    for start in stride(from: 0, to: keys, by: 500) {
      try connection.command(["MSET"] + (start..<start + 500).flatMap { ["\(prefix):\($0)", "v"] })
    }
    return (server, Probe(endpoint: try RedisURL(parsing: server.url).endpoint, loop: Watch.loop))
  }

  private static func search(
    _ id: UInt64, _ nodes: [MonitoredNode], _ line: String, rate: Int = .max
  ) throws -> KeySearch {
    let query = try KeyQuery(parsing: line)
    return KeySearch(
      id: id, nodes: nodes.map(\.id), pattern: query.pattern, filter: query.filter,
      keysPerSecond: rate)
  }

  @Test func `several servers are searched at once, with filters`() async throws {
    let (one, first) = try Self.server(2_000, "a")
    let (two, second) = try Self.server(1_000, "b")
    for server in [one, two] {
      try server.command(["HSET", "h:1", "f", "v"])
      try server.command(["SET", "brief", "v", "EX", "50"])
    }
    let nodes = [
      MonitoredNode(id: NodeID("one"), probe: first),
      MonitoredNode(id: NodeID("two"), probe: second),
    ]
    let log = Log()
    let searcher = KeySearcher(loop: Watch.loop) { log.take($0) }
    searcher.start(try Self.search(1, nodes, "* type:hash"), on: nodes)
    #expect(try await Eventually.holds { log.end(of: 1) != nil })
    #expect(log.end(of: 1)?.state == .complete && log.end(of: 1)?.keys == 3_004)
    #expect(
      Set(log.found(by: [1])) == [
        .init(node: NodeID("one"), key: KeyName("h:1")),
        .init(node: NodeID("two"), key: KeyName("h:1")),
      ])
    searcher.start(try Self.search(2, nodes, "b* ttl:<1m"), on: nodes)
    #expect(try await Eventually.holds { log.end(of: 2) != nil })
    #expect(log.found(by: [2]).map(\.key) == [KeyName("brief"), KeyName("brief")])
    let hits = try one.info("keyspace_hits", "stats").flatMap { UInt64($0) }
    #expect(hits == first.ledger.hits)
  }

  @Test func `a search that was ended goes on from its cursors`() async throws {
    let (server, probe) = try Self.server(20_000, "a")
    let nodes = [MonitoredNode(id: NodeID("one"), probe: probe)]
    let log = Log()
    let searcher = KeySearcher(loop: Watch.loop) { log.take($0) }
    searcher.start(try Self.search(1, nodes, "a:*5", rate: 5_000), on: nodes)
    #expect(try await Eventually.holds { log.visited > 500 })
    searcher.cancel(1)
    #expect(try await Eventually.holds { log.end(of: 1) != nil })
    let end = try #require(log.end(of: 1))
    #expect(end.state == .cancelled && end.canContinue && end.visited < 20_000)
    var next = try Self.search(2, nodes, "a:*5")
    next.continues = 1
    searcher.start(next, on: nodes)
    #expect(try await Eventually.holds { log.end(of: 2) != nil })
    #expect(log.end(of: 2)?.state == .complete && log.end(of: 2)?.foundTotal == 2_000)
    let found = log.found(by: [1, 2])
    #expect(found.count == 2_000 && Set(found).count == 2_000)
    _ = server
  }

  @Test func `a server that is gone is a fault, and the other is searched to its end`() async throws
  {
    let (one, first) = try Self.server(1_000, "a")
    let (two, second) = try Self.server(500, "b")
    let nodes = [
      MonitoredNode(id: NodeID("one"), probe: first),
      MonitoredNode(id: NodeID("two"), probe: second),
    ]
    two.stop()
    let log = Log()
    let searcher = KeySearcher(loop: Watch.loop) { log.take($0) }
    searcher.start(try Self.search(1, nodes, "*"), on: nodes)
    #expect(try await Eventually.holds(within: 40) { log.end(of: 1) != nil })
    guard case .failed = log.end(of: 1)?.state else {
      Issue.record("\(String(describing: log.end(of: 1)?.state))")
      return
    }
    #expect(log.found(by: [1]).count == 1_000)
    _ = one
  }

  @Test func `a filter by idle time on a server that evicts by frequency says why it cannot`()
    async throws
  {
    let (server, probe) = try Self.server(500, "a")
    try server.command(["CONFIG", "SET", "maxmemory-policy", "allkeys-lfu"])
    let nodes = [MonitoredNode(id: NodeID("one"), probe: probe)]
    let log = Log()
    let searcher = KeySearcher(loop: Watch.loop) { log.take($0) }
    searcher.start(try Self.search(1, nodes, "* idle:>1h"), on: nodes)
    #expect(try await Eventually.holds { log.end(of: 1) != nil })
    guard case .failed(let fault)? = log.end(of: 1)?.state else {
      Issue.record("no fault")
      return
    }
    #expect(fault.line.contains("keeps no idle times"))
  }
}
