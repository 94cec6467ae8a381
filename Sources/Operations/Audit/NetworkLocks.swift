private import Documents
private import Glibc

/// Locks of NFS mounts that look like locks and hold on this machine only.
package enum NetworkLocks {
  /// True if the file's locks are not seen by other machines that use the same folder.
  static func areLocal(_ descriptor: Int32) -> Bool {
    // The name that the kernel has for it, whatever links led there.
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = unsafe buffer.withUnsafeMutableBytes { bytes in
      guard let start = bytes.baseAddress else { return 0 }
      return unsafe readlink("/proc/self/fd/\(descriptor)", start, bytes.count)
    }
    guard count > 0, let table = try? FileReader.read("/proc/self/mountinfo") else { return false }
    return areLocal(
      file: String(decoding: buffer.prefix(count), as: UTF8.self),
      mounts: String(decoding: table.bytes, as: UTF8.self))
  }

  /// - Parameter mounts: lines of proc_pid_mountinfo(5): the mount point is field 5, and behind a
  ///   lone dash stand type, source and the options of nfs(5).
  package static func areLocal(file: String, mounts: String) -> Bool {
    var found: (length: Int, isLocal: Bool) = (-1, false)
    for line in mounts.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count > 4, let dash = fields.firstIndex(of: "-"), dash + 3 < fields.count
      else { continue }
      let point = fields[4].replacing("\\040", with: " ")
      guard point == "/" || file.hasPrefix(point + "/"),
        point.utf8.count >= found.length
      else { continue }
      let options = fields[dash + 3].split(separator: ",")
      found = (
        point.utf8.count,
        fields[dash + 1].hasPrefix("nfs")
          && ["nolock", "local_lock=all", "local_lock=flock"].contains { options.contains($0) }
      )
    }
    return found.isLocal
  }
}
