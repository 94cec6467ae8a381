import ConsoleModel
import EventLoop
import Redis
import TestKit
import Testing

@testable import Collectors

@Suite struct PrefixTreeTests {
  @Test func `a key counts for each of its prefixes`() {
    var tree = PrefixTree(depth: 2)
    for (key, bytes) in [("a:b:c", 10), ("a:b:d", 20), ("a:x", 30), ("plain", 40), ("a/b|c.d", 5)] {
      tree.add(Array(key.utf8), bytes: UInt64(bytes))
    }
    tree.endPage((5, 105))
    let root = tree.root(nil, children: 10)
    #expect(root.group.keys == 5 && root.group.bytes == 105)
    let names = root.children.map { String(decoding: $0.name, as: UTF8.self) }
    #expect(names == ["a:", "a/"])
    #expect(root.children[0].group.keys == 3 && root.children[0].group.bytes == 60)
    #expect(String(decoding: root.children[0].children[0].name, as: UTF8.self) == "a:b:")
    #expect(root.children[0].children[0].group.bytes == 30)
    #expect(root.children[1].children.map { String(decoding: $0.name, as: UTF8.self) } == ["a/b|"])
  }

  @Test func `a small tree keeps its bound: the root is exact, and each prefix within its error`() {
    var random = SeededRandom(seed: 7)
    var tree = PrefixTree(depth: 3, limit: 60)
    var truth: [String: UInt64] = [:]
    var total: UInt64 = 0
    for page in 0..<200 {
      for _ in 0..<50 {
        // A few large groups and thousands of small ones.
        let first = Int.random(in: 0..<4, using: &random)
        let second =
          Bool.random(using: &random)
          ? Int.random(in: 0..<2, using: &random) : Int.random(in: 0..<5_000, using: &random)
        let key = "g\(first):s\(second):t\(Int.random(in: 0..<3, using: &random)):k"
        let bytes = UInt64.random(in: 50...500, using: &random)
        tree.add(Array(key.utf8), bytes: bytes)
        total += bytes
        let parts = key.split(separator: ":")
        for count in 1...3 {
          truth[parts.prefix(count).map { $0 + ":" }.joined(), default: 0] += bytes
        }
      }
      tree.endPage((50, 1))
      #expect(tree.count <= 60, "page \(page)")
    }
    let root = tree.root(nil, children: .max)
    #expect(root.group.bytes == total && root.group.keys == 10_000)
    var seen = 0
    func check(_ prefix: KeyspaceReport.Prefix) {
      if !prefix.name.isEmpty {
        seen += 1
        let exact = truth[String(decoding: prefix.name, as: UTF8.self)] ?? 0
        #expect(prefix.group.bytes <= exact)
        #expect(prefix.group.bytes + prefix.mayLackBytes >= exact)
      }
      let below = prefix.children.reduce(prefix.other.bytes) { $0 + $1.group.bytes }
      if prefix.children.isEmpty == false || prefix.other.keys > 0 {
        #expect(below == prefix.group.bytes)
      }
      prefix.children.forEach(check)
    }
    check(root)
    #expect(seen >= 12)
    // The large ones are there.
    #expect(root.children.count == 4 && root.children.allSatisfy { !$0.children.isEmpty })
  }

  @Test func `hostile keys cannot make it grow or trap`() {
    var tree = PrefixTree(depth: 8, limit: 100)
    for index in 0..<5_000 {
      tree.add(Array(repeating: 0x3A, count: index % 50), bytes: .max)
      tree.add(Array(repeating: UInt8(index & 0xFF), count: 300) + [0x3A, 0x61], bytes: 1)
      tree.add([], bytes: 0)
      tree.add(Array("\(index):\(index):\(index):\(index):x".utf8), bytes: 1)
      if index % 50 == 0 { tree.endPage((200, 1)) }
    }
    tree.endPage((1, 1))
    #expect(tree.count <= 100)
    #expect(tree.root(nil, children: 5).group.keys == 20_000)
  }
}

