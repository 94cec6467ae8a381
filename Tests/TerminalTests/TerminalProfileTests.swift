import Testing

@testable import Terminal

@Suite struct TerminalProfileTests {
  @Test(
    arguments: [
      ("xterm-256color", "", "", 256, .indexed256), ("xterm", "", "", 8, .ansi16),
      ("xterm-16color", "", "", 16, .ansi16), ("xterm-88color", "", "", 88, .ansi16),
      ("xterm-direct", "", "", 1 << 24, .trueColor), ("vt100", "", "", -1, .mono),
      ("vt100", "truecolor", "", -1, .mono), ("xterm-256color", "truecolor", "1", 256, .mono),
      ("xterm-256color", "", "0", 256, .mono),
    ] as [(String, String, String, Int, Capabilities.ColorDepth)])
  func depth(
    term: String, colorTerm: String, noColor: String, colors: Int,
    expected: Capabilities.ColorDepth
  ) {
    let profile = TerminalProfile(term: term, colorTerm: colorTerm, noColor: noColor)
    #expect(profile.capabilities(isUnicode: true, colors: colors).colorDepth == expected)
  }

  @Test(arguments: [
    ("linux", true, GlyphLevel.console), ("xterm", true, .braille), ("xterm", false, .ascii),
  ])
  func glyphs(term: String, isUnicode: Bool, expected: GlyphLevel) {
    let profile = TerminalProfile(term: term)
    #expect(profile.capabilities(isUnicode: isUnicode, colors: 8).glyphs == expected)
  }

  @Test(arguments: [
    ("xterm-kitty", true), ("alacritty", true), ("foot-extra", true), ("vt100", false),
    ("nonsense", false),
  ])
  func modernTerminalsFallBackToXterm(term: String, hasFallback: Bool) {
    #expect(TerminalProfile(term: term).candidates.contains("xterm-256color") == hasFallback)
  }
}

@Suite struct TerminfoEntryTests {
  @Test(arguments: ["xterm-256color", "screen-256color", "tmux-256color", "xterm", "linux"])
  func entriesAreTakenApartAndPutTogether(name: String) throws {
    let entry = try #require(TerminfoDatabase.entry(named: name))
    #expect(entry.maximumColors >= 8)
    let again = try #require(TerminfoEntry(entry.encoded))
    #expect(again.encoded == entry.encoded)
    var direct = entry
    let isDirect = direct.useDirectColor()
    #expect(isDirect)
    #expect(direct.maximumColors == 1 << 24)
    #expect(try #require(TerminfoEntry(direct.encoded)).encoded == direct.encoded)
  }

  @Test func anEntryWithoutColorsStaysWithout() throws {
    var entry = try #require(TerminfoDatabase.entry(named: "vt100"))
    let isDirect = entry.useDirectColor()
    #expect(!isDirect)
  }

  @Test(arguments: ["", "../x/xterm", "no-such-terminal"])
  func namesThatAreNoneFindNothing(name: String) {
    #expect(TerminfoDatabase.entry(named: name) == nil)
  }

  @Test func brokenEntriesAreRefused() throws {
    let good = try #require(TerminfoDatabase.entry(named: "xterm-256color")).encoded
    for length in 0..<min(good.count, 1200) { _ = TerminfoEntry(Array(good.prefix(length))) }
    #expect(TerminfoEntry([]) == nil)
    #expect(TerminfoEntry([0x1A, 0x01, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0]) == nil)
    for index in 0..<12 {
      for value in [0x00, 0x7F, 0x80, 0xFF] as [UInt8] {
        var bad = good
        bad[index] = value
        if var entry = TerminfoEntry(bad) { _ = entry.useDirectColor() }
      }
    }
  }
}
