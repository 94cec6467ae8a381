internal import Documents
private import Glibc

/// Whole writes to stdout and stderr.
enum StandardStreams {
  /// - Returns: false if the reader is gone or the disk is full.
  @discardableResult
  static func print(_ text: String) -> Bool { write(Array((text + "\n").utf8), to: 1) }

  /// Says it on standard error, in one line: what servers, files and keys put into it is made drawable.
  static func complain(_ text: String) {
    let line = Printable.line(text, limit: longestComplaint)
    write(Array("cacheconsole: \(line)\n".utf8), to: 2)
  }

  /// Longer than any list of problems that somebody reads.
  private static let longestComplaint = 8000

  @discardableResult
  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    FileWriter.write(bytes, to: descriptor)
  }
}
