internal import Documents
private import Glibc

/// The runners that are processes of this machine.
enum LocalRunners {
  /// SIGTERM to the runners whose operation is meant: they abort after the batch that is on its way.
  ///
  /// - Parameters:
  ///   - state: the state folder.
  ///   - isMeant: by the operation's id.
  /// - Returns: how many were told.
  static func abort(in state: String, _ isMeant: (String) -> Bool) -> Int {
    var told = 0
    for id in PrivateFolder.names(in: "\(state)/operations") where OperationID.isValid(id) {
      guard isMeant(id), let process = process(RunFolder(state: state, operation: id)),
        kill(process, SIGTERM) == 0
      else { continue }
      told += 1
    }
    return told
  }

  /// The process that is at work on it; nil: none here.
  ///
  /// A number in a file is no evidence: it may be of another machine that shares the folder, or of a
  /// process that ended long ago. The process must be a runner and have this very journal open, which
  /// it keeps open, and locked, until its end.
  static func process(_ folder: RunFolder) -> Int32? {
    guard let contents = try? FileReader.read(folder.processFile, limit: 64),
      let process = Int32(String(decoding: contents.bytes, as: UTF8.self)), process > 1,
      let title = try? FileReader.read("/proc/\(process)/cmdline", limit: 4096),
      String(decoding: title.bytes, as: UTF8.self).contains(RunLauncher.command),
      let journal = file(folder.journal)
    else { return nil }
    let open = PrivateFolder.names(in: "/proc/\(process)/fd")
    return open.contains { file("/proc/\(process)/fd/\($0)") == journal } ? process : nil
  }

  private struct File: Equatable {
    var device: UInt
    var number: UInt
  }

  private static func file(_ path: String) -> File? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    return File(device: UInt(status.st_dev), number: UInt(status.st_ino))
  }
}
