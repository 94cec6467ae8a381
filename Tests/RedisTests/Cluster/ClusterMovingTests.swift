import EventLoop
import TestKit
import Testing

@testable import Redis

/// Slots and primaries that move while clients are at work.
@Suite(.serialized, .blocking, .cluster) struct ClusterMovingTests {
  @Test func `an open slot: ASK for what has gone, TRYAGAIN for what is on both sides, then MOVED`()
    async throws
  {
    let cluster = try ClusterTrait.shared()
    let client = ClusterFixture.client(cluster)
    let slot = 100
    let tag = ClusterFixture.tag(of: slot)
    let keys = (0..<6).map { "\(tag):\($0)" }
    _ = await client.pipeline(keys.map { RedisCommand("SET", $0, "v" + $0) }, action: "testing")
    let readings = client.topologyReadings
    try cluster.open(slot, from: cluster[0], to: cluster[1])
    try cluster.move(Array(keys[3...]), from: cluster[0], to: cluster[1])
    // One pipeline to both: what is still there, what has gone, and a new one.
    let answers = await client.pipeline(
      keys.map { RedisCommand("GET", $0) } + [
        RedisCommand("SET", "\(tag):new", "n"), RedisCommand("GET", "\(tag):new"),
        RedisCommand("MGET", Array(keys[3...])),
      ], action: "testing")
    #expect(
      answers.map(ClusterFixture.text) == keys.map { "v" + $0 } + [
        "OK", "n", keys[3...].map { "v" + $0 }.joined(separator: ","),
      ])
    #expect(try cluster[1].info("role") == "master")
    // ASK changes no map.
    #expect(client.topologyReadings == readings)
    #expect(try await client.freshTopology().openSlots.contains { $0.slot == slot })

    // On both sides: the server refuses until the rest has come over.
    let both = RedisCommand("MGET", keys)
    // On a crowded machine the time may be over in the middle of an attempt, which is another error.
    let isRefused = try await Eventually.holds {
      let refused = await ClusterFixture.error(of: client, both, timeout: .seconds(2))
      return refused?.message.hasPrefix("TRYAGAIN") == true
    }
    #expect(isRefused)
    let waiting = Fixture.loop.spawn {
      await client.pipeline([both], action: "testing").map(ClusterFixture.text)
    }
    try cluster.moveKeys(of: slot, from: cluster[0], to: cluster[1])
    let all = keys.map { "v" + $0 }.joined(separator: ",")
    #expect(await waiting.value == [all])

