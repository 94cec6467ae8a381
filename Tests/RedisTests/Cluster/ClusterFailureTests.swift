import EventLoop
import TestKit
import Testing

@testable import Redis

/// Nodes that die and hang. Each test has its own cluster or brings the shared one back.
@Suite(.serialized, .blocking, .cluster) struct ClusterFailureTests {
  @Test func `a killed primary: errors only for its slots and only until the promotion`()
    async throws
  {
    let cluster = try ClusterTrait.shared()
    let client = ClusterFixture.client(cluster)
    let patient = ClusterFixture.client(cluster)
    let dying = (0..<5).map { "kill:\(ClusterFixture.tag(of: 6000 + $0))" }
    let living = [10, 16_000].map { "kill:\(ClusterFixture.tag(of: $0))" }
    _ = await client.pipeline(
      dying.map { RedisCommand("SET", "fixed:\($0)", $0) }, action: "testing")
    #expect(try await Eventually.holds { try cluster[4].command(["DBSIZE"]).integer ?? 0 >= 5 })
    // Each with a time that is shorter than the failover.
    let (counter, task) = ClusterCounter.start(client, dying, timeout: .milliseconds(300))
    let (other, otherTask) = ClusterCounter.start(client, living, timeout: .milliseconds(300))
    // Reads that have the time are repeated until they are answered.
    let stop = Flag()
    let reading = Fixture.loop.spawn { () -> [String] in
      var wrong: [String] = []
      while !stop.isSet {
        let answers = await patient.pipeline(
          dying.map { RedisCommand("GET", "fixed:\($0)") }, action: "reading", timeout: .seconds(30)
        )
        for (answer, key) in zip(answers, dying) where ClusterFixture.text(answer) != key {
          wrong.append(ClusterFixture.text(answer))
        }
      }
      return wrong
    }
    #expect(try await counter.pass())
    cluster[1].kill9()
    #expect(try await Eventually.holds { try cluster[4].info("role") == "master" })
    let promoted = EventLoop.now()
    #expect(
      try await Eventually.holds {
        client.latestTopology?.shard(of: 6000)?.primary?.id == cluster[4].id
      })
    #expect(promoted.duration(to: .now()) < .seconds(2))
    let errors = counter.record.errors.count
    #expect(errors > 0)
    #expect(try await counter.pass(turns: 10))
    stop.set()
    #expect(await reading.value == [])
    let record = await counter.stop(task)
    // One turn may have been underway.
    #expect(record.errors.count - errors <= 2 * dying.count)
    for error in record.errors {
      let isOfTheWindow = ["unreachable", "indeterminate", "timeout", "CLUSTERDOWN", "MOVED"]
        .contains { error.text.contains($0) }
      #expect(isOfTheWindow, "\(error.text)")
    }
    let rest = await other.stop(otherTask)
    #expect(rest.wrong == [])
    // CLUSTERDOWN, which all nodes say as long as the slots have no owner, is no loss.
    for error in rest.errors { #expect(error.text.hasPrefix("-CLUSTERDOWN"), "\(error.text)") }

    try cluster[1].start()
    try cluster.waitUntilWell()
    try cluster.failover(to: cluster[1])
    try cluster.waitUntilWell()
  }

  @Test func `a primary that hangs: reads go on with its successor`() async throws {
    let cluster = try ClusterTrait.shared()
    let client = ClusterFixture.client(cluster) { $0.attemptTimeout = .milliseconds(500) }
    let key = "hang:\(ClusterFixture.tag(of: 12_000))"
    _ = try await client.send(RedisCommand("SET", key, "x"), action: "testing")
    #expect(try await Eventually.holds { try cluster[5].command(["DBSIZE"]).integer ?? 0 >= 1 })
    cluster[2].pause()
    let reply = try await client.send(
      RedisCommand("GET", key), action: "testing", timeout: .seconds(30))
    #expect(reply.text == "x")
    #expect(client.latestTopology?.shard(of: 12_000)?.primary?.id == cluster[5].id)
    // A change is answered by the successor too: it was never sent to the one that hangs.
    let set = RedisCommand("SET", key, "y")
    #expect(try await client.send(set, action: "testing").text == "OK")
    cluster[2].resume()
    try cluster.waitUntilWell()
    try cluster.failover(to: cluster[2])
    try cluster.waitUntilWell()
  }

  @Test func `a scan goes on over a failover`() async throws {
    let cluster = try ClusterTrait.shared()
    let client = ClusterFixture.client(cluster)
    let keys = Set((0..<1500).map { "over:\($0)" })
    _ = await client.pipeline(keys.map { RedisCommand("SET", $0, "x") }, action: "testing")
    try cluster.waitUntilWell()
    let count = try cluster[0].command(["DBSIZE"]).integer ?? 0
    #expect(try await Eventually.holds { try cluster[3].command(["DBSIZE"]).integer == count })
    var options = ClusterScanner.Options()
    options.count = 20
    options.match = Array("over:*".utf8)
    options.timeout = .milliseconds(500)
    var scanner = ClusterScanner(client, options: options)
    var seen: Set<String> = []
    var pages = 0
    var progress = ClusterScanner.Progress()
    while let page = try await scanner.next() {
      seen.formUnion(page.keys.map { String(decoding: $0, as: UTF8.self) })
      progress = page.progress
      pages += 1
      if pages == 10 { cluster[0].kill9() }
    }
    #expect(pages > 10)
    #expect(keys.subtracting(seen) == [])
    #expect(progress.slotsDone == 16_384)
    try cluster[0].start()
    try cluster.waitUntilWell()
  }
}

