internal import Documents
private import EventLoop
private import Glibc

/// One open file: whole reads and whole writes, each failure with the file's name.
///
/// The descriptor is closed with its last owner.
struct CopyFile: Sendable {
  let path: String
  private let descriptor: Descriptor

  enum Mode {
    case read
    /// A new file, mode 0600; one that is there is an error.
    case create
    case append
  }

  init(_ path: String, _ mode: Mode) throws(DocumentError) {
    let flags =
      switch mode {
      case .read: O_RDONLY | O_NONBLOCK
      case .create: O_WRONLY | O_CREAT | O_EXCL
      case .append: O_RDWR
      }
    let number = unsafe open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard number >= 0 else {
      let doing = mode == .create ? "cannot be made" : "cannot be opened"
      throw DocumentError(file: path, detail: "\(doing): \(SystemMessage.last())")
    }
    self.path = path
    descriptor = Descriptor(owning: number)
    var status = stat()
    guard unsafe fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw DocumentError(file: path, detail: "is not a regular file")
    }
  }

  /// Bytes in the file now.
  func size() throws(DocumentError) -> UInt64 { UInt64(clamping: try status().st_size) }

  /// Seconds since 1970.
  func modified() throws(DocumentError) -> Int64 { Int64(try status().st_mtim.tv_sec) }

  private func status() throws(DocumentError) -> stat {
    var status = stat()
    guard unsafe fstat(descriptor.number, &status) == 0 else { throw failure("cannot be examined") }
    return status
  }

  /// Up to `count` bytes from where the last read ended; empty at the end of the file.
  func read(_ count: Int) throws(DocumentError) -> [UInt8] {
    while true {
      var result = 0
      let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
        result = unsafe Glibc.read(descriptor.number, buffer.baseAddress, buffer.count)
        used = max(0, result)
      }
      if result >= 0 { return bytes }
      if errno != EINTR { throw failure("cannot be read") }
    }
  }

  func write(_ bytes: [UInt8]) throws(DocumentError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor.number, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure("cannot be written") }
      rest = rest.dropFirst(count)
    }
  }

  /// Returns when what was written is on the disk.
  func sync() throws(DocumentError) {
    guard fsync(descriptor.number) == 0 else { throw failure("cannot be written to the disk") }
  }

  /// Cuts the file off at `offset` and goes on writing there.
  func truncate(at offset: UInt64) throws(DocumentError) {
    guard ftruncate(descriptor.number, off_t(clamping: offset)) == 0,
      lseek(descriptor.number, off_t(clamping: offset), SEEK_SET) >= 0
    else { throw failure("cannot be cut to its good part") }
  }

  private func failure(_ what: String) -> DocumentError {
    DocumentError(file: path, detail: "\(what): \(SystemMessage.last())")
  }
}
