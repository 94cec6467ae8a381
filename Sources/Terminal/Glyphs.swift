/// How much of Unicode the terminal's font can be trusted with.
package enum GlyphLevel: Int, Sendable, Hashable, Comparable, CaseIterable {
  /// ASCII only: the locale is not UTF-8.
  case ascii
  /// What every console font holds: box lines, half and full blocks (`TERM=linux`).
  case console
  /// Eighth blocks too.
  case block
  /// Braille too: two values for each cell.
  case braille

  package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The signs that panels draw with, each with its ASCII twin.
package struct Glyphs: Sendable, Hashable {
  package var level: GlyphLevel

  package init(level: GlyphLevel) { self.level = level }

  /// The best level for a locale.
  package init(isUnicode: Bool) { self.level = isUnicode ? .braille : .ascii }

  package var isUnicode: Bool { level > .ascii }

  /// How whole something is, as a dot before a word that says the same.
  package enum Dot: Sendable, Hashable, CaseIterable { case full, half, empty }

  package func dot(_ dot: Dot) -> String {
    // Console fonts lack the half one, and the three must look like kin.
    let isRound = level > .console
    return switch dot {
    case .full: isRound ? "●" : "*"
    case .half: isRound ? "◐" : "~"
    case .empty: isRound ? "○" : "o"
    }
  }

  package var ellipsis: String { isUnicode ? "…" : "~" }
  package var separator: String { isUnicode ? "·" : "-" }
  package var selectionMark: String { isUnicode ? "▌" : ">" }
  package var itemMark: String { isUnicode ? "◆" : "+" }
  package var arrowRight: String { isUnicode ? "→" : ">" }
  package var arrowLeft: String { isUnicode ? "←" : "<" }
  package var scrollUp: String { isUnicode ? "↑" : "^" }
  package var scrollDown: String { isUnicode ? "↓" : "v" }
  package var ascending: String { isUnicode ? "▲" : "^" }
  package var descending: String { isUnicode ? "▼" : "v" }
  package var multiplication: String { isUnicode ? "×" : "x" }
  package var plusMinus: String { isUnicode ? "±" : "+-" }
  package var atMost: String { isUnicode ? "≤" : "<=" }
  package var atLeast: String { isUnicode ? "≥" : ">=" }
  package var micro: String { isUnicode ? "µ" : "u" }
  /// Stands for a hidden character of a masked value.
  package var masked: String { isUnicode ? "•" : "*" }

  package var horizontal: String { isUnicode ? "─" : "-" }
  package var vertical: String { isUnicode ? "│" : "|" }
  package var topLeft: String { isUnicode ? "┌" : "+" }
  package var topRight: String { isUnicode ? "┐" : "+" }
  package var bottomLeft: String { isUnicode ? "└" : "+" }
  package var bottomRight: String { isUnicode ? "┘" : "+" }
  package var cross: String { isUnicode ? "┼" : "+" }
  package var teeDown: String { isUnicode ? "┬" : "+" }
  package var teeUp: String { isUnicode ? "┴" : "+" }
  package var teeRight: String { isUnicode ? "├" : "+" }
  package var teeLeft: String { isUnicode ? "┤" : "+" }
  package var scrollTrack: String { isUnicode ? "│" : "|" }
  package var scrollThumb: String { isUnicode ? "█" : "#" }

  /// What stands before an item of a tree; each two columns wide.
  package var treeBranch: String { isUnicode ? "├─" : "|-" }
  package var treeLast: String { isUnicode ? "└─" : "`-" }
  package var treeTrunk: String { isUnicode ? "│ " : "| " }
  package var treeSpace: String { "  " }

  /// A horizontal line of `width` columns.
  package func rule(_ width: Int) -> String { String(repeating: horizontal, count: max(0, width)) }
}
