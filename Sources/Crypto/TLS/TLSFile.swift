private import Glibc

/// A PEM file: trusted roots, a certificate with its chain, or a private key.
struct TLSFile {
  let path: String
  let bytes: [UInt8]

  /// The system's bundle of roots has about 200 KiB.
  private static let limit = 4 << 20

  enum Kind: String {
    case authority = "CA file"
    case certificate = "certificate"
    case key = "private key"
  }

  /// - Parameter kind: a private key is refused when others may read it.
  init(_ path: String, _ kind: Kind) throws(TLSFailure) {
    self.path = path
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let reason = unsafe String(cString: strerror(errno)).lowercased()
      throw Self.failure(kind, path, "cannot be opened: \(reason)")
    }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw Self.failure(kind, path, "is not a regular file")
    }
    if kind == .key {
      guard status.st_mode & 0o007 == 0 else {
        throw Self.failure(kind, path, "may be read by others: chmod o-rwx it")
      }
      guard status.st_uid == geteuid() || status.st_uid == 0 else {
        throw Self.failure(kind, path, "belongs to another user")
      }
    }
    var read: [UInt8] = []
    while read.count <= Self.limit {
      let chunk = unsafe [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
        count = unsafe max(0, Glibc.read(descriptor, buffer.baseAddress, buffer.count))
      }
      if chunk.isEmpty { break }
      read += chunk
    }
    guard read.count <= Self.limit else {
      throw Self.failure(kind, path, "is larger than \(Self.limit >> 20) MiB")
    }
    bytes = read
  }

  static func failure(_ kind: Kind, _ path: String, _ what: String) -> TLSFailure {
    TLSFailure(.file, "the \(kind.rawValue) \(path) \(what)")
  }

  /// What tells that a file is another one than before: device, inode, size, and the time of the last
  /// change; nil where there is none.
  static func stamp(_ path: String) -> [Int64]? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    return [
      Int64(truncatingIfNeeded: status.st_dev), Int64(truncatingIfNeeded: status.st_ino),
      Int64(status.st_size), Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec),
    ]
  }
}
