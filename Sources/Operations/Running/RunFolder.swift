package import Documents
private import Glibc

/// Where one run keeps its plan, journal and copies: `<state>/operations/<id>/`, mode 0700.
package struct RunFolder: Sendable, Hashable {
  package let path: String

  package init(state: String, operation: String) {
    path = "\(state)/operations/\(operation)"
  }

  package var plan: String { "\(path)/plan.json" }
  package var journal: String { "\(path)/journal.jsonl" }
  /// Holds the number of the process that is at work.
  package var processFile: String { "\(path)/runner.pid" }

  package func make() throws(DocumentError) { try StateFolder.make(path) }

  /// Whole content, replaced atomically and on disk when this returns.
  package static func write(_ text: String, to file: String) throws(DocumentError) {
    let temporary = "\(file).\(getpid())"
    let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure(file, "cannot be written") }
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let error = failure(file, "cannot be written")
        close(descriptor)
        _ = unsafe unlink(temporary)
        throw error
      }
      bytes = bytes.dropFirst(count)
    }
    guard fsync(descriptor) == 0, close(descriptor) == 0, unsafe rename(temporary, file) == 0 else {
      let error = failure(file, "cannot be written")
      _ = unsafe unlink(temporary)
      throw error
    }
  }

  static func failure(_ file: String, _ what: String) -> DocumentError {
    DocumentError(file: file, detail: "\(what): \(SystemMessage.last())")
  }
}

/// The folders of our state, which nobody else may read.
package enum StateFolder {
  /// Makes the folder and those above it, new ones with mode 0700.
  package static func make(_ folder: String) throws(DocumentError) {
    var path = ""
    for part in folder.split(separator: "/") {
      path += "/\(part)"
      if unsafe mkdir(path, 0o700) != 0, errno != EEXIST {
        throw DocumentError(
          file: folder, detail: "the folder cannot be made: \(SystemMessage.last())")
      }
    }
  }

  /// Names in a folder, unsorted; none if it cannot be read.
  package static func names(in path: String) -> [String] {
    guard let folder = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
