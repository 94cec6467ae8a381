private import Documents
private import Synchronization
internal import CNcurses

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// The only owner of curses and of the terminal's modes; one for a process, used from one thread.
///
/// The loop polls ``inputDescriptor`` and ``signalDescriptor``, then calls ``events()`` and looks at
/// ``end``. Open it before other threads start: it sets the locale and, for a moment, `TERMINFO`.
///
/// Safe: the pointers are curses' own and its streams', freed in `close` only.
@safe package final class Screen {
  package struct Options: Sendable {
    package var isMouseEnabled = true
    /// How long a lone ESC byte may be the start of a key's sequence; milliseconds.
    package var escapeDelay: Int32 = 25
    /// Bytes of one paste; more is dropped.
    package var pasteLimit = 64 * 1024
    /// Terminal to use; by default standard input and output.
    package var input: Int32 = 0
    package var output: Int32 = 1
    /// Instead of `TERM`, `COLORTERM` and `NO_COLOR`.
    package var term: String?
    package var colorTerm: String?
    package var noColor: String?
    /// False leaves signals and traps of the process alone: for tests that share a process.
    package var handlesSignals = true

    package init() {}
  }

  /// Why the loop should end.
  package enum End: Sendable, Hashable {
    case signal(Int32)
    /// The terminal is gone: its window was closed, its line hung up.
    case terminalLost
  }

  package let capabilities: Capabilities
  package internal(set) var columns: Int
  package internal(set) var rows: Int
  package internal(set) var end: End?
  /// Poll both for input.
  package var inputDescriptor: Int32 { options.input }
  package let signalDescriptor: Int32

  let options: Options
  var decoder: InputDecoder
  var painted: (grid: CellGrid, theme: Theme)?
  var palette: ScreenPalette
  var rowBuffer: [cchar_t] = []
  var isCursorShown = false
  private var modes = termios()
  private let handle: OpaquePointer
  private let streams: (input: UnsafeMutablePointer<FILE>, output: UnsafeMutablePointer<FILE>)
  private let switches: ScreenSwitches
  private let capture: (saved: Int32, reader: Int32)?
  private var isOpen = true

  private static let isTaken = Atomic<Bool>(false)

  package init(_ options: Options = Options()) throws(ScreenError) {
    guard isatty(options.input) == 1, isatty(options.output) == 1 else {
      throw ScreenError(
        kind: .notATerminal,
        message: isatty(options.output) == 1
          ? "standard input is not a terminal" : "standard output is not a terminal",
        nextStep: "run it in a terminal, or use --once for one plain-text screen")
    }
    guard !Self.isTaken.exchange(true, ordering: .sequentiallyConsistent) else {
      throw ScreenError(
        kind: .alreadyOpen, message: "the screen is already open", nextStep: "close it first")
    }
    var isTaken = true
    defer { if isTaken { Self.isTaken.store(false, ordering: .sequentiallyConsistent) } }
    let isUnicode = TerminalLocale.adopt()
    let profile = TerminalProfile(
      term: options.term ?? Environment.value("TERM") ?? "",
      colorTerm: options.colorTerm ?? Environment.value("COLORTERM") ?? "",
      noColor: options.noColor ?? Environment.value("NO_COLOR") ?? "")
    guard unsafe tcgetattr(options.input, &modes) == 0 else {
      throw .system("reading the terminal's modes")
    }
    // Before curses, which then leaves these signals alone.
    let signals = options.handlesSignals ? SignalPipe.open() : nil
    guard options.handlesSignals == (signals != nil) else { throw .system("making a pipe") }
    do throws(ScreenError) {
      unsafe (handle, streams) = try CursesStart.start(
        profile: profile, input: options.input, output: options.output)
    } catch {
      if let signals { SignalPipe.close(reader: signals) }
      throw error
    }
    signalDescriptor = signals ?? -1
    switches = ScreenSwitches(isMouseEnabled: options.isMouseEnabled)
    capture = options.handlesSignals ? Self.captureError() : nil
    TerminalGuard.arm(
      descriptor: options.output, modes: modes, undo: switches.undo, capture: capture,
      handlesCrashes: options.handlesSignals)
    let colors = CursesStart.startColor(wanted: profile.wantsColor)
    capabilities = profile.capabilities(isUnicode: isUnicode, colors: colors)
    palette = ScreenPalette(depth: capabilities.colorDepth)
    decoder = InputDecoder(
      keys: CursesStart.keySequences(), isUnicode: isUnicode,
      isMouseEnabled: switches.hasMouse, pasteLimit: options.pasteLimit)
    self.options = options
    columns = Int(unsafe getmaxx(cncurses_standard_window()))
    rows = Int(unsafe getmaxy(cncurses_standard_window()))
    isTaken = false
    _ = adoptSize()
    Self.write(switches.on, to: options.output)
  }

  deinit { close() }

  /// Puts the terminal back as it was.
  package func close() {
    guard isOpen else { return }
    isOpen = false
    Self.write(switches.off, to: options.output)
    endwin()
    _ = unsafe tcsetattr(options.input, TCSADRAIN, &modes)
    TerminalGuard.disarm()
    unsafe delscreen(handle)
    unsafe fclose(streams.input)
    unsafe fclose(streams.output)
    if let capture {
      TerminalGuard.releaseError(capture.saved, capture.reader)
      _ = Glibc.close(capture.saved)
      _ = Glibc.close(capture.reader)
    }
    if signalDescriptor >= 0 { SignalPipe.close(reader: signalDescriptor) }
    Self.isTaken.store(false, ordering: .sequentiallyConsistent)
  }

  /// Gives the terminal back to the shell and stops, as Ctrl-Z does elsewhere; returns on `fg`.
  ///
  /// The whole process group is stopped, by SIGTSTP and not by SIGSTOP: a script that has started
  /// the console must stop too, or the shell would wait for ever; and where there is no shell that
  /// could continue it (an orphaned group), the kernel ignores the signal and the screen returns.
  package func suspend() {
    guard isOpen else { return }
    leave()
    _ = signal(SIGTSTP, SIG_DFL)
    kill(0, SIGTSTP)
    if options.handlesSignals {
      SignalPipe.install(SIGTSTP)
      // What woke us is no news; what should end us is.
      for number in SignalPipe.drain(signalDescriptor) { noteEnd(number) }
    }
    resume()
  }

  /// Gives the terminal to somebody else for a while, such as a password prompt; see ``resume()``.
  package func leave() {
    guard isOpen else { return }
    Self.write(switches.off, to: options.output)
    endwin()
    _ = unsafe tcsetattr(options.input, TCSADRAIN, &modes)
  }

  func noteEnd(_ number: Int32) {
    if number == SIGTERM || number == SIGHUP || number == SIGINT { end = end ?? .signal(number) }
  }

  /// Takes the terminal again, after somebody else had it, and paints everything anew.
  package func resume() {
    guard isOpen else { return }
    reset_prog_mode()
    _ = adoptSize()
    invalidate()
    Self.write(switches.on, to: options.output)
    unsafe wnoutrefresh(cncurses_standard_window())
    doupdate()
  }

  /// The next paint draws every cell, whatever the terminal is thought to show (Ctrl-L).
  package func invalidate() {
    painted = nil
    unsafe clearok(cncurses_current_window(), true)
  }

  /// Puts text on the clipboard of the terminal's own machine (OSC 52), also through SSH.
  ///
  /// - Returns: false where it is too long: emulators drop what is above 74,994 bytes of base64.
  package func copy(_ bytes: [UInt8]) -> Bool {
    let encoded = Base64.encode(bytes)
    guard encoded.utf8.count <= 74_994 else { return false }
    Self.write(Array("\u{1B}]52;c;\(encoded)\u{7}".utf8), to: options.output)
    return true
  }

  /// Follows the window's size; the new one if it has changed.
  func adoptSize() -> (columns: Int, rows: Int)? {
    var size = winsize()
    // Zero is how a serial line says that it does not know.
    guard unsafe ioctl(options.output, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0,
      size.ws_row > 0, Int(size.ws_col) != columns || Int(size.ws_row) != rows,
      resize_term(Int32(size.ws_row), Int32(size.ws_col)) == OK
    else { return nil }
    (columns, rows) = (Int(size.ws_col), Int(size.ws_row))
    invalidate()
    return (columns, rows)
  }

  static func write(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        return
      }
    }
  }

  /// While the screen is shown, whatever writes to standard error (a library, the message of a trap)
  /// goes to a pipe, to be shown when the terminal is back. A full pipe drops the rest.
  private static func captureError() -> (saved: Int32, reader: Int32)? {
    guard isatty(2) == 1 else { return nil }
    var ends: [Int32] = [-1, -1]
    let saved = fcntl(2, F_DUPFD_CLOEXEC, 3)
    guard saved >= 0, unsafe pipe(&ends) == 0 else { return nil }
    for end in ends {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    dup2(ends[1], 2)
    _ = Glibc.close(ends[1])
    return (saved, ends[0])
  }
}

extension ScreenError {
  static func system(_ action: String) -> ScreenError {
    ScreenError(
      kind: .system, message: "\(action) failed (error \(errno))",
      nextStep: "see errno(3); another terminal may help")
  }
}
