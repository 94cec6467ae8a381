private import Glibc

/// A private folder (mode 0700) that goes with its owner.
///
/// Its path is short, because a Unix socket's path must fit in 107 bytes.
package final class TemporaryFolder: Sendable {
  package let path: String

  package init() throws(TestKitError) {
    var template = Array("/tmp/ckt-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw .system("making a temporary folder") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { Self.remove(path) }

  /// Path of `name` inside.
  package func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file inside and returns its path.
  @discardableResult
  package func write(_ name: String, _ text: String, mode: UInt32 = 0o600)
    throws(TestKitError) -> String
  {
    let target = file(name)
    let descriptor = unsafe open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw .system("writing \(target)") }
    defer { close(descriptor) }
    try SocketIO.writeAll(descriptor, Array(text.utf8), within: 10)
    return target
  }

  /// Names inside, without `.` and `..`; nil if there is no such folder.
  package static func list(_ path: String) -> [String]? {
    guard let folder = unsafe opendir(path) else { return nil }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Removes a file or a folder with all that is in it; does not follow links.
  package static func remove(_ path: String) {
    if unsafe unlink(path) == 0 { return }
    for name in list(path) ?? [] { remove("\(path)/\(name)") }
    unsafe rmdir(path)
  }
}