@Suite struct BiggestKeysTests {
  @Test func `the biggest are kept, each once`() {
    var random = SeededRandom(seed: 3)
    var biggest = BiggestKeys(limit: 10)
    let sizes = (0..<1_000).map { _ in UInt64.random(in: 0...1_000_000, using: &random) }
    for (index, size) in (Array(sizes.enumerated()) + Array(sizes.enumerated())) {
      biggest.offer(
        KeyspaceReport.BigKey(node: NodeID("n"), key: KeyName("\(index)"), type: "t", bytes: size))
    }
    #expect(biggest.sorted.map(\.bytes) == Array(sizes.sorted(by: >).prefix(10)))
  }
}

@Suite struct ShareIntervalTests {
  /// A keyspace of pages as a server gives them: keys in a random order, sizes skewed by a hundred.
  private static func covers(seed: UInt64) -> (keys: Bool, bytes: Bool, small: Bool) {
    var random = SeededRandom(seed: seed)
    let kinds: [(name: String, part: Int, bytes: ClosedRange<UInt64>)] = [
      ("a:", 600, 60...200), ("b:", 300, 100...3_000), ("c:", 80, 500...9_000), ("d:", 20, 50...90),
    ]
    var sample = KeyspaceTally(depth: 1, nodes: 100, bigKeys: 5)
    var truth: [String: (keys: Double, bytes: Double)] = [:]
    var whole = (keys: 0.0, bytes: 0.0)
    for page in 0..<1_000 {
      var keys: [KeyDescription] = []
      for index in 0..<50 {
        var dice = Int.random(in: 0..<1_000, using: &random)
        let kind = kinds.first { kind in
          dice -= kind.part
          return dice < 0
        }
        guard let kind else { continue }
        var key = KeyDescription(key: Array("\(kind.name)\(page):\(index)".utf8))
        key.type = "string"
        key.memoryBytes = UInt64.random(in: kind.bytes, using: &random)
        let bytes = Double(key.memoryBytes ?? 0)
        truth[kind.name, default: (0, 0)].keys += 1
        truth[kind.name, default: (0, 0)].bytes += bytes
        whole.keys += 1
        whole.bytes += bytes
        keys.append(key)
      }
      // The first hundred pages of a random order are a random sample.
      if page < 100 { sample.take(keys, of: NodeID("n")) }
    }
    var report = KeyspaceReport()
    sample.fill(&report, sampleOf: UInt64(whole.keys), children: 10)
    func holds(_ name: String) -> (Bool, Bool) {
      guard
        let row = report.root.children.first(where: {
          String(decoding: $0.name, as: UTF8.self) == name
        }), let exact = truth[name], let keys = row.group.keyShare, let bytes = row.group.byteShare
      else { return (false, false) }
      return (keys.contains(exact.keys / whole.keys), bytes.contains(exact.bytes / whole.bytes))
    }
    return (holds("b:").0, holds("c:").1, holds("d:").0)
  }

  @Test func `of 100 samples at least 95 hold the truth`() {
    let results = (0..<100).map { Self.covers(seed: UInt64($0) &* 7_919 &+ 1) }
    #expect(results.count { $0.keys } >= 95)
    #expect(results.count { $0.bytes } >= 95)
    #expect(results.count { $0.small } >= 95)
  }

  @Test func `an interval narrows with the sample and closes when all was seen`() {
    func width(_ pages: Int) -> Double {
      var totals = PageTotals()
      totals.size = 100_000
      var sums = RatioSums()
      for index in 0..<pages {
        totals.add((100, 1), visited: 100)
        sums.add(index % 2 == 0 ? 20 : 30, of: 100)
      }
      let interval = totals.interval(totals.keys, sums)
      #expect(interval.contains(0.25))
      return interval.upperBound - interval.lowerBound
    }
    #expect(width(10) > width(100) && width(100) > width(900) && width(1_000) == 0)
  }
}

@Suite(.blocking) struct KeyspaceAnalyzerTests {
  private static func shop(_ count: Int) throws -> RedisServer {
    let server = try RedisServer()
    let connection = try server.connect()
    for start in stride(from: 0, to: count, by: 500) {
      let pairs = (start..<start + 500).flatMap {
        [$0 % 4 == 0 ? "product:\($0)" : "user:\($0 % 7):\($0)", "0123456789"]
      }
      try connection.command(["MSET"] + pairs)
    }
    try connection.command(["SET", "blob", String(repeating: "x", count: 100_000)])
    try connection.command(["SET", "brief", "x", "EX", "200"])
    return server
  }

