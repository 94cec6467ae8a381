import EventLoop
import Redis
import TestKit
import Testing

@Suite(.blocking) struct ProbeTests {
  static func probe(_ server: RedisServer) throws -> Probe {
    var options = RedisClient.Options()
    options.connectTimeout = .seconds(20)
    options.commandTimeout = .seconds(20)
    return Probe(
      endpoint: try RedisURL(parsing: server.url).endpoint, options: options, loop: Fixture.loop)
  }

  static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  /// `field:value` lines.
  static func fields(_ bytes: [UInt8]) -> [String: String] {
    var fields: [String: String] = [:]
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\r\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      fields[String(line[..<colon])] = String(line[line.index(after: colon)...])
    }
    return fields
  }

  /// cmdstat_ rows' calls.
  static func calls(_ fields: [String: String]) -> [String: UInt64] {
    var calls: [String: UInt64] = [:]
    for (name, value) in fields where name.hasPrefix("cmdstat_") {
      let count = value.dropFirst("calls=".count).prefix { $0 != "," }
      calls[String(name.dropFirst("cmdstat_".count))] = UInt64(count)
    }
    return calls
  }

  static func fill(_ server: RedisServer) throws {
    let connection = try server.connect()
    _ = try connection.pipeline([
      ["SET", "string", "value"], ["SET", "empty", ""], ["SET", "mortal", "1", "EX", "1000"],
      ["HSET", "hash", "f", "v", "g", "w"], ["RPUSH", "list", "a", "b", "c"],
      ["SADD", "set", "a", "b"], ["ZADD", "zset", "1", "a", "2.5", "b"],
      ["XADD", "stream", "1-1", "f", "v"], ["XADD", "stream", "1-2", "f", "w"],
      ["XADD", "gone", "1-1", "f", "v"], ["XDEL", "gone", "1-1"],
    ])
  }

  @Test func `the ledger is what the server counted, exactly`() async throws {
    let server = try RedisServer(arguments: [
      "--maxmemory-policy", "allkeys-lfu", "--rename-command", "TIME", "",
    ])
    try Self.fill(server)
    let probe = try Self.probe(server)
    let before = try await probe.infoEverything()
    let keys = ["string", "empty", "mortal", "hash", "list", "set", "zset", "stream", "gone", "no"]
      .map(Self.bytes)
    let described = try await probe.describe(keys, use: .frequency)
    _ = try await probe.describe(keys, use: .idleTime)
    for key in described {
      _ = try await probe.valuePage(of: key.key, type: key.type ?? "none", count: 10)
      // As if it had changed or gone since it was described.
      for type in ["string", "hash", "list", "set", "zset", "stream"] {
        _ = try? await probe.valuePage(of: key.key, type: type, at: .offset(99), count: 10)
      }
    }
    _ = try await probe.objectFrequencies(keys)
    _ = try await probe.scan(cursor: Self.bytes("0"), match: Self.bytes("s*"), count: 100)
    _ = try await probe.slowlog(count: 10)
    // 6.2 has none.
    _ = try? await probe.latencyHistogram()
    _ = try await probe.latencyLatest()
    _ = try await probe.clientList()
    _ = try await probe.clientList(ids: [1, 2, 3])
    _ = try await probe.clientID()
    _ = try await probe.databaseSize()
    _ = try await probe.settings(["maxmemory-policy", "hz"])
    _ = try await probe.ping()
    // One that fails while it runs, one that the server refuses before it runs.
    _ = try? await probe.send(RedisCommand("LATENCY", "GRAPH", "no-such-event"), action: "failing")
    _ = try? await probe.send(RedisCommand("TIME"), action: "failing")
    let after = try await probe.infoEverything()

    let (old, new) = (Self.fields(before.bytes), Self.fields(after.bytes))
    let own = after.ledger.since(before.ledger)
    var counted = Self.calls(new)
    for (name, count) in Self.calls(old) { counted[name, default: 0] -= count }
    // Before 7.0 the server counts under the container.
    let folds = counted["client"] != nil
    let calls = own.calls.reduce(into: [String: UInt64]()) { calls, row in
      let name = folds ? String(row.key.prefix { $0 != "|" }) : row.key
      calls[name, default: 0] += row.value
    }
    #expect(calls == counted.filter { $0.value > 0 })
    func difference(_ name: String) -> UInt64? {
      guard let a = old[name].flatMap({ UInt64($0) }), let b = new[name].flatMap({ UInt64($0) })
      else { return nil }
      return b - a
    }
    #expect(own.hits == difference("keyspace_hits"))
    #expect(own.misses == difference("keyspace_misses"))
    #expect(own.totalCalls == difference("total_commands_processed"))
    #expect(own.bytesOut == difference("total_net_input_bytes"))
    // The server counts what it has written: the second INFO's reply is still to come, the first
    // one's was.
    let written = difference("total_net_output_bytes") ?? 0
    #expect(own.bytesIn + UInt64(before.bytes.count) >= written)
    #expect(own.calls.count > 15)
  }

  @Test func `readings taken at once each have the ledger of their own moment`() async throws {
    let server = try RedisServer()
    try Self.fill(server)
    let probe = try Self.probe(server)
    let start = try await probe.infoEverything()
    let readings = try await withThrowingTaskGroup(of: InfoReading?.self) { group in
      for turn in 0..<60 {
        group.addTask {
          if turn % 3 == 0 { return try await probe.infoEverything() }
          _ = try await probe.describe([Self.bytes("string"), Self.bytes("no")])
          return nil
        }
      }
      return try await group.reduce(into: [InfoReading]()) {
        if let reading = $1 { $0.append(reading) }
      }
    }
    let base = Self.fields(start.bytes)["keyspace_hits"].flatMap { UInt64($0) } ?? 0
    for reading in readings {
      let hits = Self.fields(reading.bytes)["keyspace_hits"].flatMap { UInt64($0) } ?? 0
      #expect(reading.ledger.since(start.ledger).hits == hits - base)
    }
    #expect(readings.count == 20)
  }

  @Test func `a reply that came after its caller had gone is counted all the same`() async throws {
    let server = try RedisServer()
    try Self.fill(server)
    let probe = try Self.probe(server)
    let before = try await probe.infoEverything()
    server.pause()
    await #expect(throws: RedisError.self) {
      try await probe.describe([Self.bytes("string")], timeout: .milliseconds(500))
    }
    server.resume()
    let after = try await probe.infoEverything()
    #expect(after.ledger.since(before.ledger).hits == 3)
    #expect(
      Self.fields(after.bytes)["keyspace_hits"] != Self.fields(before.bytes)["keyspace_hits"])
  }

  @Test func `keys are described and their values read by page`() async throws {
    let server = try RedisServer()
    try Self.fill(server)
    let probe = try Self.probe(server)
    let described = try await probe.describe(
      ["string", "mortal", "zset", "no"].map(Self.bytes), use: .idleTime)
    #expect(described.map(\.type) == ["string", "string", "zset", "none"])
    #expect(described[0].timeToLive == .persistent)
    guard case .milliseconds(let left) = described[1].timeToLive else {
      Issue.record("no time to live: \(described[1])")
      return
    }
    #expect(left > 900_000 && left <= 1_000_000)
    #expect(["listpack", "ziplist"].contains(described[2].encoding))
    #expect(described[0].memoryBytes.map { $0 > 0 } == true)
    #expect(described[0].idleSeconds != nil && described[0].frequency == nil)
    #expect(described[3].timeToLive == .gone && described[3].memoryBytes == nil)

    let first = try await probe.valuePage(of: Self.bytes("string"), type: "string", count: 3)
    #expect(first.value == .string(Self.bytes("val")))
    #expect(first.length == 5 && first.next == .offset(3))
    let second = try await probe.valuePage(
      of: Self.bytes("string"), type: "string", at: .offset(3), count: 3)
    #expect(second.value == .string(Self.bytes("ue")) && second.next == nil)
    let list = try await probe.valuePage(
      of: Self.bytes("list"), type: "list", at: .offset(2), count: 2)
    #expect(list.value == .list([Self.bytes("c")]) && list.length == 3 && list.next == nil)
    let zset = try await probe.valuePage(of: Self.bytes("zset"), type: "zset", count: 1)
    #expect(zset.value == .sortedSet([.init(first: Self.bytes("a"), second: Self.bytes("1"))]))
    #expect(zset.next == .offset(1))
    let hash = try await probe.valuePage(of: Self.bytes("hash"), type: "hash", count: 10)
    guard case .hash(let pairs) = hash.value else {
      Issue.record("no hash: \(hash)")
      return
    }
    #expect(Set(pairs.map { String(decoding: $0.first, as: UTF8.self) }) == ["f", "g"])
    let stream = try await probe.valuePage(of: Self.bytes("stream"), type: "stream", count: 1)
    #expect(stream.next == .streamID(Self.bytes("1-1")))
    let rest = try await probe.valuePage(
      of: Self.bytes("stream"), type: "stream", at: .streamID(Self.bytes("1-1")), count: 1)
    guard case .stream(let entries) = rest.value else {
      Issue.record("no stream: \(rest)")
      return
    }
    #expect(entries.map(\.id) == [Self.bytes("1-2")])
    #expect(try await probe.valuePage(of: Self.bytes("no"), type: "hash", count: 1).value == .gone)
    // The type changed meanwhile: the server says so.
    await #expect(throws: RedisError.self) {
      try await probe.valuePage(of: Self.bytes("list"), type: "hash", count: 1)
    }
  }

  @Test func `a hash of 5,000 fields comes in pages, each field once`() async throws {
    let server = try RedisServer()
    for part in 0..<5 {
      try server.command(
        ["HSET", "h"] + (0..<1000).flatMap { ["f\(part * 1000 + $0)", "v"] })
    }
    let probe = try Self.probe(server)
    var position: ValuePage.Position? = .start
    var fields: Set<[UInt8]> = []
    var pages = 0
    while let at = position {
      let page = try await probe.valuePage(of: Self.bytes("h"), type: "hash", at: at, count: 500)
      guard case .hash(let pairs) = page.value else { break }
      fields.formUnion(pairs.map(\.first))
      position = page.next
      pages += 1
    }
    #expect(fields.count == 5000)
    #expect(pages >= 5)
  }

  @Test func `slow log, latency and clients are read`() async throws {
    let server = try RedisServer(arguments: [
      "--slowlog-log-slower-than", "0", "--latency-monitor-threshold", "1",
    ])
    let loop = "local i = 0 while i < 5000000 do i = i + 1 end"
    #expect(try server.command(["EVAL", loop, "0"]).errorText == nil)
    try server.command(["SET", "a\u{1B}", "b"])
    let probe = try Self.probe(server)
    let slow = try await probe.slowlog(count: 100)
    let set = try #require(slow.first { $0.arguments.first == Self.bytes("SET") })
    #expect(set.arguments.count == 3)
    #expect(set.timestamp > 1_600_000_000)
    #expect(zip(slow, slow.dropFirst()).allSatisfy { $0.id > $1.id })
    let events = try await probe.latencyLatest()
    #expect(events.first.map { $0.worstMilliseconds >= 1 } == true)
    let clients = String(decoding: try await probe.clientList(), as: UTF8.self)
    #expect(clients.contains("name=cacheconsole"))
    let id = try await probe.clientID()
    let own = String(decoding: try await probe.clientList(ids: [id, 999_999]), as: UTF8.self)
    #expect(own.split(separator: "\n").count == 1)
    guard try server.info("redis_version", "server")?.hasPrefix("6") != true else { return }
    let histograms = try await probe.latencyHistogram()
    let setHistogram = try #require(histograms.first { $0.name == "set" })
    #expect(setHistogram.calls == 1 && setHistogram.buckets.last?.cumulativeCalls == 1)
    #expect(histograms.contains { $0.name == "slowlog|get" })
  }

  @Test func `frequencies say why they are not to be had`() async throws {
    let server = try RedisServer()
    try Self.fill(server)
    let probe = try Self.probe(server)
    do throws(RedisError) {
      _ = try await probe.objectFrequencies([Self.bytes("string")])
      Issue.record("answered")
    } catch {
      #expect(error.message.contains("LFU"))
    }
  }
}

