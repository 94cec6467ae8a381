#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Asks for a password on the terminal without showing it.
package enum PasswordPrompt {
  private static let maximumBytes = 4096
  /// What would end the process here would leave the terminal without echo.
  private static let signals = [SIGTERM, SIGHUP, SIGINT, SIGQUIT]

  /// Ctrl-C and Ctrl-D refuse, Backspace and Ctrl-U correct.
  ///
  /// - Returns: nil if there is no terminal to ask on, or the user gave nothing.
  package static func ask(_ label: String) -> String? {
    let terminal = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard terminal >= 0 else { return nil }
    defer { close(terminal) }
    var saved = termios()
    guard unsafe tcgetattr(terminal, &saved) == 0 else { return nil }
    TerminalGuard.arm(
      descriptor: terminal, modes: saved, undo: [], capture: nil, handlesCrashes: true)
    for number in signals { _ = signal(number, dieRestored) }
    var silent = saved
    // Byte by byte, so that Ctrl-C answers at once and no signal is needed for it.
    silent.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
    _ = unsafe tcsetattr(terminal, TCSAFLUSH, &silent)
    defer {
      _ = unsafe tcsetattr(terminal, TCSAFLUSH, &saved)
      for number in signals { _ = signal(number, SIG_DFL) }
      TerminalGuard.disarm()
      Screen.write(Array("\n".utf8), to: terminal)
    }
    let shown = DrawableText.escape(label, isUnicode: false, limit: 200)
    Screen.write(Array("password for \(shown): ".utf8), to: terminal)
    return read(terminal)
  }

  private static func read(_ terminal: Int32) -> String? {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while unsafe Glibc.read(terminal, &byte, 1) == 1 {
      switch byte {
      case 0x0A, 0x0D: return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
      case 0x03, 0x04, 0x1C: return nil
      case 0x15: bytes = []
      case 0x08, 0x7F:
        // A whole scalar: its continuation bytes first.
        while let last = bytes.popLast(), last & 0xC0 == 0x80 {}
      default: if bytes.count < maximumBytes { bytes.append(byte) }
      }
    }
    return nil
  }
}
