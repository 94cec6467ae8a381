private import Glibc
private import Synchronization

/// A real Redis Cluster of processes on loopback ports, made with the cluster's own commands and ended
/// by pid with its owner.
package final class RedisCluster: Sendable {
  package struct Options: Sendable {
    package var primaries = 3
    package var replicasOfEach = 1
    /// Milliseconds after which a silent node is suspected; a failover begins about as long after.
    package var nodeTimeout = 1000
    /// More of redis-server's options for each node, by its number and its port.
    package var arguments: @Sendable (_ number: Int, _ port: UInt16) -> [String] = { _, _ in [] }

    package init() {}
  }

  /// One server process of the cluster.
  package final class Node: Sendable {
    package let number: Int
    package let port: UInt16
    package let id: String
    private let server: ClusterServer

    fileprivate init(number: Int, server: ClusterServer) throws(TestKitError) {
      self.number = number
      self.server = server
      port = server.port
      guard let id = try server.command(["CLUSTER", "MYID"]).text else {
        throw TestKitError("node \(number) has no id")
      }
      self.id = id
    }

    package var address: SocketAddress { .loopback(port: port) }
    package var isRunning: Bool { server.isRunning }
    package func connect() throws(TestKitError) -> RedisConnection { try RedisConnection(address) }

    @discardableResult
    package func command(_ words: [String]) throws(TestKitError) -> RedisReply {
      try server.command(words)
    }

    /// As `command`, but an error reply is thrown.
    @discardableResult
    package func run(_ words: [String]) throws(TestKitError) -> RedisReply {
      let reply = try command(words)
      if let text = reply.errorText { throw TestKitError("node \(number): \(words): \(text)") }
      return reply
    }

    package func kill9() { server.end(SIGKILL) }
    package func stop() { server.end(SIGTERM) }
    package func pause() { server.signal(SIGSTOP) }
    package func resume() { server.signal(SIGCONT) }
    /// Starts it again, with its place in the cluster and without its keys.
    package func start() throws(TestKitError) { try server.start() }

    /// A field of INFO.
    package func info(_ field: String) throws(TestKitError) -> String? {
      Self.field(field, try command(["INFO", "everything"]).text ?? "")
    }

    /// A field of CLUSTER INFO.
    package func clusterInfo(_ field: String) throws(TestKitError) -> String? {
      Self.field(field, try command(["CLUSTER", "INFO"]).text ?? "")
    }

    private static func field(_ name: String, _ text: String) -> String? {
      text.split(whereSeparator: \.isNewline).first { $0.hasPrefix(name + ":") }
        .map { String($0.dropFirst(name.count + 1)) }
    }
  }

  private let options: Options
  private let state: Mutex<[Node]>

  /// Primaries first; node `primaries + i` replicates node `i % primaries`. Returns when every node
  /// says that the cluster is well and every replica is in step.
  package init(_ options: Options = Options()) throws(TestKitError) {
    self.options = options
    let count = options.primaries * (1 + options.replicasOfEach)
    var nodes: [Node] = []
    for number in 0..<count { nodes.append(try Self.node(number, options)) }
    state = Mutex(nodes)
    for (index, range) in Self.shares(of: options.primaries).enumerated() {
      try nodes[index].run(["CLUSTER", "ADDSLOTS"] + range.map { String($0) })
    }
    // Epochs of their own, as redis-cli gives them: else the nodes first settle who gets which.
    for node in nodes { try node.run(["CLUSTER", "SET-CONFIG-EPOCH", String(node.number + 1)]) }
    try Self.meet(nodes)
    for node in nodes[options.primaries...] {
      try Self.replicate(node, nodes[(node.number - options.primaries) % options.primaries])
    }
    try waitUntilWell()
  }

  deinit { for node in nodes { node.kill9() } }

  package var nodes: [Node] { state.withLock { $0 } }

  package var primaries: [Node] { Array(nodes.prefix(options.primaries)) }

  package subscript(_ number: Int) -> Node { nodes[number] }

  package func node(id: String) -> Node? { nodes.first { $0.id == id } }

  /// The node that owns the slot, as the first node that runs sees it.
  package func owner(of slot: Int) throws(TestKitError) -> Node {
    guard let asked = nodes.first(where: \.isRunning) else { throw TestKitError("no node runs") }
    guard let owner = try owner(of: slot, asking: asked) else {
      throw TestKitError("nobody owns slot \(slot)")
    }
    return owner
  }

  /// nil: nobody, for the moment at least.
  private func owner(of slot: Int, asking asked: Node) throws(TestKitError) -> Node? {
    for entry in try asked.run(["CLUSTER", "SLOTS"]).array ?? [] {
      guard let parts = entry.array, parts.count > 2, let low = parts[0].integer,
        let high = parts[1].integer, low <= slot, Int64(slot) <= high,
        let id = parts[2].array?.dropFirst(2).first?.text, let node = node(id: id)
      else { continue }
      return node
    }
    return nil
  }

  /// Splits all slots evenly.
  private static func shares(of count: Int) -> [Range<Int>] {
    (0..<count).map { ($0 * 16_384 / count)..<(($0 + 1) * 16_384 / count) }
  }
}

