import ConsoleModel
import EventLoop
import Glibc
import Synchronization

/// Waits on the main thread, which no task may block otherwise, for work on the event loop.
enum MainWait {
  private final class Box<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
  }

  /// - Returns: nil when `seconds` have passed first; the work is cancelled then.
  static func run<Value: Sendable>(
    on loop: EventLoop, within seconds: Double, _ work: @Sendable @escaping () async -> Value
  ) throws(SystemError) -> Value? {
    let box = Box<Value>()
    let wakeup = try Wakeup()
    let task = loop.spawn {
      let value = await work()
      box.value.withLock { $0 = value }
      wakeup.signal()
    }
    let deadline = Clocks.monotonic().advanced(bySeconds: seconds)
    while true {
      if let value = box.value.withLock({ $0 }) { return value }
      let rest = deadline.seconds(since: Clocks.monotonic())
      guard rest > 0 else {
        task.cancel()
        return nil
      }
      var watched = [pollfd(fd: wakeup.fileDescriptor, events: Int16(POLLIN), revents: 0)]
      _ = unsafe poll(&watched, 1, Int32(min(60_000, rest * 1000 + 1)))
    }
  }
}
