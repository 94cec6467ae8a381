private import Glibc

/// A file descriptor that is closed with its last owner, and at no other time: a number that
/// somebody still watches is never given to another file.
package final class Descriptor: Sendable {
  package let number: Int32

  package init(owning number: Int32) { self.number = number }

  deinit { close(number) }
}
