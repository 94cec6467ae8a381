import Glibc
import Terminal
import TestKit
import Testing

/// The screen in this process, on a pseudo-terminal: what it paints and what it sends.
///
/// Serialized: a process has one screen.
@Suite(.serialized, .blocking) struct ScreenTests {
  /// The screen takes its locale from the environment, which need not be UTF-8 where tests run.
  private static let isUnicode = unsafe setenv("LC_ALL", "C.UTF-8", 1) == 0

  private func open(
    _ terminal: PseudoTerminal, term: String = "xterm-256color", colorTerm: String = "",
    noColor: String = ""
  ) throws -> Screen {
    try #require(Self.isUnicode)
    var options = Screen.Options()
    (options.input, options.output) = (terminal.terminal, terminal.terminal)
    (options.term, options.colorTerm, options.noColor) = (term, colorTerm, noColor)
    options.handlesSignals = false
    return try Screen(options)
  }

  private func grid(_ screen: Screen, _ lines: String..., style: Style = Style()) -> CellGrid {
    var grid = CellGrid(columns: screen.columns, rows: screen.rows)
    for (row, line) in lines.enumerated() {
      grid.put(line, x: 0, y: row, in: grid.bounds, style: style)
    }
    return grid
  }

  @Test func whatIsPaintedIsShown() throws {
    let terminal = try PseudoTerminal(columns: 40, rows: 5)
    let screen = try open(terminal)
    screen.paint(grid(screen, "plain", "日本語 wide", "e\u{301} marks", "⣿⣶ ● ─"), theme: .dark)
    #expect(screen.shownText(row: 0).hasPrefix("plain "))
    #expect(screen.shownCell(x: 0, y: 1)?.text == "日")
    #expect(screen.shownCell(x: 2, y: 1)?.text == "本")
    #expect(screen.shownCell(x: 7, y: 1)?.text == "w")
    #expect(screen.shownCell(x: 0, y: 2)?.text.unicodeScalars.count == 2)
    #expect(screen.shownText(row: 3).hasPrefix("⣿⣶ ● ─"))
    #expect(terminal.takeOutput().contains("日本語 wide"))
    screen.close()
  }

  @Test(arguments: [("", 113), ("truecolor", 0x7FD962)])
  func colorsAreThoseOfTheTheme(colorTerm: String, expected: Int) throws {
    let terminal = try PseudoTerminal(columns: 40, rows: 5)
    let screen = try open(terminal, colorTerm: colorTerm)
    screen.paint(grid(screen, "fine", style: Style(.ok, .bold)), theme: .dark)
    let cell = try #require(screen.shownCell(x: 0, y: 0))
    #expect(cell.foreground == expected && cell.background == -1 && cell.isBold)
    #expect(screen.shownCell(x: 10, y: 0)?.foreground == nil)
    let sequence = colorTerm.isEmpty ? "\u{1B}[38;5;113m" : "\u{1B}[38;2;127;217;98m"
    #expect(terminal.takeOutput().contains(sequence))
    screen.close()
  }

  @Test func monoShowsASelectionReversed() throws {
    let terminal = try PseudoTerminal(columns: 40, rows: 5)
    let screen = try open(terminal, noColor: "1")
    #expect(screen.capabilities.colorDepth == .mono)
    screen.paint(grid(screen, "row", style: Style(.selection)), theme: .dark)
    #expect(screen.shownCell(x: 0, y: 0)?.isReverse == true)
    #expect(screen.shownCell(x: 0, y: 0)?.foreground == nil)
    screen.close()
  }

  @Test func eightColorTerminalsGetBoldForBright() throws {
    let terminal = try PseudoTerminal(columns: 40, rows: 5)
    let screen = try open(terminal, term: "screen")
    #expect(screen.capabilities.colorDepth == .ansi16)
    screen.paint(grid(screen, "bad", style: Style(.critical)), theme: .dark)
    let cell = try #require(screen.shownCell(x: 0, y: 0))
    #expect(cell.foreground == 1 && cell.isBold)
    screen.close()
  }

  @Test func anUnchangedGridWritesNothingAndCostsNothing() throws {
    let terminal = try PseudoTerminal(columns: 120, rows: 40)
    let screen = try open(terminal)
    var first = grid(screen, "one", "two", "e\u{301}")
    screen.paint(first, theme: .dark)
    _ = terminal.takeOutput()
    let second = grid(screen, "one", "two", "e\u{301}")
    let start = Deadline.now
    for _ in 0..<20 { screen.paint(second, theme: .dark) }
    #expect((Deadline.now - start) / 20 < 1_000_000)
    #expect(terminal.takeOutput() == "")
    first.put("X", x: 100, y: 20, in: first.bounds)
    screen.paint(first, theme: .dark)
    let output = terminal.takeOutput()
    #expect(output.contains("X") && output.utf8.count < 20)
    screen.close()
  }

  @Test func anotherThemeRepaintsWhatItChanges() throws {
    let terminal = try PseudoTerminal(columns: 40, rows: 5)
    let screen = try open(terminal)
    let grid = grid(screen, "fine", style: Style(.ok))
    screen.paint(grid, theme: .dark)
    _ = terminal.takeOutput()
    screen.paint(grid, theme: .mono)
    #expect(screen.shownCell(x: 0, y: 0)?.foreground == nil)
    #expect(terminal.takeOutput().contains("fine"))
    screen.close()
  }

