private import Glibc

/// A system call that failed.
package struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
  package var call: String
  package var code: Int32

  package init(_ call: String, code: Int32) {
    self.call = call
    self.code = code
  }

  /// With the calling thread's errno, which the next call may overwrite.
  static func last(_ call: String) -> SystemError { SystemError(call, code: errno) }

  /// `Connection refused`
  package var reason: String { unsafe String(cString: strerror(code)) }

  package var description: String { "\(call): \(reason)" }
}
