private import Glibc

/// Folders of ours, which nobody else may read.
package enum PrivateFolder {
  /// Makes the folder and those above it, new ones with mode 0700.
  package static func make(_ folder: String) throws(DocumentError) {
    if let (path, code) = failure(making: folder) {
      throw DocumentError(
        file: path, detail: "the folder cannot be made: \(SystemMessage.text(code))")
    }
  }

  /// As `make`.
  ///
  /// - Returns: the folder that could not be made and the errno, or nil.
  package static func failure(making folder: String) -> (path: String, code: Int32)? {
    var path = ""
    for part in folder.split(separator: "/", omittingEmptySubsequences: false) {
      path += part
      if !part.isEmpty, unsafe mkdir(path, 0o700) != 0, errno != EEXIST { return (path, errno) }
      path += "/"
    }
    return nil
  }

  /// Names in a folder, sorted; none if it cannot be read.
  package static func names(in folder: String, limit: Int = .max) -> [String] {
    guard let handle = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(handle) }
    var names: [String] = []
    while names.count < limit, let entry = unsafe readdir(handle) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}