  @Test func theCursorIsShownOnlyWhereALineIsEdited() throws {
    let terminal = try PseudoTerminal(columns: 40, rows: 5)
    let screen = try open(terminal)
    var grid = grid(screen, ":command")
    screen.paint(grid, theme: .dark)
    #expect(terminal.takeOutput().contains("\u{1B}[?25l"))
    grid.cursor = GridPoint(x: 20, y: 3)
    screen.paint(grid, theme: .dark)
    let shown = terminal.takeOutput()
    #expect(shown.contains("\u{1B}[?25h") && shown.contains("\u{1B}[4;21H"), "\(shown)")
    screen.paint(grid, theme: .dark)
    #expect(terminal.takeOutput() == "")
    grid.cursor = nil
    screen.paint(grid, theme: .dark)
    #expect(terminal.takeOutput().contains("\u{1B}[?25l"))
    screen.close()
  }

  @Test func aSmallerWindowIsFollowed() throws {
    let terminal = try PseudoTerminal(columns: 80, rows: 24)
    let screen = try open(terminal)
    screen.paint(grid(screen, "before"), theme: .dark)
    terminal.resize(columns: 40, rows: 10)
    #expect(screen.events() == [.resize(columns: 40, rows: 10)])
    #expect(screen.events() == [])
    _ = terminal.takeOutput()
    // A grid of the old size must not do harm.
    screen.paint(CellGrid(columns: 80, rows: 24), theme: .dark)
    screen.paint(grid(screen, "after"), theme: .dark)
    #expect(screen.shownText(row: 0).hasPrefix("after"))
    screen.close()
  }

  @Test func aGridLargerOrSmallerThanTheWindowIsDrawnAsFarAsItGoes() throws {
    let terminal = try PseudoTerminal(columns: 10, rows: 3)
    let screen = try open(terminal)
    var large = CellGrid(columns: 30, rows: 9)
    large.put("123456789日", x: 0, y: 0, in: large.bounds)
    screen.paint(large, theme: .dark)
    #expect(screen.shownText(row: 0) == "123456789 ")
    var small = CellGrid(columns: 4, rows: 1)
    small.put("abcd", x: 0, y: 0, in: small.bounds)
    screen.paint(small, theme: .dark)
    #expect(screen.shownText(row: 0) == "abcd      ")
    screen.close()
  }

  @Test func allThatWaitsIsReadAtOnce() throws {
    let terminal = try PseudoTerminal()
    let screen = try open(terminal)
    terminal.type("jé日\u{1B}[B\u{1B}[<0;3;4M\u{1B}[200~p\u{1B}[201~\u{1B}")
    let expected: [InputEvent] = [
      .key(.character("j")), .key(.character("é")), .key(.character("日")), .key(.down),
      .mouse(MouseEvent(kind: .press, x: 2, y: 3)), .paste(Array("p".utf8)), .key(.escape),
    ]
    #expect(screen.events() == expected)
    #expect(screen.events() == [])
    screen.close()
  }

  @Test func aLostTerminalEndsTheLoop() throws {
    let terminal = try PseudoTerminal()
    let screen = try open(terminal)
    #expect(screen.events() == [] && screen.end == nil)
    terminal.hangUp()
    // A child that another test is just starting may hold the other side for a moment longer.
    let isLost = Eventually.holds(within: 5) { () -> Bool in
      _ = screen.events()
      return screen.end != nil
    }
    #expect(isLost)
    #expect(screen.end == .terminalLost)
    screen.paint(CellGrid(columns: 80, rows: 24), theme: .dark)
    screen.close()
  }

  @Test func closingGivesTheModesBackAndTheNextScreenOpens() throws {
    let terminal = try PseudoTerminal()
    let before = terminal.modes
    for _ in 0..<3 {
      let screen = try open(terminal)
      #expect(terminal.modes != before)
      do throws(ScreenError) {
        var options = Screen.Options()
        (options.input, options.output) = (terminal.terminal, terminal.terminal)
        _ = try Screen(options)
        Issue.record("two screens")
      } catch {
        #expect(error.kind == .alreadyOpen)
      }
      screen.paint(grid(screen, "hello"), theme: .dark)
      screen.close()
      screen.close()
      #expect(terminal.modes == before)
      #expect(terminal.takeOutput().contains("\u{1B}[?1049l"))
    }
  }

  @Test func aPipeIsNoTerminal() throws {
    var options = Screen.Options()
    options.input = -1
    do throws(ScreenError) {
      _ = try Screen(options)
      Issue.record("opened")
    } catch {
      #expect(error.kind == .notATerminal)
      #expect(error.description.contains("--once"))
    }
  }

  @Test func copiesGoToTheClipboardUpToALimit() throws {
    let terminal = try PseudoTerminal()
    let screen = try open(terminal)
    #expect(screen.copy(Array("product:1".utf8)))
    #expect(terminal.takeOutput().contains("\u{1B}]52;c;cHJvZHVjdDox\u{7}"))
    #expect(!screen.copy([UInt8](repeating: 0, count: 60_000)))
    screen.close()
  }
}
