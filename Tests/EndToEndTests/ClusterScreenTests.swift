import Documents
import TestKit
import Testing

/// Clusters and replicas as an on-call engineer meets them: one address is enough.
@Suite(.serialized, .blocking) struct ClusterScreenTests {
  @Test func `the topology before, during and after a failover`() throws {
    let home = try TemporaryFolder()
    let cluster = try RedisCluster()
    let nodes = cluster.nodes
    let session = try Console.open(
      ["--redis", "localhost:\(nodes[1].port)", "--interval", "1"], home: home)
    try session.waitUntil("six servers", within: 40) { $0.contains("6/6") }
    try session.press("0")
    try session.waitUntil("the whole cluster", within: 40) { screen in
      screen.contains("cluster ok") && screen.contains("16,384/16,384 slots")
        && screen.contains("6 nodes")
    }
    nodes[0].kill9()
    let began = Deadline.now
    try session.waitUntil("the failed primary", within: 40) {
      $0.contains("✖ primary") || $0.contains("failing")
    }
    try session.waitUntil("the new primary", within: 40) { screen in
      screen.contains("new primary") && screen.contains("cluster ok")
    }
    // What the cluster needs for its vote is its own time; ours is the two seconds after it.
    #expect(Double(Deadline.now - began) / 1e9 < 20)
    try nodes[0].start()
    try session.waitUntil("the old primary as a replica", within: 40) { screen in
      !screen.contains("failed") && screen.contains("3 shards")
    }
    try session.press("q")
    #expect(try session.waitForEnd() == .code(0))
  }

  @Test func `a pattern is invalidated through a failover, and ends complete`() throws {
    let home = try TemporaryFolder()
    let cluster = try RedisCluster()
    for node in cluster.nodes.prefix(3) {
      // Of its own keys; those of other nodes are refused one by one.
      try node.run([
        "EVAL",
        "for i = 1, 60000 do redis.pcall('SET', ARGV[1] .. i, 'old') end", "0", "search:",
      ])
      try node.run(["EVAL", "for i = 1, 60 do redis.pcall('SET', 'kept:' .. i, 'old') end", "0"])
    }
    try PrivateFolder.make(home.file("config/cacheconsole"))
    try home.write(
      "config/cacheconsole/config.json5",
      """
      { schema: "cacheconsole.config", version: 1, environments: { "shop": {
        class: "development",
        servers: [{ name: "cache", url: "redis://127.0.0.1:\(cluster.nodes[1].port)" }] } } }
      """)
    let session = try Console.open(["--env", "shop", "--interval", "1"], home: home)
    try session.waitUntil("six servers", within: 40) { $0.contains("6/6") }
    try session.type(":invalidate search:*")
    try session.press("Enter")
    // The figure is whole when all shards are counted.
    try session.waitUntil("all shards' keys", within: 60) {
      $0.contains("60,000") && $0.contains("[Esc Cancel]  y invalidate")
    }
    try Console.confirm(session)
    try session.press("8")
    try session.waitUntil("it is at work", within: 40) { $0.contains("running") }
    cluster.nodes[0].kill9()
    try session.waitUntil("the end", within: 90) { $0.contains("done") }
    try session.press("Enter")
    try session.waitUntil("what came of it", within: 40) { $0.contains("nothing born before") }
    try cluster.waitUntilWell()
    for node in cluster.nodes where node.isRunning {
      #expect(try node.run(["KEYS", "search:*"]).array?.isEmpty == true)
    }
    try session.press("q")
    #expect(try session.waitForEnd() == .code(0))
  }

  @Test func `a replica leads to its primary, and --once --json tells both`() throws {
    let home = try TemporaryFolder()
    let primary = try RedisServer(.loopback)
    let replica = try RedisServer(.loopback)
    let words = primary.url.replacing("redis://", with: "").split(separator: ":").map(String.init)
    try replica.command(["REPLICAOF", words[0], words[1]])
    #expect(
      try Eventually.holds {
        (try replica.command(["INFO", "replication"]).text ?? "").contains("master_link_status:up")
      })
    let result = try Console.run(
      ["--redis", replica.url, "--once", "--json", "--interval", "0.5"], home: home)
    #expect(result.exit == .code(0), "\(result.error)")
    let topology = try #require(try JSONValue(parsing: result.output)["topologies"]?[0])
    #expect(topology["kind"]?.string == "replication")
    let members = try #require(topology["shards"]?[0]?["members"])
    #expect(members[0]?["role"]?.string == "primary" && members[1]?["role"]?.string == "replica")
    #expect(members[1]?["link"]?.string == "up")
    #expect(members[1]?["lag_bytes"]?.number != nil)
  }

  @Test func `a TLS cluster behind a port forward, announced where nobody can reach it`() throws {
    let home = try TemporaryFolder()
    let authority = try TLSAuthority.shared.get()
    let identity = try authority.sign(
      "forwarded",
      names: (0..<3).map { "DNS:n\($0).shop.invalid" }.joined(separator: ",") + ",IP:127.0.0.1",
      usage: "serverAuth,clientAuth")
    let ports = [try SocketIO.freePort(), try SocketIO.freePort(), try SocketIO.freePort()]
    var options = RedisCluster.Options()
    options.replicasOfEach = 0
    options.arguments = { number, port in
      [
        "--tls-port", "\(ports[number])", "--tls-cert-file", identity.certificate,
        "--tls-key-file", identity.key, "--tls-ca-cert-file", authority.file,
        "--tls-auth-clients", "no", "--tls-cluster", "yes", "--cluster-port", "\(port + 10_000)",
        "--cluster-announce-hostname",
        "n\(number).shop.invalid",
        "--cluster-preferred-endpoint-type", "hostname",
        "--cluster-announce-port", "\(1000 + number)",
        "--cluster-announce-tls-port", "\(2000 + number)",
        "--cluster-announce-bus-port", "\(port + 10_000)",
      ]
    }
    let cluster = try RedisCluster(options)
    // What `ssh -L` does: each node at a port of this machine.
    let forwards = try ports.map { try RecordingProxy(to: .loopback(port: $0), on: .loopback) }
    let reached = forwards.map { $0.url.replacing("redis://", with: "") }
    let words = [
      "--redis", "rediss://\(reached[0])", "--cacert", authority.file, "--once", "--json",
      "--interval", "2",
    ]
    let maps = reached.enumerated().flatMap { ["--map", "n\($0).shop.invalid:\(2000 + $0)=\($1)"] }
    // One look may come before a busy machine has shaken hands with all of them.
    var output = ""
    let isWhole = Eventually.holds(within: 60) { () throws(Never) -> Bool in
      guard let result = try? Console.run(words + maps, home: home) else { return false }
      output = result.output + result.error
      guard result.exit == .code(0), let snapshot = try? JSONValue(parsing: result.output) else {
        return false
      }
      return snapshot["topologies"]?[0]?["kind"]?.string == "cluster"
        && (0..<3).allSatisfy { snapshot["nodes"]?[$0]?["state"]?.string == "live" }
        && snapshot["nodes"]?[3] == nil
    }
    #expect(isWhole, "\(output)")

    // Without the map each node is named with the address that was tried.
    let isNamed = Eventually.holds(within: 60) { () throws(Never) -> Bool in
      guard let lost = try? Console.run(words, home: home) else { return false }
      output = lost.error
      return lost.exit == .code(1) && lost.error.contains("n1.shop.invalid:2001")
    }
    #expect(isNamed, "\(output)")
    _ = cluster
  }
}