    try cluster.close(slot, from: cluster[0], to: cluster[1])
    #expect(try await client.send(both, action: "testing").array?.count == 6)
    #expect(
      try await Eventually.holds {
        client.latestTopology?.shard(of: slot)?.primary?.id == cluster[1].id
      })
    try cluster.reshard([slot], from: cluster[1], to: cluster[0])
    try cluster.waitUntilWell()
  }

  @Test func `slots move under a writer and a reader: no error and no wrong answer`() async throws {
    let cluster = try ClusterTrait.shared()
    let client = ClusterFixture.client(cluster)
    let reader = ClusterFixture.client(cluster)
    let slots = 200..<230
    let tags = slots.map { ClusterFixture.tag(of: $0) }
    let fixed = tags.map { "fixed:\($0)" }
    _ = await client.pipeline(fixed.map { RedisCommand("SET", $0, $0) }, action: "testing")
    let (counter, task) = ClusterCounter.start(
      client, tags.flatMap { ["count:\($0):a", "count:\($0):b"] })
    let stop = Flag()
    let reading = Fixture.loop.spawn { () -> [String] in
      var wrong: [String] = []
      while !stop.isSet {
        let answers = await reader.pipeline(
          fixed.map { RedisCommand("GET", $0) }, action: "reading")
        for (answer, key) in zip(answers, fixed) where ClusterFixture.text(answer) != key {
          wrong.append("\(key): \(ClusterFixture.text(answer))")
        }
      }
      return wrong
    }
    #expect(try await counter.pass())
    let before = client.topologyReadings
    try cluster.reshard(slots, from: cluster[0], to: cluster[2])
    #expect(try await counter.pass())
    try cluster.reshard(slots, from: cluster[2], to: cluster[0])
    #expect(try await counter.pass())
    stop.set()
    #expect(await reading.value == [])
    let record = await counter.stop(task)
    #expect(record.wrong == [])
    #expect(record.errors.map(\.text) == [])
    #expect(record.turns > 10)
    // 60 moves and thousands of redirects are a few readings of the topology.
    #expect(client.topologyReadings - before < 60)
    try cluster.waitUntilWell()
  }

  @Test func `a scan sees every key while slots move`() async throws {
    let cluster = try ClusterTrait.shared()
    let client = ClusterFixture.client(cluster)
    let slots = 300..<312
    let moving = slots.flatMap { slot in
      (0..<20).map { "scan:\(ClusterFixture.tag(of: slot)):\($0)" }
    }
    let staying = (0..<1000).map { "scan:\($0)" }
    let all = Set(moving + staying)
    _ = await client.pipeline(all.map { RedisCommand("SET", $0, "x") }, action: "testing")
    var options = ClusterScanner.Options()
    // Slow enough that slots move there and back during each walk.
    options.count = 10
    options.keysPerSecond = 800
    options.match = Array("scan:*".utf8)
    let scanOptions = options
    let hasBegun = Flag()
    let scan = Fixture.loop.spawn {
      () -> Result<(Set<String>, ClusterScanner.Progress), RedisError> in
      do throws(RedisError) {
        var seen: Set<String> = []
        var scanner = ClusterScanner(client, options: scanOptions)
        var last = ClusterScanner.Progress()
        while let page = try await scanner.next() {
          seen.formUnion(page.keys.map { String(decoding: $0, as: UTF8.self) })
          last = page.progress
          hasBegun.set()
        }
        return .success((seen, last))
      } catch {
        return .failure(error)
      }
    }
    #expect(try await Eventually.holds { hasBegun.isSet })
    for _ in 0..<3 {
      try cluster.reshard(slots, from: cluster[0], to: cluster[1])
      try cluster.reshard(slots, from: cluster[1], to: cluster[0])
    }
    // Stays open for the rest of the walk, with half of its keys on each side.
    try cluster.open(300, from: cluster[0], to: cluster[1])
    try cluster.moveKeys(of: 300, from: cluster[0], to: cluster[1], limit: 10)
    let (seen, progress) = try await scan.value.get()
    #expect(all.subtracting(seen) == [])
    #expect(progress.fraction == 1)
    #expect(progress.slotsDone == 16_384)
    #expect(progress.repeats > 0)
    try cluster.moveKeys(of: 300, from: cluster[0], to: cluster[1])
    try cluster.close(300, from: cluster[0], to: cluster[1])
    try cluster.reshard([300], from: cluster[1], to: cluster[0])
    try cluster.waitUntilWell()
  }

  @Test func `a scan of a cluster at rest walks each primary once`() async throws {
    let cluster = try ClusterTrait.shared()
    let client = ClusterFixture.client(cluster)
    _ = await client.pipeline(
      (0..<3000).map { RedisCommand("SET", "rest:\($0)", "x") }, action: "testing")
    var options = ClusterScanner.Options()
    options.match = Array("rest:*".utf8)
    var scanner = ClusterScanner(client, options: options)
    var seen: [String: Int] = [:]
    var last = ClusterScanner.Progress()
    var isEnded = false
    while let page = try await scanner.next() {
      #expect(page.progress.fraction >= last.fraction)
      for key in page.keys { seen[String(decoding: key, as: UTF8.self), default: 0] += 1 }
      last = page.progress
      isEnded = page.isLast
    }
    #expect(isEnded)
    #expect(seen.count == 3000)
    #expect(last.repeats == 0)
    #expect(last.fraction == 1)
  }

  @Test func `a manual failover loses nothing and no command fails`() async throws {
    let cluster = try ClusterTrait.shared()
    let client = ClusterFixture.client(cluster)
    let keys = (0..<60).map { "failover:\($0)" }
    let (counter, task) = ClusterCounter.start(client, keys)
    #expect(try await counter.pass())
    try cluster.failover(to: cluster[3])
    #expect(
      try await Eventually.holds {
        client.latestTopology?.shard(of: 0)?.primary?.id == cluster[3].id
      })
    #expect(try await counter.pass())
    try cluster.waitUntilWell()
    try cluster.failover(to: cluster[0])
    #expect(try await counter.pass())
    let record = await counter.stop(task)
    #expect(record.wrong == [])
    #expect(record.errors.map(\.text) == [])
    try cluster.waitUntilWell()
  }

  @Test func `a node that joins is used, and one that leaves is let go`() async throws {
    let cluster = try ClusterTrait.shared()
    let client = ClusterFixture.client(cluster)
    let slots = 400..<410
    let keys = slots.map { "join:\(ClusterFixture.tag(of: $0))" }
    let (counter, task) = ClusterCounter.start(client, keys)
    let node = try cluster.addNode()
    let address = NodeAddress(host: "127.0.0.1", port: node.port)
    try cluster.reshard(slots, from: cluster[0], to: node)
    #expect(
      try await Eventually.holds { client.latestTopology?.slots(of: node.id).count == slots.count })
    #expect(try await counter.pass())
    #expect(client.nodes.addresses.contains(address))
    try cluster.reshard(slots, from: node, to: cluster[0])
    try cluster.remove(node)
    #expect(try await counter.pass())
    #expect(
      try await Eventually.holds {
        try await client.freshTopology().node(id: node.id) == nil
          && !client.nodes.addresses.contains(address)
      })
    let record = await counter.stop(task)
    #expect(record.wrong == [])
    #expect(record.errors.map(\.text) == [])
    try cluster.waitUntilWell()
  }
}
