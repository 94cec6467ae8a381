private import CLinux

/// What became possible on a descriptor.
package struct Readiness: OptionSet, Sendable {
  package let rawValue: UInt32

  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let readable = Readiness(rawValue: EPOLLIN.rawValue)
  package static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
  /// An error or a hang-up: the next read tells which.
  package static let closed = Readiness(
    rawValue: EPOLLERR.rawValue | EPOLLHUP.rawValue | EPOLLRDHUP.rawValue)
}

/// Something that the loop watches a descriptor for. All calls come on the loop's thread.
package protocol EventSource: AnyObject, Sendable {
  /// `scratch` is the loop's read buffer: valid during the call, its content lost after it.
  func ready(_ readiness: Readiness, scratch: UnsafeMutableRawBufferPointer)

  /// The end of a turn in which `EventLoop.flushAtEndOfTurn` named this source.
  func flush()
}

extension EventSource {
  package func flush() {}
}
