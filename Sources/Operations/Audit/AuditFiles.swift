private import Documents
private import Glibc

/// The trail's two files, open and locked for one append or one look.
///
/// The lock is flock(2) on the trail itself: it goes with the process, however that ends.
struct AuditFiles: ~Copyable {
  /// How long to wait for another process's append; each takes milliseconds.
  static let lockSeconds = 30.0

  /// flock(2) by descriptor and operation: 0 or an errno. A parameter, because tests have no file
  /// system without locks.
  typealias Lock = @Sendable (_ descriptor: Int32, _ operation: Int32) -> Int32

  static let systemLock: Lock = { descriptor, operation in
    while flock(descriptor, operation) != 0 {
      if errno != EINTR { return errno }
    }
    return 0
  }

  let trail: Int32
  let path: String
  private let head: Int32
  private let headPath: String

  deinit {
    if trail >= 0 { close(trail) }
    if head >= 0 { close(head) }
  }

  private init(trail: Int32, path: String, head: Int32, headPath: String) {
    self.trail = trail
    self.path = path
    self.head = head
    self.headPath = headPath
  }

  // MARK: Opening

  /// Makes folder and files where they are missing, and takes the lock for itself.
  static func openForAppending(
    folder: String, lock: Lock
  ) throws(AuditProblem) -> AuditFiles {
    try makeFolder(folder)
    let path = "\(folder)/audit.jsonl"
    // A trail that is replaced while we wait is opened again: its lock is another one.
    for _ in 0..<100 {
      let trail = try open(path, O_RDWR | O_APPEND | O_CREAT)
      let files = unsafe AuditFiles(
        trail: trail, path: path, head: Glibc.open("\(folder)/audit.head", headFlags, 0o600),
        headPath: "\(folder)/audit.head")
      try files.take(LOCK_EX, lock)
      try files.checkOwner()
      if NetworkLocks.areLocal(trail) { throw failed("locking", path, ENOLCK) }
      if files.isStillThere() { return files }
    }
    throw AuditProblem(.file, "\(path) is being replaced over and over by something else")
  }

  /// - Returns: nil where there is no trail.
  static func openForReading(folder: String, lock: Lock) throws(AuditProblem) -> AuditFiles? {
    let path = "\(folder)/audit.jsonl"
    let trail = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard trail >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw failed("opening", path, errno)
    }
    let headPath = "\(folder)/audit.head"
    let head = unsafe Glibc.open(headPath, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    let files = AuditFiles(trail: trail, path: path, head: head, headPath: headPath)
    try files.take(LOCK_SH, lock)
    return files
  }

  private static let headFlags =
    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK

  private static func open(_ path: String, _ flags: Int32) throws(AuditProblem) -> Int32 {
    let descriptor = unsafe Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
    guard descriptor >= 0 else { throw failed("opening", path, errno) }
    return descriptor
  }

  /// Polls rather than waits: a process that is stopped while it holds the lock must not stop others
  /// for ever.
  private borrowing func take(_ operation: Int32, _ lock: Lock) throws(AuditProblem) {
    var waited = 0.0
    while true {
      let code = lock(trail, operation | LOCK_NB)
      if code == 0 { return }
      guard code == EWOULDBLOCK else { throw Self.failed("locking", path, code) }
      guard waited < Self.lockSeconds else {
        throw AuditProblem(
          .file,
          "\(path) has been locked by another process for \(Int(Self.lockSeconds)) s;"
            + " see which with: fuser -v \(path)")
      }
      usleep(500)
      waited += 0.000_5
    }
  }

