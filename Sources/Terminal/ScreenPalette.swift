internal import CNcurses

/// Styles as curses wants them: attributes and a colour pair, each worked out once.
struct ScreenPalette {
  struct Entry {
    var attributes: attr_t
    var pair: Int32
  }

  private struct Colors: Hashable {
    var foreground: Int32
    var background: Int32
  }

  private let depth: Capabilities.ColorDepth
  private var entries: [UInt16: Entry] = [:]
  private var pairs: [Colors: Int32] = [:]

  init(depth: Capabilities.ColorDepth) { self.depth = depth }

  /// Pairs are kept: curses would redraw what uses a pair that is defined anew.
  mutating func themeChanged() { entries.removeAll(keepingCapacity: true) }

  mutating func entry(for style: Style, theme: Theme) -> Entry {
    let key = UInt16(style.role.rawValue) << 8 | UInt16(style.attributes.rawValue)
    if let known = entries[key] { return known }
    let appearance = theme.appearance(of: style, depth: depth)
    var attributes: attr_t = 0
    if appearance.attributes.contains(.bold) { attributes |= cncurses_bold }
    if appearance.attributes.contains(.dim) { attributes |= cncurses_dim }
    if appearance.attributes.contains(.underline) { attributes |= cncurses_underline }
    if appearance.attributes.contains(.reverse) { attributes |= cncurses_reverse }
    var colors = Colors(
      foreground: number(appearance.foreground), background: number(appearance.background))
    if depth == .ansi16, cncurses_color_count() < 16 {
      // Eight colours: the bright ones are bold, and there are no bright backgrounds.
      if colors.foreground >= 8 {
        colors.foreground -= 8
        attributes |= cncurses_bold
      }
      if colors.background >= 8 { colors.background -= 8 }
      if colors.foreground == colors.background, colors.foreground >= 0 {
        colors.foreground = colors.background == 0 ? 7 : 0
      }
    }
    let entry = Entry(attributes: attributes, pair: pair(colors))
    entries[key] = entry
    return entry
  }

  private mutating func pair(_ colors: Colors) -> Int32 {
    guard depth > .mono, colors.foreground >= 0 || colors.background >= 0 else { return 0 }
    if let known = pairs[colors] { return known }
    let next = Int32(pairs.count + 1)
    guard next < cncurses_pair_count(),
      init_extended_pair(next, colors.foreground, colors.background) == OK
    else { return 0 }
    pairs[colors] = next
    return next
  }

  private func number(_ color: ThemeColor) -> Int32 {
    switch color {
    case .standard: -1
    case .indexed where depth == .trueColor:
      // Numbers are colours here, so a palette entry has none; its usual value stands in.
      number(color.approximated)
    case .indexed(let index): Int32(index)
    case .rgb(let red, let green, let blue): Int32(red) << 16 | Int32(green) << 8 | Int32(blue)
    }
  }
}