// MARK: Nodes

extension RedisCluster {
  private static func node(_ number: Int, _ options: Options) throws(TestKitError) -> Node {
    try Node(
      number: number,
      server: ClusterServer(
        nodeTimeout: options.nodeTimeout, arguments: { options.arguments(number, $0) }))
  }

  /// Everybody meets everybody: faster than to wait until gossip has gone round.
  private static func meet(_ nodes: [Node]) throws(TestKitError) {
    for one in nodes {
      for two in nodes where one.number < two.number {
        try one.run(["CLUSTER", "MEET", "127.0.0.1", "\(two.port)", "\(two.port + 10_000)"])
      }
    }
    try wait("all nodes know each other") { () throws(TestKitError) in
      for node in nodes where try known(to: node) != Set(nodes.map(\.id)) { return false }
      return true
    }
  }

  /// Ids of nodes that have shaken hands with it.
  private static func known(to node: Node) throws(TestKitError) -> Set<String> {
    let text = try node.run(["CLUSTER", "NODES"]).text ?? ""
    return Set(
      text.split(separator: "\n").compactMap { line in
        let words = line.split(separator: " ")
        guard words.count >= 8, !words[2].contains("handshake"), words[7] == "connected" else {
          return nil
        }
        return String(words[0])
      })
  }

  private static func replicate(_ replica: Node, _ primary: Node) throws(TestKitError) {
    try wait("node \(replica.number) may replicate") { () throws(TestKitError) in
      try replica.command(["CLUSTER", "REPLICATE", primary.id]) == .simple("OK")
    }
  }

  private static func wait(
    _ what: String, _ condition: () throws(TestKitError) -> Bool
  ) throws(TestKitError) {
    guard try Eventually.holds(within: 40, condition) else {
      throw TestKitError("not within 40 s: \(what)")
    }
  }

  /// Waits until all running nodes find the cluster whole, agree on the owners of slots, and all
  /// replicas are in step with their primaries.
  package func waitUntilWell() throws(TestKitError) {
    let running = nodes.filter(\.isRunning)
    var trouble = ""
    let isWell = try Eventually.holds(within: 40) { () throws(TestKitError) -> Bool in
      var maps: [[String]: Int] = [:]
      for node in running {
        guard try node.clusterInfo("cluster_state") == "ok" else {
          trouble = "node \(node.number): cluster_state:fail"
          return false
        }
        if try node.info("role") == "slave", try node.info("master_link_status") != "up" {
          trouble = "node \(node.number) has no link to its primary"
          return false
        }
        maps[try Self.owners(node.run(["CLUSTER", "NODES"]).text ?? "")] = node.number
      }
      trouble = "owners: " + maps.map { "node \($1) says \($0)" }.joined(separator: "; ")
      return maps.count == 1
    }
    guard isWell else { throw TestKitError("not within 40 s: the cluster is well: \(trouble)") }
  }

