import Glibc
import TestKit
import Testing

/// A whole process with a screen, ended in every way that leaves a terminal broken elsewhere.
@Suite(.blocking) struct ScreenProcessTests {
  private static let leave = "\u{1B}[?1049l"

  @Test(
    arguments: [
      ("return", .code(0)), ("exit", .code(3)), ("trap", .signal(SIGILL)),
      ("abort", .signal(SIGABRT)), ("overflow", .signal(SIGSEGV)), ("thread", .signal(SIGILL)),
    ] as [(String, Probe.Exit)])
  func theTerminalIsSaneAfter(mode: String, expected: Probe.Exit) throws {
    let probe = try Probe(mode)
    let exit = probe.exit()
    if mode == "trap" || mode == "thread" {
      // SIGILL on x86, SIGTRAP on ARM.
      #expect(exit == .signal(SIGILL) || exit == .signal(SIGTRAP))
    } else {
      #expect(exit == expected)
    }
    #expect(probe.terminal.modes == probe.modesBefore)
    for sequence in [Self.leave, "\u{1B}[?1000l", "\u{1B}[?2004l", "\u{1B}[?25h", "\u{1B}[?1l"] {
      #expect(probe.terminal.shows(sequence, within: 0), "\(sequence.debugDescription)")
    }
  }

  @Test(arguments: [SIGTERM, SIGHUP, SIGINT])
  func signalsEndTheLoop(signal: Int32) throws {
    let probe = try Probe("events")
    try #require(probe.terminal.shows("ready"))
    probe.signal(signal)
    #expect(probe.exit() == .code(0))
    #expect(probe.terminal.shows("ended: signal(\(signal))", within: 0))
    #expect(probe.terminal.modes == probe.modesBefore)
  }

  @Test func aHangingLoopIsEndedByTheThirdSignal() throws {
    let probe = try Probe("hang")
    try #require(probe.terminal.shows("ready"))
    for _ in 0..<3 {
      probe.signal(SIGTERM)
      // Equal signals that wait merge into one.
      _ = probe.exit(within: 0.1)
    }
    #expect(probe.exit() == .signal(SIGTERM))
    #expect(probe.terminal.shows(Self.leave, within: 0))
    #expect(probe.terminal.modes == probe.modesBefore)
  }

  @Test(arguments: [SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTRAP])
  func aFaultSentFromOutsideRestoresToo(signal: Int32) throws {
    let probe = try Probe("events")
    try #require(probe.terminal.shows("ready"))
    probe.signal(signal)
    #expect(probe.exit() == .signal(signal))
    #expect(probe.terminal.shows(Self.leave, within: 0))
    #expect(probe.terminal.modes == probe.modesBefore)
  }

  @Test func aTerminalThatGoesAwayEndsTheLoop() throws {
    let probe = try Probe("events")
    try #require(probe.terminal.shows("ready"))
    probe.terminal.hangUp()
    #expect(probe.exit() == .code(0))
  }

  @Test func aShellStopsAndContinuesIt() throws {
    let shell = try Probe(
      program: "/bin/bash", ["--noprofile", "--norc", "-i"],
      environment: ["PS1=shell> ", "HISTFILE=", "PROBE=\(try Probe.path())"])
    let terminal = shell.terminal
    try #require(terminal.shows("shell> "))
    // A script between the shell and the console, which must stop with it.
    terminal.type("bash -c '$PROBE events; echo end-$((40+2))' \r")
    try #require(terminal.shows("ready"))
    for _ in 0..<2 {
      _ = terminal.takeOutput()
      terminal.type("\u{1A}")
      try #require(terminal.shows("Stopped"))
      #expect(terminal.shows("\u{1B}[?1049l"))
      try #require(terminal.shows("shell> "))
      _ = terminal.takeOutput()
      terminal.type("fg\r")
      try #require(terminal.shows("ready"))
      terminal.type("x")
      #expect(terminal.shows("key character(\"x\")"))
    }
    terminal.type("q")
    #expect(terminal.shows("end-42"))
    terminal.type("exit\r")
    #expect(shell.exit() == .code(0))
  }

