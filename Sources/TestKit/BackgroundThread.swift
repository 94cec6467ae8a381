private import Glibc

/// Starts threads for fixtures whose work blocks, so that they never hold a thread of Swift's pool.
package enum BackgroundThread {
  private final class Work {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Runs `body` on a detached thread of its own with all signals blocked.
  package static func start(
    name: String = "fixture", _ body: @escaping @Sendable () -> Void
  ) {
    var everything = sigset_t()
    var before = sigset_t()
    unsafe sigfillset(&everything)
    unsafe pthread_sigmask(SIG_SETMASK, &everything, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    var thread = pthread_t()
    let work = unsafe Unmanaged.passRetained(
      Work {
        // pthread_setname_np is not in the importer's Glibc; for debuggers and ps -L only.
        let comm = unsafe open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        if comm >= 0 {
          _ = unsafe write(comm, name, name.utf8.count)
          close(comm)
        }
        body()
      })
    let code = unsafe pthread_create(
      &thread, nil,
      { raw in
        if let raw = unsafe raw {
          // Safe: `raw` is the object retained above, taken exactly once.
          unsafe Unmanaged<Work>.fromOpaque(raw).takeRetainedValue().body()
        }
        return nil
      }, work.toOpaque())
    precondition(code == 0, "no thread: error \(code)")
    pthread_detach(thread)
  }
}