  /// `id slots` of each primary with slots.
  private static func owners(_ text: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      let slots = words.dropFirst(8).filter { !$0.hasPrefix("[") }
      guard words.count > 8, !slots.isEmpty else { return nil }
      return "\(words[0]) \(slots.joined(separator: " "))"
    }.sorted()
  }

  /// Another node that knows all others and owns nothing.
  package func addNode() throws(TestKitError) -> Node {
    let node = try Self.node(nodes.count, options)
    let all = state.withLock { nodes in
      nodes.append(node)
      return nodes
    }
    try Self.meet(all.filter(\.isRunning))
    try waitUntilWell()
    return node
  }

  /// Takes a node without slots out of the cluster and ends it.
  package func remove(_ node: Node) throws(TestKitError) {
    for other in nodes where other.number != node.number && other.isRunning {
      try other.run(["CLUSTER", "FORGET", node.id])
    }
    discard(node)
  }

  /// Ends a node that is in the cluster no more.
  package func discard(_ node: Node) {
    node.kill9()
    state.withLock { $0.removeAll { $0.number == node.number } }
  }

  /// `replica` takes its primary's place, without loss.
  package func failover(to replica: Node) throws(TestKitError) {
    var again = Deadline(within: 0)
    try Self.wait("node \(replica.number) is primary") { () throws(TestKitError) in
      if try replica.info("role") == "master" { return true }
      // A failover that has not come about after 5 s is given up by the server.
      if again.isPast {
        _ = try replica.command(["CLUSTER", "FAILOVER"])
        again = Deadline(within: 6)
      }
      return false
    }
  }
}

// MARK: Slots

extension RedisCluster {
  /// Begins to move a slot: from now on absent keys are ASKed for at `target`.
  package func open(_ slot: Int, from source: Node, to target: Node) throws(TestKitError) {
    // Two nodes that take slots in quick succession, before one has heard of the other's epoch, would
    // choose the same one, and their claims would have to be settled.
    try Self.wait("both know the same epoch") { () throws(TestKitError) in
      try source.clusterInfo("cluster_current_epoch") == target.clusterInfo("cluster_current_epoch")
    }
    try target.run(["CLUSTER", "SETSLOT", "\(slot)", "IMPORTING", source.id])
    try source.run(["CLUSTER", "SETSLOT", "\(slot)", "MIGRATING", target.id])
  }

  /// Moves up to `limit` of the slot's keys; returns how many.
  @discardableResult
  package func moveKeys(
    of slot: Int, from source: Node, to target: Node, limit: Int = .max
  ) throws(TestKitError) -> Int {
    let connection = try source.connect()
    var moved = 0
    while moved < limit {
      let count = min(100, limit - moved)
      let reply = try connection.command(["CLUSTER", "GETKEYSINSLOT", "\(slot)", "\(count)"])
      let keys = (reply.array ?? []).compactMap(\.text)
      guard !keys.isEmpty else { break }
      try move(keys, over: connection, to: target)
      moved += keys.count
    }
    return moved
  }

  /// Moves these keys, whatever their slot.
  package func move(_ keys: [String], from source: Node, to target: Node) throws(TestKitError) {
    try move(keys, over: source.connect(), to: target)
  }

  private func move(
    _ keys: [String], over connection: RedisConnection, to target: Node
  ) throws(TestKitError) {
    let words = ["MIGRATE", "127.0.0.1", "\(target.port)", "", "0", "5000", "KEYS"] + keys
    let reply = try connection.command(words)
    if let text = reply.errorText { throw TestKitError("MIGRATE: \(text)") }
  }

