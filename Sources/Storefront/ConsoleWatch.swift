import EventLoop
private import Glibc
private import Synchronization

/// Reads the pipe that only the console holds: its end of file is the console's end.
final class ConsoleWatch: EventSource {
  private let descriptor: Descriptor
  private let watch = Mutex<EventLoop.Watch?>(nil)

  init(_ descriptor: Descriptor) { self.descriptor = descriptor }

  func start(on loop: EventLoop) {
    _ = fcntl(descriptor.number, F_SETFL, O_NONBLOCK)
    loop.execute { [self] in
      do throws(SystemError) {
        let started = try loop.watch(descriptor, for: .readable, source: self)
        watch.withLock { $0 = started }
      } catch {
        // Not a pipe: nobody would tell of the console's end, so that there must be no demo.
        ConsoleWatch.endThisProcess()
      }
    }
  }

  func ready(_ readiness: Readiness, scratch: UnsafeMutableRawBufferPointer) {
    while true {
      let count = unsafe read(descriptor.number, scratch.baseAddress, scratch.count)
      if count > 0 || (count < 0 && errno == EINTR) { continue }
      if count < 0 && errno == EAGAIN { return }
      ConsoleWatch.endThisProcess()
      return
    }
  }

  /// To the process, whose main thread waits for it: all other threads block it.
  private static func endThisProcess() { kill(getpid(), SIGTERM) }
}
