/// What the environment says about a terminal: a value, so that every combination can be tested.
struct TerminalProfile: Sendable, Hashable {
  var term: String
  var colorTerm: String
  var noColor: String

  init(term: String, colorTerm: String = "", noColor: String = "") {
    self.term = term
    self.colorTerm = colorTerm
    self.noColor = noColor
  }

  /// Entries to try, in order.
  ///
  /// Terminals of today set a `TERM` of their own, which the machine at the other end of an SSH
  /// line often does not know; those named here say that they understand xterm's sequences.
  var candidates: [String] {
    let family = [
      "xterm-", "alacritty", "foot", "wezterm", "ghostty", "kitty", "rio", "contour", "konsole",
      "vte", "gnome", "iterm2", "mintty", "putty", "st-",
    ]
    if term.hasPrefix("tmux") { return [term, "tmux-256color", "screen-256color"] }
    if term.hasPrefix("screen") { return [term, "screen-256color", "screen"] }
    return family.contains { term.hasPrefix($0) } ? [term, "xterm-256color"] : [term]
  }

  /// Colour is refused by `NO_COLOR` (<https://no-color.org>: any value but the empty one).
  var wantsColor: Bool { noColor.isEmpty }

  /// The terminal says that it takes 24-bit colours; terminfo has no other way to tell of it.
  var wantsTrueColor: Bool {
    wantsColor && (colorTerm == "truecolor" || colorTerm == "24bit")
  }

  /// - Parameter colors: terminfo's `max_colors`, or what curses made of it.
  func capabilities(isUnicode: Bool, colors: Int) -> Capabilities {
    let depth: Capabilities.ColorDepth =
      switch colors {
      case _ where !wantsColor: .mono
      case ..<8: .mono
      case ..<256: .ansi16
      case ..<(1 << 24): .indexed256
      default: .trueColor
      }
    return Capabilities(isUnicode: isUnicode, colorDepth: depth, glyphs: glyphs)
  }

  /// The Linux console's fonts hold 256 or 512 signs: no braille, no eighth blocks.
  private var glyphs: GlyphLevel {
    term == "linux" || term.hasPrefix("linux-") ? .console : .braille
  }
}
