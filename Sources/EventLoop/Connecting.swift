private import CLinux
private import Glibc
private import Synchronization

extension EventLoop {
  /// A connected, non-blocking stream socket, or why there is none. Must run on the loop.
  package func connect(
    to address: SocketAddress, until deadline: Instant
  ) async throws(SystemError) -> Descriptor {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let number = socket(address.family, kind | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard number >= 0 else { throw .last("socket") }
    let descriptor = Descriptor(owning: number)
    if address.family != AF_UNIX {
      var one: Int32 = 1
      // Small requests, each awaited: Nagle's algorithm would only delay them.
      unsafe setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
      unsafe setsockopt(number, SOL_SOCKET, SO_KEEPALIVE, &one, 4)
    }
    while true {
      let result = unsafe address.bytes.withUnsafeBytes { raw in
        unsafe Glibc.connect(
          number, raw.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
      }
      if result == 0 { return descriptor }
      switch errno {
      case EINPROGRESS:
        let code = await Connecting.outcome(of: descriptor, on: self, until: deadline)
        guard code == 0 else { throw SystemError("connect", code: code) }
        return descriptor
      case EINTR:
        continue
      case EAGAIN:
        // A Unix socket whose backlog is full does not queue us: ask again a little later.
        let now = Instant.now()
        guard now < deadline else { throw SystemError("connect", code: ETIMEDOUT) }
        do { try await sleep(until: min(deadline, now.advanced(by: .milliseconds(10)))) } catch {
          throw SystemError("connect", code: ECANCELED)
        }
      default:
        throw .last("connect")
      }
    }
  }
}

/// Waits for one connect to end, in success, failure, time-out or cancellation.
private final class Connecting: EventSource {
  @safe private struct State {
    var caller: UnsafeContinuation<Int32, Never>?
    var watch: EventLoop.Watch?
    var timer: EventLoop.TimerID?
  }

  private let loop: EventLoop
  private let descriptor: Descriptor
  private let state = Mutex(State())

  private init(_ descriptor: Descriptor, _ loop: EventLoop) {
    self.descriptor = descriptor
    self.loop = loop
  }

  /// 0 or an errno.
  static func outcome(
    of descriptor: Descriptor, on loop: EventLoop, until deadline: EventLoop.Instant
  ) async -> Int32 {
    let connecting = Connecting(descriptor, loop)
    return await withTaskCancellationHandler {
      await unsafe withUnsafeContinuation { (caller: UnsafeContinuation<Int32, Never>) in
        unsafe connecting.start(caller, until: deadline)
        if Task.isCancelled { connecting.finish(ECANCELED) }
      }
    } onCancel: {
      loop.execute { connecting.finish(ECANCELED) }
    }
  }

  private func start(_ caller: UnsafeContinuation<Int32, Never>, until deadline: EventLoop.Instant)
  {
    do {
      let watch = try loop.watch(descriptor, for: .writable, source: self)
      let timer = loop.schedule(at: deadline) { self.finish(ETIMEDOUT) }
      state.withLock { state in
        unsafe state.caller = caller
        state.watch = watch
        state.timer = timer
      }
    } catch {
      unsafe caller.resume(returning: error.code)
    }
  }

  func ready(_ readiness: Readiness, scratch: UnsafeMutableRawBufferPointer) {
    var code: Int32 = 0
    var length = socklen_t(4)
    let result = unsafe getsockopt(descriptor.number, SOL_SOCKET, SO_ERROR, &code, &length)
    finish(result == 0 ? code : errno)
  }

  private func finish(_ code: Int32) {
    let (caller, watch, timer) = unsafe state.withLock { state in
      let taken = unsafe (state.caller, state.watch, state.timer)
      unsafe state.caller = nil
      state.watch = nil
      state.timer = nil
      return unsafe taken
    }
    if let timer { loop.cancel(timer) }
    if let watch { loop.unwatch(watch, descriptor) }
    unsafe caller?.resume(returning: code)
  }
}
