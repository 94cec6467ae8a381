private import Glibc

/// What the process was started with.
package enum ProcessEnvironment {
  package static func variables() -> [String: String] {
    var result: [String: String] = [:]
    // /proc and not `environ`: a global that Swift calls unsafe, for the same bytes.
    for entry in readWhole("/proc/self/environ").split(separator: 0) {
      guard let mark = entry.firstIndex(of: UInt8(ascii: "=")) else { continue }
      result[String(decoding: entry[..<mark], as: UTF8.self)] = String(
        decoding: entry[entry.index(after: mark)...], as: UTF8.self)
    }
    return result
  }

  /// Full path of the running binary.
  package static func executable() -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = unsafe buffer.withUnsafeMutableBytes { bytes in
      guard let start = bytes.baseAddress else { return 0 }
      return unsafe readlink("/proc/self/exe", start, bytes.count)
    }
    return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : ""
  }

  private static func readWhole(_ path: String) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = unsafe read(descriptor, &chunk, chunk.count)
      guard count > 0 else { return bytes }
      bytes += chunk.prefix(count)
    }
  }
}
