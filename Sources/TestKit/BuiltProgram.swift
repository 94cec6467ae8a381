private import Glibc

/// Finds the program under test beside the tests themselves.
package enum BuiltProgram {
  /// Full path of the built `cacheconsole`; `CACHECONSOLE_BINARY` names another one, such as a
  /// release build.
  package static func console() throws(TestKitError) -> String {
    if let named = unsafe getenv("CACHECONSOLE_BINARY") { return unsafe String(cString: named) }
    let candidates = [ownPath()] + CommandLine.arguments
    for file in candidates {
      guard let slash = file.lastIndex(of: "/") else { continue }
      let path = "\(file[..<slash])/cacheconsole"
      if unsafe access(path, X_OK) == 0 { return path }
    }
    throw TestKitError("cacheconsole is not built: swift build")
  }

  private static func ownPath() -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlink("/proc/self/exe", &buffer, 4096)
    return String(
      decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
