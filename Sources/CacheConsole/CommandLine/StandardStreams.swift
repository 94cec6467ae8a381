private import Glibc

/// Whole writes to stdout and stderr.
enum StandardStreams {
  /// - Returns: false if the reader is gone or the disk is full.
  @discardableResult
  static func print(_ text: String) -> Bool { write(text + "\n", to: 1) }

  static func complain(_ text: String) { write("cacheconsole: \(text)\n", to: 2) }

  @discardableResult
  private static func write(_ text: String, to descriptor: Int32) -> Bool {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}
