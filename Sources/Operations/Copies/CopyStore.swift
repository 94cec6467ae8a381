package import ConsoleModel
package import Documents
private import Crypto
private import Glibc

/// The folder (0700) with the copies that operations keep for `undo`: a file (0600) for each
/// operation and server.
package struct CopyStore: Sendable {
  package let folder: String

  package init(folder: String) { self.folder = folder }

  static let suffix = ".dump"

  /// Starts the copies of `header.operation` from `header.node`.
  package func writer(
    for operation: String, _ header: CopyHeader, limits: CopyLimits = CopyLimits()
  ) throws(DocumentError) -> CopyWriter {
    let path = try path(operation, header.node)
    try prepare()
    let writer = try CopyWriter(path: path, header: header, limits: limits)
    // The name of a new file is on the disk only with its folder.
    try syncFolder()
    return writer
  }

  /// Goes on with copies that a killed run began; nil if it had begun none.
  package func resume(
    _ operation: String, _ node: NodeID, limits: CopyLimits = CopyLimits()
  ) throws(DocumentError) -> CopyWriter? {
    let path = try path(operation, node)
    guard unsafe access(path, F_OK) == 0 else { return nil }
    return try CopyWriter(resuming: path, limits: limits)
  }

  /// Reads one file; see `CopyReader`.
  package func reader(
    path: String, now: WallTime?, allowsUnfinished: Bool = false
  ) throws(DocumentError) -> CopyReader {
    try CopyReader(path: path, now: now, allowsUnfinished: allowsUnfinished)
  }

  /// The files of an operation, one for each server.
  package func files(for operation: String) throws(DocumentError) -> [String] {
    guard OperationID.isValid(operation) else { throw notAnOperation(operation) }
    return PrivateFolder.names(in: folder).filter {
      $0.hasPrefix(operation + ".") && $0.hasSuffix(Self.suffix)
    }.map { "\(folder)/\($0)" }
  }

  /// Where the copies of one server lie. A node's name may be anything, a file's may not.
  package func path(_ operation: String, _ node: NodeID) throws(DocumentError) -> String {
    guard OperationID.isValid(operation) else { throw notAnOperation(operation) }
    let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_".utf8)
    let name = node.rawValue.utf8.prefix(48).map { allowed.contains($0) ? $0 : UInt8(ascii: "_") }
    let mark = SHA256.hex(node.rawValue).prefix(8)
    return "\(folder)/\(operation).\(String(decoding: name, as: UTF8.self)).\(mark)\(Self.suffix)"
  }

  private func notAnOperation(_ text: String) -> DocumentError {
    DocumentError(
      file: folder, detail: "'\(text)' is not the name of an operation: 20261125T165512-3f9a0c")
  }

  // MARK: The folder

  /// Makes the folder and those above it; refuses one that others can look into.
  private func prepare() throws(DocumentError) {
    try PrivateFolder.make(folder)
    var status = stat()
    guard unsafe lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw DocumentError(file: folder, detail: "is not a folder")
    }
    guard status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
      throw DocumentError(
        file: folder,
        detail: "is for copies of values and others can look into it: chmod 700 it")
    }
  }

  private func syncFolder() throws(DocumentError) {
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw DocumentError(file: folder, detail: "cannot be opened: \(SystemMessage.last())")
    }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else {
      throw DocumentError(
        file: folder, detail: "cannot be written to the disk: \(SystemMessage.last())")
    }
  }

  // MARK: Age

  /// Removes copies past their time; a file that cannot be read goes a day after its last change.
  ///
  /// - Returns: the files that were removed, and what could not be.
  @discardableResult
  package func removeExpired(now: WallTime) -> (removed: [String], problems: [DocumentError]) {
    var removed: [String] = []
    var problems: [DocumentError] = []
    for name in PrivateFolder.names(in: folder) where name.hasSuffix(Self.suffix) {
      let path = "\(folder)/\(name)"
      do throws(DocumentError) {
        guard try isExpired(path, now) else { continue }
        guard unsafe unlink(path) == 0 || errno == ENOENT else {
          throw DocumentError(file: path, detail: "cannot be removed: \(SystemMessage.last())")
        }
        removed.append(path)
      } catch {
        problems.append(error)
      }
    }
    return (removed, problems)
  }

  private func isExpired(_ path: String, _ now: WallTime) throws(DocumentError) -> Bool {
    let changed = try CopyFile(path, .read).modified()
    // Whatever a header says: nothing outlives a day after it was last written.
    if WallTime(seconds: changed + CopyHeader.lifeSeconds) <= now { return true }
    guard let reader = try? CopyReader(path: path, now: nil) else { return false }
    return reader.header.expires <= now
  }
}
