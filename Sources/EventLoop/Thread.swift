private import CLinux
private import Glibc

/// Threads beside the main one.
enum Thread {
  private final class Body {
    let run: @Sendable () -> Void
    let name: String

    init(name: String, run: @Sendable @escaping () -> Void) {
      self.run = run
      self.name = name
    }
  }

  /// Starts a detached thread in which all signals are blocked but the synchronous faults.
  static func start(
    name: String, stackBytes: Int, _ run: @Sendable @escaping () -> Void
  ) throws(SystemError) {
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    unsafe pthread_attr_setstacksize(&attributes, stackBytes)
    // A thread inherits the mask: set before it is made, there is no moment without.
    var previous = sigset_t()
    unsafe clinux_block_all_but_faults(&previous)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &previous, nil) }
    var thread = pthread_t()
    let body = unsafe Unmanaged.passRetained(Body(name: name, run: run))
    let code = unsafe pthread_create(
      &thread, &attributes,
      { context in
        guard let context = unsafe context else { return nil }
        let body = unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
        unsafe clinux_name_thread(body.name)
        body.run()
        return nil
      }, body.toOpaque())
    guard code == 0 else {
      unsafe body.release()
      throw SystemError("pthread_create", code: code)
    }
  }
}