/// Nodes that are not where they say.
@Suite(.serialized, .blocking, .enabled(if: RedisCluster.hasShardsAndNames))
struct ClusterAddressTests {
  /// Three primaries that announce names that do not resolve and ports that nobody listens on; each is
  /// reached through a proxy.
  private struct Hidden {
    let cluster: RedisCluster
    let proxies: [RecordingProxy]
    let map: AddressMap
    let seed: RedisEndpoint

    init() throws {
      var options = RedisCluster.Options()
      options.replicasOfEach = 0
      options.arguments = { number, port in
        [
          "--cluster-announce-hostname", "n\(number).shop.invalid",
          "--cluster-preferred-endpoint-type", "hostname",
          "--cluster-announce-port", "\(1000 + number)",
          "--cluster-announce-bus-port", "\(port + 10_000)",
        ]
      }
      cluster = try RedisCluster(options)
      proxies = try cluster.nodes.map { try RecordingProxy(to: $0.address, on: .loopback) }
      let ports = proxies.map { proxy -> UInt16 in
        if case .loopback(let port) = proxy.address { port } else { 0 }
      }
      map = try AddressMap(
        ports.enumerated().map { ("n\($0).shop.invalid:\(1000 + $0)", "127.0.0.1:\($1)") })
      seed = ClusterFixture.seed(port: ports[0])
    }
  }

  @Test func `announced addresses that lead nowhere are reached through the map, redirects too`()
    async throws
  {
    let hidden = try Hidden()
    let cluster = hidden.cluster
    let client = ClusterFixture.client([hidden.seed]) { $0.addresses = hidden.map }
    let topology = try await client.topology()
    #expect(
      topology.primaries.map { $0.address?.description ?? "" }
        == (0..<3).map { "n\($0).shop.invalid:\(1000 + $0)" })
    let tags = (0..<10).map { ClusterFixture.tag(of: 500 + $0) }
    _ = await client.pipeline(tags.map { RedisCommand("SET", $0, $0) }, action: "testing")
    let slots = 500..<510
    try cluster.open(505, from: cluster[0], to: cluster[1])
    try cluster.moveKeys(of: 505, from: cluster[0], to: cluster[1])
    let gets = tags.map { RedisCommand("GET", $0) }
    let asked = await client.pipeline(gets, action: "testing")
    #expect(asked.map(ClusterFixture.text) == tags)
    try cluster.close(505, from: cluster[0], to: cluster[1])
    try cluster.reshard(slots.filter { $0 != 505 }, from: cluster[0], to: cluster[1])
    let moved = await client.pipeline(gets, action: "testing")
    #expect(moved.map(ClusterFixture.text) == tags)
    let sent = hidden.proxies.map { Set($0.commands.map { $0[0] }) }
    #expect(sent[0].isSuperset(of: ["CLUSTER", "SET", "GET"]))
    #expect(sent[1].isSuperset(of: ["ASKING", "GET"]))
  }

  @Test func `without the map the error names the address that was tried`() async throws {
    let hidden = try Hidden()
    let client = ClusterFixture.client([hidden.seed])
    let error = await ClusterFixture.error(
      of: client, RedisCommand("GET", ClusterFixture.tag(of: 0)), timeout: .seconds(1))
    #expect(error?.kind == .unreachable)
    #expect(error?.endpoint == "n0.shop.invalid:1000")
    // The seed itself still tells the topology, whenever it is asked again.
    #expect(try await client.freshTopology().primaries.count == 3)
  }

  @Test func `a node that redirects to its own address is connected to anew`() async throws {
    let hidden = try Hidden()
    let client = ClusterFixture.client([hidden.seed]) { $0.addresses = hidden.map }
    _ = try await client.topology()
    let tag = ClusterFixture.tag(of: 0)
    // Another server has taken the address: what a name that was moved looks like.
    hidden.proxies[0].retarget(hidden.cluster[2].address)
    let before = hidden.proxies[0].bytes.count
    let task = Fixture.loop.spawn {
      await client.pipeline([RedisCommand("SET", tag, "x")], action: "testing")
        .map(ClusterFixture.text)
    }
    #expect(
      try await Eventually.holds {
        hidden.proxies[0].bytes.count > before
          && hidden.proxies[0].commands.contains { $0.first == "SET" }
      })
    hidden.proxies[0].retarget(hidden.cluster[0].address)
    #expect(await task.value == ["OK"])
    #expect(hidden.proxies[0].bytes.count > before + 1)
    #expect(try hidden.cluster[0].command(["GET", tag]).text == "x")
  }
}
