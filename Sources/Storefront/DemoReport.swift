private import Glibc

/// Lines to the console. A console that does not read, or is gone, holds up nothing.
final class DemoReport: Sendable {
  private let descriptor: Int32

  init(descriptor: Int32) {
    self.descriptor = descriptor
    let flags = fcntl(descriptor, F_GETFL)
    if flags >= 0 { _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) }
  }

  /// Lines are far shorter than PIPE_BUF, so that each is written whole or not at all.
  func say(_ event: DemoEvent) {
    let line = event.line + "\n"
    _ = unsafe write(descriptor, line, line.utf8.count)
  }
}
