private import CLinux
private import Glibc

/// A descriptor that one side polls and any thread makes readable (an eventfd).
///
/// The screen loop polls one beside standard input. Signals merge: however many came, one read
/// clears them.
package final class Wakeup: Sendable {
  private let descriptor: Descriptor

  package init() throws(SystemError) {
    let number = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard number >= 0 else { throw .last("eventfd") }
    descriptor = Descriptor(owning: number)
  }

  /// What to poll for reading.
  package var fileDescriptor: Int32 { descriptor.number }

  /// Makes the descriptor readable. Fails only when it is readable already.
  package func signal() {
    var one: UInt64 = 1
    _ = unsafe write(descriptor.number, &one, 8)
  }

  /// Makes it unreadable until the next signal.
  package func clear() {
    var count: UInt64 = 0
    _ = unsafe read(descriptor.number, &count, 8)
  }
}
