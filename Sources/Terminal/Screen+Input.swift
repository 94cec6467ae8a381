#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Input: everything that waits, at once.
extension Screen {
  /// What has come since the last call; never waits, but for the Esc delay when a lone ESC has come.
  ///
  /// SIGTSTP from outside suspends in here, and returns after SIGCONT.
  package func events() -> [InputEvent] {
    var events = signalEvents()
    var buffer = [UInt8](repeating: 0, count: 4096)
    // A terminal that sends without end (a file dragged into it) must not keep the loop in here.
    for _ in 0..<64 {
      guard isReadable(waiting: 0) else { break }
      let count = unsafe read(options.input, &buffer, buffer.count)
      if count > 0 {
        events += decoder.feed(buffer.prefix(count), milliseconds: Self.milliseconds())
      } else if count == 0 || (errno != EINTR && errno != EAGAIN) {
        end = end ?? .terminalLost
        return events
      }
      if decoder.isPending, !isReadable(waiting: options.escapeDelay) {
        events += decoder.flush()
      }
    }
    return events
  }

  private func signalEvents() -> [InputEvent] {
    guard signalDescriptor >= 0 else { return resizeEvents() }
    var events: [InputEvent] = []
    for number in SignalPipe.drain(signalDescriptor) {
      switch number {
      case SIGWINCH: events += resizeEvents()
      case SIGTSTP:
        suspend()
        events += [.resize(columns: columns, rows: rows)]
      case SIGCONT:
        // After a SIGSTOP nobody told us of, the shell has had the terminal.
        resume()
        events += [.resize(columns: columns, rows: rows)]
      default: noteEnd(number)
      }
    }
    return events
  }

  private func resizeEvents() -> [InputEvent] {
    guard let size = adoptSize() else { return [] }
    return [.resize(columns: size.columns, rows: size.rows)]
  }

  private func isReadable(waiting milliseconds: Int32) -> Bool {
    var descriptor = pollfd(fd: options.input, events: Int16(POLLIN), revents: 0)
    // Hung up counts: the read that follows tells.
    return unsafe poll(&descriptor, 1, milliseconds) > 0
  }

  private static func milliseconds() -> UInt64 {
    var now = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * 1000 + UInt64(now.tv_nsec) / 1_000_000
  }
}