  @Test(arguments: [[SIGTSTP], [SIGCONT], [SIGSTOP, SIGCONT]])
  func whoeverHadTheTerminalMeanwhileItIsPaintedAnew(signals: [Int32]) throws {
    let probe = try Probe("events")
    try #require(probe.terminal.shows("ready"))
    _ = probe.terminal.takeOutput(within: 0.1)
    for signal in signals { probe.signal(signal) }
    #expect(probe.terminal.shows("resize 120x40"))
    #expect(probe.terminal.shows("ready", within: 0))
    probe.terminal.type("q")
    #expect(probe.exit() == .code(0))
    #expect(probe.terminal.modes == probe.modesBefore)
  }

  @Test func withoutAShellToContinueItCtrlZReturns() throws {
    let probe = try Probe("events")
    try #require(probe.terminal.shows("ready"))
    probe.terminal.type("\u{1A}")
    #expect(probe.terminal.shows("key control(\"z\")"))
    probe.terminal.type("q")
    #expect(probe.exit() == .code(0))
  }

  @Test(
    arguments: [
      ("geheim\r", "answer: geheim"), ("xy\u{15}a\u{7F}b\r", "answer: b"),
      ("é\u{7F}z\r", "answer: z"),
      ("abc\u{3}", "answer: none"), ("\r", "answer: none"),
    ])
  func aPasswordIsAskedWithoutEcho(typed: String, expected: String) throws {
    let probe = try Probe("password")
    try #require(probe.terminal.shows("password for redis: "))
    probe.terminal.type(typed)
    #expect(probe.exit() == .code(0))
    #expect(probe.terminal.shows("password for redis: \r\n\(expected)", within: 0))
    #expect(probe.terminal.modes == probe.modesBefore)
  }

  @Test func aSignalWhileAPasswordIsAskedLeavesTheEchoOn() throws {
    let probe = try Probe("password")
    try #require(probe.terminal.shows("password for redis: "))
    probe.signal(SIGTERM)
    #expect(probe.exit() == .signal(SIGTERM))
    #expect(probe.terminal.modes == probe.modesBefore)
  }

  @Test func whatATrapSaysIsReadAfterwards() throws {
    let probe = try Probe("trap")
    _ = probe.exit()
    let output = String(decoding: probe.terminal.output, as: UTF8.self)
    let parts = output.split(separator: Self.leave)
    #expect(parts.count == 2)
    #expect(parts.last?.contains("Fatal error") == true)
    #expect(parts.first?.contains("Fatal error") == false)
  }

  @Test func whatALibrarySaysDoesNotSpoilTheScreen() throws {
    let probe = try Probe("error")
    #expect(probe.exit() == .code(0))
    let output = String(decoding: probe.terminal.output, as: UTF8.self)
    #expect(output.split(separator: Self.leave).last?.contains("a library complains") == true)
  }

  @Test func anEscKeyIsReadAtOnceAndASequenceIsOneKey() throws {
    let probe = try Probe("events")
    try #require(probe.terminal.shows("ready"))
    let start = Deadline.now
    probe.terminal.type("\u{1B}")
    #expect(probe.terminal.shows("key escape"))
    // 25 ms are ours; the rest is for a machine with other work.
    #expect(Deadline.now - start < 500_000_000)
    probe.terminal.type("\u{1B}OB")
    #expect(probe.terminal.shows("key down"))
  }

  @Test func aPasteIsOnePieceAndNeverKeys() throws {
    let probe = try Probe("events")
    try #require(probe.terminal.shows("ready"))
    probe.terminal.type("\u{1B}[200~q\n\u{1B}[Aq\u{1B}[201~")
    #expect(probe.terminal.shows("paste q\\n\\x1b[Aq"))
    probe.terminal.type("x")
    #expect(probe.terminal.shows("key character(\"x\")"))
  }

