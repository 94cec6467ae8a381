package import ConsoleModel
package import EventLoop
package import Panels
private import Synchronization

/// What the background hands to the screen: the newest snapshot and a bounded queue of messages.
///
/// Any thread puts; only the screen's thread takes. A put wakes the screen's `poll`.
package final class Mailbox: Sendable {
  /// More than the screen can fall behind by: searches and inspections answer a few times a second.
  static let limit = 1024

  private struct Contents {
    var snapshot: Snapshot?
    var messages: [Message] = []
    var dropped = 0
  }

  private let contents = Mutex(Contents())
  package let wakeup: Wakeup

  package init() throws(SystemError) { wakeup = try Wakeup() }

  /// Latest wins: a snapshot that was not taken yet is replaced.
  package func publish(_ snapshot: Snapshot) {
    contents.withLock { $0.snapshot = snapshot }
    wakeup.signal()
  }

  package func post(_ message: Message) {
    contents.withLock { contents in
      if contents.messages.count < Self.limit {
        contents.messages.append(message)
      } else {
        contents.dropped += 1
      }
    }
    wakeup.signal()
  }

  /// Everything that came since the last call, messages in their order, the snapshot last.
  package func take() -> [Message] {
    wakeup.clear()
    let taken = contents.withLock { contents in
      let taken = contents
      contents = Contents()
      return taken
    }
    var messages = taken.messages
    if taken.dropped > 0 {
      messages.append(
        .notice(Toast(.warning, "\(taken.dropped) answers were dropped: the screen fell behind")))
    }
    if let snapshot = taken.snapshot { messages.append(.snapshot(snapshot)) }
    return messages
  }

  /// Forgets what belongs to an environment that was left.
  package func empty() { contents.withLock { $0 = Contents() } }
}
