private import EventLoop
private import Glibc

/// The demo's redis-server: a child of the supervisor's main thread.
struct DemoServer {
  let processID: Int32

  /// Starts it; it is not ready yet.
  ///
  /// Call from the main thread only: with `setpriv --pdeathsig` the server is told when the thread that
  /// started it ends, and only the main thread lives as long as the supervisor.
  init(folder: DemoFolder, memory: Int) throws(DemoFailure) {
    guard let program = Spawn.find("redis-server") ?? Spawn.find("valkey-server") else {
      throw DemoFailure(
        "the demo needs redis-server, which is not in PATH",
        nextStep: "install it: script/bootstrap")
    }
    var words = [program] + Self.options(folder, memory)
    if let setpriv = Spawn.find("setpriv") {
      words = [setpriv, "--pdeathsig", "TERM", "--"] + words
    }
    var spawn = Spawn(words[0], Array(words.dropFirst()))
    spawn.workingDirectory = folder.path
    do throws(SpawnError) {
      processID = try spawn.start()
    } catch {
      throw DemoFailure("the demo cannot start \(error)", nextStep: "run script/bootstrap")
    }
    folder.note(serverProcess: processID)
  }

  private static func options(_ folder: DemoFolder, _ memory: Int) -> [String] {
    [
      // Only the Unix socket, only for this user; nothing is written to disk.
      "--port", "0", "--unixsocket", folder.socket, "--unixsocketperm", "700",
      "--save", "", "--appendonly", "no", "--dir", folder.path, "--daemonize", "no",
      "--maxmemory", "\(memory)mb", "--maxmemory-policy", "allkeys-lfu",
      // At 100 a counter saturates after ten million hits (redis.conf), at the default 10 after one
      // million, which the flash-sale product has in half an hour.
      "--lfu-log-factor", "100",
      // A tenth of the usual 10 ms: the demo's slow commands take 2 … 20 ms on a fast machine.
      "--slowlog-log-slower-than", "1000", "--slowlog-max-len", "256",
      "--latency-monitor-threshold", "2",
    ]
  }

  /// Waits until it accepts connections; nil at the deadline or when it has ended.
  func waitUntilReady(_ folder: DemoFolder, within seconds: Double) -> Bool {
    let deadline = EventLoop.Instant.now().advanced(by: .seconds(seconds))
    while EventLoop.Instant.now() < deadline {
      if Self.accepts(folder.socket) { return true }
      if hasEnded() { return false }
      usleep(1_000)
    }
    return false
  }

  /// True once it has ended; takes its exit status, so that no zombie is left.
  func hasEnded() -> Bool {
    var status: Int32 = 0
    let result = unsafe waitpid(processID, &status, WNOHANG)
    return result == processID || (result < 0 && errno == ECHILD)
  }

  /// SIGTERM, then SIGKILL at the deadline; returns once it is gone.
  func end(within seconds: Double) {
    // A stopped server would not see the SIGTERM.
    kill(processID, SIGCONT)
    kill(processID, SIGTERM)
    let deadline = EventLoop.Instant.now().advanced(by: .seconds(seconds))
    while !hasEnded() {
      if EventLoop.Instant.now() >= deadline {
        kill(processID, SIGKILL)
        var status: Int32 = 0
        _ = unsafe waitpid(processID, &status, 0)
        return
      }
      usleep(2_000)
    }
  }

  private static func accepts(_ path: String) -> Bool {
    let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard probe >= 0 else { return false }
    defer { close(probe) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in
      unsafe target.copyBytes(from: bytes.prefix(target.count - 1))
    }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    return unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(probe, $0, length) == 0
      }
    }
  }
}
