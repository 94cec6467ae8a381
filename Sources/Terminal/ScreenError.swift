/// Why there can be no screen, and what to do about it.
package struct ScreenError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Kind: Sendable, Hashable {
    /// Standard input or output is a pipe or a file.
    case notATerminal
    /// `TERM` is empty, or terminfo has no entry for it.
    case unknownTerminal
    /// The terminal cannot place its cursor.
    case unsuitableTerminal
    /// A process has one screen.
    case alreadyOpen
    /// A system call failed.
    case system
  }

  package var kind: Kind
  package var message: String
  package var nextStep: String

  package init(kind: Kind, message: String, nextStep: String) {
    self.kind = kind
    self.message = message
    self.nextStep = nextStep
  }

  package var description: String { "\(message); \(nextStep)" }

  static func unknown(term: String) -> ScreenError {
    let shown = DrawableText.escape(term, isUnicode: false, limit: 60)
    return ScreenError(
      kind: .unknownTerminal,
      message: term.isEmpty
        ? "TERM is not set" : "this machine's terminfo does not know TERM=\(shown)",
      nextStep: "try TERM=xterm-256color, or install the package ncurses-term")
  }
}