@Suite(.blocking) struct ScannerTests {
  static func filled(_ count: Int) throws -> RedisServer {
    let server = try RedisServer()
    let connection = try server.connect()
    for start in stride(from: 0, to: count, by: 1000) {
      let pairs = (start..<start + 1000).flatMap { ["key:\($0)", "0123456789"] }
      try connection.command(["MSET"] + pairs)
    }
    return server
  }

  @Test func `a scan finds every key and counts no lookup`() async throws {
    let server = try Self.filled(20_000)
    let probe = try ProbeTests.probe(server)
    var options = Scanner.Options()
    options.keysPerSecond = .max
    var scanner = Scanner(probe, options: options, loop: Fixture.loop)
    var keys: Set<[UInt8]> = []
    var visited: UInt64 = 0
    while let page = try await scanner.next() {
      keys.formUnion(page.keys)
      #expect(page.visited > visited)
      visited = page.visited
    }
    #expect(keys.count == 20_000)
    #expect(probe.ledger.hits == 0)
    #expect(try server.info("keyspace_hits", "stats") == "0")
  }

  @Test func `a pattern narrows what is found, and the budget holds`() async throws {
    let server = try Self.filled(5_000)
    var options = Scanner.Options()
    options.match = ProbeTests.bytes("key:1?")
    options.keysPerSecond = 20_000
    var scanner = Scanner(try ProbeTests.probe(server), options: options, loop: Fixture.loop)
    let start = EventLoop.now()
    var found: [[UInt8]] = []
    while let page = try await scanner.next() { found += page.keys }
    #expect(Set(found).count == 10)
    // 5,000 keys at 20,000/s, the last page without a pause after it; how large that is depends on how
    // fast the server is just now.
    #expect(start.duration(to: EventLoop.now()) >= .milliseconds(100))
  }

  @Test func `a scan ends when it is cancelled or its server is replaced`() async throws {
    let server = try Self.filled(5_000)
    let probe = try ProbeTests.probe(server)
    var options = Scanner.Options()
    options.keysPerSecond = 100
    let slow = Scanner(probe, options: options, loop: Fixture.loop)
    let task = Fixture.loop.spawn { () -> RedisError? in
      var scanner = slow
      do throws(RedisError) {
        while try await scanner.next() != nil {}
        return nil
      } catch {
        return error
      }
    }
    task.cancel()
    #expect(await task.value?.kind == .cancelled)

    options.keysPerSecond = .max
    var scanner = Scanner(probe, options: options, loop: Fixture.loop)
    _ = try await scanner.next()
    try server.restart()
    var failure: RedisError?
    do throws(RedisError) { while try await scanner.next() != nil {} } catch { failure = error }
    #expect(failure?.kind == .unreachable)
  }
}