  private static func analyzer(
    _ servers: [RedisServer], _ configure: (inout KeyspaceAnalyzer.Options) -> Void = { _ in }
  ) throws -> (KeyspaceAnalyzer, [Probe]) {
    var options = KeyspaceAnalyzer.Options()
    options.keysPerSecond = .max
    options.seed = 42
    configure(&options)
    let probes = try servers.map {
      Probe(endpoint: try RedisURL(parsing: $0.url).endpoint, loop: Watch.loop)
    }
    let nodes = probes.enumerated().map {
      MonitoredNode(id: NodeID("n\($0)"), probe: $1)
    }
    return (KeyspaceAnalyzer(nodes: nodes, options: options, loop: Watch.loop), probes)
  }

  @Test func `two servers are measured together, and no lookup is unaccounted for`() async throws {
    let servers = [try Self.shop(2_000), try Self.shop(1_000)]
    let (analyzer, probes) = try Self.analyzer(servers)
    let report = await analyzer.run()
    #expect(report.state == .complete && !report.isSample && report.faults.isEmpty)
    #expect(report.root.group.keys == 3_004 && report.databaseSize == 3_004)
    #expect(report.progress.fraction == 1)
    let names = report.root.children.map { String(decoding: $0.name, as: UTF8.self) }
    #expect(Set(names) == ["user:", "product:"])
    let users = report.root.children.first { $0.name == Array("user:".utf8) }
    #expect(users?.group.keys == 2_250 && users?.children.count == 7)
    #expect(report.bigKeys.first?.key == KeyName("blob"))
    #expect((report.bigKeys.first?.bytes ?? 0) > 100_000)
    #expect(report.lives.first { $0.name == "up to 5 min" }?.group.keys == 2)
    #expect(report.lives.first { $0.name == "none" }?.group.keys == 3_002)
    #expect(report.types.map(\.name) == ["string"])
    for (server, probe) in zip(servers, probes) {
      let hits = try server.info("keyspace_hits", "stats").flatMap { UInt64($0) }
      #expect(hits == probe.ledger.hits)
    }
  }

  @Test func `of 40 samples of a server at least 36 have intervals that hold the truth`()
    async throws
  {
    let server = try Self.shop(20_000)
    var held = 0
    for seed in 0..<40 {
      let (analyzer, _) = try Self.analyzer([server]) {
        $0.sample = 1_000
        $0.seed = UInt64(seed) &* 0x9E37_79B9 &+ 1
      }
      let report = await analyzer.run()
      #expect(report.isSample && report.state == .complete)
      #expect((500...1_500).contains(report.root.group.keys), "\(report.root.group.keys)")
      let products = report.root.children.first { $0.name == Array("product:".utf8) }
      let share = try #require(products?.group.keyShare)
      #expect(share.upperBound - share.lowerBound < 0.2, "\(share)")
      if share.contains(0.25) { held += 1 }
    }
    #expect(held >= 36, "\(held)")
  }

  @Test func `a walk that is ended tells what it knows; a dead server is a fault`() async throws {
    let server = try Self.shop(5_000)
    let (analyzer, _) = try Self.analyzer([server]) { $0.keysPerSecond = 1_000 }
    let task = Watch.loop.spawn { await analyzer.run() }
    #expect(try await Eventually.holds(within: 20) { analyzer.progress.visited > 0 })
    task.cancel()
    let report = await task.value
    #expect(report.state == .cancelled && report.root.group.keys > 0)
    #expect(report.root.group.keys < 5_000 && report.faults.isEmpty)

    let alive = try Self.shop(500)
    let (other, _) = try Self.analyzer([server, alive])
    server.stop()
    let partial = await other.run()
    #expect(partial.state == .failed && partial.faults.count == 1)
    #expect(partial.root.group.keys == 502)
  }
}
