private import Glibc

/// Whole writes to stdout and stderr.
enum StandardStreams {
  /// - Returns: false if the reader is gone or the disk is full.
  @discardableResult
  static func print(_ text: String) -> Bool { write(Array((text + "\n").utf8), to: 1) }

  static func complain(_ text: String) { write(Array("cacheconsole: \(text)\n".utf8), to: 2) }

  @discardableResult
  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var rest = bytes[...]
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