  /// Ends the move: the slot is the target's, and every running primary is told.
  package func close(_ slot: Int, from source: Node, to target: Node) throws(TestKitError) {
    let words = ["CLUSTER", "SETSLOT", "\(slot)", "NODE", target.id]
    try target.run(words)
    let reply = try source.command(words)
    // Who has heard that its last slot went is a replica by now.
    if let text = reply.errorText, !text.contains("only with masters") {
      throw TestKitError("node \(source.number): \(words): \(text)")
    }
    for node in nodes
    where node.number != source.number && node.number != target.number && node.isRunning {
      // A replica takes no SETSLOT and hears of it from the others.
      _ = try node.command(words)
    }
  }

  /// Moves whole slots with their keys, one after the other, as redis-cli does.
  package func reshard(
    _ slots: some Sequence<Int>, from source: Node, to target: Node
  ) throws(TestKitError) {
    for slot in slots {
      // Where two nodes took an epoch at once the claim may be settled against the target: once more.
      for _ in 0..<5 {
        try open(slot, from: source, to: target)
        try moveKeys(of: slot, from: source, to: target)
        try close(slot, from: source, to: target)
        if try agreedOwner(of: slot).number == target.number { break }
      }
    }
  }

  /// Waits until all running nodes name the same owner. Replicas, too: they speak for their primary's
  /// slots, and one that has heard of its new epoch but not of a slot that it lost takes the slot back.
  private func agreedOwner(of slot: Int) throws(TestKitError) -> Node {
    var found: [Node] = []
    try Self.wait("the nodes agree on slot \(slot)") { () throws(TestKitError) in
      found = []
      for node in nodes where node.isRunning {
        guard let owner = try owner(of: slot, asking: node) else { return false }
        found.append(owner)
      }
      return Set(found.map(\.number)).count == 1
    }
    return found[0]
  }
}

/// The process of one node, on two free ports: clients', and 10,000 above it the cluster's own.
private final class ClusterServer: Sendable {
  let port: UInt16
  private let folder: TemporaryFolder
  private let arguments: [String]
  private let process = Mutex<ChildProcess?>(nil)

  init(nodeTimeout: Int, arguments more: (UInt16) -> [String]) throws(TestKitError) {
    folder = try TemporaryFolder()
    port = try Self.freePorts()
    arguments =
      [
        "--save", "", "--appendonly", "no", "--dir", folder.path, "--daemonize", "no",
        "--port", String(port), "--bind", "127.0.0.1", "--cluster-enabled", "yes",
        "--cluster-node-timeout", String(nodeTimeout), "--cluster-config-file", "nodes.conf",
        // Replicas stay where they were put, whatever moves, and may always take over.
        "--cluster-migration-barrier", "100", "--cluster-replica-validity-factor", "0",
        "--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0",
      ] + more(port)
    try start()
  }

  var isRunning: Bool { process.withLock { $0.map { $0.exit == nil } ?? false } }

  func start() throws(TestKitError) {
    let child = try ChildProcess("redis-server", arguments)
    process.withLock { $0 = child }
    let isReady = Eventually.holds(within: 20) { () -> Bool in
      guard child.exit == nil else { return true }
      return (try? command(["PING"])) == .simple("PONG")
    }
    guard isReady, child.exit == nil else {
      throw TestKitError("redis-server did not start:\n\(child.outputText)")
    }
  }

  func command(_ words: [String]) throws(TestKitError) -> RedisReply {
    try RedisConnection(.loopback(port: port)).command(words)
  }

  func signal(_ number: Int32) { process.withLock { $0?.send(number) } }

  func end(_ number: Int32) {
    let child = process.withLock { running in
      defer { running = nil }
      return running
    }
    child?.send(SIGCONT)
    child?.send(number)
    if child?.wait(within: 5) == nil { child?.end(within: 1) }
  }

  private static func freePorts() throws(TestKitError) -> UInt16 {
    for _ in 0..<200 {
      let port = try SocketIO.freePort()
      guard port < 55_000, let bus = try? SocketIO.listen(.loopback(port: port + 10_000)) else {
        continue
      }
      Glibc.close(bus)
      return port
    }
    throw TestKitError("no two free ports 10,000 apart")
  }
}
