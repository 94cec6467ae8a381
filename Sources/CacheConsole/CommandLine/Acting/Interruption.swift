import Glibc
import Synchronization

/// Ctrl-C, SIGTERM and a lost terminal as a wish to end; the second one ends the process at once.
enum Interruption {
  private static let flag = Atomic<Bool>(false)

  static var happened: Bool { flag.load(ordering: .acquiring) }

  static func listen() {
    // Made now, not in the handler, where nothing may be allocated.
    _ = happened
    for number in [SIGINT, SIGTERM, SIGHUP] {
      _ = signal(number) { number in
        Interruption.flag.store(true, ordering: .releasing)
        _ = signal(number, SIG_DFL)
      }
    }
  }
}
