private import EventLoop
private import Glibc

/// The demo's private folder (mode 0700): the server's socket, its pid, and a lock.
///
/// The lock is held by the supervisor's life: the kernel lets go of it however the supervisor ends, so
/// that a folder whose lock can be taken has no supervisor, whatever its number is by now.
struct DemoFolder: Sendable {
  let path: String
  /// Holds the lock; never closed while the supervisor lives.
  private let lock: Int32

  private static let prefix = "cacheconsole-demo-"

  var socket: String { "\(path)/redis.sock" }
  private var serverFile: String { "\(path)/server.pid" }

  /// Where demos live: TMPDIR where a socket's path still fits (107 bytes), else /tmp.
  static var base: String {
    let folder = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? ""
    return folder.hasPrefix("/") && folder.utf8.count <= 60 ? folder : "/tmp"
  }

  init(in base: String = Self.base) throws(DemoFailure) {
    var template = Array("\(base)/\(Self.prefix)XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else {
      throw Self.failure("making a folder in \(base)")
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // Locked before it has its name: a lock that can be seen is held.
    let draft = "\(path)/lock.new"
    lock = unsafe open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0,
      unsafe rename(draft, "\(path)/lock") == 0
    else {
      throw Self.failure("locking \(path)")
    }
  }

  /// Notes the server's process, for whoever cleans up after a supervisor that was killed.
  func note(serverProcess: Int32) {
    let file = unsafe open(serverFile, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { return }
    let text = String(serverProcess)
    _ = unsafe write(file, text, text.utf8.count)
    close(file)
  }

  func remove() { Self.remove(path) }

  // MARK: Folders of dead supervisors

  /// Ends what is left of demos whose supervisor was killed, and removes their folders.
  static func removeStale(in base: String = Self.base) {
    for name in names(in: base) where name.hasPrefix(prefix) {
      let path = "\(base)/\(name)"
      guard isOwnFolder(path), isStale(path) else { continue }
      if let server = leftServer(path) {
        kill(server, SIGTERM)
        for _ in 0..<100 where kill(server, 0) == 0 { usleep(10_000) }
        if kill(server, 0) == 0 { kill(server, SIGKILL) }
      }
      remove(path)
    }
  }

  private static func isOwnFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0 && status.st_uid == getuid()
      && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func isStale(_ path: String) -> Bool {
    let file = unsafe open("\(path)/lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { return isOld(path) }
    defer { close(file) }
    return flock(file, LOCK_EX | LOCK_NB) == 0
  }

  /// Without a lock it is being made, or its maker died in that moment: a minute tells.
  private static func isOld(_ path: String) -> Bool {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return false }
    return time(nil) - status.st_mtim.tv_sec > 60
  }

  /// The server of a dead supervisor, if the process with its number still is that server: its
  /// title names the socket in this folder.
  private static func leftServer(_ path: String) -> Int32? {
    guard let text = readText("\(path)/server.pid"), let pid = Int32(text), pid > 1,
      let title = readText("/proc/\(pid)/cmdline"), title.contains("\(path)/redis.sock")
    else { return nil }
    return pid
  }

  private static func readText(_ path: String) -> String? {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = unsafe read(file, &buffer, 4096)
    return count >= 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
  }

  private static func names(in path: String) -> [String] {
    guard let folder = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  /// Files only, one level: nothing in the folder is a folder.
  private static func remove(_ path: String) {
    for name in names(in: path) { _ = unsafe unlink("\(path)/\(name)") }
    _ = unsafe rmdir(path)
  }

  private static func failure(_ doing: String) -> DemoFailure {
    let reason = unsafe strerror(errno).map { unsafe String(cString: $0) } ?? ""
    return DemoFailure("the demo: \(doing): \(reason)", nextStep: "is there room in it?")
  }
}
