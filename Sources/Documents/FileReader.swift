private import Glibc

/// Reads small files: bounded, with an error for people, and knowing who else may read them.
package enum FileReader {
  package struct Contents: Sendable {
    package var bytes: [UInt8]
    /// Permission bits, 0o7777 at most.
    package var mode: UInt32
    package var owner: UInt32
  }

  /// - Returns: nil if there is no such file.
  package static func read(
    _ path: String, limit: Int = JSON5Parser.maximumBytes
  ) throws(DocumentError) -> Contents? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw DocumentError(file: path, detail: "cannot be opened: \(SystemMessage.last())")
    }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw DocumentError(file: path, detail: "is not a regular file")
    }
    var bytes: [UInt8] = []
    while bytes.count <= limit {
      var code: Int32 = 0
      let chunk = unsafe [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
        let read = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        if read < 0 { code = errno }
        count = max(0, read)
      }
      if code == EINTR { continue }
      guard code == 0 else {
        throw DocumentError(file: path, detail: "cannot be read: \(SystemMessage.text(code))")
      }
      if chunk.isEmpty { break }
      bytes += chunk
    }
    guard bytes.count <= limit else {
      throw DocumentError(file: path, detail: "is larger than \(limit) bytes")
    }
    return Contents(bytes: bytes, mode: status.st_mode & 0o7777, owner: status.st_uid)
  }

  /// Reads a file that holds a secret: its owner must be us or root, and others must not read it.
  package static func readSecret(_ path: String) throws(DocumentError) -> String {
    guard let contents = try read(path, limit: 4096) else {
      throw DocumentError(file: path, detail: "there is no such password file")
    }
    guard contents.mode & 0o007 == 0 else {
      throw DocumentError(
        file: path, detail: "holds a password and others may read it: chmod o-rwx it")
    }
    guard contents.owner == geteuid() || contents.owner == 0 else {
      throw DocumentError(file: path, detail: "holds a password and belongs to another user")
    }
    var text = String(decoding: contents.bytes, as: UTF8.self)
    while text.last?.isNewline == true { text.removeLast() }
    guard !text.isEmpty else { throw DocumentError(file: path, detail: "is empty") }
    return text
  }
}

/// What the system said last, in words.
package enum SystemMessage {
  package static func last() -> String { text(errno) }

  package static func text(_ code: Int32) -> String {
    guard let message = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: message)
  }
}
