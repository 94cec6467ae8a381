private import EventLoop
private import Glibc
private import Synchronization

/// The console's side of the demo: starts the supervisor and reads what it tells.
///
/// The supervisor has a session of its own, so that Ctrl-C and Ctrl-Z in the console do not reach it. It
/// ends when `stop` is called or this process ends, however it ends.
package final class DemoLauncher: Sendable {
  private struct State: Sendable {
    /// The pipe whose end the supervisor waits for; −1 once closed.
    var writer: Int32
    var buffer: [UInt8] = []
    var isReaped = false
    var hasEnded = false
  }

  /// Poll this for reading, then call `events()`.
  package let descriptor: Int32
  package let processID: Int32
  private let state: Mutex<State>

  /// - Parameter program: what to start as `demo-supervisor`; the running binary itself by default,
  ///   by a path that works also after the file was replaced or moved.
  package init(options: DemoOptions, program: String = "/proc/self/exe") throws(DemoFailure) {
    guard Spawn.find("redis-server") != nil || Spawn.find("valkey-server") != nil else {
      throw DemoFailure(
        "the demo needs redis-server, which is not in PATH",
        nextStep: "install it: script/bootstrap")
    }
    do throws(SpawnError) {
      let alive = try Spawn.pipe()
      let report = try Spawn.pipe()
      defer {
        close(alive.reader)
        close(report.writer)
      }
      var spawn = Spawn(program, ["demo-supervisor"] + options.arguments)
      spawn.arguments[0] = "cacheconsole"
      spawn.standardInput = alive.reader
      spawn.standardOutput = report.writer
      spawn.hasOwnSession = true
      _ = fcntl(report.reader, F_SETFL, O_NONBLOCK)
      do throws(SpawnError) {
        processID = try spawn.start()
      } catch {
        close(alive.writer)
        close(report.reader)
        throw error
      }
      descriptor = report.reader
      state = Mutex(State(writer: alive.writer))
    } catch {
      throw DemoFailure("the demo's supervisor cannot start: \(error)")
    }
  }

  deinit {
    stop(within: 0)
    close(descriptor)
  }

  /// What was told since the last call, oldest first; never blocks. `.ended` comes once, at the end.
  package func events() -> [DemoEvent] {
    state.withLock { state in
      guard !state.hasEnded else { return [] }
      var chunk = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = unsafe read(descriptor, &chunk, 4096)
        if count > 0 {
          state.buffer += chunk.prefix(count)
          continue
        }
        if count < 0 && errno == EINTR { continue }
        state.hasEnded = count == 0 || errno != EAGAIN
        break
      }
      var events: [DemoEvent] = []
      while let end = state.buffer.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: state.buffer[..<end], as: UTF8.self)
        state.buffer.removeSubrange(...end)
        if let event = DemoEvent(line: line) { events.append(event) }
      }
      if state.hasEnded { events.append(.ended) }
      return events
    }
  }

  /// Blocks until the server answers: for what has no screen to keep alive meanwhile.
  package func waitForSocket(within seconds: Double = 20) throws(DemoFailure) -> String {
    let deadline = EventLoop.Instant.now().advanced(by: .seconds(seconds))
    while true {
      for event in events() {
        switch event {
        case .serving(let socket, _): return socket
        case .failed(let failure): throw failure
        case .ended: throw DemoFailure("the demo's supervisor ended before its server was ready")
        case .filling, .filled, .restarting: break
        }
      }
      let rest = EventLoop.Instant.now().duration(to: deadline).nanoseconds / 1_000_000
      guard rest > 0 else { throw DemoFailure("the demo's server was not ready in \(seconds) s") }
      var watch = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      _ = unsafe poll(&watch, 1, Int32(clamping: rest + 1))
    }
  }

  /// Ends the demo and waits until server and folder are gone; after `seconds` it is left to end by
  /// itself, which it does.
  package func stop(within seconds: Double = 5) {
    state.withLock { state in
      if state.writer >= 0 { close(state.writer) }
      state.writer = -1
      let deadline = EventLoop.Instant.now().advanced(by: .seconds(seconds))
      while !state.isReaped {
        var status: Int32 = 0
        let result = unsafe waitpid(processID, &status, WNOHANG)
        state.isReaped = result == processID || (result < 0 && errno == ECHILD)
        if state.isReaped || EventLoop.Instant.now() >= deadline { return }
        usleep(2_000)
      }
    }
  }
}
