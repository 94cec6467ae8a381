private import Glibc

/// Writes that are whole or not there.
package enum FileWriter {
  /// Whole content (mode 0600), replaced atomically and on disk when this returns.
  package static func replace(_ file: String, with text: String) throws(DocumentError) {
    let temporary = "\(file).\(getpid())"
    let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure(file) }
    guard write(Array(text.utf8), to: descriptor), fsync(descriptor) == 0 else {
      let error = failure(file)
      close(descriptor)
      _ = unsafe unlink(temporary)
      throw error
    }
    guard close(descriptor) == 0, unsafe rename(temporary, file) == 0 else {
      let error = failure(file)
      _ = unsafe unlink(temporary)
      throw error
    }
  }

  /// Writes all of it, however many calls that takes.
  ///
  /// - Returns: false with the reason in `errno`.
  package static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        if count == 0 { errno = ENOSPC }
        return false
      }
      rest = rest.dropFirst(count)
    }
    return true
  }

  private static func failure(_ file: String) -> DocumentError {
    DocumentError(file: file, detail: "cannot be written: \(SystemMessage.last())")
  }
}
