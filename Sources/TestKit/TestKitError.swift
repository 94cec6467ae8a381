private import Glibc

/// Why a fixture could not do its work; a test that meets one fails with this line.
package struct TestKitError: Error, CustomStringConvertible, Sendable, Hashable {
  package let description: String

  package init(_ description: String) { self.description = description }

  /// `doing: reason`, with the system's words for `code`, by default errno.
  package static func system(_ doing: String, _ code: Int32? = nil) -> TestKitError {
    let code = code ?? errno
    let reason = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    return TestKitError("\(doing): \(reason)")
  }
}
