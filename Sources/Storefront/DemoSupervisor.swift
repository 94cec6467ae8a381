private import EventLoop
private import Glibc

/// The process that owns the demo's server and traffic: `cacheconsole demo-supervisor …`.
///
/// Its standard input is a pipe whose other end only the console holds. When the console ends, even by
/// `kill -9`, the kernel closes that end: the supervisor reads the end of file, stops the traffic, ends
/// the server by its pid, removes the folder and exits. SIGTERM, SIGHUP and SIGINT do the same.
package enum DemoSupervisor {
  /// Seconds that the server has for starting, and for ending before it is killed.
  private static let startDeadline = 20.0
  private static let endDeadline = 3.0
  /// A server that ended by itself comes back after this pause, unless that happened too often.
  private static let restartPause: Int = 2
  private static let restartLimit = 10

  /// Runs until the console is gone; returns the exit code.
  package static func run(arguments: [String]) -> Int32 {
    signal(SIGPIPE, SIG_IGN)
    let signals = blockSignals()
    let report = DemoReport(descriptor: 1)
    do throws(DemoFailure) {
      try supervise(DemoOptions(arguments: arguments), signals, report)
      return 0
    } catch {
      report.say(.failed(error))
      return 1
    }
  }

  private static func supervise(
    _ options: DemoOptions, _ signals: sigset_t, _ report: DemoReport
  ) throws(DemoFailure) {
    let loop = try startLoop()
    ConsoleWatch(Descriptor(owning: 0)).start(on: loop)
    DemoFolder.removeStale()
    let folder = try DemoFolder()
    defer { folder.remove() }
    var server = try DemoServer(folder: folder, memory: options.memory)
    defer { server.end(within: endDeadline) }
    guard server.waitUntilReady(folder, within: startDeadline) else {
      throw DemoFailure("the demo's redis-server did not start")
    }
    report.say(.serving(socket: folder.socket, serverProcess: server.processID))
    let shop = DemoShop(socket: folder.socket, options: options, report: report, loop: loop)
    defer { shop.stop() }
    var restarts = 0
    while true {
      guard next(signals, within: nil) == SIGCHLD else { return }
      guard server.hasEnded() else { continue }
      guard restarts < restartLimit else {
        throw DemoFailure("the demo's redis-server ended \(restartLimit) times")
      }
      restarts += 1
      report.say(.restarting)
      guard next(signals, within: restartPause) == 0 else { return }
      server = try DemoServer(folder: folder, memory: options.memory)
      guard server.waitUntilReady(folder, within: startDeadline) else {
        throw DemoFailure("the demo's redis-server did not start again")
      }
      report.say(.serving(socket: folder.socket, serverProcess: server.processID))
      shop.refill()
    }
  }

  private static func startLoop() throws(DemoFailure) -> EventLoop {
    do throws(SystemError) {
      let loop = try EventLoop()
      try loop.start()
      return loop
    } catch {
      throw DemoFailure("the demo's event loop: \(error)")
    }
  }

  /// Blocks what ends or wakes the supervisor, before there is a second thread: from here on these
  /// are read by `next` alone.
  private static func blockSignals() -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in [SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGCHLD] { unsafe sigaddset(&set, number) }
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    return set
  }

  /// The next signal; 0 when none came within `seconds`, or ever.
  private static func next(_ signals: sigset_t, within seconds: Int?) -> Int32 {
    var set = signals
    guard let seconds else {
      var number: Int32 = 0
      return unsafe sigwait(&set, &number) == 0 ? number : SIGTERM
    }
    var pause = timespec(tv_sec: seconds, tv_nsec: 0)
    while true {
      let number = unsafe sigtimedwait(&set, nil, &pause)
      if number == SIGCHLD { continue }
      if number > 0 { return number }
      if errno != EINTR { return 0 }
    }
  }
}
