private import Glibc
private import Synchronization

/// A primary, its replicas and the Sentinels that watch them: real processes on loopback ports, ended by
/// pid with their owner.
package final class RedisSentinels: Sendable {
  package struct Options: Sendable {
    package var replicas = 2
    package var sentinels = 3
    package var master = "shop"
    /// Milliseconds after which a silent server is suspected.
    package var downAfter = 1500
    /// Of the servers: of the default user, and of the replication.
    package var password: String?
    /// Of the Sentinels, among themselves and for everybody.
    package var sentinelPassword: String?
    /// Every connection is TLS, also those among them.
    package var tls: RedisServer.TLS?

    package init() {}
  }

  /// One process: a server or a Sentinel.
  package final class Node: Sendable {
    package let port: UInt16
    /// The port that speaks TLS; nil: there is none.
    package let tlsPort: UInt16?
    private let folder: TemporaryFolder
    private let arguments: [String]
    private let password: String?
    private let process: Mutex<ChildProcess?> = Mutex(nil)

    /// - Parameters:
    ///   - configuration: lines of the configuration file, which Sentinels rewrite.
    fileprivate init(
      isSentinel: Bool, port: UInt16, tls: RedisServer.TLS?, password: String?,
      _ configuration: [String]
    ) throws(TestKitError) {
      self.port = port
      self.password = password
      folder = try TemporaryFolder()
      var lines = ["bind 127.0.0.1", "port \(port)", "dir \(folder.path)"]
      if let tls {
        let tlsPort = try SocketIO.freePort()
        self.tlsPort = tlsPort
        lines += [
          "tls-port \(tlsPort)", "tls-cert-file \(tls.identity.certificate)",
          "tls-key-file \(tls.identity.key)", "tls-ca-cert-file \(tls.authority)",
          "tls-auth-clients no", "tls-replication yes",
        ]
      } else {
        tlsPort = nil
      }
      let path = try folder.write(
        "server.conf", (lines + configuration).joined(separator: "\n") + "\n")
      arguments = [path] + (isSentinel ? ["--sentinel"] : [])
    }

    /// The port that the others know it by.
    package var announcedPort: UInt16 { tlsPort ?? port }
    package var address: String { "127.0.0.1:\(announcedPort)" }
    package var isRunning: Bool { process.withLock { $0.map { $0.exit == nil } ?? false } }

    package func start() throws(TestKitError) {
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

    package func connect(within seconds: Double = 10) throws(TestKitError) -> RedisConnection {
      try RedisConnection(.loopback(port: port), password: password, within: seconds)
    }

    @discardableResult
    package func command(_ words: [String]) throws(TestKitError) -> RedisReply {
      try connect().command(words)
    }

    /// A field of INFO.
    package func info(_ field: String) throws(TestKitError) -> String? {
      (try command(["INFO", "everything"]).text ?? "").split(whereSeparator: \.isNewline)
        .first { $0.hasPrefix(field + ":") }.map { String($0.dropFirst(field.count + 1)) }
    }

    package func kill9() { end(SIGKILL) }
    package func stop() { end(SIGTERM) }
    package func pause() { process.withLock { $0?.send(SIGSTOP) } }
    package func resume() { process.withLock { $0?.send(SIGCONT) } }

    private func end(_ number: Int32) {
      let child = process.withLock { running in
        defer { running = nil }
        return running
      }
      child?.send(SIGCONT)
      child?.send(number)
      if child?.wait(within: 5) == nil { child?.end(within: 1) }
    }
  }

  package let options: Options
  package let servers: [Node]
  package let sentinels: [Node]

  /// Returns when all Sentinels know each other and both replicas.
  package init(_ options: Options = Options()) throws(TestKitError) {
    self.options = options
    var servers: [Node] = []
    for number in 0...options.replicas {
      servers.append(try Self.server(replicating: number == 0 ? nil : servers[0], options))
      try servers[number].start()
    }
    self.servers = servers
    for replica in servers.dropFirst() {
      try Self.wait("a replica is in step") { () throws(TestKitError) in
        try replica.info("master_link_status") == "up"
      }
    }
    var sentinels: [Node] = []
    for _ in 0..<options.sentinels {
      sentinels.append(try Self.sentinel(watching: servers[0], options))
      try sentinels.last?.start()
    }
    self.sentinels = sentinels
    try waitUntilWell()
  }

  deinit { end() }

  /// Ends all of them, now.
  package func end() { for node in sentinels + servers { node.kill9() } }

  private static func server(
    replicating primary: Node?, _ options: Options
  ) throws(TestKitError) -> Node {
    var lines = [
      "save \"\"", "appendonly no", "repl-diskless-sync yes", "repl-diskless-sync-delay 0",
      "repl-timeout 5",
    ]
    if let password = options.password {
      lines += ["requirepass \(password)", "masterauth \(password)"]
    }
    if let primary { lines.append("replicaof 127.0.0.1 \(primary.announcedPort)") }
    return try Node(
      isSentinel: false, port: try SocketIO.freePort(), tls: options.tls,
      password: options.password, lines)
  }

  private static func sentinel(
    watching primary: Node, _ options: Options
  ) throws(TestKitError) -> Node {
    let name = options.master
    var lines = [
      "sentinel monitor \(name) 127.0.0.1 \(primary.announcedPort) \(options.sentinels / 2 + 1)",
      "sentinel down-after-milliseconds \(name) \(options.downAfter)",
      "sentinel failover-timeout \(name) 5000", "sentinel parallel-syncs \(name) 2",
    ]
    if let password = options.password { lines.append("sentinel auth-pass \(name) \(password)") }
    if let password = options.sentinelPassword {
      lines += ["requirepass \(password)", "sentinel sentinel-pass \(password)"]
    }
    return try Node(
      isSentinel: true, port: try SocketIO.freePort(), tls: options.tls,
      password: options.sentinelPassword, lines)
  }

  private static func wait(
    _ what: String, _ condition: () throws(TestKitError) -> Bool
  ) throws(TestKitError) {
    guard try Eventually.holds(within: 40, condition) else {
      throw TestKitError("not within 40 s: \(what)")
    }
  }

  // MARK: What the Sentinels say

  /// A field of SENTINEL MASTER.
  package func field(
    _ name: String, of sentinel: Node
  ) throws(TestKitError) -> String? {
    let parts = (try sentinel.command(["SENTINEL", "MASTER", options.master]).array ?? [])
      .map { $0.text ?? "" }
    guard let index = parts.firstIndex(of: name), index + 1 < parts.count else { return nil }
    return parts[index + 1]
  }

  /// Waits until all Sentinels that run agree on everything.
  package func waitUntilWell() throws(TestKitError) {
    let running = sentinels.filter(\.isRunning)
    try Self.wait("the Sentinels know each other and the replicas") { () throws(TestKitError) in
      for sentinel in running {
        guard try field("flags", of: sentinel) == "master",
          try field("num-other-sentinels", of: sentinel) == "\(options.sentinels - 1)",
          try field("num-slaves", of: sentinel) == "\(options.replicas)"
        else { return false }
      }
      return try Set(running.map { one throws(TestKitError) in try primaryPort(by: one) }).count
        == 1
    }
  }

  /// The primary's announced port as a Sentinel sees it.
  package func primaryPort(by sentinel: Node) throws(TestKitError) -> UInt16? {
    try sentinel.command(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", options.master])
      .array?.last?.text.flatMap { UInt16($0) }
  }

  /// The primary as a Sentinel sees it.
  package func primary(by sentinel: Node? = nil) throws(TestKitError) -> Node {
    let asked = sentinel ?? sentinels.first(where: \.isRunning)
    guard let asked, let port = try primaryPort(by: asked),
      let node = servers.first(where: { $0.announcedPort == port })
    else { throw TestKitError("no Sentinel names a primary") }
    return node
  }

  /// A failover that nobody has to agree with; a Sentinel refuses while it finds no replica fit.
  package func failover(by sentinel: Node? = nil) throws(TestKitError) {
    guard let asked = sentinel ?? sentinels.first(where: \.isRunning) else {
      throw TestKitError("no Sentinel runs")
    }
    try Self.wait("a Sentinel begins a failover") { () throws(TestKitError) in
      try asked.command(["SENTINEL", "FAILOVER", options.master]) == .simple("OK")
    }
  }
}
