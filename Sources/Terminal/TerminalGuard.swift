private import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Leaves the terminal sane whatever ends the process: a trap, a signal, `exit`.
///
/// All that is needed then is worked out while all is well, and kept outside Swift's heap. The
/// handlers call only what signal-safety(7) lists; curses' `endwin` is not among it.
enum TerminalGuard {
  /// Traps, aborts and faults; a stack overflow is a SIGSEGV on the alternate stack.
  static let signals = [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE]

  /// Safe: written once before it is published, read by whoever takes it out of `armed`.
  @safe struct Record {
    var descriptor: Int32
    var modes: termios
    /// Standard error as it was, and the end of the pipe that took its place; -1 if none did.
    var standardError: Int32
    var capturedError: Int32
    var undo: UnsafeMutableBufferPointer<UInt8>
  }

  /// - Parameters:
  ///   - undo: bytes that take back what the screen asked of the terminal.
  ///   - capture: standard error's own descriptor and the pipe that stands in for it.
  static func arm(
    descriptor: Int32, modes: termios, undo: [UInt8], capture: (saved: Int32, reader: Int32)?,
    handlesCrashes: Bool
  ) {
    disarm()
    let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: undo.count)
    _ = unsafe bytes.update(fromContentsOf: undo)
    let record = UnsafeMutablePointer<Record>.allocate(capacity: 1)
    unsafe record.initialize(
      to: Record(
        descriptor: descriptor, modes: modes, standardError: capture?.saved ?? -1,
        capturedError: capture?.reader ?? -1, undo: bytes))
    armed.store(UInt(bitPattern: record), ordering: .sequentiallyConsistent)
    if handlesCrashes { install() }
  }

  /// After the screen has been closed in an orderly way.
  static func disarm() {
    let address = armed.exchange(0, ordering: .sequentiallyConsistent)
    guard let record = unsafe UnsafeMutablePointer<Record>(bitPattern: address) else { return }
    unsafe record.pointee.undo.deallocate()
    unsafe record.deallocate()
  }

  /// Puts the terminal back, once; async-signal-safe.
  static func restore() {
    let address = armed.exchange(0, ordering: .sequentiallyConsistent)
    guard let record = unsafe UnsafeMutablePointer<Record>(bitPattern: address) else { return }
    let descriptor = unsafe record.pointee.descriptor
    // In the background the terminal is somebody else's; without a controlling one there is no
    // group to ask for.
    let foreground = tcgetpgrp(descriptor)
    if foreground < 0 || foreground == getpgrp() {
      let undo = unsafe record.pointee.undo
      if let base = undo.baseAddress {
        unsafe writeAll(descriptor, base, undo.count)
      }
      // What was typed for the console is not for the shell.
      tcflush(descriptor, TCIFLUSH)
      unsafe tcsetattr(descriptor, TCSANOW, &record.pointee.modes)
    }
    unsafe releaseError(record.pointee.standardError, record.pointee.capturedError)
  }

  /// Gives standard error back and passes on what it was told meanwhile: why the process traps.
  static func releaseError(_ saved: Int32, _ captured: Int32) {
    guard saved >= 0 else { return }
    dup2(saved, 2)
    // More than 1,024 bytes would come from the heap, which may be what the process died in.
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1024) { buffer in
      guard let base = buffer.baseAddress else { return }
      // The pipe holds 64 KiB, so this ends even if somebody goes on writing.
      for _ in 0..<128 {
        let count = unsafe read(captured, base, 1024)
        guard count > 0 else { return }
        unsafe writeAll(saved, base, count)
      }
    }
  }

  private static func writeAll(_ descriptor: Int32, _ bytes: UnsafePointer<UInt8>, _ count: Int) {
    var done = 0
    // A terminal that takes nothing (a dead line, Ctrl-S) must not keep a dying process alive: so
    // write is called only when there is room, and half a second is all it gets.
    var patience = 25
    while done < count, patience > 0 {
      var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      guard unsafe poll(&room, 1, 20) > 0 else {
        patience -= 1
        continue
      }
      let written = unsafe write(descriptor, bytes + done, count - done)
      if written > 0 {
        done += written
      } else {
        guard errno == EINTR || errno == EAGAIN else { return }
        patience -= 1
      }
    }
  }

  private static let armed = Atomic<UInt>(0)
  private static let isInstalled = Atomic<Bool>(false)

  private static func install() {
    guard !isInstalled.exchange(true, ordering: .sequentiallyConsistent) else { return }
    // Of this thread, the one that draws. 64 KiB is far above what the handlers use.
    let size = 64 * 1024
    var stack = unsafe stack_t()
    unsafe stack.ss_sp = malloc(size)
    unsafe stack.ss_size = size
    if unsafe stack.ss_sp != nil { unsafe sigaltstack(&stack, nil) }
    for number in signals {
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = dieRestored
      // Stopped for touching the terminal from the background would be worse than dead.
      unsafe sigfillset(&action.sa_mask)
      action.sa_flags = SA_ONSTACK
      _ = unsafe sigaction(number, &action, nil)
    }
    atexit { TerminalGuard.restore() }
  }
}

@c(cacheconsole_die_restored)
func dieRestored(_ number: Int32) {
  TerminalGuard.restore()
  var action = sigaction()
  unsafe action.__sigaction_handler.sa_handler = SIG_DFL
  _ = unsafe sigaction(number, &action, nil)
  // Blocked until this returns; a fault would come again by itself, an abort by kill would not.
  raise(number)
}
