package import ConsoleModel
package import Documents
private import Glibc
private import Operations

/// Reads a list of keys from a file, a pipe or standard input; blocks, so only before the screen or
/// the event loop have work.
package enum KeyListFile {
  package static func keys(_ path: String) throws(StartError) -> [KeyName] {
    do throws(DocumentError) {
      return try read(path)
    } catch {
      throw .failed(error.description)
    }
  }

  /// - Parameter path: `-`: standard input.
  package static func read(_ path: String) throws(DocumentError) -> [KeyName] {
    let isInput = path == "-"
    let name = isInput ? "standard input" : path
    let descriptor = isInput ? 0 : unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw DocumentError(file: name, detail: "cannot be opened: \(SystemMessage.last())")
    }
    defer { if !isInput { close(descriptor) } }
    var lines = KeyLines(name: name)
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw DocumentError(file: name, detail: "cannot be read: \(SystemMessage.last())")
      }
      if count == 0 { return try lines.finish() }
      try lines.append(buffer[..<count])
    }
  }
}