  @Test func aResizeIsAnEventAndThePaintFollows() throws {
    let probe = try Probe("events")
    try #require(probe.terminal.shows("ready"))
    probe.terminal.resize(columns: 60, rows: 10)
    #expect(probe.terminal.shows("resize 60x10"))
    probe.terminal.type("q")
    #expect(probe.exit() == .code(0))
  }

  @Test func noColorMeansNoColor() throws {
    let probe = try Probe("dashboard", environment: ["NO_COLOR=1", "COLORTERM=truecolor"])
    try #require(probe.terminal.shows("filter"))
    probe.terminal.type("jrq")
    #expect(probe.exit() == .code(0))
    #expect(colorSequences(in: probe.terminal.output) == [])
  }

  @Test func anEmptyNoColorMeansNothing() throws {
    let probe = try Probe("return", environment: ["NO_COLOR="])
    #expect(probe.exit() == .code(0))
    #expect(colorSequences(in: probe.terminal.output) != [])
  }

  @Test(
    arguments: [
      ("xterm-256color", "", "indexed256"), ("xterm-256color", "COLORTERM=truecolor", "trueColor"),
      ("tmux-256color", "COLORTERM=24bit", "trueColor"), ("linux", "", "ansi16"),
      ("vt100", "", "mono"), ("xterm-ghostty", "", "indexed256"), ("screen", "", "ansi16"),
    ])
  func theDepthFollowsTheTerminal(term: String, colorTerm: String, depth: String) throws {
    let probe = try Probe("return", term: term, environment: colorTerm.isEmpty ? [] : [colorTerm])
    #expect(probe.exit() == .code(0))
    #expect(probe.terminal.shows("ready \(depth) 120x40", within: 0))
    #expect(probe.terminal.modes == probe.modesBefore)
  }

  @Test(
    arguments: [
      ("nonsense", "TERM=nonsense"), ("", "TERM is not set"), ("dumb", "cannot place its cursor"),
    ])
  func aTerminalThatCannotIsAnErrorWithANextStep(term: String, expected: String) throws {
    let probe = try Probe("return", term: term)
    #expect(probe.exit() == .code(1))
    let output = String(decoding: probe.terminal.output, as: UTF8.self)
    #expect(output.contains(expected))
    #expect(output.contains("try TERM=xterm-256color"))
    #expect(probe.terminal.modes == probe.modesBefore)
  }

  @Test func keysAndRefreshesAreCheap() throws {
    let probe = try Probe("dashboard")
    try #require(probe.terminal.shows("filter"))
    _ = probe.terminal.takeOutput(within: 0.2)
    for key in ["\u{1B}OB", "j", "k"] {
      probe.terminal.type(key)
      let bytes = probe.terminal.takeOutput(within: 2).utf8.count
      #expect(bytes > 0 && bytes <= 400, "\(bytes) bytes for a cursor key")
    }
    probe.terminal.type("r")
    let bytes = probe.terminal.takeOutput(within: 2).utf8.count
    #expect(bytes > 0 && bytes <= 3000, "\(bytes) bytes for a refresh")
  }

  @Test func asciiLocalesGetAscii() throws {
    let probe = try Probe("dashboard", locale: "C")
    try #require(probe.terminal.shows("filter"))
    #expect(probe.terminal.output.allSatisfy { $0 < 0x80 })
  }

  /// SGR parameters that set colours.
  private func colorSequences(in output: [UInt8]) -> [String] {
    String(decoding: output, as: UTF8.self).split(separator: "\u{1B}[").compactMap { part in
      guard let end = part.firstIndex(where: { !$0.isNumber && $0 != ";" }), part[end] == "m"
      else { return nil }
      let numbers = part[..<end].split(separator: ";").compactMap { Int($0) }
      return numbers.contains { (30...49).contains($0) || (90...107).contains($0) }
        ? String(part[..<end]) : nil
    }
  }
}
