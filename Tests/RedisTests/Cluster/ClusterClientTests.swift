import EventLoop
import TestKit
import Testing

@testable import Redis

/// A whole cluster whose slots stay where they are.
@Suite(.serialized, .blocking, .cluster) struct ClusterClientTests {
  @Test func `the topology names the nodes with their slots and replicas`() async throws {
    let cluster = try ClusterTrait.shared()
    let client = ClusterFixture.client(cluster)
    let topology = try await client.topology()
    #expect(topology.source == (RedisCluster.hasShardsAndNames ? .shards : .slots))
    #expect(topology.uncovered.isEmpty)
    #expect(Set(topology.primaries.map(\.id)) == Set(cluster.primaries.map(\.id)))
    #expect(topology.shards.map(\.replicas.count) == [1, 1, 1])
    for node in cluster.nodes {
      #expect(
        topology.node(id: node.id)?.address == NodeAddress(host: "127.0.0.1", port: node.port))
    }
    #expect(topology.shard(of: 0)?.primary?.id == cluster[0].id)
    #expect(topology.shard(of: 16_383)?.primary?.id == cluster[2].id)
    #expect(topology.epoch ?? 0 >= 3)
    // A new replica counts as loading until the others have heard how far it is.
    #expect(topology.primaries.map(\.health) == [.online, .online, .online])
    #expect(topology.replicas.allSatisfy { $0.health == .online || $0.health == .loading })
  }

  @Test func `slots of random binary keys are those of the server`() throws {
    let connection = try ClusterTrait.shared()[0].connect()
    var generator = SplitMix64(seed: 5)
    let alphabet: [UInt8] = [0, 10, 13, 0x7B, 0x7D, 0x7B, 0x7D, 0xFF, 0x61, 0x62]
    for _ in 0..<3000 {
      let key = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
        Bool.random(using: &generator)
          ? alphabet.randomElement(using: &generator) ?? 0
          : UInt8.random(in: 0...255, using: &generator)
      }
      let slot = try connection.command(
        bytes: [Array("CLUSTER".utf8), Array("KEYSLOT".utf8), key])
      guard slot.integer == Int64(HashSlot.of(key)) else {
        Issue.record("\(key): \(slot), not \(HashSlot.of(key))")
        return
      }
    }
  }

  @Test func `the keys of each command are where the server says`() throws {
    let connection = try ClusterTrait.shared()[0].connect()
    let counted = ["eval", "evalsha", "eval_ro", "evalsha_ro", "fcall", "fcall_ro"]
    let union = ["zunion", "zinter", "zdiff", "sintercard"]
    let store = ["zunionstore", "zinterstore", "zdiffstore"]
    let pairs = ["mset", "msetnx"]
    var compared = 0
    for name in KeyLocator.names {
      let words = name.split(separator: "|").map(String.init)
      let info = try connection.command(["COMMAND", "INFO", name]).array?.first?.array
      guard let arity = info?.dropFirst().first?.integer else { continue }
      let least = abs(Int(arity)) - words.count
      for more in arity < 0 ? [0, 2, 4] : [0] {
        var arguments = (0..<(least + more)).map { "k\($0)" }
        if counted.contains(name) || store.contains(name) {
          guard arguments.count >= 3 else { continue }
          arguments[1] = "\(arguments.count - 2)"
        } else if union.contains(name) {
          arguments[0] = "\(arguments.count - 1)"
        } else if pairs.contains(name), !arguments.count.isMultiple(of: 2) {
          continue
        }
        let command = RedisCommand(words[0], Array(words.dropFirst()) + arguments)
        let reply = try connection.command(["COMMAND", "GETKEYS"] + words + arguments)
        // PFMERGE without a source, for one, is refused though it has the arguments that it needs.
        if reply.errorText?.contains("Invalid arguments") == true { continue }
        let expected: [String]? = reply.array?.compactMap(\.text)
        switch KeyLocator.locate(command) {
        case .keys(let indexes):
          let found = indexes.map { String(decoding: command.arguments[$0], as: UTF8.self) }
          // Redis 6.2 names the target first.
          #expect(found.sorted() == expected?.sorted(), "\(words + arguments): \(reply)")
        case .oneNode, .unknown:
          #expect(expected == nil, "\(words + arguments): \(reply)")
        }
        compared += 1
      }
    }
    #expect(compared > 200)
  }

  @Test func `a pipeline of 1,000 mixed commands comes back in order`() async throws {
    let client = ClusterFixture.client(try ClusterTrait.shared())
    var commands: [RedisCommand] = []
    var expected: [RESPValue] = []
    for number in 0..<250 {
      let key = "order:\(number)"
      commands.append(RedisCommand("SET", key, "\(number)"))
      commands.append(RedisCommand("INCRBY", key, "1"))
      commands.append(RedisCommand("GET", key))
      commands.append(RedisCommand("LPUSH", key, "x"))
      expected.append(.simple(Array("OK".utf8)))
      expected.append(.integer(Int64(number + 1)))
      expected.append(.bulk(Array("\(number + 1)".utf8)))
      expected.append(.error("WRONGTYPE Operation against a key holding the wrong kind of value"))
    }
    let answers = await client.pipeline(commands, action: "testing")
    #expect(answers == expected.map { .success($0) })
  }

  @Test func `commands over many slots are taken apart and put together`() async throws {
    let client = ClusterFixture.client(try ClusterTrait.shared())
    let keys = (0..<40).map { "many:\($0)" }
    let set = RedisCommand("MSET", keys.flatMap { [$0, "v" + $0] })
    #expect(try await client.send(set, action: "testing").text == "OK")
    let got = try await client.send(RedisCommand("MGET", keys + ["none"]), action: "testing")
    #expect(got.array?.map(\.text) == keys.map { "v" + $0 } + [nil])
    let exists = RedisCommand("EXISTS", keys + keys + ["none"])
    #expect(try await client.send(exists, action: "testing").unsigned == 80)
    let unlink = RedisCommand("UNLINK", keys + ["none"])
    #expect(try await client.send(unlink, action: "testing").unsigned == 40)
    let error = await ClusterFixture.error(of: client, RedisCommand("SINTER", "a", "b"))
    #expect(error?.kind == .unsupported)
    #expect(error?.nextStep == "use keys with the same {tag}, or one command for each")
  }

  @Test func `a dead seed costs nothing beside a live one, and dead ones alone say so`()
    async throws
  {
    let cluster = try ClusterTrait.shared()
    let dead = ClusterFixture.seed(port: try SocketIO.freePort())
    let nowhere = RedisEndpoint(address: .tcp(host: "nowhere.invalid", port: 6379))
    let client = ClusterFixture.client([dead, nowhere, ClusterFixture.seed(cluster[4])])
    let start = EventLoop.now()
    #expect(try await client.topology().uncovered.isEmpty)
    #expect(start.duration(to: .now()) < .seconds(1))
    let lost = ClusterFixture.client([dead])
    let error = await ClusterFixture.error(
      of: lost, RedisCommand("GET", "x"), timeout: .seconds(2))
    #expect(error?.kind == .unreachable)
    #expect(error?.action == "testing")
  }

  // Redis 6.2 has no SHARDS, which the first test shows, and no rights for one subcommand alone.
  @Test(.enabled(if: RedisCluster.hasShardsAndNames))
  func `without SHARDS the topology comes from SLOTS, without both from NODES`() async throws {
    let cluster = try ClusterTrait.shared()
    for (rule, source) in [
      ("-cluster|shards", ClusterTopology.Source.slots), ("-cluster|slots", .nodes),
    ] {
      for node in cluster.nodes { try node.run(["ACL", "SETUSER", "default", rule]) }
      let topology = try await ClusterFixture.client(cluster).topology()
      #expect(topology.source == source)
      #expect(Set(topology.primaries.map(\.id)) == Set(cluster.primaries.map(\.id)))
      // SLOTS leaves out replicas that have only just joined.
      if source == .nodes { #expect(topology.shards.map(\.replicas.count) == [1, 1, 1]) }
      #expect(topology.epoch ?? 0 >= 3)
    }
    for node in cluster.nodes { try node.run(["ACL", "SETUSER", "default", "+@all"]) }
  }

  @Test func `a server without a cluster says that it has none`() async throws {
    let server = try RedisServer(.loopback)
    guard case .loopback(let port) = server.address else { return }
    let client = ClusterFixture.client([ClusterFixture.seed(port: port)])
    let error = await ClusterFixture.error(
      of: client, RedisCommand("GET", "x"), timeout: .seconds(10))
    #expect(error?.kind == .unsupported)
    #expect(error?.message == "the server is not part of a cluster")
  }

  @Test func `a replica that hangs costs the others nothing`() async throws {
    let cluster = try ClusterTrait.shared()
    let client = ClusterFixture.client(cluster) { $0.topologyTimeout = .milliseconds(500) }
    _ = try await client.topology()
    cluster[4].pause()
    defer { cluster[4].resume() }
    let start = EventLoop.now()
    let answers = try await client.forEach(.all, action: "pinging", timeout: .seconds(5)) {
      _, node throws(RedisError) in
      try await node.send(RedisCommand("PING"), action: "pinging", timeout: .milliseconds(300))
    }
    #expect(answers.count == 6)
    for answer in answers {
      let isHanging = answer.node.id == cluster[4].id
      #expect((try? answer.result.get().text) == (isHanging ? nil : "PONG"))
    }
    for _ in 0..<5 { #expect(try await client.freshTopology().primaries.count == 3) }
    let replies = await client.pipeline(
      (0..<100).map { RedisCommand("GET", "none:\($0)") }, action: "testing")
    #expect(replies.allSatisfy { $0 == .success(.null) })
    #expect(start.duration(to: .now()) < .seconds(8))
  }

  @Test func `a pipeline that is cancelled ends at once, and its node client is free`() async throws
  {
    let cluster = try ClusterTrait.shared()
    let client = ClusterFixture.client(cluster)
    let keys = [0, 6000, 12_000].map { ClusterFixture.tag(of: $0) }
    _ = await client.pipeline(keys.map { RedisCommand("SET", $0, "1") }, action: "testing")
    cluster[1].pause()
    let task = Fixture.loop.spawn {
      await client.pipeline(
        keys.map { RedisCommand("INCR", $0) }, action: "testing", timeout: .seconds(60))
    }
    // The two others have counted; then nothing more can come.
    #expect(
      try await Eventually.holds {
        try cluster[2].command(["GET", keys[2]]).text == "2"
      })
    let start = EventLoop.now()
    task.cancel()
    let answers = await task.value
    cluster[1].resume()
    #expect(start.duration(to: .now()) < .seconds(5))
    #expect(answers.count == 3)
    if case .failure(let error) = answers[1] {
      #expect(error.kind == .indeterminate)
    } else {
      Issue.record("\(answers[1])")
    }
    try cluster.waitUntilWell()
    let again = await client.pipeline(keys.map { RedisCommand("GET", $0) }, action: "testing")
    #expect(again.map(ClusterFixture.text) == ["2", "2", "2"])
  }

  @Test func `reads may go to replicas`() async throws {
    let cluster = try ClusterTrait.shared()
    try cluster.waitUntilWell()
    let client = ClusterFixture.client(cluster) { $0.readsFromReplicas = true }
    let tag = ClusterFixture.tag(of: 100)
    _ = try await client.send(RedisCommand("SET", tag, "x"), action: "testing")
    #expect(
      try await Eventually.holds {
        try await client.send(RedisCommand("GET", tag), action: "testing").text == "x"
      })
    #expect(try cluster[3].command(["INFO", "commandstats"]).text?.contains("cmdstat_get") == true)
  }

  @Test func `a closed client refuses`() async throws {
    let client = ClusterFixture.client(try ClusterTrait.shared())
    _ = try await client.topology()
    client.close()
    let start = EventLoop.now()
    let error = await ClusterFixture.error(of: client, RedisCommand("GET", "x"))
    #expect(start.duration(to: .now()) < .seconds(5))
    #expect(error?.kind == .cancelled)
    #expect(error?.message == "the client was closed")
  }
}