  private borrowing func checkOwner() throws(AuditProblem) {
    var status = stat()
    guard unsafe fstat(trail, &status) == 0 else { throw Self.failed("looking at", path, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw AuditProblem(.file, "\(path) is not a regular file: move it away")
    }
    guard status.st_uid == geteuid() else {
      throw AuditProblem(
        .file,
        "\(path) belongs to user \(status.st_uid) and this process runs as \(geteuid()):"
          + " run it as that user, or set XDG_STATE_HOME (sudo -H sets HOME)")
    }
    if status.st_mode & 0o077 != 0, fchmod(trail, 0o600) != 0 {
      throw Self.failed("taking the rights of others from", path, errno)
    }
  }

  private borrowing func isStillThere() -> Bool {
    var opened = stat()
    var named = stat()
    return unsafe fstat(trail, &opened) == 0 && lstat(path, &named) == 0
      && opened.st_ino == named.st_ino
      && opened.st_dev == named.st_dev
  }

  private static func makeFolder(_ folder: String) throws(AuditProblem) {
    var status = stat()
    if unsafe stat(folder, &status) != 0 {
      if let (path, code) = PrivateFolder.failure(making: folder) {
        throw failed("making", path, code)
      }
      guard unsafe stat(folder, &status) == 0 else { throw failed("looking at", folder, errno) }
    }
    guard status.st_uid == geteuid() else {
      throw AuditProblem(
        .file,
        "\(folder) belongs to user \(status.st_uid) and this process runs as \(geteuid()):"
          + " run it as that user, or set XDG_STATE_HOME (sudo -H sets HOME)")
    }
    // Who may write in the folder may replace the trail.
    if status.st_mode & 0o022 != 0, unsafe chmod(folder, 0o700) != 0 {
      throw failed("taking the rights of others from", folder, errno)
    }
  }

  // MARK: Reading

  borrowing func size() throws(AuditProblem) -> Int {
    var status = stat()
    guard unsafe fstat(trail, &status) == 0 else { throw Self.failed("looking at", path, errno) }
    return Int(status.st_size)
  }

  /// Up to `count` bytes from `offset`; fewer only at the end.
  borrowing func read(_ count: Int, at offset: Int) throws(AuditProblem) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let step = unsafe bytes.withUnsafeMutableBytes {
        unsafe pread(
          trail, $0.baseAddress?.advanced(by: filled), count - filled, off_t(offset + filled))
      }
      if step < 0 {
        if errno == EINTR { continue }
        throw Self.failed("reading", path, errno)
      }
      if step == 0 { break }
      filled += step
    }
    return Array(bytes.prefix(filled))
  }

  /// nil if it is missing, unreadable or not as we write it.
  borrowing func readHead() -> AuditHead? {
    guard head >= 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: AuditHead.size + 1)
    let count = unsafe pread(head, &bytes, bytes.count, 0)
    return AuditHead(parsing: Array(bytes.prefix(max(0, count))))
  }

  /// The head of a folder whose trail is gone.
  static func head(folder: String) -> AuditHead? {
    let path = "\(folder)/audit.head"
    let head = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard head >= 0 else { return nil }
    return AuditFiles(trail: -1, path: path, head: head, headPath: path).readHead()
  }

  /// Lets appends go on; what was read stays.
  borrowing func unlock() { flock(trail, LOCK_UN) }

  // MARK: Writing

  borrowing func writeHead(_ value: AuditHead, isSynced: Bool) throws(AuditProblem) {
    guard head >= 0 else {
      throw AuditProblem(.file, "\(headPath) cannot be opened: move it away")
    }
    let bytes = value.bytes
    let count = unsafe pwrite(head, bytes, bytes.count, 0)
    guard count == bytes.count else {
      throw Self.failed("writing", headPath, count < 0 ? errno : ENOSPC)
    }
    guard ftruncate(head, off_t(bytes.count)) == 0, !isSynced || fdatasync(head) == 0 else {
      throw Self.failed("writing", headPath, errno)
    }
  }

  /// Appends and waits for the disk; what was written of a line that failed is taken back.
  borrowing func append(_ bytes: [UInt8]) throws(AuditProblem) {
    let before = try size()
    var written = 0
    while written < bytes.count {
      let step = unsafe bytes.withUnsafeBytes {
        unsafe write(trail, $0.baseAddress?.advanced(by: written), bytes.count - written)
      }
      if step < 0, errno == EINTR { continue }
      guard step > 0 else {
        let code = step < 0 ? errno : ENOSPC
        _ = ftruncate(trail, off_t(before))
        throw Self.failed("writing", path, code)
      }
      written += step
    }
    guard fsync(trail) == 0 else {
      let code = errno
      _ = ftruncate(trail, off_t(before))
      throw Self.failed("writing", path, code)
    }
    if before == 0 { Self.syncFolder(of: path) }
  }

  /// A new file's name must be on the disk too.
  private static func syncFolder(of path: String) {
    let folder = unsafe Glibc.open(
      String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]), O_RDONLY | O_CLOEXEC)
    guard folder >= 0 else { return }
    fsync(folder)
    close(folder)
  }

  // MARK: Errors

  static func failed(_ doing: String, _ path: String, _ code: Int32) -> AuditProblem {
    let advice =
      switch code {
      case ENOSPC, EDQUOT: "free some space there, or set XDG_STATE_HOME to a folder elsewhere"
      case EROFS: "mount it for writing, or set XDG_STATE_HOME to a folder elsewhere"
      case EACCES, EPERM: "make it yours (chown, chmod u+rw), or set XDG_STATE_HOME"
      case ENOLCK, EOPNOTSUPP, ENOSYS, EINVAL:
        "its file system has no locks, without which two consoles would break the chain:"
          + " set XDG_STATE_HOME to a folder on a local disk"
      case EFBIG: "the limit of file sizes is reached (ulimit -f)"
      case ELOOP: "a symbolic link is not followed: put the file itself there"
      default: "see the system's log, or set XDG_STATE_HOME to a folder elsewhere"
      }
    return AuditProblem(.file, "\(doing) \(path): \(SystemMessage.text(code)); \(advice)")
  }
}
