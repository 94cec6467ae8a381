import Glibc
import TestKit

/// A pseudo-terminal of which the test holds both ends.
final class PseudoTerminal {
  private(set) var control: Int32
  let terminal: Int32
  let path: String
  private(set) var output: [UInt8] = []

  init(columns: UInt16 = 80, rows: UInt16 = 24) throws {
    var (far, near): (Int32, Int32) = (-1, -1)
    var name = [CChar](repeating: 0, count: 128)
    guard unsafe openpty(&far, &near, &name, nil, nil) == 0 else {
      throw TestKitError("no pseudo-terminal: error \(errno)")
    }
    for end in [far, near] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    (control, terminal) = (far, near)
    path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    resize(columns: columns, rows: rows)
  }

  deinit {
    close(terminal)
    hangUp()
  }

  /// Closes the far end, as a closed window or a lost connection does.
  func hangUp() {
    guard control >= 0 else { return }
    close(control)
    control = -1
  }

  func resize(columns: UInt16, rows: UInt16) {
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = unsafe ioctl(control, UInt(TIOCSWINSZ), &size)
  }

  func type(_ text: String) { type(Array(text.utf8)) }

  func type(_ bytes: [UInt8]) { _ = unsafe write(control, bytes, bytes.count) }

  /// Takes what has been written to the terminal by now; true if there was something.
  @discardableResult
  func drain(waiting milliseconds: Int32 = 0) -> Bool {
    var descriptor = pollfd(fd: control, events: Int16(POLLIN), revents: 0)
    var buffer = [UInt8](repeating: 0, count: 65536)
    var isAny = false
    while unsafe poll(&descriptor, 1, isAny ? 0 : milliseconds) > 0 {
      let count = unsafe read(control, &buffer, buffer.count)
      guard count > 0 else { break }
      output += buffer.prefix(count)
      isAny = true
    }
    return isAny
  }

  /// The output since the last call of this: waits for its first byte, then until none comes.
  func takeOutput(within seconds: Double = 0) -> String {
    if drain(waiting: Int32(seconds * 1000)) { while drain(waiting: 100) {} }
    defer { output = [] }
    return String(decoding: output, as: UTF8.self)
  }

  /// Waits until the output holds `text`.
  func shows(_ text: String, within seconds: Double = 10) -> Bool {
    let wanted = Array(text.utf8)
    let deadline = Deadline(within: seconds)
    while true {
      if output.contains(wanted) { return true }
      if deadline.isPast { return false }
      drain(waiting: min(100, deadline.milliseconds))
    }
  }

  /// The modes that a shell would care for.
  var modes: [UInt32] {
    var modes = termios()
    _ = unsafe tcgetattr(terminal, &modes)
    return [modes.c_iflag, modes.c_oflag, modes.c_cflag, modes.c_lflag]
  }
}
