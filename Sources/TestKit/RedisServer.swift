private import Glibc
private import Synchronization

/// A real redis-server for one test: private folder, no persistence, ended by pid with its owner.
package final class RedisServer: Sendable {
  package enum Transport: Sendable, Hashable {
    /// A Unix socket in the server's private folder; no TCP port at all.
    case unixSocket
    /// A free port on 127.0.0.1.
    case loopback
  }

  /// Some servers of `script/test --full` are built without TLS, and it says so; none of those that every
  /// commit is tested with.
  package static let speaksTLS = unsafe getenv("CACHECONSOLE_SERVER_WITHOUT_TLS") == nil

  /// A TLS port beside the plain address, for the client under test.
  package struct TLS: Sendable {
    package var identity: TLSAuthority.Identity
    /// Who signed the clients' certificates.
    package var authority: String
    package var demandsClientCertificate = false
    /// `TLSv1.2`, `TLSv1.3`; nil: both.
    package var protocols: String?

    package init(_ identity: TLSAuthority.Identity, authority: String) {
      self.identity = identity
      self.authority = authority
    }
  }

  /// Where the test's own connections go: never TLS.
  package let address: SocketAddress
  /// The TLS port on 127.0.0.1, if there is one.
  package let tlsPort: UInt16?
  package let password: String?
  private let folder: TemporaryFolder
  private let arguments: [String]
  private let process: Mutex<ChildProcess?> = Mutex(nil)

  /// Starts the server and waits until it answers.
  ///
  /// - Parameter arguments: more of redis-server's options, such as `["--maxmemory", "64mb"]`.
  package init(
    _ transport: Transport = .unixSocket, arguments: [String] = [], password: String? = nil,
    tls: TLS? = nil
  ) throws(TestKitError) {
    folder = try TemporaryFolder()
    self.password = password
    switch transport {
    case .unixSocket: address = .unix(path: folder.file("redis.sock"))
    case .loopback: address = .loopback(port: try SocketIO.freePort())
    }
    var all = ["--save", "", "--appendonly", "no", "--dir", folder.path, "--daemonize", "no"]
    switch address {
    case .unix(let path): all += ["--port", "0", "--unixsocket", path]
    case .loopback(let port): all += ["--port", String(port), "--bind", "127.0.0.1"]
    }
    if let password { all += ["--requirepass", password] }
    if let tls {
      let port = try SocketIO.freePort()
      tlsPort = port
      all += [
        "--tls-port", String(port), "--tls-cert-file", tls.identity.certificate,
        "--tls-key-file", tls.identity.key, "--tls-ca-cert-file", tls.authority,
        "--tls-auth-clients", tls.demandsClientCertificate ? "yes" : "no",
      ]
      if case .unix = address { all += ["--bind", "127.0.0.1"] }
      if let protocols = tls.protocols { all += ["--tls-protocols", protocols] }
    } else {
      tlsPort = nil
    }
    self.arguments = all + arguments
    try start()
  }

  deinit { stop() }

  /// `rediss://127.0.0.1:1234` with a TLS port, else `redis://127.0.0.1:1234` or
  /// `unix:///tmp/…/redis.sock`; without the password.
  package var url: String {
    if let tlsPort { return "rediss://127.0.0.1:\(tlsPort)" }
    switch address {
    case .unix(let path): return "unix://\(path)"
    case .loopback(let port): return "redis://127.0.0.1:\(port)"
    }
  }

  /// Path of the Unix socket; nil for a TCP port.
  package var socketPath: String? {
    if case .unix(let path) = address { path } else { nil }
  }

  package var processID: Int32? { process.withLock { $0?.processID } }

  /// Starts it again after `stop` or `kill9`, on the same address, empty.
  package func start() throws(TestKitError) {
    let child = try ChildProcess("redis-server", arguments)
    process.withLock { $0 = child }
    var last = TestKitError("not tried")
    let isReady = Eventually.holds(within: 10) { () -> Bool in
      do throws(TestKitError) {
        guard child.exit == nil else { return true }
        let connection = try RedisConnection(address, password: password, within: 2)
        return try connection.command(["PING"]) == .simple("PONG")
      } catch {
        last = error
        return false
      }
    }
    guard isReady, child.exit == nil else {
      throw TestKitError("redis-server did not start: \(last)\n\(child.outputText)")
    }
  }

  /// Ends it as an operator would: SIGTERM, SIGKILL if that is not enough.
  package func stop() {
    let child = process.withLock { running in
      defer { running = nil }
      return running
    }
    child?.end(within: 5)
  }

  /// Ends it without a chance to say goodbye.
  package func kill9() {
    let child = process.withLock { running in
      defer { running = nil }
      return running
    }
    child?.send(SIGKILL)
    _ = child?.wait(within: 5)
  }

  /// SIGSTOP: connections stay open, nothing answers.
  package func pause() { process.withLock { $0?.send(SIGSTOP) } }

  /// SIGCONT
  package func resume() { process.withLock { $0?.send(SIGCONT) } }

  /// Another process on the same address: a new run id and no keys.
  package func restart() throws(TestKitError) {
    stop()
    try start()
  }

  /// A new connection as another client.
  package func connect(within seconds: Double = 10) throws(TestKitError) -> RedisConnection {
    try RedisConnection(address, password: password, within: seconds)
  }

  /// One command on a connection of its own.
  @discardableResult
  package func command(_ words: [String]) throws(TestKitError) -> RedisReply {
    try connect().command(words)
  }

  /// One field of `INFO section`, as text.
  package func info(_ field: String, _ section: String = "everything") throws(TestKitError)
    -> String?
  {
    let text = try command(["INFO", section]).text ?? ""
    for line in text.split(separator: "\r\n") where line.hasPrefix("\(field):") {
      return String(line.dropFirst(field.count + 1))
    }
    return nil
  }
}
