internal import CNcurses
private import Documents

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Starts curses on a terminal, and asks it what the terminal can do.
enum CursesStart {
  typealias Streams = (
    input: UnsafeMutablePointer<FILE>, output: UnsafeMutablePointer<FILE>
  )

  static func start(
    profile: TerminalProfile, input: Int32, output: Int32
  ) throws(ScreenError) -> (OpaquePointer, Streams) {
    // Streams of our own: curses wants FILEs, and Glibc's globals are no Swift values.
    guard let reading = unsafe fdopen(fcntl(input, F_DUPFD_CLOEXEC, 3), "r"),
      let writing = unsafe fdopen(fcntl(output, F_DUPFD_CLOEXEC, 3), "w")
    else { throw .system("opening the terminal") }
    for name in profile.candidates where !name.isEmpty {
      guard
        let handle = unsafe directColorTerminal(name, profile, writing, reading)
          ?? newterm(name, writing, reading)
      else { continue }
      guard !ScreenSwitches.capability("cup").isEmpty else {
        endwin()
        unsafe delscreen(handle)
        unsafe fclose(reading)
        unsafe fclose(writing)
        throw ScreenError(
          kind: .unsuitableTerminal,
          message: "a terminal of type \(name) cannot place its cursor",
          nextStep: "try TERM=xterm-256color, or use --once for one plain-text screen")
      }
      configure()
      return unsafe (handle, (reading, writing))
    }
    unsafe fclose(reading)
    unsafe fclose(writing)
    throw .unknown(term: profile.term)
  }

  /// The same terminal with 24-bit colours, where it says that it has them; see ``TerminfoEntry``.
  private static func directColorTerminal(
    _ name: String, _ profile: TerminalProfile, _ writing: UnsafeMutablePointer<FILE>,
    _ reading: UnsafeMutablePointer<FILE>
  ) -> OpaquePointer? {
    guard profile.wantsTrueColor, var entry = TerminfoDatabase.entry(named: name),
      entry.useDirectColor()
    else { return nil }
    let before = Environment.value("TERMINFO")
    let inline = "b64:" + Base64.encode(entry.encoded)
    unsafe setenv("TERMINFO", inline, 1)
    defer {
      if let before {
        unsafe setenv("TERMINFO", before, 1)
      } else {
        unsafe unsetenv("TERMINFO")
      }
    }
    return unsafe newterm(name, writing, reading)
  }

  private static func configure() {
    let window = unsafe cncurses_standard_window()
    // Ctrl-C and Ctrl-Z are keys.
    raw()
    noecho()
    nonl()
    unsafe keypad(window, true)
    // A paint is never cut short because keys wait.
    typeahead(-1)
    // The cursor is hidden or placed by `paint`; else it may stay wherever the last cell was drawn.
    unsafe leaveok(window, true)
    curs_set(0)
  }

  /// Colours that there are: 0 where none are wanted or there.
  static func startColor(wanted: Bool) -> Int {
    guard wanted, has_colors(), start_color() == OK else { return 0 }
    // Colour -1, the terminal's own: else the user's background would be painted over.
    use_default_colors()
    return Int(cncurses_color_count())
  }

  static func keySequences() -> KeySequences {
    var sequences = KeySequences()
    for capability in KeySequences.capabilities {
      sequences.add(ScreenSwitches.capability(capability.name), capability.key)
    }
    return sequences
  }
}
