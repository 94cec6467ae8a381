package import ConsoleModel
package import Documents
private import Glibc
private import Synchronization

/// The journal of a run: one checkpoint a line, the newest last.
///
/// A line is in the file before the step that it announces is sent, so that `kill -9` loses nothing; it
/// is on disk (fsync) before the first step and about once a second after that, so that a power cut
/// loses at most what can be done again.
package final class RunJournal: Sendable {
  private let file: String
  private let descriptor: Mutex<Int32>

  /// Opens the journal of a run; the lock keeps two local runners apart.
  package init(_ folder: RunFolder) throws(DocumentError) {
    try folder.make()
    file = folder.journal
    let opened = unsafe open(
      folder.journal, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard opened >= 0 else { throw RunFolder.failure(folder.journal, "cannot be opened") }
    guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
      let error =
        errno == EWOULDBLOCK
        ? DocumentError(
          file: folder.journal, detail: "another runner on this machine is at work on it")
        : RunFolder.failure(folder.journal, "cannot be locked")
      close(opened)
      throw error
    }
    descriptor = Mutex(opened)
  }

  deinit { descriptor.withLock { _ = close($0) } }

  /// Adds a line; on disk after `sync()`.
  package func append(
    _ checkpoint: RunCheckpoint, at time: WallTime
  ) throws(DocumentError) {
    let line = Array((checkpoint.json(at: time) + "\n").utf8)
    let isWritten = descriptor.withLock { descriptor -> Bool in
      let count = unsafe write(descriptor, line, line.count)
      if count != line.count {
        // The next line must not be joined to a part of this one.
        if count > 0 { _ = unsafe write(descriptor, "\n", 1) }
        return false
      }
      return true
    }
    guard isWritten else { throw RunFolder.failure(file, "cannot be written") }
  }

  /// Returns when all lines are on disk.
  package func sync() throws(DocumentError) {
    // Not under the lock: a disk may take long, and other lines are added meanwhile.
    let open = descriptor.withLock { $0 }
    guard fdatasync(open) == 0 else { throw RunFolder.failure(file, "cannot be written") }
  }

  /// What the journal's last lines tell together; nil if there is none.
  package static func last(_ folder: RunFolder) -> RunCheckpoint? {
    let file = unsafe open(folder.journal, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    let size = lseek(file, 0, SEEK_END)
    // Lines are short; a torn one at the end is followed back to the one before it.
    var length = min(size, 256 << 10)
    while length > 0 {
      var bytes = [UInt8](repeating: 0, count: Int(length))
      let count = unsafe pread(file, &bytes, bytes.count, size - length)
      guard count > 0 else { return nil }
      if let found = newest(of: bytes.prefix(count), folder.journal) { return found }
      guard length < size else { return nil }
      length = min(size, length * 4)
    }
    return nil
  }

  /// The newest line that tells of all servers, with what later ones tell of some; nil: none does.
  private static func newest(of bytes: ArraySlice<UInt8>, _ file: String) -> RunCheckpoint? {
    var last: RunCheckpoint?
    var parts: [NodeID: RunCheckpoint.Shard] = [:]
    for line in bytes.split(separator: 0x0A).reversed() {
      guard var checkpoint = try? RunCheckpoint(json: Array(line), file: file) else { continue }
      guard checkpoint.isPart else {
        checkpoint.event = last?.event ?? checkpoint.event
        for (node, shard) in parts { checkpoint[node] = shard }
        return checkpoint
      }
      last = last ?? checkpoint
      for shard in checkpoint.shards where parts[shard.node] == nil { parts[shard.node] = shard }
    }
    return nil
  }
}
