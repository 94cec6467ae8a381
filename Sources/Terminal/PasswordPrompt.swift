private import Glibc

/// Asks for a password on the terminal without showing it.
package enum PasswordPrompt {
  /// - Returns: nil if there is no terminal to ask on, or the user gave nothing.
  package static func ask(_ label: String) -> String? {
    let terminal = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard terminal >= 0 else { return nil }
    defer { close(terminal) }
    var saved = termios()
    guard unsafe tcgetattr(terminal, &saved) == 0 else { return nil }
    var silent = saved
    silent.c_lflag &= ~tcflag_t(ECHO)
    _ = unsafe tcsetattr(terminal, TCSAFLUSH, &silent)
    defer {
      _ = unsafe tcsetattr(terminal, TCSAFLUSH, &saved)
      write("\n", to: terminal)
    }
    write(
      "password for \(DrawableText.escape(label, isUnicode: false, limit: 200)): ", to: terminal)
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while bytes.count < 4096, unsafe read(terminal, &byte, 1) == 1, byte != 0x0A, byte != 0x0D {
      bytes.append(byte)
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }

  private static func write(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    _ = unsafe Glibc.write(descriptor, bytes, bytes.count)
  }
}
