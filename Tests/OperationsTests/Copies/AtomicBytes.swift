import Glibc
import TestKit

/// Binary files for tests.
enum AtomicBytes {
  static func write(_ bytes: [UInt8], _ path: String) throws {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw TestKitError("writing \(path)") }
    defer { close(descriptor) }
    try SocketIO.writeAll(descriptor, bytes, within: 10)
  }

  static func mode(_ path: String) -> UInt32 {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return 0 }
    return status.st_mode & 0o7777
  }

  /// Sets the time of the last change, in seconds since 1970.
  static func touch(_ path: String, _ seconds: Int) {
    let time = timespec(tv_sec: seconds, tv_nsec: 0)
    _ = unsafe utimensat(AT_FDCWD, path, [time, time], 0)
  }
}
